"""One name for two Regions, in a public zone and in a private one that answers in both networks."""

import pulumi
import pulumi_aws as aws

from haven_components import DnsRouting, FailoverDns, TrafficSwitch

account = pulumi.Config().get("account") or "123456789012"
primary, recovery = "eu-west-1", "eu-central-1"
# Existing networks; they need DNS support and DNS host names.
vpcs = {primary: "vpc-0a1b2c3d4e5f60718", recovery: "vpc-0918273645f5e4d3c"}

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

switch = TrafficSwitch(
    "example-dns-switch",
    {
        "primary_region": primary,
        "recovery_region": recovery,
        "recovery_provider": providers[recovery],
        "account_id": account,
    },
    here,
)
dns = FailoverDns(
    "example-dns",
    {
        "domain": "example.com",
        "record_name": "api",
        "routing": DnsRouting.FAILOVER,
        "primary": {
            "region": primary,
            "target": "ingress-euw1.example.net",
            "health_check_id": switch.primary_health_check_id,
        },
        "recovery": {
            "region": recovery,
            "target": "ingress-euc1.example.net",
            "health_check_id": switch.recovery_health_check_id,
        },
        "private_zone": {"vpcs": [{"vpc_id": vpc, "region": region} for region, vpc in vpcs.items()]},
    },
    here,
)

pulumi.export("zones", {"public": dns.zone_id, "private": dns.private_zone_id})
pulumi.export("name", dns.record_name)
