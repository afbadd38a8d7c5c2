"""Which deletions of a move to a lower tier are refused, by name, and the steps that delete them all the same.

Pulumi refuses to delete protected resources, and removes retained ones from the state only: the rest is manual.
"""

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven.program.stateful_types import stateful

_NAMES = {
    aws.CLOUDWATCH_LOG_GROUP: "name",
    aws.DYNAMODB_TABLE: "name",
    aws.EKS_CLUSTER: "name",
    aws.ELASTICACHE_REPLICATION_GROUP: "replicationGroupId",
    aws.RDS_CLUSTER: "clusterIdentifier",
    aws.S3_BUCKET: "bucket",
}
"""Types -> the input with the resource's name in AWS; all others go by their name in the state."""


def unprotect(urn: str) -> str:
    """The command that lets Pulumi delete a protected resource, or remove it from the state."""
    return f"pulumi state unprotect {shlex.quote(urn)}"


@dataclass(frozen=True)
class KeptResource:
    """One resource that a move would delete and that is protected or retained."""

    record: Resource
    data: str
    """What would be lost with it, and what to save first."""
    delete_commands: Sequence[str]
    """The commands that delete it in AWS once it is out of the state, in this order; none where `pulumi up` does."""

    @property
    def unprotect(self) -> str:
        """The command that lets Pulumi delete it, or remove it from the state."""
        return unprotect(self.record.urn)


@dataclass(frozen=True)
class _Removal:
    """How to delete one type of resource."""

    data: str
    commands: Callable[[str, str], Sequence[str]]
    """From its name and Region."""
    comes_back: bool = False
    """Whether a later deployment brings all of it back: it is replicated once more, or holds nothing."""


def _log_group(name: str, region: str) -> Sequence[str]:
    return [f"aws logs delete-log-group --log-group-name {name} --region {region}"]


def _cluster(name: str, region: str) -> Sequence[str]:
    return [
        f"aws eks update-cluster-config --name {name} --no-deletion-protection --region {region}",
        f"aws eks delete-cluster --name {name} --region {region}",
    ]


def _database(name: str, region: str) -> Sequence[str]:
    return [
        f"aws rds modify-db-cluster --db-cluster-identifier {name} --no-deletion-protection --apply-immediately"
        f" --region {region}",
        "aws rds remove-from-global-cluster --global-cluster-identifier <the global cluster's>"
        f" --db-cluster-identifier <the ARN of {name}> --region <the writer's>",
        f"aws rds delete-db-cluster --db-cluster-identifier {name} --final-db-snapshot-identifier {name}-last"
        f" --region {region}",
    ]


def _cache(name: str, region: str) -> Sequence[str]:
    return [f"aws elasticache delete-replication-group --replication-group-id {name} --region {region}"]


def _datastore(name: str, _: str) -> Sequence[str]:
    return [
        "aws elasticache disassociate-global-replication-group --global-replication-group-id <its id>"
        " --replication-group-id <the recovery Region's group> --replication-group-region <its Region>"
        " --region <the primary Region>",
        "aws elasticache delete-global-replication-group --global-replication-group-id <its id>"
        f" --retain-primary-replication-group --region <the primary Region>  # {name}",
    ]


def _bucket(name: str, region: str) -> Sequence[str]:
    return [
        f"aws s3api delete-bucket --bucket {name} --region {region}  # once it is empty, of old versions too",
    ]


def _replica(name: str, region: str) -> Sequence[str]:
    table = name.removesuffix("-replica")
    return [
        f"aws dynamodb update-table --table-name {table} --no-deletion-protection-enabled --region {region}",
        f"aws dynamodb update-table --table-name {table} --replica-updates 'Delete={{RegionName={region}}}'"
        " --region <the table's home Region>",
    ]


def _balancer(name: str, region: str) -> Sequence[str]:
    return [
        "aws elbv2 modify-load-balancer-attributes --attributes Key=deletion_protection.enabled,Value=false"
        f" --load-balancer-arn <the ARN of {name}> --region {region}  # before `pulumi up`, which then deletes it",
    ]


def _access_point(name: str, _: str) -> Sequence[str]:
    return [
        "aws s3control delete-multi-region-access-point --account-id <the account> --region us-west-2"
        f" --client-token gone --details Name={name}"
    ]


_LOGS = "its log events; export what an audit may need"
_REMOVALS = {
    aws.CLOUDWATCH_LOG_GROUP: _Removal(_LOGS, _log_group),
    aws.DYNAMODB_TABLE_REPLICA: _Removal(
        "nothing that the home table doesn't have, once ReplicationLatency is low", _replica, comes_back=True
    ),
    aws.EKS_CLUSTER: _Removal("its volumes and Kubernetes objects; save what isn't in the other cluster", _cluster),
    aws.ELASTICACHE_GLOBAL_REPLICATION_GROUP: _Removal("nothing: it holds no data", _datastore, comes_back=True),
    aws.ELASTICACHE_REPLICATION_GROUP: _Removal("cached entries; the primary's stay", _cache, comes_back=True),
    aws.LB_LOAD_BALANCER: _Removal("nothing: it holds no data", _balancer, comes_back=True),
    aws.RDS_CLUSTER: _Removal(
        "nothing the writer doesn't have; check AuroraGlobalDBReplicationLag first", _database, comes_back=True
    ),
    aws.S3CONTROL_MULTI_REGION_ACCESS_POINT: _Removal(
        "nothing: it holds no data; but point its clients to the buckets first: its alias is never issued again",
        _access_point,
    ),
    aws.S3_BUCKET: _Removal("its objects; copy what isn't in the other Region", _bucket),
}
_UNKNOWN = _Removal("what it holds; check before you delete it", lambda _, __: ())


_WITH_THEIR_NAMESPACE = ("kubernetes:core/v1:ConfigMap",)
"""Types that Pulumi leaves to the pods of the last version, and Kubernetes deletes with their namespace."""


def kept_resources(removed: Sequence[Resource]) -> list[KeptResource]:
    """The protected and retained ones that outlast a move, in the order given."""
    lasting = [each for each in removed if each.type not in _WITH_THEIR_NAMESPACE]
    return [_kept(each) for each in lasting if each.options.protect or each.options.retain_on_delete]


def data_lost(record: Resource) -> str:
    """What goes with a resource for good, and what to save first; empty: another deployment brings it all back."""
    if removal := _REMOVALS.get(record.type):
        return "" if removal.comes_back else removal.data
    found = stateful(record.type)
    return found.holds if found else ""


def _kept(record: Resource) -> KeptResource:
    removal = _REMOVALS.get(record.type, _UNKNOWN)
    name = str(record.inputs.get(_NAMES.get(record.type, ""), record.name))
    return KeptResource(record, removal.data, list(removal.commands(name, record.region or "<its Region>")))


def removal_steps(kept: Sequence[KeptResource]) -> Iterator[tuple[str, Sequence[str]]]:
    """The steps to delete all of it: each with its commands, in their order."""
    yield "Save what you still need:", [f"{each.record.name}: {each.data}" for each in kept]
    yield "Unprotect each, by name:", [each.unprotect for each in kept if each.record.options.protect]
    before = [one for each in kept if not each.record.options.retain_on_delete for one in each.delete_commands]
    if before:
        yield "Turn off AWS's own deletion protection:", before
    retained = [one for each in kept if each.record.options.retain_on_delete for one in each.delete_commands]
    yield "Change haven:tier and let Pulumi delete the rest:", ["pulumi up"]
    if retained:
        yield (
            "Retained resources remain in AWS and cost money; delete them there, then run `pulumi up` once more for the"
            " networks that contained them:",
            retained,
        )
