import json
import re
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest
from pydantic.alias_generators import to_snake

from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components.names import alarm_name, metric
from haven_components.traffic import traffic_switch
from haven_components.traffic.traffic_switch import TrafficSwitch, TrafficSwitchArgs

PRIMARY, RECOVERY = "eu-west-1", "eu-central-1"
OTHER = {PRIMARY: RECOVERY, RECOVERY: PRIMARY}
CODES = {PRIMARY: "euw1", RECOVERY: "euc1"}
ENDPOINTS: list[dict[str, Any]] = [
    {"region": PRIMARY, "hostname": "a.example.com"},
    {"region": RECOVERY, "hostname": "b.example.com", "path": "/ready", "port": 8443, "search_string": "ready"},
]


def _declare(name: str = "haven-test-switch", **changes: Any) -> Recording:
    def program() -> None:
        providers = {region: aws.Provider(region, region=region) for region in OTHER}
        args = {
            "primary_region": PRIMARY,
            "recovery_region": RECOVERY,
            "recovery_provider": providers[RECOVERY],
            "account_id": "123456789012",
        }
        switch = TrafficSwitch(
            name, cast("TrafficSwitchArgs", args | changes), pulumi.ResourceOptions(providers=[providers[PRIMARY]])
        )
        pulumi.export("checks", {PRIMARY: switch.primary_health_check_id, RECOVERY: switch.recovery_health_check_id})
        pulumi.export("alarms", {PRIMARY: switch.primary_alarm_arn, RECOVERY: switch.recovery_alarm_arn})

    return record(program, stack="test")


def _triggers(region: str) -> dict[str, str]:
    name = f"haven-test-switch-{CODES[region]}-switch"
    return dict(_all(_declare(), "HealthCheck")[name].inputs["triggers"])


def _all(recording: Recording, kind: str) -> dict[str, Resource]:
    return {each.name: each for each in recording.real() if each.type.endswith(f":{kind}")}


@pytest.mark.parametrize("region", OTHER)
def test_a_region_is_turned_off_by_an_alarm_in_the_other_one(region: str) -> None:
    recording, code = _declare(), CODES[region]
    alarm = _all(recording, "MetricAlarm")[f"haven-test-switch-{code}"]
    check = _all(recording, "HealthCheck")[f"haven-test-switch-{code}-switch"]
    assert alarm.region == OTHER[region]
    assert check.inputs["cloudwatchAlarmRegion"] == OTHER[region]
    assert check.inputs["cloudwatchAlarmName"] == alarm.inputs["name"] == f"haven-test-switch-{code}"
    assert alarm.urn in check.options.dependencies
    assert alarm.inputs["dimensions"] == {"Environment": "haven-test-switch", "Region": region}


def test_one_point_of_one_trips_the_alarm_within_a_minute() -> None:
    for alarm in _all(_declare(), "MetricAlarm").values():
        rule = ("statistic", "comparisonOperator", "threshold", "period", "evaluationPeriods", "treatMissingData")
        assert [alarm.inputs[each] for each in rule] == [
            "Maximum",
            "GreaterThanOrEqualToThreshold",
            1,
            60,
            1,
            "missing",
        ]


def test_the_alarm_keeps_to_what_route_53_can_read() -> None:
    for alarm in _all(_declare(), "MetricAlarm").values():
        assert alarm.inputs.keys().isdisjoint({"metricQueries", "extendedStatistic", "datapointsToAlarm"})
        assert alarm.inputs["period"] % 60 == 0


def test_before_anything_is_written_both_regions_are_healthy() -> None:
    for check in _all(_declare(), "HealthCheck").values():
        assert check.inputs["invertHealthcheck"] is False
        assert check.inputs["insufficientDataHealthStatus"] == "LastKnownStatus"


def test_what_an_operator_writes_is_what_the_alarm_reads() -> None:
    for region, code in CODES.items():
        alarm = _all(_declare(), "MetricAlarm")[f"haven-test-switch-{code}"].inputs
        assert metric("haven-test-switch", region) == {
            "namespace": alarm["namespace"],
            "metric_name": alarm["metricName"],
            "dimensions": alarm["dimensions"],
        }


def test_in_manual_mode_the_records_hang_on_the_switch_alone() -> None:
    recording = _declare()
    checks = _all(recording, "HealthCheck")
    assert {each.inputs["type"] for each in checks.values()} == {"CLOUDWATCH_METRIC"}
    expected = {region: f"@@{checks[f'haven-test-switch-{code}-switch'].key}.id@@" for region, code in CODES.items()}
    assert recording.outputs["checks"] == expected


def test_in_automatic_mode_switch_and_endpoint_must_both_be_well() -> None:
    recording = _declare(endpoints=ENDPOINTS)
    checks = _all(recording, "HealthCheck")
    for region, code in CODES.items():
        both = checks[f"haven-test-switch-{code}"]
        children = [checks[f"haven-test-switch-{code}-{each}"] for each in ("switch", "endpoint")]
        assert both.inputs["type"] == "CALCULATED"
        assert both.inputs["childHealthThreshold"] == 2
        assert both.inputs["childHealthchecks"] == [f"@@{each.key}.id@@" for each in children]
        assert recording.outputs["checks"][region] == f"@@{both.key}.id@@"


def test_automatic_mode_leaves_the_switches_as_they_are_and_only_adds() -> None:
    manual = {each.urn: each.inputs for each in _declare().real()}
    automatic = {each.urn: each.inputs for each in _declare(endpoints=ENDPOINTS).real()}
    assert manual.items() <= automatic.items()


def test_a_dead_endpoint_is_seen_after_thirty_seconds() -> None:
    for check in _all(_declare(endpoints=ENDPOINTS), "HealthCheck").values():
        if check.name.endswith("-endpoint"):
            assert check.inputs["requestInterval"] * check.inputs["failureThreshold"] == 30
            assert "regions" not in check.inputs, "every checker Region looks"


def test_endpoints_are_asked_over_https_and_may_have_to_say_a_word() -> None:
    checks = _all(_declare(endpoints=ENDPOINTS), "HealthCheck")
    asked = ("type", "fqdn", "resourcePath", "port", "searchString")
    found = {
        code: [checks[f"haven-test-switch-{code}-endpoint"].inputs.get(each) for each in asked]
        for code in CODES.values()
    }
    assert found == {
        "euw1": ["HTTPS", "a.example.com", "/", 443, None],
        "euc1": ["HTTPS_STR_MATCH", "b.example.com", "/ready", 8443, "ready"],
    }


def test_the_alarms_arns_say_where_they_stand() -> None:
    assert _declare().outputs["alarms"] == {
        PRIMARY: f"arn:aws:cloudwatch:{RECOVERY}:123456789012:alarm:haven-test-switch-euw1",
        RECOVERY: f"arn:aws:cloudwatch:{PRIMARY}:123456789012:alarm:haven-test-switch-euc1",
    }


def test_every_problem_is_reported_at_once() -> None:
    wrong = [{"region": PRIMARY, "hostname": "a", "path": "ready", "port": 0, "search_string": ""}]
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare("My switch", recovery_region=PRIMARY, account_id="12", endpoints=wrong)
    paths = re.findall(r"^  ([\w.\[\]]+): got", str(refused.value), re.MULTILINE)
    assert paths == [
        "name",
        "account_id",
        "recovery_region",
        "endpoints",
        "endpoints[0].path",
        "endpoints[0].port",
        "endpoints[0].search_string",
    ]


@pytest.mark.parametrize(
    "given", [ENDPOINTS[:1], [*ENDPOINTS, ENDPOINTS[0]], [{**ENDPOINTS[0], "region": "eu-west-3"}]]
)
def test_endpoints_of_one_region_only_or_of_a_third_one_are_refused(given: list[dict[str, Any]]) -> None:
    with pytest.raises(pulumi.InputPropertiesError, match=r"endpoints: got"):
        _declare(endpoints=given)


@pytest.mark.parametrize("region", [PRIMARY, RECOVERY])
def test_a_health_check_is_updated_when_the_alarm_s_settings_change(
    region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _triggers(region)
    monkeypatch.setattr(traffic_switch, "PERIOD_SECONDS", 120)
    assert _triggers(region) != before


def test_all_that_route_53_reads_of_an_alarm_is_in_the_triggers() -> None:
    recording = _declare()
    settings = json.loads(_triggers(PRIMARY)["alarm"])
    (alarm,) = (each for each in recording.real() if each.name == alarm_name("haven-test-switch", PRIMARY))
    described = {"name", "alarmDescription", "tags"}
    assert {to_snake(name) for name in alarm.inputs if name not in described} == settings.keys()
