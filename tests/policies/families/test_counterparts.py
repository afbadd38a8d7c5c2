"""Counterparts in the two Regions."""

import pytest

from haven.base.regions import ZONES
from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_components.names import region_code
from haven_policies.rules.counterparts import Counterparts, one_is_enough, short
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.stack_facts import read_stack_facts
from tests.environments import PRIMARY, RECOVERY, STACKS, environment
from tests.policies.breaking import find

ALONE = {
    "haven-active-active-cost-costs",
    "haven-active-active-cost-costs-policy",
    "haven-active-active-watch-euw1-vault-haven-active-active-backups-euw1-backup-age",
}
"""Of kinds that come in pairs: the topic of the bill, which is one, and the alarm about the plan, which is where
writes go."""


def _graph(stack: str, **changes: str) -> ResourceGraph:
    regions = f'{{"primary": "{PRIMARY}", "recovery": "{RECOVERY}"}}'
    return ResourceGraph(environment(stack, **changes), read_stack_facts(stack, {"haven:regions": regions}))


def _alone(graph: ResourceGraph, region: str) -> list[Resource]:
    counterparts = Counterparts(graph)
    return [each for each in graph.of("aws:", region=region) if counterparts.of(each) is None]


@pytest.mark.parametrize("region", [PRIMARY, RECOVERY])
def test_where_both_regions_serve_everything_has_its_counterpart_or_a_reason_to_stand_alone(region: str) -> None:
    alone = _alone(_graph("active-active"), region)
    unexplained = {each.name for each in alone if one_is_enough(each) is None}
    assert unexplained == (ALONE if region == PRIMARY else set())


@pytest.mark.parametrize("stack", STACKS)
def test_a_counterpart_s_counterpart_is_the_resource_itself(stack: str) -> None:
    graph = _graph(stack)
    counterparts = Counterparts(graph)
    for each in graph.of("aws:"):
        other = counterparts.of(each)
        if other is not None:
            assert other.region != each.region
            assert counterparts.of(other) is each


def test_a_replica_is_found_by_what_it_refers_to() -> None:
    graph = _graph("warm")
    counterparts = Counterparts(graph)
    key = find(graph.recording, aws.KMS_KEY)
    table = find(graph.recording, aws.DYNAMODB_TABLE, "sessions")
    replica, copy = counterparts.of(key), counterparts.of(table)
    assert replica is not None
    assert replica.type == aws.KMS_REPLICA_KEY
    assert copy is not None
    assert copy.name == "haven-warm-sessions-replica"


def test_an_alarm_about_the_other_region_stands_for_the_one_about_this_region() -> None:
    graph = _graph("warm")
    alarm = find(graph.recording, aws.CLOUDWATCH_METRIC_ALARM, "switch-euw1")
    assert alarm.region == RECOVERY
    other = Counterparts(graph).of(alarm)
    assert other is not None
    assert other.name == "haven-warm-switch-euc1"


def test_without_regions_nothing_has_a_counterpart() -> None:
    graph = ResourceGraph(environment("warm"), read_stack_facts("test", {}))
    counterparts = Counterparts(graph)
    assert all(counterparts.of(each) is None for each in graph.records)


@pytest.mark.parametrize("region", [*ZONES, "us-gov-east-1", "cn-northwest-1"])
def test_a_region_s_short_form_is_the_one_that_components_put_into_names(region: str) -> None:
    assert short(region) == region_code(region)
