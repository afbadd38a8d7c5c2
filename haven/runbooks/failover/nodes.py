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
_ROUNDING = 1e-6


def scaled(site: Site, name: str, sizes: Sizes, *, shrink: bool = False) -> Looking:
    """Done when a group has its nodes, or after some patience the least that serves.

    Args:
        site: where.
        name: the group.
        sizes: minimum, desired and maximum size.
        shrink: whether it may be made smaller, and nothing is waited for.
    """
    least, wanted, most = sizes
    watch = Stopwatch(site.clock)

    async def look(workflow: Workflow) -> Look:
        watch.start()
        answer = await Call("eks", site.to, "describe_nodegroup", _named(site, name))
        group = answer["nodegroup"]
        now = group["scalingConfig"]
        small = now["minSize"] < least or now["desiredSize"] < wanted
        if (now["minSize"] > least or now["desiredSize"] > wanted) if shrink else small:
            to = {"minSize": least, "desiredSize": wanted, "maxSize": max(most, now["maxSize"])}
            token = f"{workflow.id}{workflow.turns or ''}-{'standby' if shrink else 'full'}-{name}"[:64]
            arguments = {**_named(site, name), "scalingConfig": to, "clientRequestToken": token}
            return Missing(Call("eks", site.to, "update_nodegroup_config", arguments, changes=True))
        if shrink:
            return Done()
        running = await _running(site.to, group)
        if running is None:
            return Done(remark=f"{name}: its nodes can't be counted")
        waited = watch.seconds()
        if running >= wanted or waited < BORROW_SECONDS:
            return _judged(name, Group(running, wanted, least), waited)
        borrowed = await _borrowed(site, workflow, name, wanted - running)
        if isinstance(borrowed, Call):
            return Missing(borrowed)
        return _judged(name, Group(running + borrowed, wanted, least), waited, borrowed)

    return look


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


async def _borrowed(site: Site, workflow: Workflow, name: str, short: int) -> int | Call:
    """Nodes that others replace, running beyond their own full scale; the call that lets one run what is short."""
    spare = 0
    for other, replaces in stand_ins(site, name).items():
        sizes = site.new_side.cluster.node_groups[other]
        found = await Call("eks", site.to, "describe_nodegroup", _named(site, other))
        now = found["nodegroup"]["scalingConfig"]
        wanted = min(sizes.full[1] + ceil(short / replaces - _ROUNDING), now["maxSize"])
        if now["desiredSize"] < wanted:
            to = {**now, "desiredSize": wanted}
            token = f"{workflow.id}-{wanted}-{other}"[:64]
            arguments = {**_named(site, other), "scalingConfig": to, "clientRequestToken": token}
            return Call("eks", site.to, "update_nodegroup_config", arguments, changes=True)
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
