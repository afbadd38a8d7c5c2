"""What ARC finds wrong with the plan is a warning with its remedy; without a plan nothing is asked."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.observation import Answer
from haven.runbooks.preflight import permissions
from haven.runbooks.preflight.arc import region_switch
from haven.runbooks.preflight.checks import Check, Status
from haven.runbooks.preflight.view import Key, View
from haven_components.resilience._operator_rights import RIGHTS
from tests.environments import PRIMARY, RECOVERY
from tests.haven.runbooks.preflight.answers import NOW, manifest
from tests.simulation.model import PLAN

WARNING = {
    "workflow": {"action": "activate"},
    "version": "1",
    "stepName": "move-writer",
    "resourceArn": "arn:aws:rds:eu-central-1:111122223333:cluster:haven-warm-db",
    "warningStatus": "active",
    "warningUpdatedTime": datetime(2026, 11, 26, tzinfo=UTC),
    "warningMessage": "the cluster doesn't exist",
}
QUOTA = {
    "accountId": "111122223333",
    "quotaRegion": RECOVERY,
    "quotaName": "Running On-Demand G and VT instances",
    "status": "pending",
    "planArn": PLAN,
    "warningMessage": "64 in eu-central-1, 512 in eu-west-1",
}


def with_plan() -> RecoveryManifest:
    return manifest().model_copy(update={"recovery_plan": PLAN})


def found(evaluation: Any, quotas: Any, plan: RecoveryManifest | None = None) -> list[Check]:
    answers: Mapping[Key, Answer] = {
        (what, region): each if isinstance(each, Answer) else Answer(each)
        for what, each in (("evaluation of the plan", evaluation), ("quotas of the plan", quotas))
        for region in (PRIMARY, RECOVERY)
    }
    return list(region_switch.checks(View(plan or with_plan(), RECOVERY, answers, NOW)))


PASSED: Mapping[str, Any] = {"evaluationState": "passed", "warnings": []}


def test_without_a_plan_nothing_is_asked_and_no_line_is_shown() -> None:
    assert region_switch.questions(manifest(), lambda *_: None) == {}
    assert found(PASSED, [], manifest()) == []


def test_a_plan_that_passed_and_whose_quotas_are_alike_is_ok() -> None:
    assert [each.status for each in found(PASSED, [])] == [Status.OK, Status.OK]


def test_warnings_of_arc_are_shown_with_a_remedy_and_forbid_no_failover() -> None:
    evaluated, compared = found({"evaluationState": "actionRequired", "warnings": [WARNING]}, [QUOTA])
    assert (evaluated.status, evaluated.blocks, compared.status, compared.blocks) == (
        Status.PROBLEM,
        False,
        Status.PROBLEM,
        False,
    )
    assert evaluated.got == f"step move-writer: the cluster doesn't exist ({WARNING['resourceArn']})"
    assert evaluated.fix == "repair what ARC names; until then fail over without --with arc"
    assert compared.got.startswith("Running On-Demand G and VT instances in eu-central-1 (pending): 64 in")
    assert "Service Quotas" in compared.fix
    resolved = {**WARNING, "warningStatus": "resolved"}
    assert found({"evaluationState": "passed", "warnings": [resolved]}, [])[0].status is Status.OK


def test_a_role_that_may_not_start_the_plan_is_a_warning_and_forbids_no_failover() -> None:
    plan = with_plan()
    uses = list(permissions.uses(plan, RECOVERY))
    answers: Mapping[Key, Answer] = {
        (f"simulation of {each.name}", RECOVERY): Answer(
            {"arc-region-switch:StartPlanExecution": []} if each.name == "the Region switch plan" else {}
        )
        for each in uses
    }
    found = list(permissions.checks(View(plan, RECOVERY, answers, NOW)))
    odd = [(each.what, each.status, each.blocks) for each in found if each.status is not Status.OK]
    assert odd == [("permission for the Region switch plan", Status.PROBLEM, False)]


@pytest.mark.parametrize("state", ["pendingEvaluation", "unknown"])
def test_a_plan_that_arc_has_not_evaluated_is_unknown(state: str) -> None:
    evaluated, _ = found({"evaluationState": state, "warnings": []}, [])
    assert (evaluated.status, evaluated.got) == (Status.UNKNOWN, state)


def test_what_arc_does_not_answer_is_unknown_and_names_the_permission_that_operators_have() -> None:
    denied = Answer(unknown="is refused: AccessDeniedException")
    checks = found(denied, denied)
    assert [each.status for each in checks] == [Status.UNKNOWN, Status.UNKNOWN]
    assert {each.fix.removeprefix("allow ") for each in checks} <= {each.action for each in RIGHTS}
    assert found(Answer(), [])[0].got == f"ARC in {RECOVERY} doesn't know it"
