"""The report as JSON."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from haven.gate.text import as_json as gate_json
from haven.model.durations.simulation import Summary
from haven.plan.difference import diff_json
from haven.plan.headline import Headline
from haven.plan.summary import Plan
from haven.pull_request.objective_changes import ObjectiveChange
from haven.pull_request.report import Report, StackReport


def as_json(report: Report) -> dict[str, Any]:
    """The report: `base`, the commit with which the change is compared, and `stacks`, those that the change touches.

    A stack has `stack`, `file`, `change` (`added`, `changed`, `deleted`), `tier` and `active` (each `before` and
    `after`, null where there is none), `capacity` (Region -> kind of capacity -> `before`, `after`, where they
    differ), `added`, `changed`, `removed` and `refused` as in `haven plan --compare --json`, `errors` and `problems`
    (`what`, `got`, `allowed`, `fix`), `headline` (what the models predict `before` and `after`, null where there is no
    such environment: `rto`, `rpo`, `cost`, `availability`, and the objectives `missed`; then the objectives that are
    `newlyMissed`, and the `data` that a deployment would delete or replace), `objectives` (the promises and objectives
    that differ), `gate` (`verdict` and `findings` as in `haven gate --json`), `warnings`, `failures`, and `policy`
    (null where the policies weren't asked).
    """
    return {"base": report.base, "stacks": [_stack(each) for each in report.stacks]}


def _stack(report: StackReport) -> dict[str, Any]:
    return {
        "stack": report.stack.name,
        "file": report.stack.file,
        "change": report.stack.change,
        "tier": _pair(report, "tier"),
        "active": _pair(report, "active"),
        "capacity": capacity_changes(report.before, report.after),
        **diff_json(report.diff),
        "headline": _headline(report),
        "errors": [asdict(each) for each in report.errors],
        "objectives": [_objective(each) for each in report.objectives],
        "gate": {key: value for key, value in gate_json(report.gate).items() if key in ("verdict", "findings")},
        "problems": [asdict(each) for each in report.problems],
        "warnings": list(report.warnings),
        "failures": list(report.failures),
        "policy": _policy(report),
    }


def _headline(report: StackReport) -> dict[str, Any]:
    change = report.headline
    return {
        "before": _predicted(change.before),
        "after": _predicted(change.after),
        "newlyMissed": [each.objective for each in change.newly_missed],
        "data": [asdict(each) for each in report.data],
    }


def _predicted(side: Headline | None) -> dict[str, Any] | None:
    """Times in minutes, the cost in USD a month, the availability in percent."""
    if side is None:
        return None
    return {
        "rto": _quantiles(side.rto),
        "rpo": _quantiles(side.rpo) if side.rpo else None,
        "cost": round(side.costs.now.total, 2),
        "availability": round(side.availability.expected_percent, 5),
        "missed": [
            {"objective": each.objective, "wanted": each.wanted, "byMinutes": round(-each.margin_minutes, 2)}
            for each in side.missed
        ],
    }


def _quantiles(summary: Summary) -> dict[str, float]:
    return {"p50": round(summary.p50 / 60, 2), "p95": round(summary.p95 / 60, 2)}


def _objective(change: ObjectiveChange) -> dict[str, Any]:
    sides = {
        name: {"before": pair[0], "after": pair[1]}
        for name, pair in (
            ("bestCase", change.best_case),
            ("worstCase", change.worst_case),
            ("asked", change.asked),
            ("verdict", change.verdict),
        )
    }
    return {"promise": change.promise, **sides, "missed": change.missed}


def _pair(report: StackReport, name: str) -> dict[str, str | None]:
    return {
        "before": getattr(report.before, name, None) or None,
        "after": getattr(report.after, name, None) or None,
    }


def _policy(report: StackReport) -> dict[str, Any] | None:
    if report.verdict is None:
        return None
    verdict = asdict(report.verdict)
    for each in verdict["waivers"]:
        each["until"] = each["until"].isoformat() if each["until"] else None
    return verdict


def capacity_changes(before: Plan | None, after: Plan | None) -> dict[str, dict[str, dict[str, int]]]:
    """Region to kind of capacity to the numbers before and after, where they differ."""
    old, new = _capacity(before), _capacity(after)
    found: dict[str, dict[str, dict[str, int]]] = {}
    for region in sorted(old.keys() | new):
        here, there = old.get(region, {}), new.get(region, {})
        names = [name for name in sorted(here.keys() | there) if here.get(name, 0) != there.get(name, 0)]
        counts = {name: {"before": here.get(name, 0), "after": there.get(name, 0)} for name in names}
        found.update({region: counts} if counts else {})
    return found


def _capacity(plan: Plan | None) -> Mapping[str, Mapping[str, int]]:
    return {each.region: each.capacity for each in plan.regions} if plan else {}
