"""A generated token and a rotated login that both Regions hold."""

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from haven_components import MultiRegionKey, ReplicatedSecret

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
here = pulumi.ResourceOptions(providers=[providers[primary], random.Provider("random")])

key = MultiRegionKey(
    "example-secret-key",
    {
        "primary_region": primary,
        "recovery_region": recovery,
        "recovery_provider": providers[recovery],
        "account_id": account,
        "description": "The example's secrets",
    },
    here,
)
token = ReplicatedSecret(
    "example-token",
    {
        "description": "Signs the example's requests",
        "primary": {"region": primary, "kms_key_arn": key.primary_arn},
        "recovery": {"region": recovery, "kms_key_arn": key.recovery_arn},
        "reader_arns": [f"arn:aws:iam::{account}:role/example-serving"],
    },
    here,
)
login = ReplicatedSecret(
    "example-login",
    {
        "description": "The example's user at a partner",
        "primary": {"region": primary, "kms_key_arn": key.primary_arn},
        "recovery": {"region": recovery, "kms_key_arn": key.recovery_arn},
        "value": pulumi.Output.json_dumps({"user": "example", "password": "replaced by the first rotation"}),
        "rotation": {
            "lambda_arn": f"arn:aws:lambda:{primary}:{account}:function:example-rotation",
            "schedule": "rate(30 days)",
        },
    },
    here,
)

pulumi.export("secrets", {"token": token.secret_name, "login": login.secret_name})
pulumi.export(f"in {primary}", token.secret_arn)
