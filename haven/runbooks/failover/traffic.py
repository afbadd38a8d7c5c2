"""Waits for what serves, and moves the traffic: the metric that turns a Region off is written in the other one."""

from datetime import UTC, datetime

from haven.runbooks import switch
from haven.runbooks.failover.site import Site, described
from haven.runbooks.manifest import Switch
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import Call, Stopwatch, UnansweredError
from haven.runbooks.workflow.steps import Done, Impossible, Look, Looking, Missing, Waiting

_SILENT_SECONDS = 30.0
"""An assumption: four answers that don't come."""


def served(site: Site) -> Looking:
    """Done when the new Region's load balancer has a healthy target.

    Its health check is what the workload serves; that a model gives right answers isn't read here.
    """
    balancer = site.new_side.balancer

    async def look(_: Workflow) -> Look:
        if balancer is None:
            return Done(remark="no load balancer in the manifest: that it serves isn't known")
        call = Call("elbv2", site.to, "describe_target_groups", {"Names": [balancer.target_group]})
        group = await described(call, "TargetGroups", "TargetGroupNotFound")
        if group is None:
            return Waiting(f"{balancer.target_group} doesn't exist")
        health = await Call("elbv2", site.to, "describe_target_health", {"TargetGroupArn": group["TargetGroupArn"]})
        states = [each["TargetHealth"]["State"] for each in health["TargetHealthDescriptions"]]
        healthy = states.count("healthy")
        return Done() if healthy else Waiting(f"{balancer.target_group}: none of {len(states)} targets is healthy")

    return look


def turned(site: Site, chosen: Switch, *, off: bool) -> Looking:
    """Done when the newest point of a Region's switch turns it off, or on, as wanted."""

    async def look(_: Workflow) -> Look:
        answer = await Call("cloudwatch", chosen.write_in, "describe_alarms", {"AlarmNames": [chosen.alarm]})
        if not answer["MetricAlarms"]:
            return Impossible(
                f"alarm {chosen.alarm} doesn't exist in {chosen.write_in}: the Region can't be turned off"
            )
        if switch.is_off(await _newest(site, chosen)) is off:
            return Done()
        value = 1.0 if off else 0.0
        point = {"MetricName": chosen.metric, "Dimensions": switch.dimensions(chosen), "Value": value}
        arguments = {"Namespace": chosen.namespace, "MetricData": [point]}
        return Missing(Call("cloudwatch", chosen.write_in, "put_metric_data", arguments, changes=True))

    return look


def while_it_answers(site: Site, turn: Looking) -> Looking:
    """The same, given up when the Region that is left has been silent for half a minute: what follows is more urgent.

    Args:
        site: from where to where.
        turn: a look that asks the Region that is left.
    """
    silent = Stopwatch(site.clock)

    async def look(workflow: Workflow) -> Look:
        try:
            found = await turn(workflow)
        except UnansweredError as error:
            if silent.seconds() < _SILENT_SECONDS:
                raise
            return Impossible(f"{error}; {site.to} is on unless somebody has turned it off")
        silent.restart()
        return found

    return look


async def _newest(site: Site, chosen: Switch) -> float | None:
    """The newest point; None: the switch was never used."""
    for arguments in switch.questions(chosen, datetime.fromtimestamp(site.clock.wall(), UTC)):
        point = switch.newest(await Call("cloudwatch", chosen.write_in, "get_metric_data", arguments))
        if point is not None:
            return point
    return None
