"""No Region depends on the other one, except where data is copied."""

from collections.abc import Iterator, Mapping

from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.model import Finding, Severity, stack_rule
from haven_policies.rules.resource_graph import ResourceGraph

_BOUNDARIES = "https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries"
STATIC_STABILITY = f"{_BOUNDARIES}/static-stability.html"

_COPIED = "it copies data there"
_FOLLOWS = "it is the copy of a resource there"
_PEERED = "it joins the two networks"

ACROSS: Mapping[tuple[str, str], str] = {
    (aws.BACKUP_PLAN, "rules"): _COPIED,
    (aws.CLOUDWATCH_DASHBOARD, "dashboardBody"): "a picture of both Regions, which no recovery needs",
    (aws.DYNAMODB_TABLE, "replicas"): _COPIED,
    (aws.DYNAMODB_TABLE_REPLICA, "globalTableArn"): _FOLLOWS,
    (aws.EC2_PEERING_CONNECTION_OPTIONS, "vpcPeeringConnectionId"): _PEERED,
    (aws.EC2_ROUTE, "vpcPeeringConnectionId"): _PEERED,
    (aws.EC2_ROUTE_TABLE, "routes"): _PEERED,
    (aws.EC2_VPC_PEERING_CONNECTION, "peerVpcId"): _PEERED,
    (aws.EC2_VPC_PEERING_CONNECTION_ACCEPTER, "vpcPeeringConnectionId"): _PEERED,
    (aws.ELASTICACHE_REPLICATION_GROUP, "globalReplicationGroupId"): _FOLLOWS,
    (aws.KMS_REPLICA_KEY, "primaryKeyArn"): _FOLLOWS,
    (aws.KMS_REPLICA_EXTERNAL_KEY, "primaryKeyArn"): _FOLLOWS,
    (aws.RDS_CLUSTER, "globalClusterIdentifier"): _FOLLOWS,
    (aws.RDS_CLUSTER, "replicationSourceIdentifier"): _FOLLOWS,
    (aws.RDS_INSTANCE, "replicateSourceDb"): _FOLLOWS,
    (aws.S3_BUCKET_REPLICATION_CONFIG, "rules"): _COPIED,
    (aws.SECRETSMANAGER_SECRET, "replicas"): _COPIED,
    (aws.SSM_PARAMETER, "insecureValue"): "the recovery manifest names resources of both Regions",
}
"""Type and property -> why it may name resources of the other Region."""

_GLOBAL = (
    "aws:budgets/",
    "aws:cloudfront/",
    "aws:costexplorer/",
    "aws:globalaccelerator/",
    "aws:iam/",
    "aws:route53/",
    "aws:s3control/multiRegionAccessPoint",
)
"""Types, or what they begin with, of global services: they are in no Region."""


@stack_rule(
    description="Nothing in one Region depends on the other, except what copies data between them.",
    remediation="Give it a resource of its own Region.",
    page=STATIC_STABILITY,
    severity=Severity.CRITICAL,
)
def regions_stand_apart(graph: ResourceGraph) -> Iterator[Finding]:
    """What depends on the lost Region can neither be created nor changed."""
    for record in graph.of("aws:"):
        if record.region is None or record.type.startswith(_GLOBAL):
            continue
        for path, value in record.inputs.items():
            if (record.type, path) in ACROSS:
                continue
            for used in graph.referred(value):
                if _elsewhere(record, used):
                    yield Finding(
                        record,
                        path,
                        f"an output of {used.name}, which is in {used.region}",
                        f"a resource in {record.region}, where this one is",
                        f"name the counterpart of {used.name} in {record.region}",
                    )


def _elsewhere(record: Resource, used: Resource) -> bool:
    return used.region not in (None, record.region) and not used.type.startswith(_GLOBAL)


@stack_rule(
    description="Alarms notify topics of their own Region.",
    remediation="Give each Region a topic of its own, and name that one among its alarms' actions.",
    page="https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html",
    severity=Severity.HIGH,
)
def alarms_tell_at_home(graph: ResourceGraph) -> Iterator[Finding]:
    """CloudWatch takes topics of the alarm's Region alone; an ARN of another one is refused or notifies no one."""
    for alarm in graph.of(aws.CLOUDWATCH_METRIC_ALARM, aws.CLOUDWATCH_COMPOSITE_ALARM):
        for path in ("alarmActions", "okActions", "insufficientDataActions"):
            for action in _arns(alarm, path):
                region = action.split(":")[3]
                if alarm.region is not None and region not in ("", alarm.region):
                    yield Finding(
                        alarm,
                        path,
                        action,
                        f"a topic in {alarm.region}",
                        f"name the topic in {alarm.region}",
                    )


def _arns(alarm: Resource, path: str) -> Iterator[str]:
    actions = alarm.inputs.get(path)
    for each in actions if isinstance(actions, list | tuple) else ():
        if isinstance(each, str) and each.startswith("arn:") and each.count(":") >= 5 and "@@" not in each:
            yield each
