"""A switch for each Region's traffic: thrown by hand, or by an endpoint that fails."""

import pulumi
import pulumi_aws as aws

from haven_components import TrafficSwitch
from haven_components.traffic.traffic_switch import metric

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

switch = TrafficSwitch(
    "example-switch",
    {
        "primary_region": primary,
        "recovery_region": recovery,
        "recovery_provider": providers[recovery],
        "account_id": account,
        "endpoints": [  # without these, traffic moves only when somebody decides it
            {"region": primary, "hostname": "euw1.example.com", "path": "/ready"},
            {"region": recovery, "hostname": "euc1.example.com", "path": "/ready", "search_string": "ready"},
        ],
    },
    pulumi.ResourceOptions(providers=[providers[primary]]),
)

pulumi.export("health checks", {primary: switch.primary_health_check_id, recovery: switch.recovery_health_check_id})
pulumi.export(f"write 1 to this in {recovery} to turn {primary} off", metric("example-switch", primary))
