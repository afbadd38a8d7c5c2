"""No Region depends on the other: in the shipped stacks, after a failover, and in programs without a tier."""

import pytest

from haven.program import aws_types as aws
from haven_policies.judge import judge
from haven_policies.rules import static_stability
from haven_policies.rules.model import rules_of
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.stack_facts import read_stack_facts
from tests.environments import PRIMARY, RECOVERY, STACKS, environment
from tests.policies.breaking import TODAY, Mutation, adding, both, verdict_of
from tests.policies.mutations.static_stability import MUTATIONS

RULES = rules_of(static_stability)
OF_HAVEN_ALONE = {"manifest-in-both-regions", "traffic-moves-by-decision"}


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("demoted", [False, True], ids=["", "demoted"])
def test_after_a_failover_no_region_hangs_on_the_other(stack: str, demoted: bool) -> None:
    moved = {"active": RECOVERY, **({"demote": PRIMARY} if demoted else {})}
    verdict = verdict_of(stack, environment(stack, **moved), moved)
    names = {each.name for each in RULES}
    assert [each.message for each in verdict.violations if each.rule.name in names] == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.what)
def test_a_program_that_says_nothing_of_itself_is_judged_by_what_refers_to_what(mutation: Mutation) -> None:
    broken = mutation.change(mutation.before)
    found = judge(ResourceGraph(broken, read_stack_facts("test", {})), TODAY, RULES).violations
    names = {each.rule.name for each in found}
    assert names == ({mutation.rule} - OF_HAVEN_ALONE if not _needs_regions(mutation.what) else set())


def _needs_regions(what: str) -> bool:
    """Only the stack file names the primary Region; a failover record is named after it."""
    return what in (
        "the primary Region's switch is in the primary Region",
        "the switch's alarm is called something else",
    )


def test_many_resources_of_the_default_provider_have_one_cause_and_are_one_finding() -> None:
    queues = [adding(aws.SQS_QUEUE, f"queue-{each}", {}) for each in range(7)]
    (cause,) = [
        each.message
        for each in verdict_of("warm", both(*queues)(environment("warm")), {}).violations
        if each.rule.name == "provider-is-explicit"
    ]
    assert "the default provider of 7 resources: queue-0, queue-1, queue-2, queue-3, queue-4 and 2 more" in cause


def test_a_resource_that_names_its_region_itself_needs_no_provider_for_it() -> None:
    queue = adding(aws.SQS_QUEUE, "queue", {"region": "eu-west-1"})(environment("warm"))
    assert "provider-is-explicit" not in {each.rule.name for each in verdict_of("warm", queue, {}).violations}
