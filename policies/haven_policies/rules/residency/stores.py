"""What holds data, and what a stack's config calls it."""

from collections.abc import Mapping
from dataclasses import dataclass

from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven.program.stateful_types import STATEFUL, types


@dataclass(frozen=True)
class Store:
    """A store as `haven:residency.stores` names it."""

    kind: str
    name: str = ""
    """Empty where there is one of its kind, or it is unknown which."""

    @property
    def keys(self) -> tuple[str, ...]:
        """What it may be named as, the nearest first."""
        return (f"{self.kind}.{self.name}", self.kind) if self.name else (self.kind,)


LOGS_OF_ALL = Store("logs")
"""What is written down about all stores."""

_COMPONENTS: Mapping[str, str] = {
    "AccountBaseline": "logs",
    "AuditTrail": "logs",
    "BackupVault": "backups",
    "EdgeBalancer": "logs",
    "GlobalCache": "cache",
    "GlobalDatabase": "database",
    "GlobalTable": "tables",
    "InferenceCluster": "logs",
    "MultiRegionAccessPoint": "buckets",
    "MultiRegionKey": "keys",
    "Observability": "logs",
    "OperationsStore": "logs",
    "RegionalNetwork": "logs",
    "ReplicatedBucket": "buckets",
    "ReplicatedRegistry": "images",
    "ReplicatedSecret": "secrets",
    "RequestBuffer": "queues",
    "StateBackend": "state",
}
"""Haven's components -> what is inside of them."""

_TYPES: Mapping[str, str] = {
    "aws:secretsmanager/": "secrets",
    "aws:sns/": "notifications",
    "aws:ecr/": "images",
    "aws:kms/": "keys",
    "aws:cloudwatch/logGroup:": "logs",
    "aws:cloudwatch/logSubscriptionFilter:": "logs",
    "aws:rds/": "database",
    "aws:docdb": "database",
    "aws:dsql/": "database",
    "aws:neptune": "database",
    "aws:odb/": "database",
    "aws:redshift": "database",
    "aws:timestream": "database",
    "aws:dynamodb/": "tables",
    "aws:keyspaces/": "tables",
    "aws:dax/": "cache",
    "aws:elasticache/": "cache",
    "aws:memorydb/": "cache",
    "aws:s3": "buckets",
    "aws:glacier/": "buckets",
    "aws:sqs/": "queues",
    "aws:mq/": "queues",
    "aws:msk/": "queues",
    "aws:kinesis/": "queues",
    "aws:cloudwatch/event": "queues",
    "aws:pipes/": "queues",
    "aws:backup/": "backups",
    "aws:ebs/": "volumes",
    "aws:ec2/ami": "volumes",
    "aws:ec2/instance:": "volumes",
    "aws:efs/": "volumes",
    "aws:fsx/": "volumes",
    "aws:ssm/parameter:": "parameters",
}
"""How a type begins -> what it holds, where no component defines it. What is in none of the two is a matter of logs."""

_ALWAYS = ("secrets", "notifications", "images", "logs")
"""What a type holds, whatever component it is in: the database's own secret is a secret."""

BACKED_UP = ("buckets", "database", "tables", "volumes")
"""What backups hold, of all that AWS Backup can take."""

_OF_A_REGION = ("queues",)
"""What each Region has one of, with the Region's code at the end of its name."""

HOMES = (*types(each for each in STATEFUL if each.resides), aws.SSM_PARAMETER)
"""Types that hold data: a parameter is written by every deployment, and yet what it holds is data."""


def store_of(record: Resource, stack: str) -> Store:
    """What holds the data of a resource."""
    by_type = next((kind for prefix, kind in _TYPES.items() if record.type.startswith(prefix)), None)
    inside = _COMPONENTS.get(record.component or "")
    kind = by_type if by_type in _ALWAYS or inside is None else inside
    return Store(kind or "logs", _name(record, kind or "logs", stack))


def _name(record: Resource, kind: str, stack: str) -> str:
    own = (record.component_name or "").removeprefix(f"haven-{stack}-")
    if kind in _OF_A_REGION:
        return own.rpartition("-")[0]
    return own if kind in ("buckets", "tables", "secrets") else ""
