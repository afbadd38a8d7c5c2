"""The rules find the same in what Pulumi's engine reports as in what the program declares."""

import pytest
from pulumi_policy import PolicyProviderResource, PolicyResource, PolicyResourceOptions, ResourceValidationArgs
from pulumi_policy.policy import PolicyCustomTimeouts

from haven.program import aws_types as aws
from haven.program.recording import Recording, own_region
from haven_policies.analyzer import alone, recording_of
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.stack_facts import read_stack_facts
from tests.environments import EVERY_STACK, environment
from tests.policies.breaking import Mutation, find, setting, verdict_of
from tests.policies.engines.engine_view import EngineView
from tests.policies.test_mutations import MUTATIONS

FIRST_OF_ITS_RULE = {each.rule: each for each in reversed(MUTATIONS)}
EVERY_DAY = list(FIRST_OF_ITS_RULE.values())[::3]
"""Of every third rule one mutation: how the view is made is the same for all."""


def _marked(mutation: Mutation) -> object:
    name = f"{mutation.stack}: {mutation.what}"
    marks = [] if any(mutation is each for each in EVERY_DAY) else [pytest.mark.exhaustive]
    return pytest.param(mutation, id=name, marks=marks)


def _reported(recording: Recording, *, deployed: bool, inputs: bool = True) -> Recording:
    view = EngineView(recording, deployed=deployed)
    return recording_of(view.resources(), recording.stack, view.declared() if inputs else None)


@pytest.mark.parametrize("inputs", [False, True], ids=["outputs alone", "with inputs"])
@pytest.mark.parametrize("deployed", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("stack", EVERY_STACK)
def test_the_shipped_stacks_violate_nothing_before_and_after_their_first_deployment(
    stack: str, deployed: bool, inputs: bool
) -> None:
    verdict = verdict_of(stack, _reported(environment(stack), deployed=deployed, inputs=inputs), {})
    assert [each.message for each in verdict.violations] == []


@pytest.mark.parametrize("mutation", [_marked(each) for each in MUTATIONS])
def test_what_is_broken_is_seen_once_everything_is_known(mutation: Mutation) -> None:
    broken = mutation.change(mutation.before)
    reported = _reported(broken, deployed=True)
    verdict = verdict_of(mutation.stack, reported, {**mutation.config, **mutation.judged_as})
    found = {each.rule.name for each in verdict.violations}
    assert mutation.rule in found
    assert found == {mutation.rule} or _moved(broken)


def _moved(broken: Recording) -> bool:
    """Whether a resource names another Region than its provider's: an engine reports it there, and so it is
    missing where it was, which other rules mind."""
    return any(own_region(each.type, each.inputs) not in (None, each.region) for each in broken.real())


@pytest.mark.parametrize("deployed", [False, True], ids=["before", "after"])
def test_a_region_that_a_resource_names_itself_goes_over_its_providers(deployed: bool) -> None:
    moved = setting(aws.S3_BUCKET, "region", "us-east-1", "artifacts-euc1")(environment("warm"))
    bucket = find(_reported(moved, deployed=deployed), aws.S3_BUCKET, "artifacts-euc1")
    assert bucket.region == "us-east-1"


@pytest.mark.parametrize("inputs", [False, True], ids=["outputs alone", "with inputs"])
@pytest.mark.parametrize("deployed", [False, True], ids=["before", "after"])
def test_a_kubernetes_object_is_in_the_region_of_its_cluster_however_little_is_known(
    deployed: bool, inputs: bool
) -> None:
    def regions(recording: Recording) -> dict[str, str | None]:
        return {each.urn: each.region for each in recording.real() if each.is_kubernetes}

    declared = environment("warm")
    assert regions(_reported(declared, deployed=deployed, inputs=inputs)) == regions(declared)


def test_a_region_that_a_resource_names_itself_counts_when_it_is_judged_alone() -> None:
    provider = PolicyProviderResource("pulumi:providers:aws", {"region": "eu-west-1"}, "urn:provider", "provider")
    options = PolicyResourceOptions(False, [], None, [], PolicyCustomTimeouts(0, 0, 0), [])
    bucket = ResourceValidationArgs(aws.S3_BUCKET, {"region": "us-east-1"}, "urn:bucket", "bucket", options, provider)
    assert [each.region for each in alone(bucket, "test").real()] == ["us-east-1"]


def _shown(type_: str, name: str, /, **properties: object) -> PolicyResource:
    options = PolicyResourceOptions(False, [], None, [], PolicyCustomTimeouts(0, 0, 0), [])
    urn = f"urn:pulumi:test::theirs::{type_}::{name}"
    return PolicyResource(type_, properties, urn, name, options, None, None, [], {})


def test_the_beginning_of_a_longer_name_refers_to_nothing() -> None:
    dashboard = _shown(aws.CLOUDWATCH_DASHBOARD, "both", dashboardName="haven-test-watch")
    alarm = _shown(aws.CLOUDWATCH_METRIC_ALARM, "errors", name="haven-test-watch-errors")
    arn = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:haven-test-watch-errors"
    fault = _shown(aws.FIS_EXPERIMENT_TEMPLATE, "fault", stopConditions=[{"value": arn}])
    fault.property_dependencies["stopConditions"] = [dashboard, alarm]
    recording = recording_of([dashboard, alarm, fault], "test")
    found = ResourceGraph(recording, read_stack_facts("test", {})).referred(
        find(recording, aws.FIS_EXPERIMENT_TEMPLATE, "fault").inputs["stopConditions"]
    )
    assert [each.name for each in found] == ["errors"]


def test_what_a_provider_answers_for_what_nobody_set_is_not_declared() -> None:
    bucket = _shown(
        aws.S3_BUCKET, "theirs", bucket="theirs", policy="", lifecycleRules=[], __meta="{}", forceDestroy=False
    )
    assert find(recording_of([bucket], "test"), aws.S3_BUCKET, "theirs").inputs == {
        "bucket": "theirs",
        "forceDestroy": False,
    }
    declared = {bucket.urn: {"bucket": "theirs"}}
    assert find(recording_of([bucket], "test", declared), aws.S3_BUCKET, "theirs").inputs == {"bucket": "theirs"}
