"""Safeguards that are more than one value: how often a schedule runs, what a lifecycle rule deletes, an order."""

from typing import Any

import pytest

from haven.gate.findings import GateRule
from haven.gate.safeguards.lifecycle_rules import deletes_more
from haven.gate.safeguards.schedules import rarer, runs_a_year
from haven.program import aws_types as aws
from tests.haven.gate.change_sets import HERE, THERE, Made, digest, judged, plan, rules

HOURLY = "cron(0 * * * ? *)"


@pytest.mark.parametrize(
    ("expression", "runs"),
    [
        (HOURLY, 365.25 * 24),
        ("cron(0 0/6 ? * * *)", 365.25 * 4),
        ("cron(0 5 ? * MON-FRI *)", 365.25 * 5 / 7),
        ("cron(0 5 ? * 2 *)", 365.25 / 7),
        ("cron(0 5 1,15 * ? *)", 24),
        ("cron(0 5 L * ? *)", 12),
        ("cron(0 5 ? * 2#1 *)", 12),
        ("cron(30 5 1 JAN ? *)", 1),
        ("cron(0 5 1 */3 ? *)", 4),
        ("rate(12 hours)", 365.25 * 2),
        ("rate(1 day)", 365.25),
    ],
)
def test_runs_of_a_schedule_in_a_year(expression: str, runs: float) -> None:
    assert runs_a_year(expression) == pytest.approx(runs)


@pytest.mark.parametrize("odd", [None, 5, "", "cron()", "cron(a b c d e f)", "rate(0 hours)", "(known after)", ["x"]])
def test_a_schedule_that_is_not_readable_is_not_compared(odd: Any) -> None:
    assert runs_a_year(odd) is None
    assert not rarer(HOURLY, odd)
    assert not rarer(odd, HOURLY)


RULE = {"id": "a", "status": "Enabled", "filter": {"prefix": "tmp/"}, "expiration": {"days": 9}}
OLDER = {"id": "a", "enabled": True, "prefix": "tmp/", "expiration": {"days": 9}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (RULE | {"status": "Disabled"}, RULE),
        (OLDER | {"enabled": False}, OLDER),
        (RULE, RULE | {"filter": {"prefix": ""}}),
        (RULE, RULE | {"filter": {}}),
        (RULE, RULE | {"filter": {"prefix": "other/"}}),
        (OLDER, OLDER | {"prefix": None}),
        (RULE | {"filter": {"and": {"prefix": "tmp/", "tags": {"keep": "no"}}}}, RULE),
        (RULE | {"filter": {"objectSizeGreaterThan": 9}}, RULE | {"filter": {}}),
        (RULE | {"expiration": {"date": "2027-01-01"}}, RULE | {"expiration": {"date": "2026-12-01"}}),
        (RULE | {"expiration": {}}, RULE | {"expiration": {"date": "2026-12-01"}}),
        (
            RULE
            | {"filter": {"prefix": "tmp/"}, "expiration": {}, "noncurrentVersionExpiration": {"noncurrentDays": 9}},
            RULE | {"filter": {}, "expiration": {}, "noncurrentVersionExpiration": {"noncurrentDays": 9}},
        ),
    ],
)
def test_a_lifecycle_rule_that_reaches_more_objects_deletes_more(before: Any, after: Any) -> None:
    assert deletes_more([before], [after])
    assert not deletes_more([after], [after])


@pytest.mark.parametrize(
    "after",
    [
        RULE | {"status": "Disabled", "filter": {}},
        RULE | {"filter": {"prefix": "tmp/old/"}},
        RULE | {"filter": {"and": {"prefix": "tmp/", "tags": {"keep": "no"}}}},
        RULE | {"expiration": {}, "filter": {}, "transitions": [{"days": 1}]},
        RULE | {"id": "another", "filter": {}},
    ],
)
def test_a_lifecycle_rule_that_reaches_fewer_objects_or_deletes_none_passes(after: Any) -> None:
    assert not deletes_more([RULE], [after])


@pytest.mark.parametrize(
    ("type_", "before", "after"),
    [
        (aws.RDS_INSTANCE, {"multiAz": True}, {"multiAz": False}),
        (aws.ELASTICACHE_REPLICATION_GROUP, {"automaticFailoverEnabled": True}, {}),
        (aws.OPENSEARCH_DOMAIN, {"clusterConfig": {"zoneAwarenessEnabled": True}}, {"clusterConfig": {}}),
    ],
)
def test_a_copy_in_another_zone_that_goes_is_a_detachment(type_: str, before: Any, after: Any) -> None:
    for form in (digest, plan):
        assert rules(form(Made(type_, "update", before, after))) == [("it", GateRule.DETACHMENT)]
        assert rules(form(Made(type_, "update", after, before))) == []


@pytest.mark.parametrize("operation", ["update", "replace"])
def test_a_selection_of_fewer_resources_for_backups_is_a_finding_although_it_is_replaced(operation: str) -> None:
    for before, after in (
        ({"resources": ["arn:a", "arn:b"]}, {"resources": ["arn:b"]}),
        ({"selectionTags": [{"key": "backup", "value": "yes"}]}, {"selectionTags": [{"key": "other", "value": "yes"}]}),
        ({"resources": ["*"]}, {"resources": ["*"], "notResources": ["arn:a"]}),
    ):
        for form in (digest, plan):
            assert rules(form(Made(aws.BACKUP_SELECTION, operation, before, after))) == [("it", GateRule.PROTECTION)]
            assert rules(form(Made(aws.BACKUP_SELECTION, operation, before, before | {"name": "b"}))) == []


def test_a_set_in_another_order_is_no_change_of_a_failover() -> None:
    subnets = {"subnetIds": ["subnet-a", "subnet-b", "subnet-c"]}
    turned = {"subnetIds": ["subnet-c", "subnet-a", "subnet-b"]}
    before, after = ({**each, "scalingConfig": {"desiredSize": size}} for each, size in ((subnets, 1), (turned, 3)))
    assert rules(digest(Made(aws.EKS_NODE_GROUP, "update", before, after, THERE)), active=THERE) == []
    fewer = {**after, "subnetIds": ["subnet-c", "subnet-a"]}
    found = rules(digest(Made(aws.EKS_NODE_GROUP, "update", before, fewer, THERE)), active=THERE)
    assert found == [("it", GateRule.FAILOVER)]


def test_what_terraform_keeps_for_itself_is_no_resource_that_could_be_lost() -> None:
    document = plan(Made("terraform_data", "replace", {"input": "a"}, {"input": "b"}, HERE))
    assert judged(document).findings == []
    assert judged(document).not_judged == []
