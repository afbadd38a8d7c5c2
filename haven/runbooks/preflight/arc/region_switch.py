"""Whether the Region switch plan could be executed now, as ARC itself sees it: its evaluation, and quotas it compares.

Haven's own failover needs none of it, so nothing here forbids one.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from haven.runbooks.clients import Client
from haven.runbooks.executions import SERVICE
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.preflight.checks import Check
from haven.runbooks.preflight.view import Questions, View, asking

_EVALUATION, _QUOTAS = "evaluation of the plan", "quotas of the plan"
_PASSED, _TO_DO = "passed", "actionRequired"
"""Of `EvaluationStatus` in botocore's model (read 2026-11-26); the other two know nothing yet."""


def questions(manifest: RecoveryManifest, client: Client) -> Questions:
    """Of both Regions' data planes, where there is a plan."""
    plan = manifest.recovery_plan
    return {
        (what, region): asking(client, SERVICE, region, ask, plan)
        for what, ask in ((_EVALUATION, _evaluation), (_QUOTAS, _quotas))
        for region in (manifest.both if plan else ())
    }


def _evaluation(arc: Any, plan: str) -> Mapping[str, Any]:
    pages = list(arc.get_paginator("get_plan_evaluation_status").paginate(planArn=plan))
    return {**pages[0], "warnings": [each for page in pages for each in page.get("warnings") or ()]}


def _quotas(arc: Any, plan: str) -> Sequence[Mapping[str, Any]]:
    pages = arc.get_paginator("list_service_quota_warnings").paginate(planArns=[plan])
    return [each for page in pages for each in page["serviceQuotaWarningSummaries"]]


def checks(view: View) -> Iterator[Check]:
    """Nothing, where there is no plan."""
    if view.manifest.recovery_plan:
        yield _evaluated(view)
        yield _compared(view)


def _evaluated(view: View) -> Check:
    name = view.manifest.recovery_plan.rpartition("/")[2]
    fix = "repair what ARC names; until then fail over without --with arc"
    line = view.line(f"Region switch plan {name}", view.to, f"an evaluation that {_PASSED}", fix, blocker=False)
    answer = view.answers[_EVALUATION, view.to]
    if answer.unknown:
        return line.unknown(answer.unknown, "allow arc-region-switch:GetPlanEvaluationStatus")
    if answer.value is None:
        return line.problem(f"ARC in {view.to} doesn't know it", "run pulumi up with haven:active as it is")
    state = str(answer.value.get("evaluationState", "unknown"))
    warnings = [_warning(each) for each in answer.value["warnings"] if each.get("warningStatus") == "active"]
    if state == _TO_DO or warnings:
        return line.problem("; ".join(warnings) or state)
    if state != _PASSED:
        return line.unknown(state, "wait for ARC's next evaluation of the plan")
    return line.ok(state)


def _warning(found: Mapping[str, Any]) -> str:
    step = f"step {found['stepName']}: " if found.get("stepName") else ""
    resource = f" ({found['resourceArn']})" if found.get("resourceArn") else ""
    return f"{step}{found['warningMessage']}{resource}"


def _compared(view: View) -> Check:
    fix = "ask for a higher quota in Service Quotas, there, or wait for the increase that ARC asked for"
    needed = "no quota that is lower in one of the plan's Regions than in another"
    line = view.line("quotas, as ARC compares them", "", needed, fix, blocker=False)
    answer = view.answers[_QUOTAS, view.to]
    if answer.value is None:
        return line.unknown(answer.unknown or "no answer", "allow arc-region-switch:ListServiceQuotaWarnings")
    found = [_quota(each) for each in answer.value]
    return line.problem("; ".join(found)) if found else line.ok("no warnings")


def _quota(found: Mapping[str, Any]) -> str:
    name = found.get("quotaName") or found.get("quotaCode") or "a quota that ARC doesn't name"
    message = f": {found['warningMessage']}" if found.get("warningMessage") else ""
    return f"{name} in {found['quotaRegion']} ({found['status']}){message}"
