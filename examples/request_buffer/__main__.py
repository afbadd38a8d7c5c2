"""A bus whose events are archived and queued, and a queue that keeps the order beside a stream."""

import pulumi
import pulumi_aws as aws

from haven_components import MultiRegionKey, RequestBuffer

account = pulumi.Config().get("account") or "123456789012"
primary, recovery = "eu-west-1", "eu-central-1"

providers = {
    region: aws.Provider(
        f"aws-{region}",
        region=region,
        skip_credentials_validation=True,
        skip_metadata_api_check=True,
        skip_region_validation=True,
        skip_requesting_account_id=True,
    )
    for region in (primary, recovery)
}
here = pulumi.ResourceOptions(providers=[providers[primary]])

key = MultiRegionKey(
    "example-buffer-key",
    {
        "primary_region": primary,
        "recovery_region": recovery,
        "recovery_provider": providers[recovery],
        "account_id": account,
        "description": "The example's requests",
        "services": ["cloudwatch.amazonaws.com", "events.amazonaws.com"],  # alarms to the topic; the bus
    },
    here,
)
topic = aws.sns.Topic(
    "example-alarms",
    name="example-alarms",
    kms_master_key_id=key.primary_arn,
    opts=pulumi.ResourceOptions(provider=providers[primary]),
)
requests = RequestBuffer(
    "example-requests",
    {
        "region": primary,
        "account_id": account,
        "kms_key_arn": key.primary_arn,
        "alarm_topic_arns": [topic.arn],
        "bus": {"archive_days": 30},
    },
    here,
)
orders = RequestBuffer(
    "example-orders",
    {
        "region": primary,
        "account_id": account,
        "kms_key_arn": key.primary_arn,
        "fifo": True,
        "alarm_topic_arns": [topic.arn],
        "stream": {},
    },
    here,
)

pulumi.export("put requests on the bus", requests.bus_name)
pulumi.export("take them from", requests.queue_url)
pulumi.export("orders", {"queue": orders.queue_url, "stream": orders.stream_arn})
