"""What else a resource costs by being there: logs, metrics' pages, streams, checks, the stores' own backups."""

from collections.abc import Callable, Iterator, Mapping

from haven.program import aws_types as aws
from haven.program.recording import Resource

Items = Iterator[tuple[str, float]]
SAME_SIZE = {"table-continuous-backup": "table-storage"}
"""What is as large as another thing whose size is use."""
_FAST_SECONDS = 10


def _one(thing: str) -> Callable[[Resource], Items]:
    return lambda _: iter([(thing, 1)])


def _flow_log(log: Resource) -> Items:
    if log.inputs.get("logDestinationType", "cloud-watch-logs") == "cloud-watch-logs":
        yield "vended-logs", 1


def _firewall_log(_: Resource) -> Items:
    yield "vended-logs", 1
    yield "web-acl-request", 1


def _health_check(check: Resource) -> Items:
    """Each feature costs as much as any other: HTTPS, a text that is searched for, 10 s, measured latency. Source:
    Amazon Route 53 pricing, optional features (2025-08-28)."""
    yield "health-check", 1
    kind = str(check.inputs.get("type", ""))
    features = [
        kind.startswith("HTTPS"),
        kind.endswith("STR_MATCH"),
        check.inputs.get("requestInterval") == _FAST_SECONDS,
        bool(check.inputs.get("measureLatency")),
    ]
    if any(features):
        yield "health-check-feature", sum(features)


def continuous_backup(table: Resource) -> Items:
    """What point-in-time recovery of a table or a replica keeps."""
    chosen = table.inputs.get("pointInTimeRecovery")
    if chosen is True or (isinstance(chosen, Mapping) and chosen.get("enabled")):
        yield "table-continuous-backup", 1


QUANTITIES: Mapping[str, Callable[[Resource], Items]] = {
    aws.AMP_SCRAPER: _one("prometheus-scraper"),
    aws.AMP_WORKSPACE: _one("prometheus-samples"),
    aws.ARCREGIONSWITCH_PLAN: _one("region-switch-plan"),
    aws.CLOUDWATCH_DASHBOARD: _one("dashboard"),
    aws.EC2_FLOW_LOG: _flow_log,
    aws.GRAFANA_WORKSPACE: _one("grafana-editor"),
    aws.KINESIS_STREAM: _one("stream"),
    aws.RESILIENCEHUB_V2_SERVICE: _one("resilience-hub-service"),
    aws.ROUTE53_HEALTH_CHECK: _health_check,
    aws.S3CONTROL_MULTI_REGION_ACCESS_POINT: _one("multi-region-access-point"),
    aws.WAFV2_WEB_ACL_LOGGING_CONFIGURATION: _firewall_log,
}
"""Resource type -> what it costs; of use, for how many times the quantity in `USAGE`."""
