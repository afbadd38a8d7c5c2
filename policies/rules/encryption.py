"""Encryption at rest with customer keys, and nothing but TLS on the way."""

from collections.abc import Iterator

from haven.record import Record
from policies.rules.model import Finding, Severity, against, is_true, resource_rule, value_at


@resource_rule(
    "aws:rds/cluster:Cluster",
    says="A database cluster is encrypted with a key of the customer's.",
    fix="Set storageEncrypted and kmsKeyId; both can be set at creation only.",
    page="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Overview.Encryption.html",
    severity=Severity.CRITICAL,
)
def database_encrypted(cluster: Record) -> Iterator[Finding]:
    """Aurora encrypts with an AWS managed key where none is named: nobody can share or replicate such a key."""
    if not is_true(cluster.inputs.get("storageEncrypted")):
        yield against(cluster, "storageEncrypted", "true", "set it before the cluster is created: it can't be changed")
    if value_at(cluster.inputs, "kmsKeyId") is None:
        yield against(cluster, "kmsKeyId", "the ARN of a customer managed key", "name the Region's key")
