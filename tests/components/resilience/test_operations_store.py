import json
import re
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven.runbooks.workflow.table import Table
from haven_components.resilience.operations_store import OperationsStore, OperationsStoreArgs

REGION, ACCOUNT, NAME = "eu-west-1", "123456789012", "haven-test-operations-euw1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/mrk-1"
AUDIT = {"bucket_name": f"haven-test-{ACCOUNT}-audit"}


def _declare(*, without: tuple[str, ...] = (), **changes: Any) -> Recording:
    def program() -> None:
        args = {
            "region": REGION,
            "account_id": ACCOUNT,
            "table_name": "haven-test.operations",
            "kms_key_arn": KEY,
            "audit": AUDIT,
        }
        given = {key: value for key, value in (args | changes).items() if key not in without}
        options = pulumi.ResourceOptions(providers=[aws.Provider(REGION, region=REGION)])
        store = OperationsStore(NAME, cast("OperationsStoreArgs", given), options)
        pulumi.export("key", store.kms_key_arn)
        pulumi.export("audit", [store.audit_bucket, store.audit_arn])

    return record(program, stack="test")


def _by_kind(recording: Recording) -> dict[str, Resource]:
    return {each.type.rpartition(":")[2]: each for each in recording.real()}


def _refused(**changes: Any) -> list[str]:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(**changes)
    return re.findall(r"^  ([\w.\[\]]+): got", str(refused.value), re.MULTILINE)


def test_the_table_has_the_key_that_the_runbooks_read() -> None:
    table = _by_kind(_declare())["Table"]
    assert (table.inputs["hashKey"], table.inputs["rangeKey"]) == ("id", "entry")
    reading = Table(REGION, table.inputs["name"]).get("lease", "0")
    call = reading.send(None)
    reading.close()
    wanted = {name: next(iter(value)) for name, value in call.arguments["Key"].items()}
    assert {each["name"]: each["type"] for each in table.inputs["attributes"]} == wanted


def test_the_table_is_of_one_region_restorable_encrypted_and_paid_for_by_request() -> None:
    table = _by_kind(_declare())["Table"].inputs
    assert "replicas" not in table
    assert "streamEnabled" not in table
    assert table["pointInTimeRecovery"] == {"enabled": True}
    assert table["serverSideEncryption"] == {"enabled": True, "kmsKeyArn": KEY}
    assert table["billingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize("ephemeral", [False, True])
def test_only_a_throw_away_store_can_be_deleted(ephemeral: bool) -> None:
    found = _by_kind(_declare(ephemeral=ephemeral, without=("kms_key_arn",)))
    assert found["Table"].inputs["deletionProtectionEnabled"] is not ephemeral
    assert found["Bucket"].inputs.get("forceDestroy", False) is ephemeral
    assert found["Key"].inputs["deletionWindowInDays"] == (7 if ephemeral else 30)
    for kind in ("Table", "Bucket", "Key"):
        assert found[kind].options.protect is not ephemeral


def test_a_record_of_the_audit_is_locked_when_it_is_written() -> None:
    found = _by_kind(_declare())
    assert found["Bucket"].inputs["objectLockEnabled"] is True
    assert found["Bucket"].inputs["bucket"] == f"haven-test-{ACCOUNT}-audit-euw1"
    assert found["BucketVersioning"].inputs["versioningConfiguration"]["status"] == "Enabled"
    retention = found["BucketObjectLockConfiguration"].inputs["rule"]["defaultRetention"]
    assert retention == {"mode": "GOVERNANCE", "days": 365}


def test_no_rule_of_the_bucket_expires_a_record() -> None:
    (rule,) = _by_kind(_declare())["BucketLifecycleConfiguration"].inputs["rules"]
    assert not {name for name in rule if "xpiration" in name}


def test_the_bucket_takes_no_request_without_tls_and_nothing_public() -> None:
    found = _by_kind(_declare())
    statements = json.loads(found["BucketPolicy"].inputs["policy"])["Statement"]
    assert {each["Effect"] for each in statements} == {"Deny"}
    assert {"Bool": {"aws:SecureTransport": "false"}} in [each["Condition"] for each in statements]
    block = found["BucketPublicAccessBlock"].inputs
    assert [block[each] for each in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls")] == [True] * 3


def test_a_region_with_a_vote_alone_has_a_table_and_a_key_of_its_own() -> None:
    recording = _declare(without=("audit", "kms_key_arn"))
    found = _by_kind(recording)
    assert set(found) == {"Key", "Table"}
    assert recording.outputs["key"] == f"@@{found['Key'].key}.arn@@"
    assert recording.outputs["audit"] == ["", ""]
    assert not found["Key"].inputs.get("multiRegion", False)


def test_every_problem_is_in_one_error() -> None:
    audit = {"bucket_name": "Audit", "retention_days": 0}
    assert _refused(account_id="1", table_name="a/b", audit=audit) == [
        "account_id",
        "table_name",
        "audit.bucket_name",
        "audit.retention_days",
    ]
