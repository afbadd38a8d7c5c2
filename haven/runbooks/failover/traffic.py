"""Waits for what serves, and moves the traffic: the metric that turns a Region off is written in the other one."""

from datetime import UTC, datetime, timedelta

from haven.runbooks.failover.site import Site
from haven.runbooks.manifest import Switch
from haven.runbooks.observation import first
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import Call
from haven.runbooks.workflow.steps import Done, Impossible, Look, Looking, Missing, Waiting

_RETENTION = ((15, 60), (455, 3600))
"""Days for which CloudWatch keeps points, and their period in seconds (CloudWatch API, GetMetricStatistics; read
2026-11-26). Points of an hour are merged to the greatest: a switch that was thrown and turned back within one, more
than 15 days ago, reads as thrown."""
_AHEAD = timedelta(minutes=10)
"""This machine's clock may be minutes behind."""


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


def turned(site: Site, switch: Switch, *, off: bool) -> Looking:
    """Done when the newest point of a Region's switch turns it off, or on, as wanted.

    One point is enough: Route 53 keeps the last state between points. The alarm's state doesn't show it: without
    further points an alarm has no data.
    """

    async def look(_: Workflow) -> Look:
        answer = await Call("cloudwatch", switch.write_in, "describe_alarms", {"AlarmNames": [switch.alarm]})
        if not answer["MetricAlarms"]:
            return Impossible(
                f"alarm {switch.alarm} doesn't exist in {switch.write_in}: the Region can't be turned off"
            )
        newest = await _newest(site, switch)
        if (newest or 0.0) >= 1.0 if off else (newest or 0.0) < 1.0:
            return Done()
        point = {"MetricName": switch.metric, "Dimensions": _dimensions(switch), "Value": 1.0 if off else 0.0}
        arguments = {"Namespace": switch.namespace, "MetricData": [point]}
        return Missing(Call("cloudwatch", switch.write_in, "put_metric_data", arguments, changes=True))

    return look


async def _newest(site: Site, switch: Switch) -> float | None:
    """The newest point; None: the switch was never used."""
    end = datetime.fromtimestamp(site.clock.wall(), UTC) + _AHEAD
    metric = {"Namespace": switch.namespace, "MetricName": switch.metric, "Dimensions": _dimensions(switch)}
    for days, period in _RETENTION:
        query = {"Id": "switch", "MetricStat": {"Metric": metric, "Period": period, "Stat": "Maximum"}}
        arguments = {"MetricDataQueries": [query], "StartTime": end - timedelta(days=days), "EndTime": end}
        answer = await Call("cloudwatch", switch.write_in, "get_metric_data", arguments)
        points = [
            point
            for result in answer["MetricDataResults"]
            for point in zip(result["Timestamps"], result["Values"], strict=True)
        ]
        if points:
            return float(max(points)[1])
    return None


def _dimensions(switch: Switch) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in sorted(switch.dimensions.items())]
