"""Rule `failover`: a change of `haven:active` may only add and enlarge, and only in the newly active Region."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from haven.base.problems import Problem, Problems, shown
from haven.base.regions import REGION
from haven.gate.changes import STASH, UNKNOWN, Action, ChangeSet, ResourceChange
from haven.gate.findings import GateFinding, GateRule, finding_on
from haven.gate.safeguards.comparisons import at
from haven.program import aws_types as aws
from haven.program.diff import ABSENT, differences

_PAGE = "docs/promotion.md"
_SEPARATE = f"move it into a deployment of its own: a failover changes haven:active and nothing else ({_PAGE})"
_ENDPOINTS, _ENDPOINTS_NAME = (aws.SSM_PARAMETER, "insecureValue"), "/endpoints"
"""The parameter in which applications find their Region's endpoints follows what a failover creates there."""
_JOBS = ("kubernetes:batch/v1:Job", "kubernetes:batch/v1:CronJob")
_DEPLOYMENT = "kubernetes:apps/v1:Deployment"
_SETTINGS = re.compile(r"spec\.template\.spec\.(initContainers|containers)\[\d+\]\.(args|command|env|name)\b")
"""How a pod's containers are configured; not their images."""
_CHANGING = {Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE, Action.REMOVE_FROM_STATE}


@dataclass(frozen=True)
class Failover:
    """A change of the active Region."""

    before: str | None
    """None if the document does not contain it."""
    after: str


def failover_in(change_set: ChangeSet, active: str | None, where: str) -> Failover | None:
    """The failover that a change set carries out, found in the environment's Stash or in the output `active`.

    Args:
        change_set: the preview or plan.
        active: the newly active Region, for a document that contains neither. None: only the document counts.
        where: the document's name in error messages.

    Raises:
        Problems: `active` is no Region name, or the document names another Region.
    """
    if active is not None and not re.match(REGION, active):
        problem = Problem("--active", shown(active), "a Region, such as eu-central-1", "name the newly active Region")
        raise Problems([problem], where)
    documented = next(_documented(change_set), None)
    if documented and active and documented.after != active:
        allowed = shown(documented.after)
        fix = "leave --active out: the document itself contains the newly active Region"
        raise Problems([Problem("--active", shown(active), allowed, fix)], where)
    return documented or (Failover(None, active) if active else None)


def _documented(change_set: ChangeSet) -> Iterator[Failover]:
    for each in change_set.changes:
        if each.type == STASH:
            yield from _between(at(each.before, "input.active"), at(each.after, "input.active"))
    if "active" in change_set.outputs:
        yield from _between(*change_set.outputs["active"])


def _between(before: Any, after: Any) -> Iterator[Failover]:
    if isinstance(before, str) and isinstance(after, str) and before != after:
        yield Failover(before, after)


def findings(change_set: ChangeSet, failover: Failover) -> list[GateFinding]:
    """Every change that a failover must not contain."""
    resources = (each for each in change_set.changes if not each.type.startswith("pulumi:"))
    return [finding for each in resources for finding in _findings_on(each, failover)]


def _findings_on(change: ResourceChange, failover: Failover) -> Iterator[GateFinding]:
    done = sorted(change.actions & _CHANGING)
    if not done:
        return
    doing = " and ".join(done) + (f" of {', '.join(change.changed)}" if change.changed else "")
    if change.region is None:
        if done != [Action.CREATE]:
            why = "the document does not contain its Region; it may be in the Region that writes leave"
            yield finding_on(change, GateRule.FAILOVER, f"{doing} in a failover to {failover.after}", why, _SEPARATE)
    elif change.region != failover.after:
        what = f"{doing} in {change.region}, in a failover to {failover.after}"
        why = "the Region that writes leave may be down: a failover must neither change nor wait for anything there"
        fix = f"{_SEPARATE}; to scale the old side down, set haven:demote once that Region answers again"
        yield finding_on(change, GateRule.FAILOVER, what, why, fix)
    elif done != [Action.CREATE]:
        why = f"{failover.after} has to carry the whole load: a failover only adds and enlarges there"
        for what in _beyond_growth(change, done):
            yield finding_on(change, GateRule.FAILOVER, what, why, _SEPARATE)


def _beyond_growth(change: ResourceChange, done: Sequence[Action]) -> Iterator[str]:
    """The parts of a change in the newly active Region that neither add nor enlarge."""
    if done != [Action.UPDATE]:
        yield f"{' and '.join(done)} in the newly active Region"
        return
    changed = [each for each in differences(change.before, change.after) if not _is_reordered(change, each[0])]
    shrunk = [
        f"{path} {before} -> {after}" for path, before, after in changed if _number(before, after) and after < before
    ]
    if shrunk:
        yield f"shrinks in the newly active Region: {', '.join(shrunk)}"
    others = [
        path
        for path, before, after in changed
        if not (
            _grows(before, after)
            or _fills_in(change, path, before, after)
            or _starts(change, path, before, after)
            or (path in _HELD_DOWN and after is ABSENT)
        )
    ]
    if others or not changed:
        paths = ", ".join(others or change.changed) or "properties that the document does not name"
        yield f"changes in the newly active Region: {paths}"


def _is_reordered(change: ResourceChange, path: str) -> bool:
    """Whether a property of AWS names the same in another order, as a refreshed state does: those are sets."""
    name = path.partition("[")[0]
    old, new = change.before.get(name), change.after.get(name)
    if not (change.type.startswith("aws:") and isinstance(old, list) and isinstance(new, list)):
        return False
    return all(isinstance(each, str) for each in (*old, *new)) and sorted(old) == sorted(new)


def _number(*values: Any) -> bool:
    return all(isinstance(each, int | float) and not isinstance(each, bool) for each in values)


_HELD_DOWN = tuple(
    f"metadata.annotations.{each}"
    for each in ("pulumi.com/patchForce", "autoscaling.keda.sh/paused", "autoscaling.keda.sh/paused-replicas")
)
"""What held the workloads of a demoted Region at their share; it goes when that Region serves again."""


def _grows(before: Any, after: Any) -> bool:
    """Whether a value is new, or a number; smaller numbers are reported separately."""
    return before is ABSENT or _number(before, after)


def _starts(change: ResourceChange, path: str, before: Any, after: Any) -> bool:
    """Whether a workload begins: a suspended Job runs, an autoscaler takes over a count of 0, or pods that stood by
    get the writer's address, one replaced after the other without fewer running."""
    if change.type in _JOBS:
        return path == "spec.suspend" and before is True and after in (False, ABSENT)
    if change.type != _DEPLOYMENT:
        return False
    if path == "spec.replicas":
        return before == 0 and after is ABSENT
    return at(change.after, "spec.strategy.rollingUpdate.maxUnavailable") == 0 and bool(_SETTINGS.match(path))


def _fills_in(change: ResourceChange, path: str, before: Any, after: Any) -> bool:
    """Whether a Region's endpoints document names more than before, and all that it named; one that only the
    deployment knows does."""
    name = change.after.get("name")
    property_, _, inside = path.partition(".")
    if (change.type, property_) != _ENDPOINTS or not (isinstance(name, str) and name.endswith(_ENDPOINTS_NAME)):
        return False
    return before is None if inside else after == UNKNOWN
