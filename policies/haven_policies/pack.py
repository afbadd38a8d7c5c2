"""The policy pack: every rule as a policy of Pulumi's, at the level that the stack asks for."""

import os
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, TypedDict

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)

from haven.base.problems import Problems
from haven.config.policy import Level
from haven_policies.analyzer import Declared, alone, recording_of
from haven_policies.judge import check_names, judge, level_of
from haven_policies.report import idle, until
from haven_policies.rules import RULES
from haven_policies.rules.model import Rule
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.stack_facts import StackFacts, read_stack_facts

NAME = "haven"

_LEVELS = {
    Level.MANDATORY: EnforcementLevel.MANDATORY,
    Level.ADVISORY: EnforcementLevel.ADVISORY,
    Level.OFF: EnforcementLevel.DISABLED,
}


def main() -> None:
    """Serve the pack; what is wrong with the stack's config for the rules ends it with one message."""
    try:
        serve()
    except Problems as error:
        sys.exit(error.render())


def serve() -> None:
    """Answer the engine until it ends this process.

    Raises:
        Problems: the policy keys of the stack's config are invalid.
    """
    # Before a pack exists, the SDK doesn't know the stack; the engine's host passes it in the environment.
    stack = os.environ.get("PULUMI_STACK") or pulumi.get_stack()
    facts = read_stack_facts(stack, pulumi.runtime.get_config_env())
    check_names(facts, RULES)
    PolicyPack(NAME, policies(facts, datetime.now(UTC).date()), EnforcementLevel.MANDATORY)


def policies(facts: StackFacts, today: date) -> list[Policy]:
    """Every rule as a policy, and one that shows what is waived."""
    declared: dict[str, Mapping[str, Any]] = {}
    judging = [
        _whole(each, facts, today, declared) if each.is_stack_rule else _single(each, facts, today, declared)
        for each in RULES
    ]
    return [*judging, _waivers(facts, today, declared)]


def _single(rule: Rule, facts: StackFacts, today: date, declared: dict[str, Mapping[str, Any]]) -> Policy:
    """A rule that judges each resource by itself, before it is made; its inputs are kept for rules about the whole."""

    def validate(args: ResourceValidationArgs, report_violation: ReportViolation) -> None:
        declared[args.urn] = args.props
        if args.resource_type in rule.types:
            for each in judge(ResourceGraph(alone(args, facts.stack), facts), today, (rule,)).violations:
                report_violation(each.message, None)

    return ResourceValidationPolicy(rule.name, rule.description, validate, **_told(rule, facts))


def _whole(rule: Rule, facts: StackFacts, today: date, declared: Declared) -> Policy:
    """A rule that judges the environment as a whole, once everything in it is known."""

    def validate(args: StackValidationArgs, report_violation: ReportViolation) -> None:
        graph = ResourceGraph(recording_of(args.resources, facts.stack, declared), facts)
        for each in judge(graph, today, (rule,)).violations:
            report_violation(each.message, each.urn or None)

    return StackValidationPolicy(rule.name, rule.description, validate, **_told(rule, facts))


def _waivers(facts: StackFacts, today: date, declared: Declared) -> Policy:
    """What the stack's waivers let pass, so that no report is silent about it."""

    def validate(args: StackValidationArgs, report_violation: ReportViolation) -> None:
        if not facts.policy.waivers:
            return
        verdict = judge(ResourceGraph(recording_of(args.resources, facts.stack, declared), facts), today, RULES)
        for each in verdict.waived:
            report_violation(f"{each.rule.name} is waived for {each.resource} {until(each)}", each.urn or None)
        for waiver in verdict.idle:
            report_violation(idle(waiver, today), None)

    description = "Every report lists what the stack's waivers accept."
    return StackValidationPolicy("waivers", description, validate, enforcement_level=EnforcementLevel.ADVISORY)


class _Told(TypedDict):
    """The description of each policy."""

    enforcement_level: EnforcementLevel
    severity: Severity
    tags: list[str]
    remediation_steps: str
    url: str


def _told(rule: Rule, facts: StackFacts) -> _Told:
    return {
        "enforcement_level": _LEVELS[level_of(rule, facts.policy)],
        "severity": Severity[rule.severity.name],
        "tags": [rule.family],
        "remediation_steps": rule.remediation,
        "url": rule.page,
    }
