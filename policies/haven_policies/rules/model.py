"""A rule: which resources it judges, its description and remediation, its severity."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import ModuleType
from typing import Any

from haven.config.policy import Level
from haven.program.recording import Resource
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.values import in_words, value_at


class Severity(StrEnum):
    """How much harm a violation can do."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True)
class Finding:
    """What is wrong with one resource, or with the environment as a whole, as text."""

    record: Resource | None
    """None: the environment as a whole."""
    path: str
    """The property, camelCase with dots; empty for the resource itself."""
    got: str
    allowed: str
    fix: str


ResourceJudge = Callable[[Resource], Iterable[Finding]]
StackJudge = Callable[[ResourceGraph], Iterable[Finding]]


@dataclass(frozen=True)
class Rule:
    """One rule."""

    name: str
    """kebab-case."""
    family: str
    description: str
    """What has to hold, in one sentence."""
    remediation: str
    """The fix in general; each finding has the fix for its resource."""
    page: str
    """The page of AWS, of Kubernetes or of a regulation that it is based on."""
    severity: Severity
    level: Level
    """As shipped; a stack may set another."""
    types: Sequence[str]
    """Types of the resources that it judges one by one; nothing for what judges the environment as a whole."""
    judge: Callable[[Any], Iterable[Finding]]

    @property
    def is_stack_rule(self) -> bool:
        """Whether it judges the environment as a whole."""
        return not self.types

    def findings(self, graph: ResourceGraph) -> Iterator[Finding]:
        """What it finds in an environment."""
        if self.is_stack_rule:
            yield from self.judge(graph)
        else:
            for record in graph.of(*self.types):
                yield from self.judge(record)


def resource_rule(
    *types: str, description: str, remediation: str, page: str, severity: Severity, level: Level = Level.MANDATORY
) -> Callable[[ResourceJudge], Rule]:
    """Make a rule of a function that judges one resource of these types; it is called like the function."""
    return lambda judge: Rule(*_named(judge), description, remediation, page, severity, level, types, judge)


def stack_rule(
    *, description: str, remediation: str, page: str, severity: Severity, level: Level = Level.MANDATORY
) -> Callable[[StackJudge], Rule]:
    """Make a rule of a function that judges an environment as a whole; it is called like the function."""
    return lambda judge: Rule(*_named(judge), description, remediation, page, severity, level, (), judge)


def _named(judge: Callable[..., Any]) -> tuple[str, str]:
    """Name and family of a rule, from those of its function."""
    family = judge.__module__.removeprefix("haven_policies.rules.").partition(".")[0]
    return judge.__name__.replace("_", "-"), family.replace("_", " ")


def rules_of(module: ModuleType) -> list[Rule]:
    """The rules of a family, by name: functions, and the rows of its tables."""
    found = [
        rule
        for value in vars(module).values()
        for rule in (value if isinstance(value, tuple) else (value,))
        if isinstance(rule, Rule)
    ]
    return sorted(found, key=lambda each: each.name)


def against(record: Resource, path: str, allowed: str, fix: str) -> Finding:
    """A finding about the property at `path`, which shows its value."""
    return Finding(record, path, in_words(value_at(record.inputs, path)), allowed, fix)
