"""What other programs than Haven's own stacks may declare, and a single rule that is asked about it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from haven.program.recording import Recording, Resource
from haven_policies.rules import RULES
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.stack_facts import read_stack_facts
from tests.policies.breaking import Change, adding, setting

EMPTY = Recording("theirs", "test", [], {})
CONFIG = {"haven:account": "111122223333"}
NAME = "theirs"


def found(rule: str, recording: Recording, config: Mapping[str, str] = CONFIG) -> list[Resource | None]:
    """What one rule minds."""
    judged = next(each for each in RULES if each.name == rule)
    return [each.record for each in judged.findings(ResourceGraph(recording, read_stack_facts("test", config)))]


@dataclass(frozen=True)
class Case:
    """Something of theirs that is right, and what makes it wrong."""

    rule: str
    what: str
    good: Change
    bad: Change

    def is_seen(self) -> None:
        """Check that the rule takes the one and minds the other."""
        right = self.good(EMPTY)
        assert found(self.rule, right) == []
        assert found(self.rule, self.bad(right)) != []


def one(type_: str, **inputs: Any) -> Change:
    """Adds one resource."""
    return adding(type_, NAME, inputs)


def case(rule: str, what: str, type_: str, path: str, value: Any, /, **inputs: Any) -> Case:
    """One resource with one property that makes it wrong."""
    return Case(rule, what, one(type_, **inputs), setting(type_, path, value))


def document(*statements: Mapping[str, Any]) -> str:
    """A policy document."""
    return json.dumps({"Statement": list(statements)})
