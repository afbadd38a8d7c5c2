"""Plans made of recordings: counts, facts, promises, as data and as text."""

import json
from datetime import date
from typing import Any

import pytest

from haven.base.terminal import Style
from haven.plan import text as plan_text
from haven.plan.component_summary import cache_nodes, component_facts, scaling
from haven.plan.summary import Plan, as_json, kind, make_plan
from haven.program import aws_types as aws
from haven.program.queries import is_gpu_group, zones
from haven.program.recording import Resource, reference
from tests.haven.plan.hand_made_recordings import (
    CACHE_HERE,
    CACHE_THERE,
    DATASTORE,
    EVERYTHING,
    PRIMARY,
    RECOVERY,
    node_group,
    recording,
    resource,
)


@pytest.fixture
def plan() -> Plan:
    return make_plan(recording(*EVERYTHING), ["haven:tags.owner"])


def test_regions_come_primary_first_with_role_state_and_count(plan: Plan) -> None:
    assert [(each.region, each.role, each.state, each.count) for each in plan.regions] == [
        (PRIMARY, "primary", "active", 13),
        (RECOVERY, "recovery", "standby", 3),
    ]


def test_the_state_follows_where_writes_go_and_the_role_does_not() -> None:
    flipped = make_plan(recording(*EVERYTHING, active=RECOVERY))
    assert [(each.region, each.role, each.state) for each in flipped.regions] == [
        (PRIMARY, "primary", "standby"),
        (RECOVERY, "recovery", "active"),
    ]


def test_capacity_is_counted_by_what_serves(plan: Plan) -> None:
    here, there = (each.capacity for each in plan.regions)
    assert here == {
        "buckets": 1,
        "cacheNodes": 6,
        "controlPlanes": 1,
        "databaseClusters": 1,
        "databaseInstances": 1,
        "gpuNodes": 4,
        "natGateways": 1,
        "systemNodes": 3,
        "zones": 2,
    }
    assert {name for name, number in there.items() if number} == {"cacheNodes", "databaseClusters", "gpuNodes"}


def test_a_secondary_cache_has_its_primarys_shards() -> None:
    assert cache_nodes(CACHE_THERE, recording(*EVERYTHING)) == 6
    alone = resource(aws.ELASTICACHE_REPLICATION_GROUP, "x", {"numCacheClusters": 2})
    assert cache_nodes(alone, recording(alone)) == 2


def test_providers_and_components_are_no_resources(plan: Plan) -> None:
    assert {each.name for each in plan.resources} & {"aws-eu-west-1", "db"} == set()
    assert plan.count == 17


def test_every_resource_is_in_exactly_one_section(plan: Plan) -> None:
    sections = [section for each in plan.regions for section in each.sections] + list(plan.elsewhere)
    assert sum(section.count for section in sections) == plan.count
    assert [(each.component, each.name) for each in plan.elsewhere] == [("GlobalDatabase", "haven-GlobalDatabase")]


def test_components_come_in_reading_order_and_the_stack_itself_last(plan: Plan) -> None:
    assert [each.component for each in plan.regions[0].sections] == [
        "RegionalNetwork",
        "InferenceCluster",
        "GlobalDatabase",
        "GlobalCache",
        "ReplicatedBucket",
        "",
    ]


def test_json_is_sorted_and_says_what_its_docstring_says(plan: Plan) -> None:
    output = as_json(plan)
    documented = {
        "stack", "kind", "tier", "active", "regions", "resources", "promises", "objectives", "judgements", "systems",
        "notes", "placeholders",
    }  # fmt: skip
    assert output.keys() == documented
    assert (output["regions"][RECOVERY]["role"], output["regions"][RECOVERY]["state"]) == ("recovery", "standby")
    assert output["placeholders"] == ["haven:tags.owner"]
    urns = [each["urn"] for each in output["resources"]]
    assert urns == sorted(urns)
    for region, described in output["regions"].items():
        assert described["count"] == sum(each["region"] == region for each in output["resources"])


def test_json_describes_a_node_group_with_its_scaling(plan: Plan) -> None:
    (group,) = [each for each in as_json(plan)["resources"] if each["name"] == "serving"]
    assert group == {
        "urn": "urn:pulumi:test::haven::aws:eks/nodeGroup:NodeGroup::serving",
        "type": aws.EKS_NODE_GROUP,
        "name": "serving",
        "region": PRIMARY,
        "component": "InferenceCluster",
        "componentName": "haven-InferenceCluster",
        "protect": False,
        "scaling": {"min": 0, "desired": 4, "max": 9},
    }


def test_no_secret_is_in_json_or_text(plan: Plan) -> None:
    assert "hush-hush" not in json.dumps(as_json(plan))
    assert "hush-hush" not in plan_text.render(plan, Style())


@pytest.mark.parametrize(
    ("image", "gpu"), [("BOTTLEROCKET_x86_64_NVIDIA", True), ("AL2_x86_64_GPU", True), ("BOTTLEROCKET_x86_64", False)]
)
def test_gpu_groups_are_recognized_by_their_image(image: str, gpu: bool) -> None:
    assert is_gpu_group(resource(aws.EKS_NODE_GROUP, "x", {"amiType": image})) is gpu


def test_only_node_groups_scale() -> None:
    assert scaling(resource(aws.S3_BUCKET, "x", {"scalingConfig": {}})) is None


def test_zones_are_those_of_the_subnets() -> None:
    assert zones(EVERYTHING) == ["eu-west-1a", "eu-west-1b"]


def facts_of(component: str, *records: Resource, extra: tuple[Resource, ...] = ()) -> list[str]:
    return component_facts(component, records, recording(*records, *extra))


def test_a_network_shows_its_block_zones_nat_and_endpoints() -> None:
    endpoint = resource(aws.EC2_VPC_ENDPOINT, "e", {"vpcEndpointType": "Interface"})
    network = [each for each in EVERYTHING if each.component == "RegionalNetwork"]
    assert facts_of("RegionalNetwork", *network, endpoint) == [
        "10.0.0.0/16", "zones eu-west-1a, eu-west-1b", "1 NAT gateway", "1 interface endpoint",
    ]  # fmt: skip
    assert facts_of("RegionalNetwork", network[0])[2:] == ["no NAT", "no interface endpoints"]


def test_a_cluster_shows_its_version_and_groups_system_first() -> None:
    cluster = resource(aws.EKS_CLUSTER, "eks", {"version": "1.36"})
    assert facts_of("InferenceCluster", node_group("a-gpu", 2, gpu=True), node_group("z", 3, gpu=False), cluster) == [
        "Kubernetes 1.36",
        "system nodes z: 3 now, 0 to 9 (g6.xlarge, g5.xlarge)",
        "GPU nodes a-gpu: 2 now, 0 to 9 (g6.xlarge, g5.xlarge)",
    ]


def test_a_database_shows_whether_it_is_headless_and_forwards_writes() -> None:
    member = resource(
        aws.RDS_CLUSTER,
        "db",
        {"engineVersion": "16.11", "clusterIdentifier": "haven-db-euc1", "enableGlobalWriteForwarding": True},
    )
    instance = resource(aws.RDS_CLUSTER_INSTANCE, "i", {"instanceClass": "db.r6g.large"})
    first = "Aurora PostgreSQL 16.11, member haven-db-euc1"
    assert facts_of("GlobalDatabase", member) == [first, "headless: no instance", "forwards writes to the writer"]
    assert facts_of("GlobalDatabase", member, instance)[1] == "1 instance (db.r6g.large)"
    assert facts_of("GlobalDatabase") == []


def test_a_cache_shows_its_size_and_role() -> None:
    assert facts_of("GlobalCache", CACHE_HERE, extra=(DATASTORE,)) == [
        "cache-euw1: 3 shards x 2 nodes, primary of the Global Datastore"
    ]
    assert facts_of("GlobalCache", CACHE_THERE, extra=(DATASTORE, CACHE_HERE)) == [
        "cache-euc1: 3 shards x 2 nodes, secondary of the Global Datastore"
    ]
    assert facts_of("GlobalCache", CACHE_HERE)[0].endswith("on its own: nothing is replicated")


@pytest.mark.parametrize(
    ("rules", "output"),
    [
        ([{"destination": {"replicationTime": {"status": "Enabled"}}}], "replicates to the other Region, with time"),
        ([{"destination": {"bucket": "x"}}], "replicates to the other Region, without time control"),
        ([], "not replicated"),
    ],
)
def test_a_bucket_shows_how_it_replicates(rules: list[Any], output: str) -> None:
    bucket = resource(aws.S3_BUCKET, "b", {"bucket": "b-euw1", "objectLockEnabled": True})
    config = resource(
        aws.S3_BUCKET_REPLICATION_CONFIG,
        "c",
        {"bucket": reference(bucket.key, "id"), "rules": rules},
    )
    (fact,) = facts_of("ReplicatedBucket", bucket, config)
    assert fact.startswith(f"b-euw1, {output}")
    assert fact.endswith(", Object Lock")


def test_dns_shows_who_answers_and_whether_it_is_checked() -> None:
    zone = resource(aws.ROUTE53_ZONE, "z", {"name": "example.com"})
    failover = {"name": "ai.example.com", "failoverRoutingPolicies": [{"type": "PRIMARY"}]}
    latency = {"name": "ai.example.com", "latencyRoutingPolicies": [{"region": RECOVERY}]}
    records = [
        resource(aws.ROUTE53_RECORD, "r1", {**failover, "setIdentifier": PRIMARY, "healthCheckId": "h"}),
        resource(aws.ROUTE53_RECORD, "r2", {**latency, "setIdentifier": RECOVERY}),
        resource(aws.ROUTE53_RECORD, "r3", {"name": "example.com", "aliases": [{"name": "ai.example.com"}]}),
    ]
    assert facts_of("FailoverDns", zone, *records) == [
        "public zone example.com",
        "ai.example.com: eu-west-1 as primary, with a health check; eu-central-1 by latency, without a health check",
        "example.com: answers as ai.example.com",
    ]


@pytest.mark.parametrize(("type_", "mode"), [("CALCULATED", "automatic: "), ("CLOUDWATCH_METRIC", "manual: ")])
def test_a_switch_shows_which_region_it_turns_off_and_who_decides(type_: str, mode: str) -> None:
    alarm = {"name": "switch-euw1", "dimensions": {"Region": PRIMARY}}
    facts = facts_of(
        "TrafficSwitch",
        resource(aws.CLOUDWATCH_METRIC_ALARM, "a", alarm),
        resource(aws.ROUTE53_HEALTH_CHECK, "h", {"type": type_}),
    )
    assert facts[0] == "alarm switch-euw1 turns eu-west-1 off"
    assert facts[1].startswith(mode)


def test_an_unknown_component_is_counted_without_facts() -> None:
    assert facts_of("SomethingElse", resource(aws.S3_BUCKET, "b")) == []


def test_resource_types_are_named_in_words() -> None:
    assert kind(aws.EKS_NODE_GROUP) == "eks node group"
    assert kind("pulumi:index:Stash") == "pulumi stash"
    assert kind("random:index/randomPassword:RandomPassword") == "random random password"


def test_json_has_the_capacity_of_each_region_and_the_objectives(plan: Plan) -> None:
    output = as_json(plan)
    assert output["regions"][PRIMARY]["capacity"]["gpuNodes"] == 4
    assert output["objectives"] == {"rtoMinutes": 30, "rpoMinutes": 15}


def test_what_a_promise_leaves_open_is_null_in_json() -> None:
    open_promise = {"rpo.cache": {"says": "cached entries", "atBestMinutes": 1}}
    output = as_json(make_plan(recording(promises=open_promise)))["promises"]["rpo.cache"]
    assert output == {
        "description": "cached entries", "bestCaseMinutes": 1, "bestCaseSource": None, "worstCaseMinutes": None,
        "worstCaseSource": None, "assumption": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("version", "today", "notes"),
    [
        ("13.23", date(2026, 11, 26), ["standard support of Aurora PostgreSQL 13.23 ended on 2026-02-28"]),
        ("13.23", date(2026, 2, 28), ["standard support of Aurora PostgreSQL 13.23 ends on 2026-02-28"]),
        ("14.20", date(2026, 11, 30), []),
        ("14.20", date(2026, 12, 1), ["standard support of Aurora PostgreSQL 14.20 ends on 2027-02-28"]),
        ("18.1", date(2026, 11, 26), []),
    ],
)
def test_the_plan_says_once_when_the_databases_standard_support_ends(
    version: str, today: date, notes: list[str]
) -> None:
    given = {"engineVersion": version}
    members = [resource(aws.RDS_CLUSTER, f"db-{each}", given, region=each) for each in (PRIMARY, RECOVERY)]
    found = [each for each in make_plan(recording(*members), today=today).notes if "Aurora PostgreSQL" in each]
    assert [each.partition(":")[0] for each in found] == notes
