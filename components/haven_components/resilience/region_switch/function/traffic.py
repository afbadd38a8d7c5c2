"""Moves the traffic by the metrics of a `TrafficSwitch`, once this Region serves."""

from collections.abc import Callable, Mapping
from typing import Any

_ABSENT = "TargetGroupNotFound"
"""No target group has the name (botocore's model of Elastic Load Balancing, DescribeTargetGroups; read 2026-11-27)."""


def move(settings: Mapping[str, Any], client: Callable[[str, str], Any]) -> str:
    """Done when the points are written. One point is enough: Route 53 keeps the last state between points."""
    awaited = _served(settings, client)
    if awaited:
        return awaited
    for point in settings["points"]:
        dimensions = [{"Name": name, "Value": value} for name, value in sorted(point["dimensions"].items())]
        data = {"MetricName": point["metric_name"], "Dimensions": dimensions, "Value": float(point["value"])}
        client("cloudwatch", point["region"]).put_metric_data(Namespace=point["namespace"], MetricData=[data])
    return ""


def _served(settings: Mapping[str, Any], client: Callable[[str, str], Any]) -> str:
    """What is missing until the load balancer has a healthy target; nothing where none is named."""
    name = settings.get("target_group")
    if not name:
        return ""
    balancing = client("elbv2", settings["region"])
    try:
        (group,) = balancing.describe_target_groups(Names=[name])["TargetGroups"]
    except balancing.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != _ABSENT:
            raise
        return f"{name} doesn't exist"
    health = balancing.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
    states = [each["TargetHealth"]["State"] for each in health]
    return "" if "healthy" in states else f"{name}: none of {len(states)} targets is healthy"
