"""Node groups at full scale, or back at standby scale."""

from collections.abc import Mapping
from math import ceil
from typing import Any

from haven.runbooks.failover.capacity import Choice, Group, choose
from haven.runbooks.failover.site import GPU_PATIENCE_SECONDS, Site
from haven.runbooks.manifest import Sizes
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import Call, Stopwatch
from haven.runbooks.workflow.steps import Done, Impossible, Look, Looking, Missing, Waiting

BORROW_SECONDS = 300.0
"""After which another group on which the same servers may run stands in for nodes that don't come: longer than a node
takes, which was 284 s in the one run that was reported (kaito-project/kaito#2325). An assumption."""
UPDATING = frozenset({"InvalidRequestException"})
"""EKS's error code of a call that "is invalid given the state of the cluster", such as while an add-on is updated, or
its version (botocore's model of EKS, UpdateNodegroupConfig; read 2026-11-27): later it isn't."""
_ROUNDING = 1e-6
_SIZES = ("minSize", "desiredSize", "maxSize")


def scaled(site: Site, name: str, sizes: Sizes, *, shrink: bool = False) -> Looking:
    """Done when a group has its nodes, or after some patience the least that serves.

    What is larger already, by hand or by an autoscaler, stays: towards full scale nothing is made smaller.

    Args:
        site: where.
        name: the group.
        sizes: minimum, desired and maximum size.
        shrink: whether it may be made smaller, and nothing is waited for.
    """
    least, wanted, most = sizes
    watch = Stopwatch(site.clock)

    async def look(_: Workflow) -> Look:
        watch.start()
        answer = await Call("eks", site.to, "describe_nodegroup", _named(site, name))
        group = answer["nodegroup"]
        now = group["scalingConfig"]
        small = now["minSize"] < least or now["desiredSize"] < wanted
        if (now["minSize"] > least or now["desiredSize"] > wanted) if shrink else small:
            of = min if shrink else max
            to = {"minSize": of(least, now["minSize"]), "desiredSize": of(wanted, now["desiredSize"])}
            return _resized(site, name, now, {**to, "maxSize": max(most, now["maxSize"])})
        if shrink:
            return Done()
        running = await _running(site.to, group)
        if running is None:
            return Done(remark=f"{name}: its nodes can't be counted")
        waited = watch.seconds()
        if running >= wanted or waited < BORROW_SECONDS:
            return _judged(name, Group(running, wanted, least), waited)
        borrowed = await _borrowed(site, name, wanted - running)
        if isinstance(borrowed, Missing):
            return borrowed
        return _judged(name, Group(running + borrowed, wanted, least), waited, borrowed)

    return look


def restored(site: Site, name: str) -> Looking:
    """Done when a group is no larger than it was before the workflow's first call for it; at once where there was none.

    Args:
        site: where.
        name: the group, which another group's step may have made larger too.
    """

    async def look(workflow: Workflow) -> Look:
        found = [each.before[name] for each in workflow.steps.values() if name in each.before]
        if not found:
            return Done()
        before = min(found, key=lambda each: int(each["desiredSize"]))
        now = (await Call("eks", site.to, "describe_nodegroup", _named(site, name)))["nodegroup"]["scalingConfig"]
        to = {size: min(now[size], before[size]) for size in _SIZES}
        return Done() if all(now[size] == to[size] for size in _SIZES) else _resized(site, name, now, to)

    return look


def _resized(site: Site, name: str, now: Mapping[str, int], to: Mapping[str, int]) -> Missing:
    """The call, without a token of its own: botocore makes one each time. A token that EKS knows would be answered with
    what came of the first call, be it a failure (an assumption)."""
    arguments = {**_named(site, name), "scalingConfig": to}
    call = Call("eks", site.to, "update_nodegroup_config", arguments, changes=True)
    return Missing(call, {name: {size: now[size] for size in _SIZES}})


def plan(site: Site, name: str) -> str:
    """What is done about a group, in one line: also while its nodes don't come."""
    least, wanted, _ = site.new_side.cluster.node_groups[name].full
    others = stand_ins(site, name)
    instead = f"; after {BORROW_SECONDS / 60:.0f} minutes {' or '.join(others)} runs what it lacks" if others else ""
    opens = f"; after {GPU_PATIENCE_SECONDS / 60:.0f} minutes {max(1, least)} opens traffic"
    return f"Scale {name} to {wanted} nodes{instead}{opens if max(1, least) < wanted else ''}"


def stand_ins(site: Site, name: str) -> Mapping[str, float]:
    """Other groups on which the servers of one may run, whose maximum leaves room, and which an abort scales back.

    Returns:
        Name of the group to how many nodes of `name` one of its own replaces.
    """
    groups = site.new_side.cluster.node_groups
    replaces = groups[name].stand_ins
    return {
        other: replaces[sizes.pool]
        for other, sizes in groups.items()
        if sizes.pool in replaces and sizes.full != sizes.standby
        if sizes.full[2] > sizes.full[1]
    }


async def _borrowed(site: Site, name: str, short: int) -> int | Missing:
    """Nodes that others replace, running beyond their own full scale; the call that lets one run what is short."""
    spare = 0
    for other, replaces in stand_ins(site, name).items():
        sizes = site.new_side.cluster.node_groups[other]
        found = await Call("eks", site.to, "describe_nodegroup", _named(site, other))
        now = found["nodegroup"]["scalingConfig"]
        wanted = min(sizes.full[1] + ceil(short / replaces - _ROUNDING), now["maxSize"])
        if now["desiredSize"] < wanted:
            return _resized(site, other, now, {**now, "desiredSize": wanted})
        beyond = max(0, (await _running(site.to, found["nodegroup"]) or 0) - sizes.full[1])
        spare += int(beyond * replaces + _ROUNDING)
    return min(spare, short)


def _named(site: Site, name: str) -> dict[str, str]:
    return {"clusterName": site.new_side.cluster.name, "nodegroupName": name}


def _judged(name: str, group: Group, waited: float, borrowed: int = 0) -> Look:
    count = f"{name}: {group.running} of {group.wanted} nodes in service"
    count += f", {borrowed} of them replaced by other groups" if borrowed else ""
    choice = choose(group, waited=waited, patience=GPU_PATIENCE_SECONDS)
    if choice is Choice.FULL:
        return Done(remark=count if borrowed else "")
    if choice is Choice.WAIT:
        return Waiting(count)
    return Done(remark=f"{count}: degraded") if choice is Choice.DEGRADED else Impossible(count)


async def _running(region: str, group: Any) -> int | None:
    """Nodes in service; None: EKS names no Auto Scaling group."""
    names = [each["name"] for each in (group.get("resources") or {}).get("autoScalingGroups", [])]
    if not names:
        return None
    answer = await Call("autoscaling", region, "describe_auto_scaling_groups", {"AutoScalingGroupNames": names})
    instances = [each for found in answer["AutoScalingGroups"] for each in found.get("Instances", [])]
    return sum(str(each["LifecycleState"]) == "InService" for each in instances)
