"""Every flow of data between Regions is known."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from haven.base.regions import ZONES
from haven.config.stack_file import load_stack
from haven.program import aws_types as aws
from haven.program.recording import REFERENCE, Resource, Secret
from haven_policies.rules.residency.data_flows import DATA_PATHS, DataFlow, data_flows
from haven_policies.rules.residency.data_paths import FlowKind
from haven_policies.rules.residency.destinations import region_of
from haven_policies.rules.residency.stores import HOMES
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.stack_facts import read_stack_facts
from tests.environments import EVERY_STACK, PRIMARY, RECOVERY, ROOT, environment
from tests.policies import sdk

_REGION = re.compile(rf"\b({'|'.join(ZONES)})\b")

FLOWS: Mapping[str, Mapping[tuple[str, str], int]] = {
    "backup": {
        ("backup", "Plan"): 6,
        ("backup", "RestoreTestingPlan"): 2,
        ("event", "Queue"): 2,
        ("event", "Schedule"): 2,
        ("log", "FlowLog"): 1,
        ("log", "LoadBalancer"): 1,
        ("log", "ReplicationGroup"): 2,
        ("log", "WebAclLoggingConfiguration"): 1,
        ("replica", "BucketReplicationConfig"): 6,
        ("replica", "Cluster"): 1,
        ("replica", "ReplicaKey"): 1,
        ("replica", "Secret"): 4,
    },
    "pilot-light": {
        ("backup", "Plan"): 4,
        ("backup", "RestoreTestingPlan"): 1,
        ("event", "Queue"): 2,
        ("event", "Schedule"): 2,
        ("log", "FlowLog"): 2,
        ("log", "LoadBalancer"): 2,
        ("log", "ReplicationGroup"): 2,
        ("log", "WebAclLoggingConfiguration"): 2,
        ("replica", "BucketReplicationConfig"): 6,
        ("replica", "Cluster"): 2,
        ("replica", "ReplicaKey"): 1,
        ("replica", "Secret"): 4,
        ("replica", "TableReplica"): 2,
    },
    "warm": {
        ("backup", "Plan"): 4,
        ("backup", "RestoreTestingPlan"): 1,
        ("event", "Queue"): 2,
        ("event", "Schedule"): 2,
        ("log", "FlowLog"): 2,
        ("log", "LoadBalancer"): 2,
        ("log", "ReplicationGroup"): 4,
        ("log", "WebAclLoggingConfiguration"): 2,
        ("replica", "BucketReplicationConfig"): 6,
        ("replica", "Cluster"): 2,
        ("replica", "GlobalReplicationGroup"): 1,
        ("replica", "ReplicaKey"): 1,
        ("replica", "ReplicationGroup"): 1,
        ("replica", "Secret"): 4,
        ("replica", "TableReplica"): 2,
    },
    "active-active": {
        ("backup", "Plan"): 4,
        ("backup", "RestoreTestingPlan"): 1,
        ("event", "Queue"): 2,
        ("event", "Schedule"): 2,
        ("log", "FlowLog"): 2,
        ("log", "LoadBalancer"): 2,
        ("log", "ReplicationGroup"): 4,
        ("log", "WebAclLoggingConfiguration"): 2,
        ("replica", "BucketReplicationConfig"): 6,
        ("replica", "Cluster"): 2,
        ("replica", "GlobalReplicationGroup"): 1,
        ("replica", "MultiRegionAccessPoint"): 6,
        ("replica", "ReplicaKey"): 1,
        ("replica", "ReplicationGroup"): 1,
        ("replica", "Secret"): 4,
        ("replica", "TableReplica"): 2,
    },
    "demo": {
        ("backup", "Plan"): 4,
        ("backup", "RestoreTestingPlan"): 1,
        ("event", "EventArchive"): 2,
        ("event", "EventTarget"): 4,
        ("event", "Queue"): 2,
        ("event", "Schedule"): 2,
        ("log", "FlowLog"): 2,
        ("log", "LoadBalancer"): 2,
        ("log", "ReplicationGroup"): 4,
        ("log", "WebAclLoggingConfiguration"): 2,
        ("replica", "BucketReplicationConfig"): 4,
        ("replica", "Cluster"): 2,
        ("replica", "GlobalReplicationGroup"): 1,
        ("replica", "ReplicaKey"): 1,
        ("replica", "ReplicationGroup"): 1,
        ("replica", "Secret"): 3,
        ("replica", "TableReplica"): 1,
    },
    "account": {
        ("log", "DeliveryChannel"): 2,
        ("log", "Trail"): 3,
        ("replica", "BucketReplicationConfig"): 6,
        ("replica", "ReplicaKey"): 3,
        ("replica", "ReplicationConfiguration"): 2,
    },
}
"""Stack -> what moves, the type of the resource that sends it -> how many."""

NETWORKS = "packets on their way are stored nowhere"

NOTHING_MOVES: Mapping[tuple[str, str], str] = {
    (aws.BACKUP_RESTORE_TESTING_SELECTION, "iamRoleArn"): "roles have no Region",
    (aws.CFG_RECORDER, "roleArn"): "roles have no Region",
    (aws.S3_BUCKET_REPLICATION_CONFIG, "role"): "roles have no Region",
    (aws.CLOUDWATCH_DASHBOARD, "dashboardBody"): "figures are drawn where somebody looks at them",
    (aws.CLOUDWATCH_METRIC_ALARM, "alarmDescription"): "words",
    (aws.CLOUDWATCH_METRIC_ALARM, "dimensions"): "part of a metric's name",
    (
        aws.EC2_PEERING_CONNECTION_OPTIONS,
        "vpcPeeringConnectionId",
    ): NETWORKS,
    (aws.EC2_ROUTE, "vpcPeeringConnectionId"): NETWORKS,
    (aws.EC2_VPC_PEERING_CONNECTION, "peerRegion"): NETWORKS,
    (aws.EC2_VPC_PEERING_CONNECTION, "peerVpcId"): NETWORKS,
    (aws.EC2_VPC_PEERING_CONNECTION_ACCEPTER, "vpcPeeringConnectionId"): NETWORKS,
    (aws.FIS_EXPERIMENT_TEMPLATE, "actions"): "a Region that is cut off for a while",
    (aws.FIS_EXPERIMENT_TEMPLATE, "description"): "words",
    (aws.IAM_POLICY, "policy"): "permissions move nothing by themselves",
    (aws.IAM_ROLE_POLICY, "policy"): "permissions move nothing by themselves",
    (aws.LAMBDA_FUNCTION, "environment"): "names of copies; the function writes in its own Region alone",
    (aws.RDS_CLUSTER, "sourceRegion"): "globalClusterIdentifier is the flow",
    (aws.ROUTE53_HEALTH_CHECK, "cloudwatchAlarmRegion"): "an alarm's state",
    (aws.ROUTE53_HEALTH_CHECK, "triggers"): "an alarm's settings",
    (aws.ROUTE53_RECORD, "healthCheckId"): "names are answered everywhere",
    (aws.ROUTE53_RECORD, "zoneId"): "names are answered everywhere",
    (aws.ROUTE53_ZONE, "vpcs"): "names are answered everywhere",
    (aws.S3_BUCKET_POLICY, "policy"): "permissions move nothing by themselves",
    (aws.SSM_PARAMETER, "insecureValue"): "what a runbook reads: names, and no data",
}
"""Type of a resource and its property that names another Region, or something there -> why no data moves by it."""


def found(stack: str) -> list[DataFlow]:
    facts = read_stack_facts(stack, load_stack(stack, ROOT).config)
    return list(data_flows(ResourceGraph(environment(stack), facts)))


@pytest.mark.parametrize("stack", EVERY_STACK)
def test_a_stack_has_these_edges_and_no_others(stack: str) -> None:
    counted = Counter((str(each.kind), each.record.type.rpartition(":")[2]) for each in found(stack))
    assert counted == FLOWS[stack]


@pytest.mark.parametrize("stack", EVERY_STACK)
def test_each_edge_of_a_shipped_stack_leads_to_one_of_its_two_regions(stack: str) -> None:
    ends = {end for each in found(stack) for end in (each.source, each.target.region)}
    assert ends == {PRIMARY, RECOVERY}


@pytest.mark.parametrize("stack", EVERY_STACK)
def test_what_names_another_region_or_something_there_is_an_edge_or_known_to_move_nothing(stack: str) -> None:
    known = {(each.record.urn, each.path.partition(".")[0].partition("[")[0]) for each in found(stack)}
    strange = {
        (each.type, name)
        for each in environment(stack).real()
        for name, value in each.inputs.items()
        if region_of(each) and (each.urn, name) not in known and _leads_elsewhere(stack, each, value)
    }
    assert strange - NOTHING_MOVES.keys() == set()


def test_no_reason_is_kept_for_what_is_not_there_any_more() -> None:
    used = {
        (each.type, name)
        for stack in EVERY_STACK
        for each in environment(stack).real()
        for name, value in each.inputs.items()
        if region_of(each) and _leads_elsewhere(stack, each, value)
    }
    assert NOTHING_MOVES.keys() <= used


def _leads_elsewhere(stack: str, record: Resource, value: Any) -> bool:
    own, by_key = region_of(record), environment(stack).by_key
    for text in _texts(value):
        referred = (region_of(by_key[each["key"]]) for each in REFERENCE.finditer(text))
        if {*_REGION.findall(text), *referred} - {own, None}:
            return True
    return False


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Secret):
        yield from _texts(value.value)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def test_every_data_path_is_a_property_of_a_type_that_the_aws_package_has() -> None:
    paths = {
        (type_, path)
        for type_, paths in DATA_PATHS.items()
        for data_path in paths
        for path in (data_path.path, data_path.source)
        if path
    }
    assert {each for each in paths if not sdk.has(*each)} == set()
    assert set(HOMES) <= sdk.tokens()


def test_every_store_has_a_kind_that_a_class_can_be_given_to() -> None:
    from infra.config.rules.residency import WHOLE_STORES

    assert {each.store.kind for stack in EVERY_STACK for each in found(stack)} <= set(WHOLE_STORES)


def test_each_kind_of_edge_is_there_in_some_stack() -> None:
    assert {each.kind for stack in EVERY_STACK for each in found(stack)} == set(FlowKind)
