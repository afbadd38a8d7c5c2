"""CloudWatch alarms for the conditions of one Region, and what sums them up."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from haven_components import limits
from haven_components.observability._watches import AlarmCondition, Series
from haven_components.shared.support import Checks

_PLAIN_STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")


def metric_alarm(
    name: str, watch: AlarmCondition, topic_arn: pulumi.Input[str], options: pulumi.ResourceOptions
) -> aws.cloudwatch.MetricAlarm:
    """An alarm that notifies the Region's own topic when a condition begins and when it ends."""
    return aws.cloudwatch.MetricAlarm(
        name,
        name=name,
        alarm_description=watch.description,
        comparison_operator="LessThanThreshold" if watch.below else "GreaterThanOrEqualToThreshold",
        threshold=watch.threshold,
        evaluation_periods=watch.periods,
        datapoints_to_alarm=watch.datapoints,
        treat_missing_data=watch.missing,
        alarm_actions=[topic_arn],
        ok_actions=[topic_arn],
        tags={"Name": name},
        opts=options,
        **(_computed(watch) if watch.expression else _plain(watch)),
    )


def _plain(watch: AlarmCondition) -> dict[str, Any]:
    (series,) = watch.series
    simple = series.statistic in _PLAIN_STATISTICS
    return {
        "namespace": watch.namespace,
        "metric_name": series.metric,
        "dimensions": series.dimensions,
        "period": watch.period,
        "statistic" if simple else "extended_statistic": series.statistic,
        # A percentile of a handful of answers means nothing.
        "evaluate_low_sample_count_percentiles": None if simple else "ignore",
    }


def _computed(watch: AlarmCondition) -> dict[str, Any]:
    read = [_read(watch, index, each) for index, each in enumerate(watch.series, 1)]
    computed = {"id": "watched", "expression": watch.expression, "label": watch.title, "return_data": True}
    return {"metric_queries": [computed, *read]}


def _read(watch: AlarmCondition, index: int, series: Series) -> Mapping[str, Any]:
    return {
        "id": f"m{index}",
        "return_data": False,
        "metric": {
            "namespace": watch.namespace,
            "metric_name": series.metric,
            "dimensions": series.dimensions,
            "period": watch.period,
            "stat": series.statistic,
        },
    }


def composite_alarm(
    name: str, description: str, children: Sequence[str], options: pulumi.ResourceOptions
) -> aws.cloudwatch.CompositeAlarm:
    """An alarm that is on while any of its children is.

    It notifies no topic, because its children do: it would stay silent about a second problem. Runbooks read it, and
    experiments stop on it.
    """
    return aws.cloudwatch.CompositeAlarm(
        name,
        alarm_name=name,
        alarm_description=description,
        alarm_rule=any_of(children),
        tags={"Name": name},
        opts=options,
    )


def any_of(children: Sequence[str]) -> str:
    """The rule of such an alarm."""
    return " OR ".join(f'ALARM("{child}")' for child in children)


def require_alarms(checks: Checks, path: str, children: Sequence[str]) -> None:
    """Names that CloudWatch takes, and few enough for one composite alarm."""
    refused = [each for each in children if not 0 < len(each) <= limits.ALARM_NAME_CHARACTERS or '"' in each]
    checks.require(
        not refused,
        path,
        got=refused,
        allowed=f"names of alarms of 1 to {limits.ALARM_NAME_CHARACTERS} characters, none of them a quotation mark",
        fix="choose shorter names: alarms are named after what they watch",
    )
    rule = len(any_of(children))
    checks.require(
        len(children) <= limits.COMPOSITE_ALARM_CHILDREN and rule <= limits.COMPOSITE_ALARM_RULE_CHARACTERS,
        path,
        got=f"{len(children)} alarms, a rule of {rule} characters",
        allowed=f"at most {limits.COMPOSITE_ALARM_CHILDREN} alarms and "
        f"{limits.COMPOSITE_ALARM_RULE_CHARACTERS} characters",
        fix="watch less, or spread it over several components",
    )
