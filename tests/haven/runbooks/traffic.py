"""The alarm of a traffic switch, in an emulator."""

from collections.abc import Mapping
from typing import Any


def switch_alarm(cloudwatch: Any, switch: Mapping[str, Any]) -> None:
    """Create the alarm that a manifest names for a switch."""
    cloudwatch.put_metric_alarm(
        AlarmName=switch["alarm"],
        Namespace=switch["namespace"],
        MetricName=switch["metric"],
        Dimensions=[{"Name": name, "Value": value} for name, value in switch["dimensions"].items()],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )
