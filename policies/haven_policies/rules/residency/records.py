"""Where logs, trails, events and streams go, type by type.

Properties as of pulumi-aws 7; what each of them does: the AWS guides of the services, read 2026-11-21.
"""

from haven.program import aws_types as aws
from haven_policies.rules.residency.places import beside, bucket, by_region, destination, here, outside, subscriber
from haven_policies.rules.residency.ways import Kind, Way, Ways, enabled

LOGS: Ways = {
    aws.AMP_QUERY_LOGGING_CONFIGURATION: (Way(Kind.LOG, "destinations[].cloudwatchLogs.logGroupArn", destination),),
    aws.APIGATEWAY_STAGE: (Way(Kind.LOG, "accessLogSettings.destinationArn", destination),),
    aws.APIGATEWAYV2_STAGE: (Way(Kind.LOG, "accessLogSettings.destinationArn", destination),),
    aws.BEDROCKMODEL_INVOCATION_LOGGING_CONFIGURATION: (
        Way(Kind.LOG, "loggingConfig.s3Config.bucketName", bucket),
        Way(Kind.LOG, "loggingConfig.cloudwatchConfig.logGroupName", beside),
    ),
    aws.CFG_CONFIGURATION_AGGREGATOR: (
        Way(Kind.LOG, "accountAggregationSource", here),
        Way(Kind.LOG, "organizationAggregationSource", here),
    ),
    aws.CFG_DELIVERY_CHANNEL: (
        Way(Kind.LOG, "s3BucketName", bucket),
        Way(Kind.LOG, "snsTopicArn", destination),
    ),
    aws.CLOUDFRONT_DISTRIBUTION: (Way(Kind.LOG, "loggingConfig.bucket", bucket),),
    aws.CLOUDTRAIL_EVENT_DATA_STORE: (Way(Kind.LOG, "multiRegionEnabled", here),),
    aws.CLOUDTRAIL_TRAIL: (
        Way(Kind.LOG, "s3BucketName", bucket),
        Way(Kind.LOG, "cloudWatchLogsGroupArn", destination),
        # Events of every Region are written down where the trail is at home.
        Way(Kind.LOG, "isMultiRegionTrail", here, when=enabled("isMultiRegionTrail")),
    ),
    aws.CLOUDWATCH_LOG_DELIVERY: (Way(Kind.LOG, "deliveryDestinationArn", destination),),
    aws.CLOUDWATCH_LOG_DELIVERY_DESTINATION: (
        Way(Kind.LOG, "deliveryDestinationConfiguration.destinationResourceArn", destination),
    ),
    aws.CLOUDWATCH_LOG_DESTINATION: (Way(Kind.LOG, "targetArn", destination),),
    aws.CLOUDWATCH_LOG_SUBSCRIPTION_FILTER: (Way(Kind.LOG, "destinationArn", destination, "logGroup"),),
    aws.CLOUDWATCH_METRIC_STREAM: (Way(Kind.LOG, "firehoseArn", destination),),
    aws.EC2_FLOW_LOG: (Way(Kind.LOG, "logDestination", destination),),
    aws.GUARDDUTY_PUBLISHING_DESTINATION: (Way(Kind.LOG, "destinationArn", destination),),
    aws.LB_LOAD_BALANCER: (
        Way(Kind.LOG, "accessLogs.bucket", bucket, when=enabled("accessLogs.enabled")),
        Way(Kind.LOG, "connectionLogs.bucket", bucket, when=enabled("connectionLogs.enabled")),
        Way(Kind.LOG, "healthCheckLogs.bucket", bucket, when=enabled("healthCheckLogs.enabled")),
    ),
    aws.NETWORKFIREWALL_LOGGING_CONFIGURATION: (
        Way(Kind.LOG, "loggingConfiguration.logDestinationConfigs[].logDestination.bucketName", bucket),
        Way(Kind.LOG, "loggingConfiguration.logDestinationConfigs[].logDestination.logGroup", beside),
        Way(Kind.LOG, "loggingConfiguration.logDestinationConfigs[].logDestination.deliveryStream", beside),
    ),
    aws.OAM_LINK: (Way(Kind.LOG, "sinkIdentifier", destination),),
    aws.REDSHIFT_LOGGING: (Way(Kind.LOG, "bucketName", bucket),),
    aws.ROUTE53_QUERY_LOG: (Way(Kind.LOG, "cloudwatchLogGroupArn", destination),),
    aws.ROUTE53_RESOLVER_QUERY_LOG_CONFIG: (Way(Kind.LOG, "destinationArn", destination),),
    aws.S3_BUCKET_LOGGING: (Way(Kind.LOG, "targetBucket", bucket, "bucket"),),
    aws.S3_INVENTORY: (Way(Kind.LOG, "destination.bucket.bucketArn", bucket, "bucket"),),
    aws.SECURITYHUB_FINDING_AGGREGATOR: (Way(Kind.LOG, "linkingMode", here),),
    aws.SFN_STATE_MACHINE: (Way(Kind.LOG, "loggingConfiguration.logDestination", destination),),
    aws.SSM_RESOURCE_DATA_SYNC: (Way(Kind.LOG, "s3Destination.region", by_region),),
    aws.WAFV2_WEB_ACL_LOGGING_CONFIGURATION: (Way(Kind.LOG, "logDestinationConfigs[]", destination, "resourceArn"),),
}

EVENTS: Ways = {
    aws.AMP_SCRAPER: (Way(Kind.EVENT, "destination.amp.workspaceArn", destination),),
    aws.ATHENA_WORKGROUP: (Way(Kind.EVENT, "configuration.resultConfiguration.outputLocation", bucket),),
    aws.CLOUDWATCH_EVENT_API_DESTINATION: (Way(Kind.EVENT, "invocationEndpoint", outside),),
    aws.CLOUDWATCH_EVENT_ARCHIVE: (Way(Kind.EVENT, "eventSourceArn", here, "eventSourceArn"),),
    aws.CLOUDWATCH_EVENT_ENDPOINT: (
        Way(Kind.EVENT, "eventBuses[].eventBusArn", destination),
        Way(Kind.EVENT, "routingConfig.failoverConfig.secondary.route", by_region),
    ),
    aws.CLOUDWATCH_EVENT_TARGET: (
        Way(Kind.EVENT, "arn", destination),
        Way(Kind.EVENT, "deadLetterConfig.arn", destination),
    ),
    aws.DATASYNC_S3_LOCATION: (Way(Kind.EVENT, "s3BucketArn", bucket),),
    aws.DATASYNC_TASK: (Way(Kind.EVENT, "destinationLocationArn", destination, "sourceLocationArn"),),
    aws.DMS_REPLICATION_CONFIG: (Way(Kind.EVENT, "targetEndpointArn", destination, "sourceEndpointArn"),),
    aws.DMS_REPLICATION_TASK: (Way(Kind.EVENT, "targetEndpointArn", destination, "sourceEndpointArn"),),
    aws.DMS_S3_ENDPOINT: (Way(Kind.EVENT, "bucketName", bucket),),
    aws.DYNAMODB_KINESIS_STREAMING_DESTINATION: (Way(Kind.EVENT, "streamArn", destination),),
    aws.KINESIS_FIREHOSE_DELIVERY_STREAM: (
        Way(Kind.EVENT, "extendedS3Configuration.bucketArn", bucket),
        Way(Kind.EVENT, "extendedS3Configuration.s3BackupConfiguration.bucketArn", bucket),
        Way(Kind.EVENT, "redshiftConfiguration.s3Configuration.bucketArn", bucket),
        Way(Kind.EVENT, "opensearchConfiguration.domainArn", destination),
        Way(Kind.EVENT, "opensearchConfiguration.s3Configuration.bucketArn", bucket),
        Way(Kind.EVENT, "httpEndpointConfiguration.url", outside),
        Way(Kind.EVENT, "httpEndpointConfiguration.s3Configuration.bucketArn", bucket),
        Way(Kind.EVENT, "splunkConfiguration.hecEndpoint", outside),
        Way(Kind.EVENT, "snowflakeConfiguration.accountUrl", outside),
    ),
    aws.LAMBDA_EVENT_SOURCE_MAPPING: (
        Way(Kind.EVENT, "eventSourceArn", here, "eventSourceArn"),
        Way(Kind.EVENT, "destinationConfig.onFailure.destinationArn", destination),
    ),
    aws.LAMBDA_FUNCTION: (Way(Kind.EVENT, "deadLetterConfig.targetArn", destination),),
    aws.LAMBDA_FUNCTION_EVENT_INVOKE_CONFIG: (
        Way(Kind.EVENT, "destinationConfig.onFailure.destination", destination),
        Way(Kind.EVENT, "destinationConfig.onSuccess.destination", destination),
    ),
    aws.PIPES_PIPE: (Way(Kind.EVENT, "target", destination, "source"),),
    aws.S3_BUCKET_NOTIFICATION: (
        Way(Kind.EVENT, "queues[].queueArn", destination, "bucket"),
        Way(Kind.EVENT, "topics[].topicArn", destination, "bucket"),
        Way(Kind.EVENT, "lambdaFunctions[].lambdaFunctionArn", destination, "bucket"),
    ),
    aws.SAGEMAKER_ENDPOINT_CONFIGURATION: (
        Way(Kind.EVENT, "dataCaptureConfig.destinationS3Uri", bucket),
        Way(Kind.EVENT, "asyncInferenceConfig.outputConfig.s3OutputPath", bucket),
    ),
    aws.SCHEDULER_SCHEDULE: (Way(Kind.EVENT, "target.arn", destination),),
    aws.SNS_TOPIC_SUBSCRIPTION: (Way(Kind.EVENT, "endpoint", subscriber, "topic"),),
    aws.SQS_QUEUE: (Way(Kind.EVENT, "redrivePolicy.deadLetterTargetArn", destination),),
    aws.SQS_REDRIVE_POLICY: (Way(Kind.EVENT, "redrivePolicy.deadLetterTargetArn", destination, "queueUrl"),),
}
