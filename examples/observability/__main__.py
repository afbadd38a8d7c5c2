"""Alarms, dashboards, logs, metrics and traces of an environment in two Regions."""

import pulumi
import pulumi_aws as aws

from haven_components import (
    GrafanaAuthentication,
    MultiRegionKey,
    Observability,
    TrafficSwitch,
    WatchedBalancerArgs,
    WatchedRegionArgs,
)

account = pulumi.Config().get("account") or "123456789012"
primary, recovery = "eu-west-1", "eu-central-1"
codes = {primary: "euw1", recovery: "euc1"}

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
    "example-watch-key",
    {
        "primary_region": primary,
        "recovery_region": recovery,
        "recovery_provider": providers[recovery],
        "account_id": account,
        "description": "The example's logs, metrics and alerts",
        "services": ["aps.amazonaws.com", "cloudwatch.amazonaws.com"],  # they publish to the encrypted topics
    },
    here,
)
switch = TrafficSwitch(
    "example-watch-switch",
    {
        "primary_region": primary,
        "recovery_region": recovery,
        "recovery_provider": providers[recovery],
        "account_id": account,
    },
    here,
)


def watched(region: str, other: str, kms_key_arn: pulumi.Output[str]) -> WatchedRegionArgs:
    """The resources of a Region, under the names that their components give them."""
    code = codes[region]
    edge: WatchedBalancerArgs = {
        "label": "edge",
        # EdgeBalancer's outputs arn_suffix and target_group_arn_suffix
        "load_balancer": "app/example-edge/0123456789abcdef",
        "target_group": "targetgroup/example-edge-tg/0123456789abcdef",
    }
    return {
        "region": region,
        "kms_key_arn": kms_key_arn,
        "database": {"cluster_id": f"example-db-{code}"},
        "cache": {"group_id": f"example-cache-{code}", "shards": 2, "replicas_per_shard": 1, "replicated": True},
        "buckets": [{"bucket": f"example-models-{code}", "other_bucket": f"example-models-{codes[other]}"}],
        "tables": [{"table_name": "example-features", "receiving_region": other}],
        "queues": [{"queue_name": f"example-requests-{code}-queue"}],
        "vaults": [{"vault_name": f"example-backups-{code}", "most_age_hours": 3}],
        "balancers": [edge],
        "clusters": [{"cluster_name": f"example-watch-{code}", "gpus": True}],
    }


watch = Observability(
    "example-watch",
    {
        "account_id": account,
        "environment": "example",
        "primary": watched(primary, recovery, key.primary_arn),
        "recovery": watched(recovery, primary, key.recovery_arn),
        "recovery_provider": providers[recovery],
        "thresholds": {"database_lag_milliseconds": 2000, "latency_p99_milliseconds": 3000},
        "health_checks": [
            {"label": primary, "id": switch.primary_health_check_id},
            {"label": recovery, "id": switch.recovery_health_check_id},
        ],
        "emails": ["oncall@example.com"],
        "systems": ["model-serving", "training"],
        "prometheus": {},
        "grafana": {"authentication": GrafanaAuthentication.IDENTITY_CENTER},
        "tracing": {},
        "primary_collector": {
            "cluster_name": f"example-watch-{codes[primary]}",
            "namespace": "observability",
            "service_account": "collector",
        },
        "recovery_collector": {
            "cluster_name": f"example-watch-{codes[recovery]}",
            "namespace": "observability",
            "service_account": "collector",
        },
        # The cluster's own subnets
        "primary_scraper": {
            "cluster_name": f"example-watch-{codes[primary]}",
            "subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        },
        "recovery_scraper": {
            "cluster_name": f"example-watch-{codes[recovery]}",
            "subnet_ids": ["subnet-0123456789abcdef2", "subnet-0123456789abcdef3"],
        },
    },
    here,
)

pulumi.export("dashboard", watch.dashboard_name)
pulumi.export("subscribe to", [watch.primary_topic_arn, watch.recovery_topic_arn])
pulumi.export("stop experiments on", {primary: watch.primary_alarm_arn, recovery: watch.recovery_alarm_arn})
pulumi.export("write metrics to", [watch.primary_prometheus_endpoint, watch.recovery_prometheus_endpoint])
