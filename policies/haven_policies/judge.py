"""All rules over one environment: what they find, how much each finding counts, and what is waived."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from haven.base.problems import Problem, Problems, nearest, one_line, shown
from haven.config.policy import Level, Policy, Waiver
from haven.config.reader import read_model
from haven.program import aws_types as aws
from haven.program.recording import Recording
from haven_policies.rules import RULES, residency
from haven_policies.rules.model import Finding, Rule, rules_of
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.stack_facts import StackFacts, read_stack_facts


@dataclass(frozen=True)
class Violation:
    """One finding, and what it does."""

    rule: Rule
    level: Level
    finding: Finding
    stack: str
    waiver: Waiver | None
    """What lets it pass, or did until its last day."""
    waived: bool

    @property
    def resource(self) -> str:
        """The resource's name, or the stack's for the environment as a whole."""
        return self.finding.record.name if self.finding.record else self.stack

    @property
    def urn(self) -> str:
        """The resource's URN, or nothing."""
        return self.finding.record.urn if self.finding.record else ""

    @property
    def message(self) -> str:
        """What is wrong, on one line."""
        found = self.finding
        place = f" {found.path}" if found.path else ""
        return one_line(f"{self.resource}{place}: got {found.got}; allowed: {found.allowed}; fix: {found.fix}")


@dataclass(frozen=True)
class Verdict:
    """The verdict of the rules on an environment."""

    stack: str
    rules: Sequence[Rule]
    """Those that were asked."""
    violations: Sequence[Violation]
    """What counts, the mandatory first."""
    waived: Sequence[Violation]
    presets: Sequence[str]
    """Presets of data classes that were used."""
    idle: Sequence[Waiver]
    """Waivers that let nothing pass, because they ended or because nothing is wrong there any more."""

    def count(self, level: Level) -> int:
        """How many violations of a level there are."""
        return sum(each.level is level for each in self.violations)

    @property
    def refuses(self) -> bool:
        """Whether anything mandatory is violated."""
        return self.count(Level.MANDATORY) > 0


def verdict_on(recording: Recording, config: Mapping[str, str], today: date) -> Verdict:
    """The verdict of the rules on a program's recording.

    Args:
        recording: what the stack's program declared.
        config: the stack's, as the engine hands it to programs.
        today: the day for which waivers count.

    Raises:
        Problems: the policy keys of the config are invalid.
    """
    facts = read_stack_facts(recording.stack, config)
    check_names(facts, RULES)
    return judge(ResourceGraph(recording, facts), today)


def residency_verdict_on(recording: Recording, config: Mapping[str, str], today: date) -> Verdict:
    """The verdict of the rules on where data may be, for a plan that is not judged by the others.

    Args:
        recording: what the stack's program declared.
        config: the stack's, as the engine hands it to programs.
        today: the day for which waivers count.

    Raises:
        Problems: the policy keys of the config are invalid.
    """
    return judge(ResourceGraph(recording, read_stack_facts(recording.stack, config)), today, rules_of(residency))


def judge(graph: ResourceGraph, today: date, rules: Sequence[Rule] = RULES) -> Verdict:
    """Ask every rule that is not off."""
    policy = graph.facts.policy
    levels = {each.name: level_of(each, policy) for each in rules}
    asked = [each for each in rules if levels[each.name] is not Level.OFF]
    found = [
        _violation(rule, levels[rule.name], finding, graph, today)
        for rule in asked
        for finding in rule.findings(graph)
        if _is_known(finding)
    ]
    return Verdict(
        stack=graph.facts.stack,
        rules=asked,
        violations=_in_order(each for each in found if not each.waived),
        waived=_in_order(each for each in found if each.waived),
        presets=graph.facts.residency.presets,
        idle=[each for each in policy.waivers if not any(one.waived and one.waiver == each for one in found)],
    )


_REQUIRED: Mapping[str, str] = {aws.EKS_CLUSTER: "vpcConfig"}
"""Type -> an argument that none of them is without, of what another plugin's component may make."""


def _is_known(finding: Finding) -> bool:
    """Whether more than its name is known of what a finding is about: engines don't report all that a plugin makes."""
    record = finding.record
    return record is None or _REQUIRED.get(record.type, "") in {"", *record.inputs}


def level_of(rule: Rule, policy: Policy) -> Level:
    """How much a rule counts in a stack."""
    return Level(policy.levels.get(rule.name, rule.level))


def check_names(facts: StackFacts, rules: Iterable[Rule]) -> None:
    """Refuse names of rules that there are none of.

    Raises:
        Problems: with every such name.
    """
    problems = unknown_names(facts.policy, rules)
    if problems:
        raise Problems(problems, f"the config of stack {facts.stack}")


def problems_of_names(config: Mapping[str, str]) -> list[Problem]:
    """A problem for each name in a stack's levels and waivers that no rule has, as far as those are valid."""
    return unknown_names(read_model(config, "haven:policy", Policy())[0])


def unknown_names(policy: Policy, rules: Iterable[Rule] = RULES) -> list[Problem]:
    """A problem for each name in levels and waivers that no rule has."""
    known = {each.name for each in rules}
    places = {f"haven:policy.levels.{name}": name for name in policy.levels}
    places |= {f"haven:policy.waivers[{index}].rule": each.rule for index, each in enumerate(policy.waivers)}
    return [_unknown(what, name, known) for what, name in places.items() if name not in known]


def _unknown(what: str, name: str, known: Iterable[str]) -> Problem:
    near = nearest(name, known)
    fix = f"write {near}" if near else "delete it: docs/policy-rules.md has the rules"
    return Problem(what, shown(name), "the name of a rule", fix)


def _violation(rule: Rule, level: Level, finding: Finding, graph: ResourceGraph, today: date) -> Violation:
    waiver = _waiver(rule, finding, graph)
    return Violation(rule, level, finding, graph.facts.stack, waiver, waiver is not None and waiver.counts(today))


def _waiver(rule: Rule, finding: Finding, graph: ResourceGraph) -> Waiver | None:
    """The waiver that lasts longest of those that name this rule and this resource."""
    record = finding.record
    names = {record.name, record.urn} if record else {graph.facts.stack}
    fitting = [each for each in graph.facts.policy.waivers if each.rule == rule.name and each.resource in names]
    return max(fitting, key=lambda each: each.until, default=None)


_WEIGHT: Mapping[str, int] = {
    name: weight for weight, name in enumerate(("mandatory", "advisory", "critical", "high", "medium", "low"))
}


def _in_order(violations: Iterable[Violation]) -> list[Violation]:
    def place(each: Violation) -> tuple[int, int, str, str, str]:
        return _WEIGHT[each.level], _WEIGHT[each.rule.severity], each.rule.name, each.resource, each.finding.path

    return sorted(violations, key=place)
