"""The rules say the same of what Pulumi's engine tells as of what the program declares."""

import pytest

from haven.record import Recording
from policies.analyzer import recording_of
from tests.environments import EVERY_STACK, environment
from tests.policies.breaking import Mutation, verdict_of
from tests.policies.engine_view import EngineView
from tests.policies.test_mutations import MUTATIONS


def _told(recording: Recording, *, deployed: bool) -> Recording:
    return recording_of(EngineView(recording, deployed=deployed).resources(), recording.stack)


@pytest.mark.parametrize("deployed", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("stack", EVERY_STACK)
def test_the_shipped_stacks_violate_nothing_before_and_after_their_first_deployment(stack: str, deployed: bool) -> None:
    verdict = verdict_of(stack, _told(environment(stack), deployed=deployed), {})
    assert [each.said for each in verdict.violations] == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: f"{each.stack}: {each.what}")
def test_what_is_broken_is_seen_once_everything_is_known(mutation: Mutation) -> None:
    told = _told(mutation.change(mutation.before), deployed=True)
    verdict = verdict_of(mutation.stack, told, {**mutation.config, **mutation.judged_as})
    assert {each.rule.name for each in verdict.violations} == {mutation.rule}
