"""Node groups at full scale, or back at standby scale."""

from typing import Any

from haven.runbooks.failover.capacity import Choice, Group, choose
from haven.runbooks.failover.site import GPU_PATIENCE_SECONDS, Site
from haven.runbooks.manifest import Sizes
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import Call
from haven.runbooks.workflow.steps import Done, Impossible, Look, Looking, Missing, Waiting


def scaled(site: Site, name: str, sizes: Sizes, *, shrink: bool = False) -> Looking:
    """Done when a group has its nodes, or after some patience the least that serves.

    Args:
        site: where.
        name: the group.
        sizes: minimum, desired and maximum size.
        shrink: whether it may be made smaller, and nothing is waited for.
    """
    least, wanted, most = sizes
    began: list[float] = []

    async def look(workflow: Workflow) -> Look:
        began[:] = began or [site.clock.monotonic()]
        cluster = site.new_side.cluster.name
        answer = await Call("eks", site.to, "describe_nodegroup", {"clusterName": cluster, "nodegroupName": name})
        group = answer["nodegroup"]
        now = group["scalingConfig"]
        small = now["minSize"] < least or now["desiredSize"] < wanted
        if (now["minSize"] > least or now["desiredSize"] > wanted) if shrink else small:
            to = {"minSize": least, "desiredSize": wanted, "maxSize": max(most, now["maxSize"])}
            token = f"{workflow.id}-{'standby' if shrink else 'full'}-{name}"[:64]
            arguments = {
                "clusterName": cluster,
                "nodegroupName": name,
                "scalingConfig": to,
                "clientRequestToken": token,
            }
            return Missing(Call("eks", site.to, "update_nodegroup_config", arguments, changes=True))
        if shrink:
            return Done()
        running = await _running(site.to, group)
        if running is None:
            return Done(remark=f"{name}: its nodes can't be counted")
        return _judged(name, Group(running, wanted, least), site.clock.monotonic() - began[0])

    return look


def _judged(name: str, group: Group, waited: float) -> Look:
    count = f"{name}: {group.running} of {group.wanted} nodes in service"
    choice = choose(group, waited=waited, patience=GPU_PATIENCE_SECONDS)
    if choice is Choice.FULL:
        return Done()
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
