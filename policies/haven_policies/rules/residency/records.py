"""Where logs, trails, events and streams go, type by type.

Properties as of pulumi-aws 7; what each of them does: the AWS guides of the services, read 2026-11-21.
"""

from haven_policies.rules.residency.places import beside, bucket, by_region, destination, here, outside, subscriber
from haven_policies.rules.residency.ways import Kind, Way, Ways, enabled

LOGS: Ways = {
    "aws:amp/queryLoggingConfiguration:QueryLoggingConfiguration": (
        Way(Kind.LOG, "destinations[].cloudwatchLogs.logGroupArn", destination),
    ),
    "aws:apigateway/stage:Stage": (Way(Kind.LOG, "accessLogSettings.destinationArn", destination),),
    "aws:apigatewayv2/stage:Stage": (Way(Kind.LOG, "accessLogSettings.destinationArn", destination),),
    "aws:bedrockmodel/invocationLoggingConfiguration:InvocationLoggingConfiguration": (
        Way(Kind.LOG, "loggingConfig.s3Config.bucketName", bucket),
        Way(Kind.LOG, "loggingConfig.cloudwatchConfig.logGroupName", beside),
    ),
    "aws:cfg/configurationAggregator:ConfigurationAggregator": (
        Way(Kind.LOG, "accountAggregationSource", here),
        Way(Kind.LOG, "organizationAggregationSource", here),
    ),
    "aws:cfg/deliveryChannel:DeliveryChannel": (
        Way(Kind.LOG, "s3BucketName", bucket),
        Way(Kind.LOG, "snsTopicArn", destination),
    ),
    "aws:cloudfront/distribution:Distribution": (Way(Kind.LOG, "loggingConfig.bucket", bucket),),
    "aws:cloudtrail/eventDataStore:EventDataStore": (Way(Kind.LOG, "multiRegionEnabled", here),),
    "aws:cloudtrail/trail:Trail": (
        Way(Kind.LOG, "s3BucketName", bucket),
        Way(Kind.LOG, "cloudWatchLogsGroupArn", destination),
        # Events of every Region are written down where the trail is at home.
        Way(Kind.LOG, "isMultiRegionTrail", here, when=enabled("isMultiRegionTrail")),
    ),
    "aws:cloudwatch/logDelivery:LogDelivery": (Way(Kind.LOG, "deliveryDestinationArn", destination),),
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": (
        Way(Kind.LOG, "deliveryDestinationConfiguration.destinationResourceArn", destination),
    ),
    "aws:cloudwatch/logDestination:LogDestination": (Way(Kind.LOG, "targetArn", destination),),
    "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": (
        Way(Kind.LOG, "destinationArn", destination, "logGroup"),
    ),
    "aws:cloudwatch/metricStream:MetricStream": (Way(Kind.LOG, "firehoseArn", destination),),
    "aws:ec2/flowLog:FlowLog": (Way(Kind.LOG, "logDestination", destination),),
    "aws:guardduty/publishingDestination:PublishingDestination": (Way(Kind.LOG, "destinationArn", destination),),
    "aws:lb/loadBalancer:LoadBalancer": (
        Way(Kind.LOG, "accessLogs.bucket", bucket, when=enabled("accessLogs.enabled")),
        Way(Kind.LOG, "connectionLogs.bucket", bucket, when=enabled("connectionLogs.enabled")),
        Way(Kind.LOG, "healthCheckLogs.bucket", bucket, when=enabled("healthCheckLogs.enabled")),
    ),
    "aws:networkfirewall/loggingConfiguration:LoggingConfiguration": (
        Way(Kind.LOG, "loggingConfiguration.logDestinationConfigs[].logDestination.bucketName", bucket),
        Way(Kind.LOG, "loggingConfiguration.logDestinationConfigs[].logDestination.logGroup", beside),
        Way(Kind.LOG, "loggingConfiguration.logDestinationConfigs[].logDestination.deliveryStream", beside),
    ),
    "aws:oam/link:Link": (Way(Kind.LOG, "sinkIdentifier", destination),),
    "aws:redshift/logging:Logging": (Way(Kind.LOG, "bucketName", bucket),),
    "aws:route53/queryLog:QueryLog": (Way(Kind.LOG, "cloudwatchLogGroupArn", destination),),
    "aws:route53/resolverQueryLogConfig:ResolverQueryLogConfig": (Way(Kind.LOG, "destinationArn", destination),),
    "aws:s3/bucketLogging:BucketLogging": (Way(Kind.LOG, "targetBucket", bucket, "bucket"),),
    "aws:s3/inventory:Inventory": (Way(Kind.LOG, "destination.bucket.bucketArn", bucket, "bucket"),),
    "aws:securityhub/findingAggregator:FindingAggregator": (Way(Kind.LOG, "linkingMode", here),),
    "aws:sfn/stateMachine:StateMachine": (Way(Kind.LOG, "loggingConfiguration.logDestination", destination),),
    "aws:ssm/resourceDataSync:ResourceDataSync": (Way(Kind.LOG, "s3Destination.region", by_region),),
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": (
        Way(Kind.LOG, "logDestinationConfigs[]", destination, "resourceArn"),
    ),
}

EVENTS: Ways = {
    "aws:amp/scraper:Scraper": (Way(Kind.EVENT, "destination.amp.workspaceArn", destination),),
    "aws:athena/workgroup:Workgroup": (Way(Kind.EVENT, "configuration.resultConfiguration.outputLocation", bucket),),
    "aws:cloudwatch/eventApiDestination:EventApiDestination": (Way(Kind.EVENT, "invocationEndpoint", outside),),
    "aws:cloudwatch/eventArchive:EventArchive": (Way(Kind.EVENT, "eventSourceArn", here, "eventSourceArn"),),
    "aws:cloudwatch/eventEndpoint:EventEndpoint": (
        Way(Kind.EVENT, "eventBuses[].eventBusArn", destination),
        Way(Kind.EVENT, "routingConfig.failoverConfig.secondary.route", by_region),
    ),
    "aws:cloudwatch/eventTarget:EventTarget": (
        Way(Kind.EVENT, "arn", destination),
        Way(Kind.EVENT, "deadLetterConfig.arn", destination),
    ),
    "aws:datasync/s3Location:S3Location": (Way(Kind.EVENT, "s3BucketArn", bucket),),
    "aws:datasync/task:Task": (Way(Kind.EVENT, "destinationLocationArn", destination, "sourceLocationArn"),),
    "aws:dms/replicationConfig:ReplicationConfig": (
        Way(Kind.EVENT, "targetEndpointArn", destination, "sourceEndpointArn"),
    ),
    "aws:dms/replicationTask:ReplicationTask": (
        Way(Kind.EVENT, "targetEndpointArn", destination, "sourceEndpointArn"),
    ),
    "aws:dms/s3Endpoint:S3Endpoint": (Way(Kind.EVENT, "bucketName", bucket),),
    "aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination": (
        Way(Kind.EVENT, "streamArn", destination),
    ),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": (
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
    "aws:lambda/eventSourceMapping:EventSourceMapping": (
        Way(Kind.EVENT, "eventSourceArn", here, "eventSourceArn"),
        Way(Kind.EVENT, "destinationConfig.onFailure.destinationArn", destination),
    ),
    "aws:lambda/function:Function": (Way(Kind.EVENT, "deadLetterConfig.targetArn", destination),),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": (
        Way(Kind.EVENT, "destinationConfig.onFailure.destination", destination),
        Way(Kind.EVENT, "destinationConfig.onSuccess.destination", destination),
    ),
    "aws:pipes/pipe:Pipe": (Way(Kind.EVENT, "target", destination, "source"),),
    "aws:s3/bucketNotification:BucketNotification": (
        Way(Kind.EVENT, "queues[].queueArn", destination, "bucket"),
        Way(Kind.EVENT, "topics[].topicArn", destination, "bucket"),
        Way(Kind.EVENT, "lambdaFunctions[].lambdaFunctionArn", destination, "bucket"),
    ),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": (
        Way(Kind.EVENT, "dataCaptureConfig.destinationS3Uri", bucket),
        Way(Kind.EVENT, "asyncInferenceConfig.outputConfig.s3OutputPath", bucket),
    ),
    "aws:scheduler/schedule:Schedule": (Way(Kind.EVENT, "target.arn", destination),),
    "aws:sns/topicSubscription:TopicSubscription": (Way(Kind.EVENT, "endpoint", subscriber, "topic"),),
    "aws:sqs/queue:Queue": (Way(Kind.EVENT, "redrivePolicy.deadLetterTargetArn", destination),),
    "aws:sqs/redrivePolicy:RedrivePolicy": (
        Way(Kind.EVENT, "redrivePolicy.deadLetterTargetArn", destination, "queueUrl"),
    ),
}
