import json
import re
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components.account.cost_guard import CostGuard, CostGuardArgs
from haven_components.choices import AnomalyScope

REGION, ACCOUNT, NAME = "eu-west-1", "123456789012", "haven-test-costs"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/mrk-1"
MONITOR = f"arn:aws:ce::{ACCOUNT}:anomalymonitor/1"
EMAILS = ["platform@example.com", "finance@example.com"]


def _declare(name: str = NAME, *, without: tuple[str, ...] = (), **changes: Any) -> Recording:
    def program() -> None:
        provider = aws.Provider(REGION, region=REGION)
        args = {
            "account_id": ACCOUNT,
            "region": REGION,
            "tag": {"key": "environment", "value": "test"},
            "monthly_limit_usd": 1000.0,
            "anomaly_impact_usd": 99.5,
            "emails": EMAILS,
            "kms_key_arn": KEY,
        }
        given = {key: value for key, value in (args | changes).items() if key not in without}
        guard = CostGuard(name, cast("CostGuardArgs", given), pulumi.ResourceOptions(providers=[provider]))
        pulumi.export("budget", guard.budget_name)
        pulumi.export("monitor", guard.monitor_arn)
        pulumi.export("topic", guard.topic_arn)

    return record(program, stack="test")


def _named(recording: Recording, kind: str) -> dict[str, Resource]:
    return {each.name: each for each in recording.real() if each.type.endswith(f":{kind}")}


def _only(recording: Recording, kind: str) -> Resource:
    (found,) = _named(recording, kind).values()
    return found


def _subscriptions(recording: Recording) -> dict[str, Any]:
    return {each.inputs["frequency"]: each.inputs for each in _named(recording, "AnomalySubscription").values()}


def _refused(name: str = NAME, **changes: Any) -> list[str]:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(name, **changes)
    return re.findall(r"^  ([\w.]+): got", str(refused.value), re.MULTILINE)


def test_the_budget_is_for_a_month_of_what_carries_the_tag_in_the_account() -> None:
    budget = _only(_declare(), "Budget").inputs
    assert (budget["accountId"], budget["name"]) == (ACCOUNT, NAME)
    assert (budget["timeUnit"], budget["limitAmount"], budget["limitUnit"]) == ("MONTHLY", "1000", "USD")
    assert budget["costFilters"] == [{"name": "TagKeyValue", "values": ["user:environment$test"]}]
    assert budget["costTypes"] == {"includeCredit": False, "includeRefund": False}


def test_spending_and_forecasts_notify_every_address() -> None:
    recording = _declare()
    topic = f"@@{_only(recording, 'Topic').key}.arn@@"
    notices = _only(recording, "Budget").inputs["notifications"]
    assert [(each["notificationType"], each["threshold"]) for each in notices] == [
        ("ACTUAL", 80),
        ("ACTUAL", 100),
        ("FORECASTED", 100),
    ]
    for each in notices:
        assert each["thresholdType"] == "PERCENTAGE"
        assert each["subscriberEmailAddresses"] == EMAILS
        assert each["subscriberSnsTopicArns"] == [topic]


def test_percentages_are_taken_as_given() -> None:
    notices = _only(_declare(actual_percents=[50.0], forecast_percents=[]), "Budget").inputs["notifications"]
    assert [(each["notificationType"], each["threshold"]) for each in notices] == [("ACTUAL", 50)]


def test_the_tag_as_a_whole_is_watched_for_anomalies() -> None:
    recording = _declare()
    monitor = _only(recording, "AnomalyMonitor")
    assert monitor.inputs["monitorType"] == "CUSTOM"
    specification = json.loads(monitor.inputs["monitorSpecification"])
    assert specification["Tags"] == {"Key": "environment", "MatchOptions": None, "Values": ["test"]}
    assert recording.outputs["monitor"] == f"@@{monitor.key}.arn@@"


def test_the_account_s_services_are_watched_where_asked_for() -> None:
    monitor = _only(_declare(anomaly_scope=AnomalyScope.SERVICES), "AnomalyMonitor").inputs
    assert (monitor["monitorType"], monitor["monitorDimension"]) == ("DIMENSIONAL", "SERVICE")
    assert "monitorSpecification" not in monitor


def test_a_monitor_that_is_there_is_used() -> None:
    recording = _declare(anomaly_monitor_arn=MONITOR)
    assert not _named(recording, "AnomalyMonitor")
    assert {each["monitorArnLists"][0] for each in _subscriptions(recording).values()} == {MONITOR}


def test_anomalies_are_published_at_once_and_mailed_once_a_day() -> None:
    recording = _declare()
    found = _subscriptions(recording)
    assert found["IMMEDIATE"]["subscribers"] == [{"type": "SNS", "address": f"@@{_only(recording, 'Topic').key}.arn@@"}]
    assert [each["address"] for each in found["DAILY"]["subscribers"]] == EMAILS
    for each in found.values():
        assert each["accountId"] == ACCOUNT
        assert each["thresholdExpression"]["dimension"] == {
            "key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
            "matchOptions": ["GREATER_THAN_OR_EQUAL"],
            "values": ["99.50"],
        }


def test_the_topic_is_encrypted_and_takes_only_what_is_published_for_this_account() -> None:
    recording = _declare()
    topic = _only(recording, "Topic")
    assert topic.inputs["kmsMasterKeyId"] == KEY
    statements = json.loads(_only(recording, "TopicPolicy").inputs["policy"])["Statement"]
    sources = {each["Principal"]["Service"]: each["Condition"] for each in statements if each["Effect"] == "Allow"}
    account = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    assert sources == {
        "budgets.amazonaws.com": account | {"ArnLike": {"aws:SourceArn": f"arn:aws:budgets::{ACCOUNT}:*"}},
        "costalerts.amazonaws.com": account,
    }
    assert {(each["Action"], each["Resource"]) for each in statements} == {
        ("sns:Publish", f"@@{topic.key}.arn@@"),
    }


def test_whoever_publishes_waits_for_the_topic_s_policy() -> None:
    recording = _declare()
    policy = _only(recording, "TopicPolicy").urn
    publishers = [_only(recording, "Budget"), _named(recording, "AnomalySubscription")[f"{NAME}-anomalies-topic"]]
    assert all(policy in each.options.dependencies for each in publishers)


def test_without_a_key_there_is_no_topic_and_mails_alone_are_sent() -> None:
    recording = _declare(without=("kms_key_arn",))
    assert not _named(recording, "Topic")
    assert _subscriptions(recording).keys() == {"DAILY"}
    assert recording.outputs["topic"] == ""


def test_without_addresses_only_the_topic_is_notified() -> None:
    assert _subscriptions(_declare(without=("emails",))).keys() == {"IMMEDIATE"}


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"without": ("emails", "kms_key_arn")}, "emails"),
        ({"emails": ["platform"]}, "emails"),
        ({"emails": [f"{each}@example.com" for each in range(11)]}, "emails"),
        ({"actual_percents": [80, 80]}, "actual_percents"),
        ({"actual_percents": [], "forecast_percents": []}, "actual_percents"),
        ({"actual_percents": [0]}, "actual_percents"),
        ({"actual_percents": list(range(1, 11))}, "actual_percents"),
        ({"monthly_limit_usd": 0}, "monthly_limit_usd"),
        ({"anomaly_impact_usd": -1}, "anomaly_impact_usd"),
        ({"tag": {"key": "", "value": "test"}}, "tag.key"),
        ({"anomaly_scope": AnomalyScope.TAG, "anomaly_monitor_arn": MONITOR}, "anomaly_scope"),
    ],
)
def test_what_aws_would_refuse_is_refused_first(changes: dict[str, Any], path: str) -> None:
    assert _refused(**changes) == [path]


def test_every_problem_is_reported_at_once() -> None:
    assert _refused("n" * 81, account_id="1", monthly_limit_usd=0) == ["name", "account_id", "monthly_limit_usd"]
