"""Scales a Region's workloads, and waits until they are ready."""

from collections.abc import Sequence

from haven.runbooks.clients import KUBERNETES
from haven.runbooks.manifest import Workload
from haven.runbooks.serving.place import Place, cluster_of, objects_of
from haven.runbooks.serving.workloads import Objects, Readiness, Scale, brought_down, missing, next_patch, readiness
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import Call, Stopwatch
from haven.runbooks.workflow.steps import Done, Impossible, Look, Looking, Missing, Waiting

DRAIN_SECONDS = 180.0
"""For which clients still reach the Region that is left after the switch: the health check's interval and threshold,
and the record's 60 s (Route 53 Developer Guide; read 2026-11-26), and as much for requests to end: an assumption."""
_NO_CLUSTER = "there is no cluster {} yet: pulumi up creates it, and scales what runs on it"


def scaled(place: Place, workloads: Sequence[Workload], scale: Scale) -> Looking:
    """Done when the workloads have their scale; one change at a time, in the manifest's order."""

    async def look(_: Workflow) -> Look:
        cluster = await cluster_of(place)
        if cluster is None:
            return Done(remark=_NO_CLUSTER.format(place.side.cluster.name))
        objects = await objects_of(place, cluster, workloads)
        patch = next_patch(workloads, objects, scale)
        if patch is not None:
            arguments = {"cluster": cluster, "path": patch.path, "body": patch.body}
            return Missing(Call(KUBERNETES, place.region, "patch", arguments, changes=True))
        return Done(remark=_remark(place, workloads, objects) if scale is Scale.FULL else "")

    return look


def _remark(place: Place, workloads: Sequence[Workload], objects: Objects) -> str:
    absent, down = missing(workloads, objects), brought_down(workloads, objects)
    remarks = [f"not in {place.side.cluster.name}: {', '.join(absent)}"] if absent else []
    if down:
        remarks.append(
            f"haven:demote names {place.region}: write haven:active: {place.region} before anybody runs pulumi up,"
            f" which would take the replicas of {', '.join(down)} away again"
        )
    return "; ".join(remarks)


def drained(place: Place, looking: Looking) -> Looking:
    """The same once clients have had the time to leave the Region; of a failover that has ended they have."""
    watch = Stopwatch(place.clock)

    async def look(workflow: Workflow) -> Look:
        left = DRAIN_SECONDS - watch.seconds() if workflow.end is None else 0.0
        return Waiting(f"clients leave {place.region}, {left:.0f} s more") if left > 0 else await looking(workflow)

    return look


def ready(place: Place, workloads: Sequence[Workload], patience: float) -> Looking:
    """Done when the Deployments have the least of their full scale, or after some patience one replica each.

    Args:
        place: where.
        workloads: which. What isn't in the cluster isn't waited for.
        patience: seconds for which all are waited for.
    """
    watch = Stopwatch(place.clock)

    async def look(_: Workflow) -> Look:
        watch.start()
        cluster = await cluster_of(place)
        if cluster is None:
            return Done(remark=_NO_CLUSTER.format(place.side.cluster.name))
        objects = await objects_of(place, cluster, workloads)
        absent = missing(workloads, objects)
        found = [each for each in readiness(workloads, objects, Scale.FULL) if each.place not in absent]
        return _judged(found, watch.seconds(), patience)

    return look


def _judged(found: Sequence[Readiness], waited: float, patience: float) -> Look:
    short = [each for each in found if each.ready < each.wanted]
    if not short:
        return Done()
    description = ", ".join(each.describe() for each in short)
    if waited < patience:
        return Waiting(description)
    if any(each.ready == 0 for each in short):
        return Impossible(description)
    return Done(remark=f"{description}: degraded")
