"""`haven preflight` asks ARC what it has against the plan: by boto3's own clients, of the model on the gateway."""

import pytest

from haven.runbooks.clients import clients
from haven.runbooks.observation import ask_all
from haven.runbooks.preflight.arc import region_switch
from haven.runbooks.preflight.checks import Status
from haven.runbooks.preflight.view import View
from tests.environments import RECOVERY
from tests.haven.runbooks.arc.plan_ground import PlanGround
from tests.haven.runbooks.preflight.answers import NOW
from tests.haven.runbooks.preflight.test_region_switch import QUOTA, WARNING, with_plan
from tests.simulation.model import PLAN

pytestmark = pytest.mark.emulator


def test_evaluation_and_quotas_are_asked_and_shown(planned: PlanGround) -> None:
    planned.arc.warnings, planned.arc.quota_warnings = [WARNING], [QUOTA]
    answers = ask_all(region_switch.questions(with_plan(), clients(planned.ground.gateway.url)), 60)
    checks = list(region_switch.checks(View(with_plan(), RECOVERY, answers, NOW)))
    assert [each.status for each in checks] == [Status.PROBLEM, Status.PROBLEM]
    assert "the cluster doesn't exist" in checks[0].got
    assert planned.asked("ListServiceQuotaWarnings")[0].arguments["planArns"] == [PLAN]
