"""Logs, trails, streams, images, keys and secrets: kept as long as they are needed, and not gone at once."""

from collections.abc import Iterator

from haven.config.policy import Level
from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.model import Finding, Severity, against, resource_rule, stack_rule
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.values import entries, is_off, is_unknown, less, number, value_at

LEAST_LOG_DAYS = 7
"""Long enough for a weekend's error to be looked into. An assumption. CloudWatch Logs takes 3653 at most (API
Reference, PutRetentionPolicy, in boto3; read 2026-11-21)."""
LEAST_STREAM_HOURS = 72
"""A weekend without staff. An assumption. Kinesis takes 24 to 8760 (API Reference, Increase- and
DecreaseStreamRetentionPeriod, in boto3; read 2026-11-21)."""


@resource_rule(
    aws.CLOUDWATCH_LOG_GROUP,
    description="Logs are kept for a week at least, and not for ever.",
    remediation="Set retentionInDays.",
    page="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
    severity=Severity.MEDIUM,
)
def log_group_retention(group: Resource) -> Iterator[Finding]:
    """Left out, or 0, they are kept for ever, and paid for. Groups of the class DELIVERY have a time of their own."""
    own_time = value_at(group.inputs, "logGroupClass") == "DELIVERY"
    if not own_time and less(group.inputs.get("retentionInDays"), LEAST_LOG_DAYS):
        allowed = f"{LEAST_LOG_DAYS} to 3653 days; 0 or nothing is for ever"
        yield against(group, "retentionInDays", allowed, "set it to what an investigation needs, such as 90")


@resource_rule(
    aws.CLOUDTRAIL_TRAIL,
    description="It can be shown that a trail's files were not changed.",
    remediation="Set enableLogFileValidation.",
    page="https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-intro.html",
    severity=Severity.MEDIUM,
)
def trail_files_validated(trail: Resource) -> Iterator[Finding]:
    """CloudTrail signs a digest of every hour's files; it can't be done for files of the past."""
    if is_off(trail.inputs.get("enableLogFileValidation")):
        yield against(trail, "enableLogFileValidation", "true", "set it")


@stack_rule(
    description="A trail records what is done in every Region of the account, and an account's own stack has one.",
    remediation="Declare an AuditTrail, or set isMultiRegionTrail.",
    page="https://docs.aws.amazon.com/awscloudtrail/latest/userguide/receive-cloudtrail-log-files-from-multiple-regions.html",
    severity=Severity.HIGH,
)
def trail_in_every_region(graph: ResourceGraph) -> Iterator[Finding]:
    """An intrusion, or a failover, may happen in the Region that isn't watched."""
    trails = graph.of(aws.CLOUDTRAIL_TRAIL)
    for trail in trails:
        if is_off(trail.inputs.get("isMultiRegionTrail")):
            yield against(trail, "isMultiRegionTrail", "true", "set it")
        if value_at(trail.inputs, "enableLogging") is False:
            yield against(trail, "enableLogging", "true", "turn it on again")
    if graph.facts.stack_kind == "account" and not trails:
        yield Finding(None, "", "no trail", "one that records every Region", "declare an AuditTrail")


@resource_rule(
    aws.EKS_CLUSTER,
    description="What is asked of a cluster's API, and by whom, is logged.",
    remediation="Set enabledClusterLogTypes with api, audit and authenticator.",
    page="https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html",
    severity=Severity.MEDIUM,
)
def cluster_requests_logged(cluster: Resource) -> Iterator[Finding]:
    """Nothing of it is there afterwards unless it is turned on before."""
    value = value_at(cluster.inputs, "enabledClusterLogTypes")
    if not is_unknown(value) and not {str(each) for each in entries(value)} >= _ASKED:
        yield against(cluster, "enabledClusterLogTypes", ", ".join(sorted(_ASKED)), "add those that are missing")


_ASKED = {"api", "audit", "authenticator"}
"""The logs of who requested what, and whether it was granted."""


@resource_rule(
    aws.KINESIS_STREAM,
    description="A stream keeps records over a weekend.",
    remediation="Set retentionPeriod to 72 hours or more.",
    page="https://docs.aws.amazon.com/streams/latest/dev/kinesis-extended-retention.html",
    severity=Severity.LOW,
    level=Level.ADVISORY,
)
def stream_retention(stream: Resource) -> Iterator[Finding]:
    """Left out, it is 24 hours: a reader that stops on Friday has lost records by Sunday."""
    if less(stream.inputs.get("retentionPeriod"), LEAST_STREAM_HOURS):
        yield against(stream, "retentionPeriod", f"{LEAST_STREAM_HOURS} to 8760 hours", "raise it")


@resource_rule(
    aws.ECR_REPOSITORY,
    description="A tag of an image means the same image for ever.",
    remediation="Set imageTagMutability to IMMUTABLE.",
    page="https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html",
    severity=Severity.MEDIUM,
)
def image_tags_immutable(repository: Resource) -> Iterator[Finding]:
    """A tag that is overwritten can't be rolled back to, and the other Region may still run the old image."""
    value = value_at(repository.inputs, "imageTagMutability")
    if not is_unknown(value) and not str(value).startswith("IMMUTABLE"):
        yield against(repository, "imageTagMutability", "IMMUTABLE, with or without exclusions", "set it")


@stack_rule(
    description="A secret that is deleted can be brought back.",
    remediation="Leave recoveryWindowInDays out, or set it to 7 to 30.",
    page="https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html",
    severity=Severity.MEDIUM,
)
def secret_recovery_window(graph: ResourceGraph) -> Iterator[Finding]:
    """0 deletes it at once, with all its versions. Other than that Secrets Manager takes 7 to 30, and 30 when it is
    left out (API Reference, DeleteSecret, in boto3; read 2026-11-21)."""
    for secret in () if graph.facts.ephemeral else graph.of(aws.SECRETSMANAGER_SECRET):
        if number(secret.inputs.get("recoveryWindowInDays")) == 0:
            yield against(secret, "recoveryWindowInDays", "7 to 30 days; left out, it is 30", "leave it out")
