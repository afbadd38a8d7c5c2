import json
import re
from typing import Any

import pulumi
import pytest

from haven_components import GrafanaAuthentication, Observability
from tests.components.observability.watched_environment import (
    ACCOUNT,
    CODES,
    COLLECTOR,
    GRAFANA,
    KEYS,
    NAME,
    PRIMARY,
    RECOVERY,
    SAML,
    declare,
    of,
    side,
    statements_of,
)


def _refused(name: str = NAME, **changes: Any) -> list[str]:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        declare(name, **changes)
    return re.findall(r"^  ([\w.\[\]]+): got", str(refused.value), re.MULTILINE)


@pytest.mark.parametrize(("region", "code"), CODES.items())
def test_a_region_s_alarms_notify_its_own_encrypted_topic_when_they_begin_and_end(region: str, code: str) -> None:
    recording = declare()
    topic = of(recording, "Topic")[f"{code}-alarms"]
    assert (topic.region, topic.inputs["kmsMasterKeyId"]) == (region, KEYS[region])
    alarms = [each for name, each in of(recording, "MetricAlarm").items() if name.startswith(code)]
    assert {each.region for each in alarms} == {region}
    assert len(alarms) == 2
    for each in alarms:
        assert each.inputs["alarmActions"] == each.inputs["okActions"] == [f"@@{topic.key}.arn@@"]


def test_nothing_of_a_region_depends_on_the_other_one() -> None:
    recording = declare(
        primary=side(PRIMARY, clusters=[{"cluster_name": "c"}]), prometheus={}, tracing={}, systems=["serving"]
    )
    other = {f"{NAME}-{code}": [each for each in CODES.values() if each != code] for code in CODES.values()}
    regional = [each for each in recording.real() if "-euw1" in each.name or "-euc1" in each.name]
    assert {each.region for each in regional} == set(CODES)
    for each in regional:
        (code,) = (code for code in CODES.values() if f"-{code}" in each.name)
        text = json.dumps(each.inputs, default=str) + " ".join(each.options.dependencies)
        assert not [found for found in other[f"{NAME}-{code}"] if f"{NAME}-{found}" in text], each.name


def test_only_alarms_of_the_account_publish_and_prometheus_where_there_is_one() -> None:
    cloudwatch = f"arn:aws:cloudwatch:{PRIMARY}:{ACCOUNT}:alarm:*"
    workspaces = f"arn:aws:aps:{PRIMARY}:{ACCOUNT}:workspace/*"
    for recording, sources in ((declare(), [cloudwatch]), (declare(prometheus={}), [cloudwatch, workspaces])):
        statements = statements_of(of(recording, "TopicPolicy")["euw1-alarms-policy"])
        allowing = [each["Condition"] for each in statements.values() if each["Effect"] == "Allow"]
        assert [each["ArnLike"]["aws:SourceArn"] for each in allowing] == sources
        assert {each["StringEquals"]["aws:SourceAccount"] for each in allowing} == {ACCOUNT}


def test_every_address_is_notified_by_both_regions() -> None:
    subscriptions = of(declare(emails=["a@example.com", "b@example.com"]), "TopicSubscription")
    assert {name: each.inputs["endpoint"] for name, each in subscriptions.items()} == {
        "euw1-email-1": "a@example.com",
        "euw1-email-2": "b@example.com",
        "euc1-email-1": "a@example.com",
        "euc1-email-2": "b@example.com",
    }


def test_a_percentile_s_alarm_ignores_minutes_with_a_handful_of_answers() -> None:
    edge = {"label": "edge", "load_balancer": "app/edge/1", "target_group": "targetgroup/edge/1"}
    slow = of(declare(primary=side(PRIMARY, balancers=[edge])), "MetricAlarm")["euw1-balancer-edge-slow"].inputs
    assert (slow["extendedStatistic"], slow["evaluateLowSampleCountPercentiles"]) == ("p99", "ignore")
    assert "statistic" not in slow
    assert slow["dimensions"] == {"LoadBalancer": "app/edge/1"}


def test_a_heartbeat_s_alarm_reads_the_minimum_as_a_statistic_and_not_as_a_percentile() -> None:
    watched = declare(primary=side(PRIMARY, heartbeat={"function_name": "heartbeat"}))
    late = of(watched, "MetricAlarm")["euw1-heartbeat"].inputs
    assert (late["statistic"], "extendedStatistic" in late) == ("Minimum", False)


def test_an_alarm_on_several_metrics_judges_only_what_is_made_of_them() -> None:
    cache = {"group_id": "cache", "shards": 1, "replicas_per_shard": 1}
    cpu = of(declare(primary=side(PRIMARY, cache=cache)), "MetricAlarm")["euw1-cache-0001-cpu"].inputs
    judged, *read = cpu["metricQueries"]
    assert (judged["expression"], judged["returnData"]) == ("MAX([m1, m2])", True)
    assert [(each["id"], each["returnData"], each["metric"]["stat"]) for each in read] == [
        ("m1", False, "Average"),
        ("m2", False, "Average"),
    ]
    assert not {"metricName", "dimensions", "period", "statistic"} & cpu.keys()


def test_too_few_backups_raise_an_alarm_and_too_much_of_everything_else() -> None:
    vaults = [{"vault_name": "v", "most_age_hours": 3}]
    alarms = of(declare(primary=side(PRIMARY, vaults=vaults)), "MetricAlarm")
    age, failed = alarms["euw1-vault-v-backup-age"].inputs, alarms["euw1-vault-v-backup-failed"].inputs
    assert (age["comparisonOperator"], age["treatMissingData"]) == ("LessThanThreshold", "breaching")
    assert (age["period"], age["evaluationPeriods"], age["datapointsToAlarm"]) == (3600, 3, 3)
    assert (failed["comparisonOperator"], failed["treatMissingData"]) == (
        "GreaterThanOrEqualToThreshold",
        "notBreaching",
    )


def test_a_region_is_in_trouble_while_any_of_its_alarms_is_on_those_of_others_too() -> None:
    recording = declare(primary=side(PRIMARY, clusters=[{"cluster_name": "c"}], other_alarms=["requests-age"]))
    trouble = of(recording, "CompositeAlarm")["euw1-trouble"]
    own = [f"{NAME}-{name}" for name in of(recording, "MetricAlarm") if name.startswith("euw1")]
    assert sorted(re.findall(r'ALARM\("([^"]+)"\)', trouble.inputs["alarmRule"])) == sorted([*own, "requests-age"])
    assert re.fullmatch(r'ALARM\("[^"]+"\)( OR ALARM\("[^"]+"\))*', trouble.inputs["alarmRule"])
    assert trouble.inputs["alarmName"] == f"{NAME}-euw1-trouble"
    assert "alarmActions" not in trouble.inputs


def test_copies_that_are_behind_have_a_sum_of_their_own() -> None:
    recording = declare(primary=side(PRIMARY, clusters=[{"cluster_name": "c"}]))
    rule = of(recording, "CompositeAlarm")["euw1-replication"].inputs["alarmRule"]
    assert rule == f'ALARM("{NAME}-euw1-database-lag") OR ALARM("{NAME}-euw1-database-rpo-lag")'


def test_a_sum_waits_for_the_alarms_that_it_names() -> None:
    recording = declare()
    alarms = {each.urn for name, each in of(recording, "MetricAlarm").items() if name.startswith("euw1")}
    for suffix in ("trouble", "replication"):
        assert alarms <= set(of(recording, "CompositeAlarm")[f"euw1-{suffix}"].options.dependencies)


def test_outputs_name_what_experiments_and_runbooks_ask() -> None:
    outputs = declare().outputs
    for which, region in (("primary", PRIMARY), ("recovery", RECOVERY)):
        prefix = f"arn:aws:cloudwatch:{region}:{ACCOUNT}:alarm:{NAME}-{CODES[region]}"
        assert outputs[f"{which}_alarm_arn"] == f"{prefix}-trouble"
        assert outputs[f"{which}_replication_alarm_arn"] == f"{prefix}-replication"


def test_where_nothing_is_watched_there_is_no_sum() -> None:
    recording = declare(primary={"region": PRIMARY, "kms_key_arn": KEYS[PRIMARY]})
    assert set(of(recording, "CompositeAlarm")) == {"euc1-trouble", "euc1-replication"}
    assert recording.outputs["primary_alarm_arn"] == recording.outputs["primary_replication_alarm_arn"] == ""


def test_without_a_second_region_there_is_one_of_everything() -> None:
    recording = declare(both=False, prometheus={}, grafana=GRAFANA, tracing={}, systems=["serving"])
    assert {each.region for each in recording.real()} == {PRIMARY}
    empty = {name for name, each in recording.outputs.items() if each == ""}
    assert empty == {name for name in Observability.__annotations__ if name.startswith("recovery")} | {
        "primary_collector_role_arn"
    }


def test_each_region_has_a_dashboard_of_its_own_and_the_environment_one_of_both() -> None:
    dashboards = of(declare(), "Dashboard")
    shown = {
        each.inputs["dashboardName"]: {
            widget["properties"]["region"]
            for widget in json.loads(each.inputs["dashboardBody"])["widgets"]
            if widget["type"] == "metric"
        }
        for each in dashboards.values()
    }
    assert shown == {NAME: set(CODES), f"{NAME}-euw1": {PRIMARY}, f"{NAME}-euc1": {RECOVERY}}


def test_graphs_stand_side_by_side_and_show_from_where_on_it_is_wrong() -> None:
    cache = {"group_id": "cache", "shards": 2, "replicas_per_shard": 1}
    recording = declare(primary=side(PRIMARY, cache=cache), thresholds={"cache_cpu_percent": 70})
    widgets = json.loads(of(recording, "Dashboard")["dashboard"].inputs["dashboardBody"])["widgets"]
    cells = [
        (each["x"] + x, each["y"] + y) for each in widgets for x in range(each["width"]) for y in range(each["height"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) == 23
    graphs = [each["properties"] for each in widgets if each["properties"].get("title", "").startswith("cache shard 2")]
    assert graphs[0]["annotations"]["horizontal"][0]["value"] == 70
    assert [line[-1]["visible"] for line in graphs[0]["metrics"][1:]] == [False, False]
    assert graphs[0]["metrics"][0][0]["expression"] == "MAX([m1, m2])"


def test_a_dashboard_begins_with_the_state_of_the_region() -> None:
    recording = declare()
    for region, code in CODES.items():
        title, state, *_ = json.loads(of(recording, "Dashboard")[f"{code}-dashboard"].inputs["dashboardBody"])[
            "widgets"
        ]
        assert title["properties"]["markdown"] == f"## {region}"
        assert state["properties"]["alarms"] == [
            f"arn:aws:cloudwatch:{region}:{ACCOUNT}:alarm:{NAME}-{code}-{suffix}"
            for suffix in ("trouble", "replication")
        ]


def test_the_environment_s_dashboard_shows_health_checks_from_where_route_53_publishes_them() -> None:
    recording = declare(health_checks=[{"label": "west", "id": "11111111-2222-3333-4444-555555555555"}])
    first = json.loads(of(recording, "Dashboard")["dashboard"].inputs["dashboardBody"])["widgets"][0]
    assert first["properties"]["region"] == "us-east-1"
    (line,) = first["properties"]["metrics"]
    assert line[:4] == ["AWS/Route53", "HealthCheckStatus", "HealthCheckId", "11111111-2222-3333-4444-555555555555"]


def test_a_system_s_logs_are_encrypted_and_kept_for_some_days_in_each_region() -> None:
    recording = declare(systems=["model-serving"], log_retention_days=30.0)
    for region, code in CODES.items():
        group = of(recording, "LogGroup")[f"{code}-logs-model-serving"]
        assert group.region == region
        assert group.inputs["name"] == "/haven/test/model-serving"
        assert (group.inputs["kmsKeyId"], group.inputs["retentionInDays"]) == (KEYS[region], 30)


@pytest.mark.parametrize("ephemeral", [False, True])
def test_logs_and_metrics_are_kept_unless_the_environment_is_a_throw_away_one(ephemeral: bool) -> None:
    recording = declare(systems=["serving"], prometheus={}, grafana=GRAFANA, ephemeral=ephemeral)
    kept = [*of(recording, "LogGroup").values(), *of(recording, "Workspace").values()]
    assert len(kept) == 8
    assert {(each.options.protect, each.options.retain_on_delete) for each in kept} == {(not ephemeral, not ephemeral)}


def test_every_problem_is_reported_at_once() -> None:
    cache = {"group_id": "c", "shards": 0, "replicas_per_shard": 6}
    assert _refused(
        "n" * 33,
        account_id="1",
        environment="Test",
        primary=side(
            PRIMARY,
            cache=cache,
            vaults=[{"vault_name": "v", "most_age_hours": 169}],
            tables=[{"table_name": "t", "receiving_region": RECOVERY}] * 2,
            other_alarms=['say "no"'],
        ),
        recovery=side(PRIMARY),
        thresholds={"gpu_percent": 101},
        emails=["nobody"],
        systems=["Serving"],
        log_retention_days=2,
        tracing={"sampled_percent": 101},
        grafana={"authentication": GrafanaAuthentication.SAML, "admin_group_ids": ["g"]},
    ) == [
        "name",
        "account_id",
        "environment",
        "recovery.region",
        "thresholds.gpu_percent",
        "primary.cache.shards",
        "primary.cache.replicas_per_shard",
        "primary.vaults[0].most_age_hours",
        "primary.tables",
        "primary",
        "emails",
        "systems[0]",
        "log_retention_days",
        "tracing.sampled_percent",
        "grafana.saml",
        "grafana.admin_group_ids",
    ]


@pytest.mark.parametrize(
    ("problem", "changes"),
    [
        ("recovery_provider", {"recovery_provider": None, "both": False, "recovery": side(RECOVERY)}),
        ("primary", {"primary": side(PRIMARY, other_alarms=[f"alarm-{number}" for number in range(99)])}),
        ("primary", {"primary": side(PRIMARY, tables=[{"table_name": "t" * 255, "receiving_region": RECOVERY}])}),
        ("primary_collector", {"primary_collector": COLLECTOR}),
        ("recovery_collector", {"recovery_collector": COLLECTOR, "both": False, "tracing": {}}),
        ("grafana.saml", {"grafana": GRAFANA | {"saml": SAML}}),
        (
            "grafana.saml",
            {"grafana": {"authentication": GrafanaAuthentication.SAML, "saml": SAML | {"admin_roles": []}}},
        ),
    ],
)
def test_what_can_t_work_is_refused(problem: str, changes: dict[str, Any]) -> None:
    changes = {name: each for name, each in changes.items() if each is not None}
    assert _refused(**changes) == [problem]
