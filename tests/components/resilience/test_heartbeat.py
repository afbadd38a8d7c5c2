import json
import re
from typing import Any, cast

import botocore.session
import pulumi
import pulumi_aws as aws
import pytest

from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components import HeartbeatArgs, limits, rds_certificates
from haven_components.resilience.heartbeat import INTERVAL_SECONDS, RUNTIME, Heartbeat
from haven_components.resilience.heartbeat_function import handler

REGION, OTHER, ACCOUNT, NAME = "eu-west-1", "eu-central-1", "123456789012", "haven-test-euw1-heartbeat"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/mrk-1"
NETWORK = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"], "cidr": "10.40.0.0/16"}
DATABASE = {
    "writer_host": "db.cluster.test",
    "reader_host": "db.cluster-ro.test",
    "port": 5432,
    "name": "app",
    "secret_name": "haven-test-db-secret",
    "resource_id": "cluster-ABC",
}
CACHE = {"host": "cache.test", "port": 6379, "secret_name": "haven-test-cache-secret"}
TABLES = {"table:t": {"name": "haven-test-t", "keys": {"id": "S", "at": "N"}}}


def _declare(*, without: tuple[str, ...] = (), **changes: Any) -> Recording:
    def program() -> None:
        args = {
            "region": REGION,
            "other_region": OTHER,
            "account_id": ACCOUNT,
            "kms_key_arn": KEY,
            "operations_table": "haven-test.operations",
            "network": NETWORK,
            "database": DATABASE,
            "cache": CACHE,
            "buckets": {"bucket:models": "haven-test-models"},
            "tables": TABLES,
        }
        given = {key: value for key, value in (args | changes).items() if key not in without}
        options = pulumi.ResourceOptions(providers=[aws.Provider(REGION, region=REGION)])
        Heartbeat(NAME, cast("HeartbeatArgs", given), options)

    return record(program, stack="test")


def _of(recording: Recording, kind: str) -> Resource:
    (found,) = (each for each in recording.real() if each.type.endswith(f":{kind}"))
    return found


def _rights(recording: Recording) -> dict[str, dict[str, Any]]:
    (policy,) = (each for each in recording.real() if each.type.endswith(":RolePolicy") and each.name == NAME)
    return {each["Sid"]: each for each in json.loads(policy.inputs["policy"])["Statement"]}


def _refused(**changes: Any) -> list[str]:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(**changes)
    return re.findall(r"^  ([\w.:\[\] ]+): got", str(refused.value), re.MULTILINE)


def test_one_invocation_a_minute_leaves_room_for_a_comparison_and_is_never_made_up_for() -> None:
    recording = _declare()
    function, schedule = _of(recording, "Function").inputs, _of(recording, "Schedule").inputs
    assert function["timeout"] >= limits.SCHEDULE_PRECISION_SECONDS * 2
    assert schedule["scheduleExpression"] == "rate(1 minute)"
    assert schedule["target"]["retryPolicy"]["maximumRetryAttempts"] == 0
    assert _of(recording, "FunctionEventInvokeConfig").inputs["maximumRetryAttempts"] == 0


def test_no_gap_is_left_when_an_invocation_starts_as_early_and_the_next_as_late_as_a_schedule_may() -> None:
    latest = 2 * limits.SCHEDULE_PRECISION_SECONDS - 1
    due = [index * INTERVAL_SECONDS for index in range(handler.ROUNDS)]
    assert latest - due[-1] <= INTERVAL_SECONDS


@pytest.mark.parametrize("starts", [(59, 60, 120, 180), (0, 119, 120, 239), (59, 60, 120, 239)])
def test_every_invocation_that_a_schedule_s_precision_lets_overlap_is_reserved_for_beside_a_comparison(
    starts: tuple[int, ...],
) -> None:
    reserved = _of(_declare(), "Function").inputs["reservedConcurrentExecutions"]
    lasts = (handler.ROUNDS - 1) * INTERVAL_SECONDS + handler._WAIT_SECONDS
    at_once = max(sum(each <= now < each + lasts for each in starts) for now in starts)
    assert at_once + 1 <= reserved


def test_the_last_round_has_time_to_wait_and_to_record() -> None:
    config = handler._CONFIG
    record = (config.connect_timeout + config.read_timeout) * config.retries["total_max_attempts"]
    ends = (handler.ROUNDS - 1) * INTERVAL_SECONDS + handler._WAIT_SECONDS + record
    assert ends < _of(_declare(), "Function").inputs["timeout"]


def test_the_schedule_s_role_may_decrypt_with_the_schedule_s_key() -> None:
    recording = _declare()
    schedule = _of(recording, "Schedule").inputs
    (policy,) = (each for each in recording.real() if each.type.endswith(":RolePolicy") and each.name != NAME)
    rights = {each["Action"]: each["Resource"] for each in json.loads(policy.inputs["policy"])["Statement"]}
    assert rights["kms:Decrypt"] == schedule["kmsKeyArn"]


def test_lambda_has_the_runtime_and_finds_the_handler_in_the_archive() -> None:
    runtimes = botocore.session.get_session().get_service_model("lambda").shape_for("Runtime").enum
    function = _of(_declare(), "Function").inputs
    assert function["runtime"] == RUNTIME
    assert RUNTIME in runtimes
    module, _, name = function["handler"].rpartition(".")
    text = function["code"]["assets"][f"{module.replace('.', '/')}.py"]
    assert f"def {name}(" in text


def test_the_archive_needs_nothing_but_itself_the_standard_library_and_boto3() -> None:
    files = _of(_declare(), "Function").inputs["code"]["assets"]
    imported = {
        found for text in files.values() for found in re.findall(r"^(?:from|import) ([a-z0-9_]+)", text, re.MULTILINE)
    }
    assert "haven_components" not in imported
    assert imported & {"boto3", "botocore"}
    assert not imported & {"haven", "pulumi", "pulumi_aws", "pydantic"}


def test_the_archive_has_what_the_database_is_verified_with_where_there_is_a_database() -> None:
    def given(recording: Recording) -> str | None:
        files = _of(recording, "Function").inputs["code"]["assets"]
        text: str | None = files.get("heartbeat_function/database_certificates.pem")
        return text

    assert given(_declare()) == rds_certificates.certificates(REGION)
    assert given(_declare(database=DATABASE | {"certificates": "own"})) == "own"
    assert given(_declare(without=("database",))) is None
    assert _refused(region="il-central-1") == ["database.certificates"]


def test_the_function_may_touch_its_own_records_items_and_objects_alone() -> None:
    rights = _rights(_declare())
    assert rights["Records"]["Condition"] == {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["heartbeat"]}}
    assert rights["OwnItems"]["Condition"]["ForAllValues:StringEquals"] == {
        "dynamodb:LeadingKeys": [f"haven-heartbeat/{REGION}"]
    }
    assert rights["OtherItems"]["Action"] == ["dynamodb:GetItem"]
    assert rights["OwnObjects"]["Resource"] == [f"arn:aws:s3:::haven-test-models/haven/heartbeat/{REGION}.json"]
    assert rights["OtherObjects"]["Resource"] == [f"arn:aws:s3:::haven-test-models/haven/heartbeat/{OTHER}.json"]
    assert rights["FindOtherObjects"]["Resource"] == ["arn:aws:s3:::haven-test-models"]
    listed = {"StringEquals": {"s3:prefix": f"haven/heartbeat/{OTHER}.json"}}
    assert (rights["FindOtherObjects"]["Action"], rights["FindOtherObjects"]["Condition"]) == (
        ["s3:ListBucket"],
        listed,
    )
    assert rights["DatabaseUser"]["Resource"] == f"arn:aws:rds-db:{REGION}:{ACCOUNT}:dbuser:cluster-ABC/haven_heartbeat"
    assert [sid for sid, each in rights.items() if each["Resource"] == "*"] == ["FindInterfaces"]


def test_what_is_not_there_needs_no_right_and_no_network() -> None:
    recording = _declare(without=("network", "database", "cache", "tables"))
    assert set(_rights(recording)) == {"Log", "Records", "OwnObjects", "OtherObjects", "FindOtherObjects", "Key"}
    assert "vpcConfig" not in _of(recording, "Function").inputs
    assert not [each for each in recording.real() if each.type.endswith(":SecurityGroup")]


def test_the_function_gets_out_to_its_stores_and_lets_nothing_in() -> None:
    rules = [each for each in _declare().real() if "SecurityGroup" in each.type and "Rule" in each.type]
    assert {each.type.rpartition(":")[2] for each in rules} == {"SecurityGroupEgressRule"}
    assert {(each.inputs["cidrIpv4"], each.inputs["fromPort"]) for each in rules} == {
        ("10.40.0.0/16", 5432),
        ("10.40.0.0/16", 6379),
        ("0.0.0.0/0", 443),
    }


def test_every_problem_is_in_one_error() -> None:
    tables = {"table:t": {"name": "t", "keys": {"id": "X"}}}
    many = {f"bucket:{index}": "b" * 60 for index in range(60)}
    found = _refused(account_id="1", other_region=REGION, without=("network",), tables=tables, buckets=many)
    assert found == ["account_id", "other_region", "network", "tables.table:t.keys", "buckets and tables"]


def test_what_the_error_counts_is_no_less_than_what_the_variable_holds() -> None:
    tables = {f"table:haven-test-{index}": {"name": f"haven-test-{index}", "keys": {"id": "S"}} for index in range(20)}
    buckets = {f"bucket:{index}": f"haven-test-models-{index}-123456789012-euw1" for index in range(20)}
    recording = _declare(tables=tables, buckets=buckets)
    text = _of(recording, "Function").inputs["environment"]["variables"]["HAVEN_HEARTBEAT"]
    names = [*buckets, *buckets.values(), *tables, *(str(each["name"]) for each in tables.values())]
    counted = sum(map(len, names)) + 2 * 20 + 6 * 20 + 24 * 20 + 4 * 110 + 400
    assert len(text) <= counted <= 4096
