"""The rules of availability, asked about what Haven's own stacks have nothing of."""

from collections.abc import Mapping
from typing import Any

import pytest

from haven.program import aws_types as aws
from haven.program.recording import Recording, reference
from tests.environments import STACKS, environment
from tests.policies.breaking import Change, adding, both, find, setting, verdict_of, without
from tests.policies.kubernetes import BUDGET, DEPLOYMENT, GUARDED, STATEFUL_SET, autoscaler, budget, workload
from tests.policies.third_party.programs import EMPTY, NAME, Case, case, found, one

WARM = {"haven:tier": "warm"}
SUBNET, NAT = aws.EC2_SUBNET, aws.EC2_NAT_GATEWAY
TABLE, ROUTE = aws.EC2_ROUTE_TABLE, aws.EC2_ROUTE
NODES, QUEUE = aws.EKS_NODE_GROUP, aws.SQS_QUEUE
OLD_TARGETS, CACHE = aws.ALB_TARGET_GROUP, aws.ELASTICACHE_REPLICATION_GROUP
CLUSTER, INSTANCE = aws.DOCDB_CLUSTER, aws.DOCDB_CLUSTER_INSTANCE
CHECK = {"path": "/readyz", "protocol": "HTTP"}


def naming(type_: str, name: str, *, inputs: Mapping[str, Any] | None = None, **uses: tuple[str, str]) -> Change:
    """Adds a resource with properties that refer to others, by type and name."""

    def change(recording: Recording) -> Recording:
        made = {path: reference(find(recording, *target).key, "id") for path, target in uses.items()}
        return adding(type_, name, {**(inputs or {}), **made}, "eu-west-1")(recording)

    return change


def zone(letter: str) -> Change:
    """Adds a private subnet with its route table, which has no egress yet."""
    name = f"private-{letter}"
    place = {"availabilityZone": f"eu-west-1{letter}", "vpcId": "vpc-0123456789abcdef0"}
    return both(
        adding(SUBNET, name, place, "eu-west-1"),
        adding(TABLE, name, {}, "eu-west-1"),
        naming(
            aws.EC2_ROUTE_TABLE_ASSOCIATION,
            name,
            subnetId=(SUBNET, name),
            routeTableId=(TABLE, name),
        ),
    )


def way_out(letter: str, gateway: str) -> Change:
    """Adds a zone's default route to a gateway."""
    return naming(
        ROUTE,
        f"out-{letter}",
        inputs={"destinationCidrBlock": "0.0.0.0/0"},
        routeTableId=(TABLE, f"private-{letter}"),
        natGatewayId=(NAT, gateway),
    )


def gateway(letter: str, mode: str | None = None) -> Change:
    """Adds a NAT gateway in a zone."""
    inputs = {"availabilityMode": mode} if mode else {}
    return naming(NAT, f"nat-{letter}", inputs=inputs, subnetId=(SUBNET, f"private-{letter}"))


def nodes_in(*letters: str) -> Change:
    """Adds a group of nodes in some zones."""

    def change(recording: Recording) -> Recording:
        subnets = [reference(find(recording, SUBNET, f"private-{each}").key, "id") for each in letters]
        return adding(NODES, NAME, {"subnetIds": subnets, "clusterName": "theirs"}, "eu-west-1")(recording)

    return change


def instances(*zones: str | None) -> Change:
    """Adds a DocumentDB cluster, named by its instances in a text, as programs without outputs do."""
    made = [adding(CLUSTER, NAME, {"clusterIdentifier": "theirs"}, "eu-west-1")]
    for index, each in enumerate(zones):
        inputs = {"clusterIdentifier": "theirs", "availabilityZone": each, "promotionTier": index}
        made.append(adding(INSTANCE, f"theirs-{index}", inputs, "eu-west-1"))
    return both(*made)


CASES = (
    case(
        "spans-zones",
        "subnets of a text",
        aws.ELB_LOAD_BALANCER,
        "availabilityZones",
        ["eu-west-1a"],
        availabilityZones=["eu-west-1a", "eu-west-1b"],
    ),
    case(
        "spans-zones",
        "one subnet instead of a list",
        aws.RDS_SUBNET_GROUP,
        "subnetIds",
        "subnet-1",
        subnetIds=["subnet-1", "subnet-2"],
    ),
    Case("database-spans-zones", "DocumentDB", instances("eu-west-1a", "eu-west-1b"), without(INSTANCE, "-1")),
    Case(
        "database-spans-zones",
        "DocumentDB in one zone",
        instances("eu-west-1a", None),
        setting(INSTANCE, "availabilityZone", "eu-west-1a", "-1"),
    ),
    case("database-spans-zones", "RDS instance", aws.RDS_INSTANCE, "multiAz", False, multiAz=True),
    case(
        "database-spans-zones",
        "replica of an RDS instance",
        aws.RDS_INSTANCE,
        "replicateSourceDb",
        None,
        replicateSourceDb="other",
    ),
    case("cache-fails-over", "MemoryDB", aws.MEMORYDB_CLUSTER, "numReplicasPerShard", 0),
    case(
        "cache-fails-over",
        "cache of two nodes",
        CACHE,
        "numCacheClusters",
        "1",
        numCacheClusters=2,
        multiAzEnabled=True,
        automaticFailoverEnabled="true",
    ),
    case(
        "deletion-protection",
        "inline replica of a table",
        aws.DYNAMODB_TABLE,
        "replicas.0.deletionProtectionEnabled",
        None,
        deletionProtectionEnabled=True,
        replicas=[{"regionName": "eu-central-1", "deletionProtectionEnabled": True}],
    ),
    case(
        "deletion-protection",
        "user pool",
        aws.COGNITO_USER_POOL,
        "deletionProtection",
        "INACTIVE",
        deletionProtection="ACTIVE",
    ),
    case("target-health-check", "old balancer", OLD_TARGETS, "healthCheck", None, protocol="HTTP", healthCheck=CHECK),
    case(
        "target-health-check",
        "check that is off",
        OLD_TARGETS,
        "healthCheck.enabled",
        False,
        protocol="HTTPS",
        healthCheck=CHECK,
    ),
    case("targets-drain", "Lambda function as target", OLD_TARGETS, "targetType", "ip", targetType="lambda"),
    Case(
        "queue-has-dead-letters",
        "policy beside the queue",
        both(one(QUEUE), naming(aws.SQS_REDRIVE_POLICY, "letters", queueUrl=(QUEUE, NAME))),
        without(aws.SQS_REDRIVE_POLICY),
    ),
    Case(
        "workload-spread",
        "pods apart from each other",
        both(
            workload("serving"),
            setting(DEPLOYMENT, "spec.template.spec.topologySpreadConstraints", None),
            setting(
                DEPLOYMENT,
                "spec.template.spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution",
                [{"weight": 1, "podAffinityTerm": {"topologyKey": "topology.kubernetes.io/zone"}}],
            ),
        ),
        setting(DEPLOYMENT, "spec.template.spec.affinity", None),
    ),
    Case(
        "workload-replicas",
        "standby workload",
        workload("serving", replicas=0),
        setting(DEPLOYMENT, "spec.replicas", None),
    ),
    Case(
        "workload-has-disruption-budget",
        "budget chosen by an expression",
        both(
            workload("store", STATEFUL_SET),
            budget("all", "store", maxUnavailable=1),
            setting(
                BUDGET,
                "spec.selector",
                {"matchExpressions": [{"key": "app", "operator": "In", "values": ["store", "cache"]}]},
            ),
        ),
        setting(BUDGET, "spec.selector.matchExpressions.0.operator", "NotIn"),
    ),
    Case(
        "disruption-budget-allows-drains",
        "budget for what another program declares",
        budget("theirs", "elsewhere", minAvailable="50%"),
        setting(BUDGET, "spec.minAvailable", "100%"),
    ),
    Case(
        "disruption-budget-allows-drains",
        "budget of shares",
        both(workload("serving"), budget("serving", "serving", maxUnavailable="10%")),
        setting(BUDGET, "spec.maxUnavailable", "0%"),
    ),
)


@pytest.mark.parametrize("each", CASES, ids=lambda each: f"{each.rule}: {each.what}")
def test_what_other_programs_declare_is_judged_too(each: Case) -> None:
    each.is_seen()


NETWORK = both(zone("a"), zone("b"), gateway("a"), nodes_in("a", "b"), way_out("a", "nat-a"))


def test_a_subnet_of_nodes_without_a_way_out_is_named_where_others_have_one() -> None:
    (record,) = found("nat-per-zone", NETWORK(EMPTY), WARM)
    assert record is not None
    assert (record.type, record.name) == (SUBNET, "private-b")


def test_a_way_out_through_another_zone_is_named() -> None:
    (record,) = found("nat-per-zone", both(NETWORK, way_out("b", "nat-a"))(EMPTY), WARM)
    assert record is not None
    assert record.name == "out-b"


@pytest.mark.parametrize("tier", ["backup", "pilot-light"])
def test_lower_tiers_may_share_one_nat_gateway(tier: str) -> None:
    assert found("nat-per-zone", both(NETWORK, way_out("b", "nat-a"))(EMPTY), {"haven:tier": tier}) == []


def test_a_regional_nat_gateway_serves_every_zone() -> None:
    network = both(zone("a"), zone("b"), gateway("a", "regional"), way_out("a", "nat-a"), way_out("b", "nat-a"))
    assert found("nat-per-zone", network(EMPTY), WARM) == []


def test_networks_without_any_way_out_are_no_matter_of_zones() -> None:
    assert found("nat-per-zone", both(zone("a"), zone("b"), nodes_in("a", "b"))(EMPTY), WARM) == []


def test_reserved_gpu_nodes_need_a_sibling_in_another_zone() -> None:
    block = {"capacityType": "CAPACITY_BLOCK", "amiType": "AL2023_x86_64_NVIDIA", "clusterName": "theirs"}
    alone = adding(NODES, "first", {**block, "subnetIds": ["subnet-1"]})
    assert len(found("gpu-groups-spread", alone(EMPTY))) == 1
    same_zone = both(alone, adding(NODES, "second", {**block, "subnetIds": ["subnet-1"]}))
    assert len(found("gpu-groups-spread", same_zone(EMPTY))) == 2
    other_zone = both(alone, adding(NODES, "second", {**block, "subnetIds": ["subnet-2"]}))
    assert found("gpu-groups-spread", other_zone(EMPTY)) == []


def test_an_autoscaler_counts_more_than_the_replicas_that_a_workload_asks_for() -> None:
    scaled = both(GUARDED, autoscaler("scaler", "serving", 2), setting(BUDGET, "spec.minAvailable", 2))
    (record,) = found("disruption-budget-allows-drains", scaled(EMPTY))
    assert record is not None
    assert record.type == BUDGET


@pytest.mark.parametrize("namespace", ["serving", "other"])
def test_a_budget_counts_in_its_own_namespace_only(namespace: str) -> None:
    moved = both(GUARDED, setting(BUDGET, "metadata.namespace", namespace))
    assert bool(found("workload-has-disruption-budget", moved(EMPTY))) is (namespace == "other")


def test_a_throw_away_environment_may_go() -> None:
    recording = one(aws.RDS_CLUSTER, deletionProtection=False)(EMPTY)
    for rule in ("deletion-protection", "stateful-resources-protected"):
        assert found(rule, recording, {"haven:ephemeral": "true"}) == []
        assert len(found(rule, recording)) == 1


@pytest.mark.parametrize("demote", ["", "eu-west-1"])
@pytest.mark.parametrize("stack", STACKS)
def test_nothing_hangs_on_one_zone_after_a_failover(stack: str, demote: str) -> None:
    changes = {"active": "eu-central-1", **({"demote": demote} if demote else {})}
    verdict = verdict_of(stack, environment(stack, **changes), changes)
    family = ("availability", "data protection")
    assert [each.message for each in verdict.violations if each.rule.family in family] == []
