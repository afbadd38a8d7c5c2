"""Levels, waivers, and their report."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

import pytest

from haven.base.problems import Problems
from haven.base.terminal import WIDTH, Style
from haven.config.policy import Level
from haven.program import aws_types as aws
from haven.program.recording import Recording
from haven_policies.judge import Verdict, check_names
from haven_policies.report import as_json, render
from haven_policies.rules import RULES
from haven_policies.rules.stack_facts import read_stack_facts
from haven_policies.sarif import as_sarif
from tests.environments import environment
from tests.policies.breaking import TODAY, adding, both, find, setting, verdict_of

DATABASE = aws.RDS_CLUSTER
RULE = "database-encrypted"
NAME = "haven-warm-db-euc1"
URN = f"urn:pulumi:warm::haven::haven:index:GlobalDatabase${DATABASE}::{NAME}"
"""Of the cluster whose storage isn't encrypted."""


@cache
def broken() -> Recording:
    """A shipped stack with one violation."""
    return setting(DATABASE, "storageEncrypted", False, NAME)(environment("warm"))


def judged(policy: Mapping[str, Any], today: date = TODAY) -> Verdict:
    return verdict_of("warm", broken(), {"policy": json.dumps(policy)}, today)


def waiver(**changes: str) -> Mapping[str, Any]:
    waiver = {"rule": RULE, "resource": NAME, "reason": "the old cluster goes in January", "until": "2026-12-31"}
    return {"waivers": [{**waiver, **changes}]}


def rules(violations: Sequence[Any]) -> list[str]:
    return [each.rule.name for each in violations]


def test_a_mandatory_violation_refuses_the_stack() -> None:
    verdict = judged({})
    assert rules(verdict.violations) == [RULE]
    assert verdict.refuses


@pytest.mark.parametrize(("level", "found"), [("advisory", [RULE]), ("off", [])])
def test_a_stack_can_set_another_level(level: str, found: list[str]) -> None:
    verdict = judged({"levels": {RULE: level}})
    assert rules(verdict.violations) == found
    assert not verdict.refuses
    assert (RULE in {each.name for each in verdict.rules}) == (level != "off")


@pytest.mark.parametrize("resource", [NAME, URN])
def test_a_waiver_lets_one_resource_pass_and_is_shown_in_every_report(resource: str) -> None:
    verdict = judged(waiver(resource=resource))
    assert (rules(verdict.violations), rules(verdict.waived)) == ([], [RULE])
    assert not verdict.refuses
    text = render(verdict, TODAY, Style())
    assert "the old cluster goes in January" in text
    assert "until 2026-12-31" in text
    assert as_json(verdict)["waived"][0]["waiver"] == {
        "reason": "the old cluster goes in January",
        "until": "2026-12-31",
    }
    (result,) = as_sarif(verdict, "stacks/Pulumi.warm.yaml")["runs"][0]["results"]
    assert result["suppressions"][0]["status"] == "accepted"


def test_a_waiver_counts_on_its_last_day_and_no_longer() -> None:
    last = date(2026, 12, 31)
    assert not judged(waiver(), last).refuses
    after = judged(waiver(), date(2027, 1, 1))
    assert after.refuses
    assert "its waiver ended on 2026-12-31" in render(after, date(2027, 1, 1), Style())


def test_a_waiver_of_another_resource_lets_nothing_pass_and_is_called_idle() -> None:
    verdict = judged(waiver(resource="another"))
    assert verdict.refuses
    assert [each.resource for each in verdict.idle] == ["another"]
    assert "lets nothing pass; take it out" in render(verdict, TODAY, Style())


def test_names_of_rules_that_there_are_none_of_are_refused_at_once() -> None:
    policy = {"levels": {"database-encripted": "off"}, **waiver(rule="no-such-rule")}
    facts = read_stack_facts("warm", {"haven:policy": json.dumps(policy)})
    with pytest.raises(Problems) as refused:
        check_names(facts, RULES)
    assert [each.what for each in refused.value.problems] == [
        "haven:policy.levels.database-encripted",
        "haven:policy.waivers[0].rule",
    ]
    assert "write database-encrypted" in refused.value.render()


def test_a_violation_names_resource_property_value_what_is_allowed_and_the_fix() -> None:
    (violation,) = judged({}).violations
    assert violation.message.startswith(f"{NAME} storageEncrypted: got false; allowed: true; fix: ")
    document = as_json(judged({}))
    assert document["counts"] == {"mandatory": 1, "advisory": 0, "waived": 0}
    assert document["violations"][0]["path"] == "storageEncrypted"


def test_sarif_has_a_rule_for_each_result_and_marks_what_is_mandatory_as_an_error() -> None:
    (run,) = as_sarif(judged({}), "stacks/Pulumi.warm.yaml")["runs"]
    (result,) = run["results"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == RULE
    assert result["level"] == "error"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "stacks/Pulumi.warm.yaml"
    advisory = as_sarif(judged({"levels": {RULE: str(Level.ADVISORY)}}), "file")["runs"][0]
    assert advisory["results"][0]["level"] == "warning"


def test_a_cluster_of_which_an_engine_knows_only_the_name_is_not_judged() -> None:
    cluster = find(broken(), aws.EKS_CLUSTER)
    open_to_all = setting(cluster.type, "vpcConfig.endpointPrivateAccess", False)(broken())
    undeclared = setting(cluster.type, "vpcConfig", None)(open_to_all)
    assert "cluster-endpoint-not-public" in rules(verdict_of("warm", open_to_all, {}).violations)
    assert rules(verdict_of("warm", undeclared, {}).violations) == [RULE]


@pytest.mark.parametrize(("broken", "text"), [(1, "1 mandatory violation,"), (5, "5 mandatory"), (50, "50 mandatory")])
def test_the_report_fits_a_terminal_and_groups_equal_violations(broken: int, text: str) -> None:
    changes = [adding(aws.SQS_QUEUE, f"haven-warm-queue-number-{each}", {}) for each in range(broken)]
    levels = dict.fromkeys({each.name for each in RULES} - {"messages-encrypted"}, "off")
    verdict = verdict_of("warm", both(*changes)(environment("warm")), {"policy": json.dumps({"levels": levels})})
    lines = render(verdict, TODAY, Style()).splitlines()
    assert text in lines[0]
    assert [each for each in lines if len(each) > WIDTH and "https:" not in each] == []
    assert sum("got nothing" in each for each in lines) == 1
    assert all(f"haven-warm-queue-number-{each}" in " ".join(lines) for each in range(broken))


def test_a_report_longer_than_a_screen_ends_with_its_first_line() -> None:
    queues = both(*(adding(aws.SQS_QUEUE, f"queue-{each}", {}) for each in range(9)))
    lines = render(verdict_of("warm", queues(environment("warm")), {}), TODAY, Style()).splitlines()
    assert len(lines) > 24
    assert lines[-1] == lines[0]
    short = verdict_of("warm", broken(), {"residency": "{}"})
    assert render(short, TODAY, Style()).count("Policies of stack") == 1
