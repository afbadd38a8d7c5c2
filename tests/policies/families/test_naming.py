"""Which resources take tags, and what the program tags them with."""

import json

import pytest

from haven.program import aws_types as aws
from haven_policies.rules.naming import TAGS
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.tagged import TAGGED
from tests.environments import EVERY_STACK, environment
from tests.policies import sdk
from tests.policies.breaking import find, verdict_of
from tests.policies.mutations.naming import by_default, tagging


def test_the_types_with_tags_are_those_that_the_aws_package_says_take_some() -> None:
    used = {each.type for stack in EVERY_STACK for each in environment(stack).real() if each.type.startswith("aws:")}
    assert {each for each in used if "tags" in sdk.members(sdk.arguments_of(each))} == set(TAGGED)


def test_a_tag_that_no_resource_has_is_reported_once() -> None:
    verdict = verdict_of("warm", by_default(owner=None)(environment("warm")), {})
    assert [each.message for each in verdict.violations] == [
        "warm tags.owner: got nothing on any resource; allowed: a value that is not empty; "
        "fix: add it to haven:tags: who answers for the resource"
    ]


def test_all_tags_that_one_resource_lacks_are_reported_at_once() -> None:
    lacking = tagging(aws.SNS_TOPIC, "owner", "")(environment("warm"))
    verdict = verdict_of("warm", tagging(aws.SNS_TOPIC, "cost-center", " ")(lacking), {})
    assert [each.message for each in verdict.violations] == [
        f"{find(lacking, 'aws:sns/topic:Topic').name} tags: got nothing for owner, cost-center; "
        "allowed: values that are not empty; fix: owner: add it to haven:tags: who answers for the resource; "
        "cost-center: add it to haven:tags: who pays for it"
    ]


def test_the_program_tags_stores_with_their_class_and_node_groups_with_their_system() -> None:
    recording = environment(
        "warm",
        residency=json.dumps(
            {
                "default": "internal",
                "classes": {"internal": {}, "personal": {}},
                "stores": {"tables.features": "personal", "buckets": "personal"},
            }
        ),
    )
    table = find(recording, aws.DYNAMODB_TABLE, "features")
    assert table.inputs["tags"]["haven:data-class"] == "personal"
    assert "haven:data-class" not in find(recording, aws.DYNAMODB_TABLE, "sessions").inputs["tags"]
    assert find(recording, aws.S3_BUCKET, "models").inputs["tags"]["haven:data-class"] == "personal"
    group = find(recording, aws.EKS_NODE_GROUP, "training")
    assert group.inputs["tags"]["haven:system"] == "training"
    provider = next(each for each in recording.resources if each.type == "pulumi:providers:aws")
    default = json.loads(provider.inputs["defaultTags"])["tags"]
    assert (default["haven:data-class"], default["haven:system"]) == ("internal", "shared")


@pytest.mark.parametrize("stack", EVERY_STACK)
def test_no_resource_has_more_tags_than_aws_takes(stack: str) -> None:
    from haven_policies.rules.stack_facts import read_stack_facts

    graph = ResourceGraph(environment(stack), read_stack_facts(stack, {}))
    assert max(len(graph.tags(each)) for each in graph.of(*TAGGED)) <= 50
    assert set(TAGS) <= set(graph.tags(graph.of(*TAGGED)[0]))
