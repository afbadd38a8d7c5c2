"""The Pulumi deployer: a missing CLI, and the engine's events."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pulumi.automation.events import OpType, StepEventMetadata, StepEventStateMetadata

from haven.base import network
from haven.base.missing_dependency import MissingDependency
from haven.emulator import drift
from haven.emulator.deployers import pulumi_deployer, pulumi_drift
from haven.emulator.drift import GONE
from haven.program import aws_types as aws

URN = "urn:pulumi:demo::haven::haven:index:GlobalDatabase$aws:secretsmanager/secret:Secret::haven-demo-db-secret"


def _step(op: OpType, *diffs: str, type_: str = aws.SECRETSMANAGER_SECRET) -> StepEventMetadata:
    return StepEventMetadata(op=op, urn=URN, type=type_, provider="", diffs=list(diffs))


def test_without_a_cli_and_a_network_the_error_says_so_and_nothing_is_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    monkeypatch.setattr(network, "reachable", lambda _: False)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("something was started"))
    with pytest.raises(MissingDependency, match="no Pulumi CLI on PATH"):
        pulumi_deployer.find(tmp_path)


def test_a_changed_property_is_named_as_the_table_of_defects_names_it() -> None:
    (drifted,) = pulumi_drift.from_step(_step(OpType.UPDATE, "replicas[0].region", "replicas[1].region"))
    assert drifted.arguments == ("replicas.region",)
    assert not drift.explain([drifted])[0].is_wrong


QUERIES: list[dict[str, Any]] = [
    {"id": "rate", "expression": "m1 / m2", "returnData": True},
    {"id": "m1", "metric": {"metricName": "Errors", "stat": "Sum"}},
]
READ: list[dict[str, Any]] = [
    {"id": "m1", "expression": "", "returnData": False, "metric": {"metricName": "Errors", "stat": "Sum", "unit": ""}},
    {"id": "rate", "expression": "m1 / m2", "returnData": True, "accountId": ""},
]


def _alarm(declared: Mapping[str, Any], read: Mapping[str, Any], *diffs: str) -> StepEventMetadata:
    """An alarm that a second deployment would update."""
    step = _step(OpType.UPDATE, *diffs, type_=aws.CLOUDWATCH_METRIC_ALARM)
    step.old = StepEventStateMetadata(step.type, URN, "id", "", "", inputs=declared, outputs=read)
    step.new = StepEventStateMetadata(step.type, URN, "id", "", "", inputs=declared)
    return step


def test_items_in_another_order_and_computed_values_beside_a_known_defect_are_no_drift() -> None:
    declared = {"metricQueries": QUERIES, "alarmDescription": "errors", "dimensions": {}}
    read = {"metricQueries": READ, "alarmDescription": None}
    diffs = ("metricQueries[0].expression", "metricQueries[1].metric", "alarmDescription", "dimensions")
    (drifted,) = pulumi_drift.from_step(_alarm(declared, read, *diffs))
    assert drifted.arguments == ("alarm_description",)
    assert not drift.explain([drifted])[0].is_wrong
    assert list(pulumi_drift.from_step(_alarm(declared, read, "metricQueries[0].expression"))) == []


@pytest.mark.parametrize("lost", [{"stat": "Sum"}, {"metricName": "Errors", "stat": "Average"}])
def test_a_declared_value_that_the_answer_lacks_is_drift(lost: dict[str, str]) -> None:
    read = {"metricQueries": [{**READ[0], "metric": lost}, READ[1]]}
    (drifted,) = pulumi_drift.from_step(_alarm({"metricQueries": QUERIES}, read, "metricQueries[1].metric.stat"))
    assert drifted.arguments == ("metric_queries.metric.stat",)
    assert drift.explain([drifted])[0].is_wrong


def test_a_secret_is_drift_for_nobody_can_compare_it() -> None:
    step = _alarm({"alarmDescription": "[secret]"}, {"alarmDescription": "[secret]"}, "alarmDescription")
    assert [each.arguments for each in pulumi_drift.from_step(step)] == [("alarm_description",)]


@pytest.mark.parametrize(("op", "action"), [(OpType.CREATE, "create"), (OpType.DELETE, "delete")])
def test_a_created_or_deleted_resource_drifts_as_a_whole(op: OpType, action: str) -> None:
    (drifted,) = pulumi_drift.from_step(_step(op))
    assert (drifted.action, drifted.arguments) == (action, (GONE,))
    assert drift.explain([drifted])[0].is_wrong


@pytest.mark.parametrize("op", [OpType.SAME, OpType.READ])
def test_an_unchanged_resource_does_not_drift(op: OpType) -> None:
    assert list(pulumi_drift.from_step(_step(op))) == []


def test_the_stack_itself_is_no_resource() -> None:
    assert list(pulumi_drift.from_step(_step(OpType.UPDATE, "outputs", type_="pulumi:pulumi:Stack"))) == []


def test_a_resource_is_known_by_type_and_name() -> None:
    assert pulumi_deployer._identity(URN) == (aws.SECRETSMANAGER_SECRET, "haven-demo-db-secret")


def test_the_cli_sees_credentials_in_a_deployment_to_aws_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "sandbox")
    monkeypatch.setenv("PULUMI_STACK", "prod")
    own = pulumi_deployer._environment(own_credentials=True)
    assert own["AWS_PROFILE"] == "sandbox"
    assert "AWS_EC2_METADATA_DISABLED" not in own
    assert "PULUMI_STACK" not in own
    assert "AWS_PROFILE" not in pulumi_deployer._environment()


def test_what_the_emulator_can_t_change_is_ignored_under_pulumi_s_names() -> None:
    ignored = pulumi_deployer._ignored_changes()
    assert {"scalingConfig", "launchTemplate"} <= {*ignored[aws.EKS_NODE_GROUP]}
    assert {"upgradePolicy", "zonalShiftConfig"} <= {*ignored[aws.EKS_CLUSTER]}


def test_an_address_that_does_not_exist_is_not_reachable() -> None:
    assert not network.reachable("http://127.0.0.1:1/")
