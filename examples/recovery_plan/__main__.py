"""A Region switch plan for a global database."""

import pulumi
import pulumi_aws as aws

from haven_components import RecoveryPlan

config = pulumi.Config()
account = config.get("account") or "123456789012"
database = config.get("database") or "example-db"
primary, recovery = "eu-west-1", "eu-central-1"

provider = aws.Provider(
    f"aws-{primary}",
    region=primary,
    skip_credentials_validation=True,
    skip_metadata_api_check=True,
    skip_region_validation=True,
    skip_requesting_account_id=True,
)

plan = RecoveryPlan(
    "example-recovery",
    {
        "account_id": account,
        "primary_region": primary,
        "recovery_region": recovery,
        "rto_seconds": 900,
        "approval_role_arn": f"arn:aws:iam::{account}:role/on-call",
        "database": {
            "global_cluster_id": database,
            "primary_cluster_arn": f"arn:aws:rds:{primary}:{account}:cluster:{database}-euw1",
            "recovery_cluster_arn": f"arn:aws:rds:{recovery}:{account}:cluster:{database}-euc1",
        },
        "actions": [
            {
                "name": "scale-up",
                "primary_function_arn": f"arn:aws:lambda:{primary}:{account}:function:scale-up",
                "recovery_function_arn": f"arn:aws:lambda:{recovery}:{account}:function:scale-up",
            }
        ],
    },
    pulumi.ResourceOptions(providers=[provider]),
)

pulumi.export("plan", plan.plan_arn)
