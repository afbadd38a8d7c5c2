"""No rule minds what a program may write: nothing, something else than expected, values that only come later."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haven.program.recording import Recording, Resource, Secret
from haven_policies.rules import RULES
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.stack_facts import read_stack_facts
from tests.environments import EVERY_STACK, environment
from tests.policies.breaking import both
from tests.policies.kubernetes import GUARDED, SCALED
from tests.policies.third_party.programs import EMPTY

DOCUMENT = (
    '{"Statement": [{"Effect": "Allow", "Action": 1, "Principal": [], "Resource": {}, "Condition": "x"}, 3, null]}'
)
ODD: tuple[Any, ...] = (
    None,
    "",
    "odd",
    "@@0123456789ab.arn@@",
    "arn:@@0123456789ab.id@@:x",
    0,
    -1,
    3.5,
    True,
    [],
    ["odd"],
    [None, [], {}],
    {},
    {"odd": {"odd": None}},
    Secret("odd"),
    Secret({"odd": [Secret(None)]}),
    "{",
    "[1, 2]",
    '"text"',
    '{"Statement": {"Effect": "Allow"}}',
    '{"Statement": "odd"}',
    DOCUMENT,
)
CONFIG = {
    "haven:account": "111122223333",
    "haven:tier": "warm",
    "haven:regions": '{"primary": "eu-west-1", "recovery": "eu-central-1"}',
}


@cache
def shapes() -> Mapping[str, Mapping[str, Any]]:
    """Each type's inputs in the own stacks and in good Kubernetes objects; nothing for what only rules name."""
    found: dict[str, Mapping[str, Any]] = {type_: {} for rule in RULES for type_ in rule.types}
    for stack in EVERY_STACK:
        found |= {each.type: each.inputs for each in environment(stack).real()}
    return found | {each.type: each.inputs for each in both(GUARDED, SCALED)(EMPTY).real()}


def spoilt(value: Any, odd: Any) -> Iterator[Any]:
    """The value with one thing in it, however deep, replaced by something odd."""
    yield odd
    if isinstance(value, dict):
        for name, each in value.items():
            yield from ({**value, name: other} for other in spoilt(each, odd))
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from ([*value[:index], other, *value[index + 1 :]] for other in spoilt(each, odd))


def a_record(type_: str, index: int, inputs: Mapping[str, Any]) -> Resource:
    name = f"odd-{index}"
    urn = f"urn:pulumi:test::haven::{type_}::{name}"
    return Resource(f"{index:012x}", urn, type_, name, True, "", "", "eu-west-1", None, None, inputs)


def every_rule_judges(records: list[Resource], config: Mapping[str, str] = CONFIG) -> None:
    graph = ResourceGraph(Recording("haven", "test", records, {}), read_stack_facts("test", config))
    for rule in RULES:
        for finding in rule.findings(graph):
            assert finding.allowed
            assert finding.fix


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_every_rule_takes_odd_values_anywhere_in_a_resource(odd: Any) -> None:
    spoils = [
        (type_, inputs)
        for type_, shape in shapes().items()
        for inputs in (shape, *({**shape, name: other} for name in shape for other in spoilt(shape[name], odd)))
    ]
    every_rule_judges([a_record(type_, index, inputs) for index, (type_, inputs) in enumerate(spoils)])


def test_every_rule_takes_resources_without_any_property() -> None:
    every_rule_judges([a_record(type_, index, {}) for index, type_ in enumerate(shapes())])


def test_every_rule_takes_a_stack_that_is_not_haven_s() -> None:
    every_rule_judges([a_record(type_, index, shape) for index, (type_, shape) in enumerate(shapes().items())], {})


def test_every_rule_takes_an_empty_stack() -> None:
    every_rule_judges([])


VALUES = st.recursive(
    st.sampled_from(ODD) | st.text(max_size=8) | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_rule_takes_any_value_of_any_property(data: st.DataObject) -> None:
    types = data.draw(st.lists(st.sampled_from(sorted(shapes())), min_size=1, max_size=6))
    records = []
    for index, type_ in enumerate(types):
        names = data.draw(st.lists(st.sampled_from(sorted(shapes()[type_]) or ["odd"]), max_size=3))
        odd = {name: data.draw(VALUES) for name in names}
        records.append(a_record(type_, index, {**shapes()[type_], **odd}))
    every_rule_judges(records)
