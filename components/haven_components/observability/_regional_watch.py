"""What one Region needs to report its own problems: topic, alarms, composite alarms, a dashboard."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from haven_components.observability import _dashboards
from haven_components.observability._alarms import composite_alarm, metric_alarm
from haven_components.observability._telemetry import RegionalScope
from haven_components.observability._watched import WatchedRegionArgs
from haven_components.observability._watches import AlarmCondition, watches
from haven_components.shared.topics import service_topic

TROUBLE, REPLICATION = "trouble", "replication"


class RegionalWatch:
    """One Region's part of the component. Nothing of it needs the other Region."""

    def __init__(
        self,
        place: RegionalScope,
        side: WatchedRegionArgs,
        limits: Mapping[str, int],
        *,
        emails: Sequence[str],
        alerts: bool,
    ) -> None:
        self.place = place
        self._side = side
        self.watches = watches(side, limits)
        self.topic, self.topic_policy = self._topic(alerts=alerts)
        for number, email in enumerate(emails, 1):
            self._tell(number, email)
        alarms = [self._alarm(each) for each in self.watches]
        self._composites = self._sum_up(alarms)
        self._dashboard()

    def summary_arn(self, suffix: str) -> str:
        """ARN of a composite alarm; empty where it would have nothing to sum up."""
        return self.place.arn("cloudwatch", f"alarm:{self.place.name}-{suffix}") if suffix in self._composites else ""

    def row(self) -> _dashboards.DashboardRow:
        """What a dashboard shows of the Region."""
        arns = [self.summary_arn(each) for each in (TROUBLE, REPLICATION) if each in self._composites]
        return _dashboards.DashboardRow(self.place.region, arns, self.watches)

    def _topic(self, *, alerts: bool) -> tuple[aws.sns.Topic, aws.sns.TopicPolicy]:
        place = self.place
        sources = {"cloudwatch.amazonaws.com": place.arn("cloudwatch", "alarm:*")}
        if alerts:
            sources["aps.amazonaws.com"] = place.arn("aps", "workspace/*")
        return service_topic(
            f"{place.name}-alarms",
            kms_key_arn=place.kms_key_arn,
            account_id=place.account_id,
            sources=sources,
            options=place.beside(),
        )

    def _tell(self, number: int, email: str) -> None:
        aws.sns.TopicSubscription(
            f"{self.place.name}-email-{number}",
            topic=self.topic.arn,
            protocol="email",
            endpoint=email,
            opts=self.place.beside(),
        )

    def _alarm(self, watch: AlarmCondition) -> aws.cloudwatch.MetricAlarm:
        options = self.place.beside(self.topic_policy)
        return metric_alarm(f"{self.place.name}-{watch.suffix}", watch, self.topic.arn, options)

    def _sum_up(self, alarms: Sequence[pulumi.Resource]) -> list[str]:
        """A composite alarm is refused while one of its children is missing."""
        region = self.place.region
        described = {
            TROUBLE: f"Something is wrong in {region}: one alarm at least is on.",
            REPLICATION: f"Copies are behind, as far as {region} can tell: a failover now would lose writes.",
        }
        children = alarm_names(self.place.name, self._side, self.watches)
        for suffix in [each for each in described if children[each]]:
            name = f"{self.place.name}-{suffix}"
            composite_alarm(name, described[suffix], children[suffix], self.place.beside(*alarms))
        return [each for each in described if children[each]]

    def _dashboard(self) -> None:
        name = self.place.name
        aws.cloudwatch.Dashboard(
            f"{name}-dashboard",
            dashboard_name=name,
            dashboard_body=_dashboards.body([self.row()]),
            opts=self.place.beside(),
        )


def alarm_names(name: str, side: WatchedRegionArgs, watched: Sequence[AlarmCondition]) -> dict[str, list[str]]:
    """Names of the alarms that each composite alarm of a Region sums up."""
    return {
        TROUBLE: [*(f"{name}-{each.suffix}" for each in watched), *side.get("other_alarms", [])],
        REPLICATION: [f"{name}-{each.suffix}" for each in watched if each.replication],
    }
