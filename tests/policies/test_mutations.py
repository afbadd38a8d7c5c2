"""Every rule sees what it is there for, and no other rule minds it."""

from collections import Counter
from collections.abc import Sequence, Set
from functools import cache
from importlib import import_module

import pytest

from haven_policies.rules import FAMILIES, RULES
from haven_policies.rules.model import Rule
from tests.environments import EVERY_STACK, environment
from tests.policies.breaking import Change, Mutation, verdict_of

MUTATIONS: tuple[Mutation, ...] = tuple(
    mutation
    for family in FAMILIES
    for mutation in import_module(family.__name__.replace("haven_policies.rules", "tests.policies.mutations")).MUTATIONS
)
BY_NAME = {each.name: each for each in RULES}


def _found(mutation: Mutation, rules: Sequence[Rule] = RULES) -> Set[str]:
    changes = {**mutation.config, **mutation.judged_as}
    verdict = verdict_of(mutation.stack, mutation.change(mutation.before), changes, rules=rules)
    return {each.rule.name for each in verdict.violations}


@cache
def _found_before(stack: str, base: Change, config: frozenset[tuple[str, str]]) -> Set[str]:
    verdict = verdict_of(stack, base(environment(stack, **dict(config))), dict(config))
    return {each.rule.name for each in verdict.violations}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: f"{each.stack}: {each.what}")
def test_what_is_broken_is_seen_by_its_own_rule(mutation: Mutation) -> None:
    assert _found(mutation, [BY_NAME[mutation.rule]]) == {mutation.rule}


@pytest.mark.exhaustive
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: f"{each.stack}: {each.what}")
def test_what_is_broken_is_seen_by_no_other_rule_and_nothing_was_before(mutation: Mutation) -> None:
    assert _found_before(mutation.stack, mutation.base, frozenset(mutation.config.items())) == set()
    assert _found(mutation) == {mutation.rule}


@pytest.mark.parametrize("stack", EVERY_STACK)
def test_the_shipped_stacks_violate_nothing(stack: str) -> None:
    verdict = verdict_of(stack, environment(stack), {})
    assert [each.message for each in verdict.violations] == []
    assert len(verdict.rules) == len(RULES)


def test_each_rule_has_a_mutation_that_shows_what_it_sees() -> None:
    shown = Counter(each.rule for each in MUTATIONS)
    assert shown.keys() == {each.name for each in RULES}


def test_no_two_rules_share_a_name() -> None:
    assert len({each.name for each in RULES}) == len(RULES)
