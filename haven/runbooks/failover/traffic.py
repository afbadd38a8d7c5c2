"""Waits for what serves, and moves the traffic: the metric that turns a Region off is written in the other one."""

from haven.runbooks.failover.site import Site
from haven.runbooks.manifest import Switch
from haven.runbooks.observation import first
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import Call
from haven.runbooks.workflow.steps import Done, Impossible, Look, Looking, Missing, Waiting


def served(site: Site) -> Looking:
    """Done when the new Region's load balancer has a healthy target.

    Its health check is what the workload serves; that a model gives right answers isn't read here.
    """
    balancer = site.new_side.balancer

    async def look(_: Workflow) -> Look:
        if balancer is None:
            return Done(remark="no load balancer in the manifest: that it serves isn't known")
        answer = await Call("elbv2", site.to, "describe_target_groups", {"Names": [balancer.target_group]})
        group = first(answer["TargetGroups"])
        if group is None:
            return Waiting(f"{balancer.target_group} doesn't exist")
        health = await Call("elbv2", site.to, "describe_target_health", {"TargetGroupArn": group["TargetGroupArn"]})
        states = [each["TargetHealth"]["State"] for each in health["TargetHealthDescriptions"]]
        healthy = states.count("healthy")
        return Done() if healthy else Waiting(f"{balancer.target_group}: none of {len(states)} targets is healthy")

    return look


def turned(switch: Switch, *, off: bool) -> Looking:
    """Done when the alarm of a Region's switch is off or on, as wanted.

    One point is enough: between points Route 53 keeps the last state. The alarm follows within its period of 60 s.
    """
    wanted = "ALARM" if off else "OK"

    async def look(_: Workflow) -> Look:
        answer = await Call("cloudwatch", switch.write_in, "describe_alarms", {"AlarmNames": [switch.alarm]})
        alarm = first(answer["MetricAlarms"])
        if alarm is None:
            return Impossible(
                f"alarm {switch.alarm} doesn't exist in {switch.write_in}: the Region can't be turned off"
            )
        if alarm["StateValue"] == wanted or (not off and alarm["StateValue"] != "ALARM"):
            return Done()
        dimensions = [{"Name": name, "Value": value} for name, value in sorted(switch.dimensions.items())]
        point = {"MetricName": switch.metric, "Dimensions": dimensions, "Value": 1.0 if off else 0.0}
        arguments = {"Namespace": switch.namespace, "MetricData": [point]}
        return Missing(Call("cloudwatch", switch.write_in, "put_metric_data", arguments, changes=True))

    return look
