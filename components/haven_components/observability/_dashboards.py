"""Dashboards made of names alone: each condition becomes a graph with the line from which on it is wrong."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from haven_components.observability._watched import WatchedHealthCheckArgs
from haven_components.observability._watches import AlarmCondition, Series

HEALTH_CHECK_REGION = "us-east-1"
"""Route 53 publishes the metrics of its health checks there and nowhere else (Route 53 Developer Guide, monitoring
health checks with CloudWatch; read 2026-11-21)."""

COLUMNS, COLUMN, GRAPH_HEIGHT, TITLE_HEIGHT, ALARMS_HEIGHT = 3, 8, 6, 1, 3
"""A dashboard is 24 columns wide (CloudWatch API, dashboard body; read 2026-11-21)."""

Widget = Mapping[str, Any]


@dataclass(frozen=True)
class DashboardRow:
    """One Region on a dashboard."""

    region: str
    summary_arns: Sequence[str]
    """ARNs of the alarms whose state is above the graphs."""
    watches: Sequence[AlarmCondition]


def body(rows: Sequence[DashboardRow], health_checks: Sequence[WatchedHealthCheckArgs] = ()) -> pulumi.Output[str]:
    """The JSON of a dashboard over these Regions."""
    return pulumi.Output.json_dumps({"widgets": list(_widgets(rows, health_checks))}, sort_keys=True)


def _widgets(rows: Sequence[DashboardRow], health_checks: Sequence[WatchedHealthCheckArgs]) -> Iterator[Widget]:
    top = 0
    if health_checks:
        yield _place(_health(health_checks), 0, top, 3 * COLUMN, GRAPH_HEIGHT)
        top += GRAPH_HEIGHT
    for row in rows:
        title = {"type": "text", "properties": {"markdown": f"## {row.region}", "background": "transparent"}}
        yield _place(title, 0, top, 3 * COLUMN, TITLE_HEIGHT)
        top += TITLE_HEIGHT
        if row.summary_arns:
            alarms = {"title": f"State of {row.region}", "alarms": list(row.summary_arns)}
            yield _place({"type": "alarm", "properties": alarms}, 0, top, 3 * COLUMN, ALARMS_HEIGHT)
            top += ALARMS_HEIGHT
        for index, watch in enumerate(row.watches):
            line, column = divmod(index, COLUMNS)
            graph = _graph(row.region, watch)
            yield _place(graph, column * COLUMN, top + line * GRAPH_HEIGHT, COLUMN, GRAPH_HEIGHT)
        top += -(-len(row.watches) // COLUMNS) * GRAPH_HEIGHT


def _place(widget: Widget, x: int, y: int, width: int, height: int) -> Widget:
    return {**widget, "x": x, "y": y, "width": width, "height": height}


def _graph(region: str, watch: AlarmCondition) -> Widget:
    read = [_line(watch, index, each) for index, each in enumerate(watch.series, 1)]
    computed = [[{"id": "watched", "expression": watch.expression, "label": watch.title}]] if watch.expression else []
    return {
        "type": "metric",
        "properties": {
            "title": watch.title,
            "region": region,
            "view": "timeSeries",
            "period": watch.period,
            "metrics": [*computed, *read],
            "annotations": {"horizontal": [{"label": "wrong from here on", "value": watch.threshold}]},
            "yAxis": {"left": {"min": 0}},
        },
    }


def _line(watch: AlarmCondition, index: int, series: Series) -> list[Any]:
    dimensions = [part for pair in series.dimensions.items() for part in pair]
    drawn = {"id": f"m{index}", "stat": series.statistic, "visible": not watch.expression}
    return [watch.namespace, series.metric, *dimensions, drawn]


def _health(health_checks: Sequence[WatchedHealthCheckArgs]) -> Widget:
    return {
        "type": "metric",
        "properties": {
            "title": "Health checks: 1 is healthy",
            "region": HEALTH_CHECK_REGION,
            "view": "timeSeries",
            "period": 60,
            "metrics": [
                [
                    "AWS/Route53",
                    "HealthCheckStatus",
                    "HealthCheckId",
                    each["id"],
                    {"label": each["label"], "stat": "Minimum"},
                ]
                for each in health_checks
            ],
            "yAxis": {"left": {"min": 0, "max": 1}},
        },
    }
