"""Breaks one thing of a recorded stack at a time, so that a rule can show that it sees it."""

import copy
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Any

from haven.config.stack_file import load_stack
from haven.program.recording import Options, Recording, Resource, Secret
from haven_policies.judge import Verdict, judge
from haven_policies.rules import RULES
from haven_policies.rules.model import Rule
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.stack_facts import read_stack_facts
from tests.environments import ROOT, environment

TODAY = date(2026, 11, 21)
Change = Callable[[Recording], Recording]


def as_it_is(recording: Recording) -> Recording:
    """The recording, with nothing changed."""
    return recording


@dataclass(frozen=True)
class Mutation:
    """One thing that is broken in a stack, and the rule that has to see it."""

    rule: str
    stack: str
    what: str
    """In words; the test is called after it."""
    change: Change
    base: Change = as_it_is
    """What is added to the stack first, where it has nothing of the kind; no rule may mind that."""
    config: Mapping[str, str] = field(default_factory=dict)
    """Keys of the namespace `haven` that the program and the rules get instead of the stack's."""
    judged_as: Mapping[str, str] = field(default_factory=dict)
    """Keys that only the rules get: what the program declared is judged under another config."""

    @property
    def before(self) -> Recording:
        """What nothing is wrong with."""
        return self.base(environment(self.stack, **self.config))


def verdict_of(
    stack: str,
    recording: Recording,
    changes: Mapping[str, str],
    today: date = TODAY,
    rules: Sequence[Rule] = RULES,
) -> Verdict:
    """The verdict on a recording under a stack's config, some of its keys changed."""
    config = {**_config(stack), **{f"haven:{name}": text for name, text in changes.items()}}
    return judge(ResourceGraph(recording, read_stack_facts(stack, config)), today, rules)


@cache
def _config(stack: str) -> Mapping[str, str]:
    return load_stack(stack, ROOT).config


def find(recording: Recording, type_: str, *words: str, region: str | None = None) -> Resource:
    """The first resource of a type with all of these words in its name, in one Region or in any.

    Raises:
        LookupError: there is none.
    """
    for each in recording.real():
        if each.type == type_ and region in (None, each.region) and all(word in each.name for word in words):
            return each
    raise LookupError(f"no {type_} named like {words} in {region or 'any Region'}")


def setting(type_: str, path: str, value: Any, *words: str, region: str | None = None) -> Change:
    """Gives one property of one resource (see `find`) another value; None takes it out. Paths as in `value_at`, but
    with numbers as names: `rules.0.destination`. Texts that hold JSON are gone into."""

    def change(recording: Recording) -> Recording:
        record = find(recording, type_, *words, region=region)
        return putting(record, path, value)(recording)

    return change


def putting(record: Resource, path: str, value: Any) -> Change:
    """As `setting`, for a resource that is at hand."""
    inputs = _with(copy.deepcopy(dict(record.inputs)), path.split("."), value)
    return replacing(record, replace(record, inputs=inputs))


def replacing(record: Resource, other: Resource) -> Change:
    """Puts another record in the place of one."""
    return lambda recording: _with_resources(
        recording, [other if each.urn == record.urn else each for each in recording.resources]
    )


def protecting(type_: str, *words: str, region: str | None = None, **options: Any) -> Change:
    """Gives one resource other options, such as `protect=False`."""

    def change(recording: Recording) -> Recording:
        record = find(recording, type_, *words, region=region)
        return replacing(record, replace(record, options=replace(record.options, **options)))(recording)

    return change


def without(type_: str, *words: str, region: str | None = None) -> Change:
    """Takes every resource of a type with all of these words in its name away; at least one."""

    def change(recording: Recording) -> Recording:
        find(recording, type_, *words, region=region)
        gone = {
            each.urn
            for each in recording.real()
            if each.type == type_ and region in (None, each.region) and all(word in each.name for word in words)
        }
        return _with_resources(recording, [each for each in recording.resources if each.urn not in gone])

    return change


def adding(type_: str, name: str, inputs: Mapping[str, Any], region: str | None = None, **options: Any) -> Change:
    """Adds a resource that belongs to no component, with the Region's provider."""

    def change(recording: Recording) -> Recording:
        urn = f"urn:pulumi:{recording.stack}::{recording.project}::{type_}::{name}"
        key = hashlib.sha256(urn.encode()).hexdigest()[:12]
        provider = next((each.urn for each in recording.resources if each.name == f"aws-{region}"), "")
        made = Resource(key, urn, type_, name, True, "", provider, region, None, None, inputs, Options(**options))
        return _with_resources(recording, [*recording.resources, made])

    return change


def both(*changes: Change) -> Change:
    """One change after the other."""

    def change(recording: Recording) -> Recording:
        for each in changes:
            recording = each(recording)
        return recording

    return change


def _with_resources(recording: Recording, resources: list[Resource]) -> Recording:
    return replace(recording, resources=resources)


def _with(value: Any, path: list[str], new: Any) -> Any:
    if not path:
        return new
    if isinstance(value, Secret):
        return Secret(_with(value.value, path, new))
    if isinstance(value, str) and value[:1] in ("{", "["):
        return json.dumps(_with(json.loads(value), path, new))
    step, *rest = path
    if isinstance(value, list):
        inner = _with(value[int(step)], rest, new)
        return [*value[: int(step)], *([] if inner is None else [inner]), *value[int(step) + 1 :]]
    made = dict(value or {})
    inner = _with(made.get(step), rest, new)
    if inner is None:
        made.pop(step, None)
    else:
        made[step] = inner
    return made
