"""What a failover took, as a record that plans show beside what they predict."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from haven.model.drills import DrillRecord, Place
from haven.runbooks.failover import plan
from haven.runbooks.failover.times import predicted
from haven.runbooks.manifest import RecoveryManifest, Side
from haven.runbooks.serving import steps as serving
from haven.runbooks.workflow import journal as log
from haven.runbooks.workflow.journal import Entry, Workflow
from haven.runbooks.workflow.steps import Step

MEASURED = "measured"
"""The audit's record of what a failover took."""
_FROM_HEARTBEAT = "seconds from the newest heartbeat that had arrived"
_FROM_LOOK = "seconds from the runbook's first look: what came before it isn't measured"
_FROM_BEGIN = "planned: seconds from the runbook's beginning; nothing was lost"


def record(
    manifest: RecoveryManifest,
    workflow: Workflow,
    entries: Sequence[Entry],
    steps: Sequence[Step],
    place: Place,
    *,
    by: str = "",
) -> DrillRecord:
    """The record of a failover that is done, from its journal: so it is the same whoever went on with it.

    Args:
        manifest: the environment's.
        workflow: the failover, with its steps.
        entries: the journal's; those of earlier failovers are left out.
        steps: its steps, in their order.
        place: where it was run.
        by: what made the promotion, for the note; empty: the runbook's own steps.
    """
    own = _own(entries, workflow.id)
    ends = {str(each.data["step"]): each.at for each in own if each.kind == log.DONE}
    began, note = _began(workflow, own)
    to = str(workflow.goal["to"])
    writes, inference = ends.get(plan.VERIFIED), ends.get(serving.OUTSIDE)
    measured = {
        "environment": _since(began, max(filter(None, (writes, inference)), default=None)),
        "inference": _since(began, inference),
        "writes": _since(began, writes),
        "steps": _durations(own, ends, steps, manifest.sides[to]),
    }
    return DrillRecord.model_validate(
        {
            "schema": "drill.v1",
            "stack": manifest.environment,
            "tier": manifest.tier,
            "kind": "failback" if to == manifest.regions.primary else "failover",
            "started": datetime.fromtimestamp(began, UTC),
            "place": place,
            "lostRegion": str(workflow.goal["from"]),
            "succeeded": True,
            "measured": measured,
            "note": f"{note}; {by}" if by else note,
        }
    )


def _own(entries: Sequence[Entry], workflow: str) -> Sequence[Entry]:
    begins = [place for place, each in enumerate(entries) if each.kind == log.BEGIN]
    found = [place for place in begins if entries[place].data["workflow"] == workflow]
    return entries[found[-1] :] if found else []


def _began(workflow: Workflow, own: Sequence[Entry]) -> tuple[float, str]:
    """When the Region was lost, as far as the journal knows, in seconds since the epoch; and how that is known."""
    begin = own[0].at
    if workflow.goal["planned"]:
        return begin, _FROM_BEGIN
    newest = workflow.step(plan.JUDGED).data.get("newestMs")
    if newest is not None and 0 < newest / 1000 < begin:
        return float(newest) / 1000, _FROM_HEARTBEAT
    return min(begin, float(workflow.goal["observedMs"]) / 1000), _FROM_LOOK


def _since(began: float, ended: float | None) -> float | None:
    return None if ended is None else round(max(0.0, ended - began), 1)


def _durations(own: Sequence[Entry], ends: Mapping[str, float], steps: Sequence[Step], side: Side) -> dict[str, float]:
    """Term of the prediction, else the step -> what it took since what it follows was done; of several steps with one
    term, which run at the same time, the longest."""
    decided = next((each.at for each in own if each.kind == log.DECISION), own[0].at)
    found: dict[str, float] = {}
    for step in steps:
        if step.name in ends:
            begin = max((ends.get(each, decided) for each in step.after), default=decided)
            name = predicted.term(side, step.name) or step.name
            found[name] = max(found.get(name, 0.0), round(ends[step.name] - begin, 1))
    return found


def as_data(made: DrillRecord) -> dict[str, Any]:
    """The record as JSON, as a project's `drills/` has it."""
    return made.model_dump(mode="json", by_alias=True)
