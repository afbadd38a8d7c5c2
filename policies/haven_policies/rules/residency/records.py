"""Where logs, trails, events and streams go, type by type.

Properties as of pulumi-aws 7; what each of them does: the AWS guides of the services, read 2026-11-21.
"""

from haven.program import aws_types as aws
from haven_policies.rules.residency.data_paths import DataPath, DataPaths, FlowKind, enabled
from haven_policies.rules.residency.destinations import (
    beside,
    bucket,
    by_region,
    destination,
    here,
    outside,
    subscriber,
)

LOGS: DataPaths = {
    aws.AMP_QUERY_LOGGING_CONFIGURATION: (
        DataPath(FlowKind.LOG, "destinations[].cloudwatchLogs.logGroupArn", destination),
    ),
    aws.APIGATEWAY_STAGE: (DataPath(FlowKind.LOG, "accessLogSettings.destinationArn", destination),),
    aws.APIGATEWAYV2_STAGE: (DataPath(FlowKind.LOG, "accessLogSettings.destinationArn", destination),),
    aws.BEDROCKMODEL_INVOCATION_LOGGING_CONFIGURATION: (
        DataPath(FlowKind.LOG, "loggingConfig.s3Config.bucketName", bucket),
        DataPath(FlowKind.LOG, "loggingConfig.cloudwatchConfig.logGroupName", beside),
    ),
    aws.CFG_CONFIGURATION_AGGREGATOR: (
        DataPath(FlowKind.LOG, "accountAggregationSource", here),
        DataPath(FlowKind.LOG, "organizationAggregationSource", here),
    ),
    aws.CFG_DELIVERY_CHANNEL: (
        DataPath(FlowKind.LOG, "s3BucketName", bucket),
        DataPath(FlowKind.LOG, "snsTopicArn", destination),
    ),
    aws.CLOUDFRONT_DISTRIBUTION: (DataPath(FlowKind.LOG, "loggingConfig.bucket", bucket),),
    aws.CLOUDTRAIL_EVENT_DATA_STORE: (DataPath(FlowKind.LOG, "multiRegionEnabled", here),),
    aws.CLOUDTRAIL_TRAIL: (
        DataPath(FlowKind.LOG, "s3BucketName", bucket),
        DataPath(FlowKind.LOG, "cloudWatchLogsGroupArn", destination),
        # Events of every Region are written down where the trail is at home.
        DataPath(FlowKind.LOG, "isMultiRegionTrail", here, when=enabled("isMultiRegionTrail")),
    ),
    aws.CLOUDWATCH_LOG_DELIVERY: (DataPath(FlowKind.LOG, "deliveryDestinationArn", destination),),
    aws.CLOUDWATCH_LOG_DELIVERY_DESTINATION: (
        DataPath(FlowKind.LOG, "deliveryDestinationConfiguration.destinationResourceArn", destination),
    ),
    aws.CLOUDWATCH_LOG_DESTINATION: (DataPath(FlowKind.LOG, "targetArn", destination),),
    aws.CLOUDWATCH_LOG_SUBSCRIPTION_FILTER: (DataPath(FlowKind.LOG, "destinationArn", destination, "logGroup"),),
    aws.CLOUDWATCH_METRIC_STREAM: (DataPath(FlowKind.LOG, "firehoseArn", destination),),
    aws.EC2_FLOW_LOG: (DataPath(FlowKind.LOG, "logDestination", destination),),
    aws.GUARDDUTY_PUBLISHING_DESTINATION: (DataPath(FlowKind.LOG, "destinationArn", destination),),
    aws.LB_LOAD_BALANCER: (
        DataPath(FlowKind.LOG, "accessLogs.bucket", bucket, when=enabled("accessLogs.enabled")),
        DataPath(FlowKind.LOG, "connectionLogs.bucket", bucket, when=enabled("connectionLogs.enabled")),
        DataPath(FlowKind.LOG, "healthCheckLogs.bucket", bucket, when=enabled("healthCheckLogs.enabled")),
    ),
    aws.NETWORKFIREWALL_LOGGING_CONFIGURATION: (
        DataPath(FlowKind.LOG, "loggingConfiguration.logDestinationConfigs[].logDestination.bucketName", bucket),
        DataPath(FlowKind.LOG, "loggingConfiguration.logDestinationConfigs[].logDestination.logGroup", beside),
        DataPath(FlowKind.LOG, "loggingConfiguration.logDestinationConfigs[].logDestination.deliveryStream", beside),
    ),
    aws.OAM_LINK: (DataPath(FlowKind.LOG, "sinkIdentifier", destination),),
    aws.REDSHIFT_LOGGING: (DataPath(FlowKind.LOG, "bucketName", bucket),),
    aws.ROUTE53_QUERY_LOG: (DataPath(FlowKind.LOG, "cloudwatchLogGroupArn", destination),),
    aws.ROUTE53_RESOLVER_QUERY_LOG_CONFIG: (DataPath(FlowKind.LOG, "destinationArn", destination),),
    aws.S3_BUCKET_LOGGING: (DataPath(FlowKind.LOG, "targetBucket", bucket, "bucket"),),
    aws.S3_INVENTORY: (DataPath(FlowKind.LOG, "destination.bucket.bucketArn", bucket, "bucket"),),
    aws.SECURITYHUB_FINDING_AGGREGATOR: (DataPath(FlowKind.LOG, "linkingMode", here),),
    aws.SFN_STATE_MACHINE: (DataPath(FlowKind.LOG, "loggingConfiguration.logDestination", destination),),
    aws.SSM_RESOURCE_DATA_SYNC: (DataPath(FlowKind.LOG, "s3Destination.region", by_region),),
    aws.WAFV2_WEB_ACL_LOGGING_CONFIGURATION: (
        DataPath(FlowKind.LOG, "logDestinationConfigs[]", destination, "resourceArn"),
    ),
}

EVENTS: DataPaths = {
    aws.AMP_SCRAPER: (DataPath(FlowKind.EVENT, "destination.amp.workspaceArn", destination),),
    aws.ATHENA_WORKGROUP: (DataPath(FlowKind.EVENT, "configuration.resultConfiguration.outputLocation", bucket),),
    aws.CLOUDWATCH_EVENT_API_DESTINATION: (DataPath(FlowKind.EVENT, "invocationEndpoint", outside),),
    aws.CLOUDWATCH_EVENT_ARCHIVE: (DataPath(FlowKind.EVENT, "eventSourceArn", here, "eventSourceArn"),),
    aws.CLOUDWATCH_EVENT_ENDPOINT: (
        DataPath(FlowKind.EVENT, "eventBuses[].eventBusArn", destination),
        DataPath(FlowKind.EVENT, "routingConfig.failoverConfig.secondary.route", by_region),
    ),
    aws.CLOUDWATCH_EVENT_TARGET: (
        DataPath(FlowKind.EVENT, "arn", destination),
        DataPath(FlowKind.EVENT, "deadLetterConfig.arn", destination),
    ),
    aws.DATASYNC_S3_LOCATION: (DataPath(FlowKind.EVENT, "s3BucketArn", bucket),),
    aws.DATASYNC_TASK: (DataPath(FlowKind.EVENT, "destinationLocationArn", destination, "sourceLocationArn"),),
    aws.DMS_REPLICATION_CONFIG: (DataPath(FlowKind.EVENT, "targetEndpointArn", destination, "sourceEndpointArn"),),
    aws.DMS_REPLICATION_TASK: (DataPath(FlowKind.EVENT, "targetEndpointArn", destination, "sourceEndpointArn"),),
    aws.DMS_S3_ENDPOINT: (DataPath(FlowKind.EVENT, "bucketName", bucket),),
    aws.DYNAMODB_KINESIS_STREAMING_DESTINATION: (DataPath(FlowKind.EVENT, "streamArn", destination),),
    aws.KINESIS_FIREHOSE_DELIVERY_STREAM: (
        DataPath(FlowKind.EVENT, "extendedS3Configuration.bucketArn", bucket),
        DataPath(FlowKind.EVENT, "extendedS3Configuration.s3BackupConfiguration.bucketArn", bucket),
        DataPath(FlowKind.EVENT, "redshiftConfiguration.s3Configuration.bucketArn", bucket),
        DataPath(FlowKind.EVENT, "opensearchConfiguration.domainArn", destination),
        DataPath(FlowKind.EVENT, "opensearchConfiguration.s3Configuration.bucketArn", bucket),
        DataPath(FlowKind.EVENT, "httpEndpointConfiguration.url", outside),
        DataPath(FlowKind.EVENT, "httpEndpointConfiguration.s3Configuration.bucketArn", bucket),
        DataPath(FlowKind.EVENT, "splunkConfiguration.hecEndpoint", outside),
        DataPath(FlowKind.EVENT, "snowflakeConfiguration.accountUrl", outside),
    ),
    aws.LAMBDA_EVENT_SOURCE_MAPPING: (
        DataPath(FlowKind.EVENT, "eventSourceArn", here, "eventSourceArn"),
        DataPath(FlowKind.EVENT, "destinationConfig.onFailure.destinationArn", destination),
    ),
    aws.LAMBDA_FUNCTION: (DataPath(FlowKind.EVENT, "deadLetterConfig.targetArn", destination),),
    aws.LAMBDA_FUNCTION_EVENT_INVOKE_CONFIG: (
        DataPath(FlowKind.EVENT, "destinationConfig.onFailure.destination", destination),
        DataPath(FlowKind.EVENT, "destinationConfig.onSuccess.destination", destination),
    ),
    aws.PIPES_PIPE: (DataPath(FlowKind.EVENT, "target", destination, "source"),),
    aws.S3_BUCKET_NOTIFICATION: (
        DataPath(FlowKind.EVENT, "queues[].queueArn", destination, "bucket"),
        DataPath(FlowKind.EVENT, "topics[].topicArn", destination, "bucket"),
        DataPath(FlowKind.EVENT, "lambdaFunctions[].lambdaFunctionArn", destination, "bucket"),
    ),
    aws.SAGEMAKER_ENDPOINT_CONFIGURATION: (
        DataPath(FlowKind.EVENT, "dataCaptureConfig.destinationS3Uri", bucket),
        DataPath(FlowKind.EVENT, "asyncInferenceConfig.outputConfig.s3OutputPath", bucket),
    ),
    aws.SCHEDULER_SCHEDULE: (DataPath(FlowKind.EVENT, "target.arn", destination),),
    aws.SNS_TOPIC_SUBSCRIPTION: (DataPath(FlowKind.EVENT, "endpoint", subscriber, "topic"),),
    aws.SQS_QUEUE: (DataPath(FlowKind.EVENT, "redrivePolicy.deadLetterTargetArn", destination),),
    aws.SQS_REDRIVE_POLICY: (DataPath(FlowKind.EVENT, "redrivePolicy.deadLetterTargetArn", destination, "queueUrl"),),
}
