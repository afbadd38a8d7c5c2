"""Tells somebody before a month costs too much, and when something costs more than it used to."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from haven_components import limits
from haven_components.choices import AnomalyScope
from haven_components.names import partition
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks
from haven_components.shared.topics import service_topic

MOST_NAME_CHARACTERS = 80
"""Names of budgets have at most 100 characters (AWS Budgets API Reference, Budget; read 2026-11-21); the rest is for
the suffixes of what is named alike."""

ACTUAL_PERCENTS = (80, 100)
FORECAST_PERCENTS = (100,)


BUDGETS = "budgets.amazonaws.com"
ANOMALIES = "costalerts.amazonaws.com"


class CostTagArgs(TypedDict):
    key: str
    """Key of the tag. It counts from the day on which it was activated as a cost allocation tag."""
    value: str
    """Value of the tag."""


class CostGuardArgs(TypedDict):
    account_id: str
    """The AWS account, twelve digits, whose costs these are."""
    region: str
    """The Region of the component's AWS provider, where the topic is."""
    tag: CostTagArgs
    """The tag of what the budget is for."""
    monthly_limit_usd: float
    """What a month may cost, in US dollars."""
    actual_percents: NotRequired[list[float]]
    """Percentages of the limit at which to notify that it was spent. Omitted: 80 and 100."""
    forecast_percents: NotRequired[list[float]]
    """Percentages of the limit at which to notify that the month's forecast reaches it; AWS needs about
    five weeks of spending to forecast. Omitted: 100."""
    anomaly_impact_usd: float
    """What an anomaly must cost, in US dollars, to be notified."""
    anomaly_scope: NotRequired[AnomalyScope]
    """What is watched for anomalies. Omitted: the tag."""
    anomaly_monitor_arn: NotRequired[pulumi.Input[str]]
    """ARN of a monitor that is there already, such as the account's one for services. Omitted: one is created, as
    `anomaly_scope` defines."""
    emails: NotRequired[list[str]]
    """Addresses to notify, at most 10: of budgets at once, of anomalies once a day. Omitted: none."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the key that encrypts a topic to which everything is published at once. Its policy must let
    `budgets.amazonaws.com` and `costalerts.amazonaws.com` encrypt, or the topic loses what they publish. Omitted: no
    topic; it then needs an e-mail address."""


@dataclass(frozen=True)
class _Topic:
    arn: pulumi.Output[str]
    policy: pulumi.Resource


class CostGuard(pulumi.ComponentResource):
    """A monthly budget for what carries a tag, and a watch for anomalies.

    It notifies and stops nothing. AWS knows costs with up to a day's delay.
    """

    budget_name: pulumi.Output[str]
    """Name of the budget."""
    monitor_arn: pulumi.Output[str]
    """ARN of the monitor that looks for anomalies."""
    topic_arn: pulumi.Output[str]
    """ARN of the topic; empty where there is none."""

    def __init__(self, name: str, args: CostGuardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:CostGuard", name, {}, opts)
        _validate(name, args)
        self._name = name
        self._args = args
        topic = self._topic(args["kms_key_arn"]) if "kms_key_arn" in args else None
        budget = self._budget(topic)
        monitor_arn = self._monitor()
        self._subscriptions(monitor_arn, topic)
        self.budget_name = budget.name
        self.monitor_arn = pulumi.Output.from_input(monitor_arn)
        self.topic_arn = topic.arn if topic else pulumi.Output.from_input("")
        self.register_outputs(
            {"budget_name": self.budget_name, "monitor_arn": self.monitor_arn, "topic_arn": self.topic_arn}
        )

    def _topic(self, kms_key_arn: pulumi.Input[str]) -> _Topic:
        account = self._args["account_id"]
        topic, policy = service_topic(
            f"{self._name}-costs",
            kms_key_arn=kms_key_arn,
            account_id=account,
            # Of anomalies no source is documented, only the account (the same guide; read 2026-11-21).
            sources={BUDGETS: f"arn:{partition(self._args['region'])}:budgets::{account}:*", ANOMALIES: ""},
            options=self._here(),
        )
        return _Topic(topic.arn, policy)

    def _budget(self, topic: _Topic | None) -> aws.budgets.Budget:
        tag = self._args["tag"]
        return aws.budgets.Budget(
            f"{self._name}-budget",
            name=self._name,
            account_id=self._args["account_id"],
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=_amount(self._args["monthly_limit_usd"]),
            limit_unit="USD",
            cost_filters=[{"name": "TagKeyValue", "values": [f"user:{tag['key']}${tag['value']}"]}],
            # What is used counts, also where a credit pays for it.
            cost_types={"include_credit": False, "include_refund": False},
            notifications=[
                {
                    "comparison_operator": "GREATER_THAN",
                    "notification_type": kind,
                    "threshold": percent,
                    "threshold_type": "PERCENTAGE",
                    "subscriber_email_addresses": self._args.get("emails", []),
                    "subscriber_sns_topic_arns": [topic.arn] if topic else [],
                }
                for kind, percent in _thresholds(self._args)
            ],
            tags={"Name": self._name},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[topic.policy] if topic else []),
        )

    def _monitor(self) -> pulumi.Input[str]:
        if "anomaly_monitor_arn" in self._args:
            return self._args["anomaly_monitor_arn"]
        by_tag = self._args.get("anomaly_scope", AnomalyScope.TAG) == AnomalyScope.TAG
        name = f"{self._name}-anomalies"
        monitor = aws.costexplorer.AnomalyMonitor(
            name,
            name=name,
            monitor_type="CUSTOM" if by_tag else "DIMENSIONAL",
            monitor_dimension=None if by_tag else "SERVICE",
            monitor_specification=_carrying(self._args["tag"]) if by_tag else None,
            tags={"Name": name},
            opts=self._here(),
        )
        return monitor.arn

    def _subscriptions(self, monitor_arn: pulumi.Input[str], topic: _Topic | None) -> None:
        """AWS publishes each anomaly to topics at once, and sends mails once a day (AWS Cost Management API Reference,
        AnomalySubscription; read 2026-11-21)."""
        if topic:
            self._subscription("topic", "IMMEDIATE", monitor_arn, [{"type": "SNS", "address": topic.arn}], topic)
        if emails := self._args.get("emails", []):
            subscribers: list[aws.costexplorer.AnomalySubscriptionSubscriberArgsDict] = [
                {"type": "EMAIL", "address": each} for each in emails
            ]
            self._subscription("emails", "DAILY", monitor_arn, subscribers, None)

    def _subscription(
        self,
        whom: str,
        frequency: str,
        monitor_arn: pulumi.Input[str],
        subscribers: Sequence[aws.costexplorer.AnomalySubscriptionSubscriberArgsDict],
        topic: _Topic | None,
    ) -> None:
        name = f"{self._name}-anomalies-{whom}"
        aws.costexplorer.AnomalySubscription(
            name,
            name=name,
            account_id=self._args["account_id"],
            frequency=frequency,
            monitor_arn_lists=[monitor_arn],
            subscribers=subscribers,
            threshold_expression={
                "dimension": {
                    "key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                    "match_options": ["GREATER_THAN_OR_EQUAL"],
                    "values": [_amount(self._args["anomaly_impact_usd"])],
                }
            },
            tags={"Name": name},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[topic.policy] if topic else []),
        )

    def _here(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)


def _amount(usd: float) -> str:
    return str(int(usd)) if usd == int(usd) else f"{usd:.2f}"


def _thresholds(args: CostGuardArgs) -> Iterator[tuple[str, float]]:
    """What to notify, and at which percentage."""
    yield from (("ACTUAL", each) for each in args.get("actual_percents", ACTUAL_PERCENTS))
    yield from (("FORECASTED", each) for each in args.get("forecast_percents", FORECAST_PERCENTS))


def _carrying(tag: CostTagArgs) -> str:
    """An expression of Cost Explorer, with the empty parts that AWS answers with, so that nothing seems to change."""
    empty = dict.fromkeys(("And", "CostCategories", "Dimensions", "Not", "Or"))
    return json.dumps({**empty, "Tags": {"Key": tag["key"], "MatchOptions": None, "Values": [tag["value"]]}})


def _validate(name: str, args: CostGuardArgs) -> None:
    checks = Checks("CostGuard", name, CostGuardArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, MOST_NAME_CHARACTERS),
        lambda: _checks.require_account(checks, args["account_id"]),
        lambda: _require_tag(checks, args),
        lambda: _require_amounts(checks, args),
        lambda: _require_thresholds(checks, args),
        lambda: _require_subscribers(checks, args),
        lambda: _require_monitor(checks, args),
    )


def _require_tag(checks: Checks, args: CostGuardArgs) -> None:
    for part in ("key", "value"):
        text = args["tag"]["key"] if part == "key" else args["tag"]["value"]
        checks.require(
            bool(text),
            f"tag.{part}",
            got=text,
            allowed="some text",
            fix="name the tag of what the budget is for",
        )


def _require_amounts(checks: Checks, args: CostGuardArgs) -> None:
    for path, usd in (
        ("monthly_limit_usd", args["monthly_limit_usd"]),
        ("anomaly_impact_usd", args["anomaly_impact_usd"]),
    ):
        checks.require(usd >= 0.01, path, got=usd, allowed="0.01 or more US dollars", fix="give an amount")


def _require_thresholds(checks: Checks, args: CostGuardArgs) -> None:
    found = list(_thresholds(args))
    checks.require(
        0 < len(found) == len(set(found)) <= limits.BUDGET_NOTIFICATIONS and all(percent > 0 for _, percent in found),
        "actual_percents",
        got=[percent for _, percent in found],
        allowed=f"percentages above 0, each once, 1 to {limits.BUDGET_NOTIFICATIONS} with those of forecast_percents",
        fix="leave both out for 80 and 100, and a forecast of 100",
    )


def _require_subscribers(checks: Checks, args: CostGuardArgs) -> None:
    emails = args.get("emails", [])
    checks.require(
        len(set(emails)) == len(emails) <= limits.BUDGET_EMAILS
        and all(re.fullmatch(r"\S+@\S+\.\S+", each) for each in emails),
        "emails",
        got=list(emails),
        allowed=f"at most {limits.BUDGET_EMAILS} e-mail addresses, each once",
        fix="let further people subscribe to the topic",
    )
    checks.require(
        len(emails) > 0 or "kms_key_arn" in args,
        "emails",
        got="no address and no key",
        allowed="an e-mail address, or a key for a topic",
        fix="name an address or a key",
    )


def _require_monitor(checks: Checks, args: CostGuardArgs) -> None:
    checks.require(
        not ("anomaly_monitor_arn" in args and "anomaly_scope" in args),
        "anomaly_scope",
        got="a scope beside a monitor that has its own",
        allowed="either anomaly_scope or anomaly_monitor_arn",
        fix="leave one of them out",
    )
