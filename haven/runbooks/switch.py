"""Whether a traffic switch turns its Region off: the newest point of its metric.

One point is enough: Route 53 keeps the last state between points. The alarm's state doesn't show it, for an alarm
without further points has no data.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from haven.runbooks.manifest import Switch

RETENTION = ((15, 60), (455, 3600))
"""Days for which CloudWatch keeps points, and their period in seconds (CloudWatch API, GetMetricStatistics; read
2026-11-26). Points of an hour are merged to the greatest: a switch that was thrown and turned back within one, more
than 15 days ago, reads as thrown."""
_AHEAD = timedelta(minutes=10)
"""This machine's clock may be minutes behind."""


def questions(switch: Switch, now: datetime) -> Iterator[Mapping[str, Any]]:
    """Arguments of GetMetricData, to be asked in this order until there is a point.

    Args:
        switch: whose metric is asked for.
        now: by this machine's clock.
    """
    end = now + _AHEAD
    metric = {"Namespace": switch.namespace, "MetricName": switch.metric, "Dimensions": dimensions(switch)}
    for days, period in RETENTION:
        query = {"Id": "switch", "MetricStat": {"Metric": metric, "Period": period, "Stat": "Maximum"}}
        yield {"MetricDataQueries": [query], "StartTime": end - timedelta(days=days), "EndTime": end}


def newest(answer: Mapping[str, Any]) -> float | None:
    """The newest point of an answer; None: it has none."""
    points = [
        point
        for result in answer["MetricDataResults"]
        for point in zip(result["Timestamps"], result["Values"], strict=True)
    ]
    return float(max(points)[1]) if points else None


def is_off(point: float | None) -> bool:
    """Whether the newest point turns the Region off; a switch that was never used has none."""
    return (point or 0.0) >= 1.0


def dimensions(switch: Switch) -> list[dict[str, str]]:
    """As CloudWatch's calls take them."""
    return [{"Name": name, "Value": value} for name, value in sorted(switch.dimensions.items())]
