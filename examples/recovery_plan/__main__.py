"""A Region switch plan for clusters, a global database, a cache and their traffic."""

import pulumi
import pulumi_aws as aws

from haven_components import RecoveryPlan

config = pulumi.Config()
account = config.get("account") or "123456789012"
database = config.get("database") or "example-db"
primary, recovery = "eu-west-1", "eu-central-1"
key = config.get("key") or "mrk-1234abcd12ab34cd56ef1234567890ab"
primary_mapping = config.get("primaryMapping") or "11111111-2222-3333-4444-555555555555"
recovery_mapping = config.get("recoveryMapping") or "66666666-7777-8888-9999-000000000000"

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

plan = RecoveryPlan(
    "example-recovery",
    {
        "account_id": account,
        "primary_region": primary,
        "recovery_region": recovery,
        "recovery_provider": providers[recovery],
        "rto_seconds": 900,
        "approval_role_arn": f"arn:aws:iam::{account}:role/on-call",
        "database": {
            "global_cluster_id": database,
            "primary_cluster_arn": f"arn:aws:rds:{primary}:{account}:cluster:{database}-euw1",
            "recovery_cluster_arn": f"arn:aws:rds:{recovery}:{account}:cluster:{database}-euc1",
            "primary_instance_arn": f"arn:aws:rds:{primary}:{account}:db:{database}-euw1-1",
            "recovery_instance_arn": f"arn:aws:rds:{recovery}:{account}:db:{database}-euc1-1",  # made when it is needed
        },
        "cache": {
            "datastore_suffix": "example-cache-global",
            "primary_group": "example-cache-euw1",
            "recovery_group": "example-cache-euc1",
        },
        "clusters": {
            "primary_cluster": "example-euw1",
            "recovery_cluster": "example-euc1",
            "primary_node_groups": [{"name": "gpu", "minimum": 2, "desired": 2, "maximum": 4}],
            "recovery_node_groups": [{"name": "gpu", "minimum": 2, "desired": 2, "maximum": 4}],
            "deployments": [
                {"namespace": "serving", "primary_name": "serving", "recovery_name": "serving"},
                {"namespace": "flows", "primary_name": "flows", "recovery_name": "flows", "after_promotion": True},
            ],
        },
        "event_sources": [
            {
                "name": "requests",
                "primary_mapping_arn": f"arn:aws:lambda:{primary}:{account}:event-source-mapping:{primary_mapping}",
                "recovery_mapping_arn": f"arn:aws:lambda:{recovery}:{account}:event-source-mapping:{recovery_mapping}",
                "primary_function_arn": f"arn:aws:lambda:{primary}:{account}:function:requests",
                "recovery_function_arn": f"arn:aws:lambda:{recovery}:{account}:function:requests",
            }
        ],
        "actions": [
            {
                "name": "notify",
                "primary_function_arn": f"arn:aws:lambda:{primary}:{account}:function:notify",
                "recovery_function_arn": f"arn:aws:lambda:{recovery}:{account}:function:notify",
            }
        ],
        "traffic_switch": {
            "name": "example-switch",
            "primary_target_group": "example-euw1-tg",
            "recovery_target_group": "example-euc1-tg",
        },
        "functions": {
            "primary_kms_key_arn": f"arn:aws:kms:{primary}:{account}:key/{key}",
            "recovery_kms_key_arn": f"arn:aws:kms:{recovery}:{account}:key/{key}",
        },
        "alarm_arns": {
            region: f"arn:aws:cloudwatch:{region}:{account}:alarm:example-{code}-balancer-errors"
            for region, code in ((primary, "euw1"), (recovery, "euc1"))
        },
        "report": {
            "bucket_name": f"example-{account}-audit-euc1",
            "prefix": "region-switch",
            "kms_key_arn": f"arn:aws:kms:{recovery}:{account}:key/{key}",
        },
    },
    pulumi.ResourceOptions(providers=[providers[primary]]),
)

pulumi.export("plan", plan.plan_arn)
