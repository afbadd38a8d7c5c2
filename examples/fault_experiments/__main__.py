"""Faults to make on purpose in one Region, on what carries a tag, which alarms stop."""

import pulumi
import pulumi_aws as aws

from haven_components import FaultExperiments, MultiRegionKey, Observability

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
    "example-faults-key",
    {
        "primary_region": primary,
        "recovery_region": recovery,
        "recovery_provider": providers[recovery],
        "account_id": account,
        "description": "The example's logs and volumes",
        "services": ["cloudwatch.amazonaws.com"],  # alarms publish to the encrypted topic
    },
    here,
)
watch = Observability(
    "example-guard",
    {
        "account_id": account,
        "environment": "example",
        "primary": {
            "region": primary,
            "kms_key_arn": key.primary_arn,
            "balancers": [
                {
                    "label": "edge",
                    "load_balancer": "app/example-edge/0123456789abcdef",
                    "target_group": "targetgroup/example-edge-tg/0123456789abcdef",
                }
            ],
        },
    },
    here,
)
alarms = f"arn:aws:cloudwatch:{primary}:{account}:alarm"
faults = FaultExperiments(
    "example-faults-euw1",
    {
        "region": primary,
        "account_id": account,
        "kms_key_arn": key.primary_arn,
        "tag": {"key": "haven:environment", "value": "example"},  # the provider gives it to all that it makes
        "instance_tag": {
            "key": "eks:cluster-name",
            "value": "example-gpu-euw1",
        },  # given by EKS to nodes and their groups
        "volume_tag": {"key": "Name", "value": "example-gpu-euw1-system"},  # the launch template gives it to volumes
        # here both are about what users feel, and not about missing nodes, which are what is wanted
        "stop_alarm_arns": [f"{alarms}:example-guard-euw1-balancer-edge-errors", watch.primary_alarm_arn],
        "zones": [f"{primary}a", f"{primary}b"],
        "cache_zones": [f"{primary}a", f"{primary}b"],
        "other_region": recovery,
        "database": True,
        "nodes": True,
        "gpu_groups": [{"label": "inference", "tag": {"key": "Name", "value": "example-gpu-euw1-inference"}}],
    },
    pulumi.ResourceOptions(providers=[providers[primary]], depends_on=[watch]),
)

pulumi.export("start one of", faults.template_ids)
pulumi.export("what was done is in", faults.log_group_name)
