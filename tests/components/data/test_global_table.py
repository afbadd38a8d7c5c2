import re
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from haven.program import aws_types
from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components.choices import TableConsistency, TableKeyType
from haven_components.data._table_args import GlobalTableArgs
from haven_components.data.global_table import GlobalTable

HOME, OTHER, THIRD = "eu-west-1", "eu-central-1", "eu-west-3"
NAME = "haven-test-features"


def _key(region: str) -> str:
    return f"arn:aws:kms:{region}:123456789012:key/mrk-1"


def _side(region: str) -> dict[str, str]:
    return {"region": region, "kms_key_arn": _key(region)}


STRONG: dict[str, Any] = {"consistency": TableConsistency.STRONG, "witness_region": THIRD}


def _declare(name: str = NAME, *, without: tuple[str, ...] = (), **changes: Any) -> Recording:
    def program() -> None:
        provider = aws.Provider(HOME, region=HOME)
        there = aws.Provider(OTHER, region=OTHER)
        args = {
            "account_id": "123456789012",
            "home": _side(HOME),
            "replica": _side(OTHER),
            "recovery_provider": there,
            "hash_key": {"name": "entity"},
        } | changes
        kept = {each: value for each, value in args.items() if each not in without}
        table = GlobalTable(name, cast("GlobalTableArgs", kept), pulumi.ResourceOptions(providers=[provider]))
        pulumi.export("name", table.table_name)
        pulumi.export("arns", [table.home_arn, table.replica_arn])
        pulumi.export("stream", table.stream_arn)

    return record(program, stack="test")


def _table(recording: Recording) -> Resource:
    (table,) = (each for each in recording.real() if each.type.endswith(":Table"))
    return table


def _replica(recording: Recording) -> Resource:
    (replica,) = (each for each in recording.real() if each.type.endswith(":TableReplica"))
    return replica


def _inputs(**changes: Any) -> Any:
    return _table(_declare(**changes)).inputs


def _problems(**changes: Any) -> list[str]:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(**changes)
    return re.findall(r"^  ([\w.\[\]]+): got", str(refused.value), re.MULTILINE)


def test_the_table_is_in_its_home_region_under_the_component_s_name() -> None:
    table = _table(_declare())
    assert (table.region, table.inputs["name"], table.inputs["billingMode"]) == (HOME, NAME, "PAY_PER_REQUEST")


def test_the_table_is_encrypted_and_restorable() -> None:
    inputs = _inputs()
    assert inputs["serverSideEncryption"] == {"enabled": True, "kmsKeyArn": _key(HOME)}
    assert inputs["pointInTimeRecovery"] == {"enabled": True}


def test_the_replica_stands_beside_the_table_encrypted_with_its_own_region_s_key_restorable_and_protected() -> None:
    recording = _declare()
    replica = _replica(recording)
    assert replica.region == OTHER
    assert replica.inputs == {
        "globalTableArn": f"@@{_table(recording).key}.arn@@",
        "kmsKeyArn": _key(OTHER),
        "pointInTimeRecovery": True,
        "deletionProtectionEnabled": True,
        "tags": {"Name": NAME},
    }


def test_a_replica_added_later_changes_nothing_of_the_table() -> None:
    alone, both = _declare(without=("replica", "recovery_provider")), _declare()
    assert [each.type for each in alone.real()] == [aws_types.DYNAMODB_TABLE]
    assert (_table(alone).inputs, _table(alone).options) == (_table(both).inputs, _table(both).options)


def test_the_table_leaves_alone_a_replica_that_stands_beside_it_and_no_other() -> None:
    assert _table(_declare()).options.ignore_changes == ("replicas",)
    assert _table(_declare(**STRONG)).options.ignore_changes == ()
    assert "replicas" not in _inputs()


def test_an_arn_that_is_read_back_without_an_account_re_creates_no_replica() -> None:
    assert _replica(_declare()).options.ignore_changes == ("globalTableArn",)


@pytest.mark.parametrize("without", [(), ("replica",)])
def test_the_stream_carries_old_and_new_images_with_and_without_a_replica(without: tuple[str, ...]) -> None:
    inputs = _inputs(without=without)
    assert (inputs["streamEnabled"], inputs["streamViewType"]) == (True, "NEW_AND_OLD_IMAGES")


def test_outputs_lead_to_the_table_its_replica_and_its_stream() -> None:
    recording = _declare()
    key = _table(recording).key
    replica = f"arn:aws:dynamodb:{OTHER}:123456789012:table/{NAME}"
    assert recording.outputs["arns"] == [f"@@{key}.arn@@", replica]
    assert recording.outputs["stream"] == f"@@{key}.streamArn@@"
    assert _declare(without=("replica",)).outputs["arns"][1] == ""


def test_only_keys_are_declared_as_attributes_each_of_them_once() -> None:
    time = {"name": "time", "type": TableKeyType.NUMBER}
    index = {"name": "by-model", "hash_key": {"name": "model"}, "range_key": time}
    inputs = _inputs(range_key=time, indexes=[index], ttl_attribute="expires")
    assert (inputs["hashKey"], inputs["rangeKey"]) == ("entity", "time")
    assert inputs["attributes"] == [
        {"name": "entity", "type": "S"},
        {"name": "time", "type": "N"},
        {"name": "model", "type": "S"},
    ]


@pytest.mark.parametrize(
    ("included", "projection"),
    [
        ({}, {"projectionType": "ALL"}),
        ({"included": []}, {"projectionType": "KEYS_ONLY"}),
        ({"included": ["value"]}, {"projectionType": "INCLUDE", "nonKeyAttributes": ["value"]}),
    ],
)
def test_an_index_holds_everything_the_keys_or_what_is_named(included: Any, projection: Any) -> None:
    (index,) = _inputs(indexes=[{"name": "by-model", "hash_key": {"name": "model"}, **included}])[
        "globalSecondaryIndexes"
    ]
    assert index == {"name": "by-model", "hashKey": "model", **projection}


def test_items_expire_only_where_it_is_asked_for() -> None:
    assert _inputs(ttl_attribute="expires")["ttl"] == {"attributeName": "expires", "enabled": True}
    assert "ttl" not in _inputs()


def test_strong_consistency_with_a_witness_has_one_replica() -> None:
    recording = _declare(**STRONG)
    assert len(list(recording.real())) == 1
    inputs = _table(recording).inputs
    assert inputs["replicas"] == [
        {
            "regionName": OTHER,
            "kmsKeyArn": _key(OTHER),
            "pointInTimeRecovery": True,
            "deletionProtectionEnabled": True,
            "consistencyMode": "STRONG",
            "propagateTags": True,
        }
    ]
    assert inputs["globalTableWitness"] == {"regionName": THIRD}


def test_strong_consistency_with_a_third_replica_encrypts_it_with_that_region_s_key() -> None:
    inputs = _inputs(consistency="STRONG", third_replica=_side(THIRD))
    assert [(each["regionName"], each["kmsKeyArn"]) for each in inputs["replicas"]] == [
        (OTHER, _key(OTHER)),
        (THIRD, _key(THIRD)),
    ]
    assert {each["consistencyMode"] for each in inputs["replicas"]} == {"STRONG"}
    assert "globalTableWitness" not in inputs


@pytest.mark.parametrize(
    ("changes", "paths"),
    [
        ({"consistency": "STRONG"}, ["consistency"]),
        ({**STRONG, "third_replica": _side("eu-west-2")}, ["consistency"]),
        ({**STRONG, "without": ("replica",)}, ["replica"]),
        ({**STRONG, "ttl_attribute": "expires"}, ["ttl_attribute"]),
        ({**STRONG, "witness_region": OTHER}, ["consistency"]),
        ({**STRONG, "witness_region": "us-east-1"}, ["consistency"]),
        ({"witness_region": THIRD}, ["witness_region"]),
        ({"third_replica": _side(THIRD)}, ["third_replica"]),
    ],
)
def test_strong_consistency_is_refused_where_dynamodb_can_t_give_it(changes: Any, paths: list[str]) -> None:
    assert _problems(**changes) == paths


@pytest.mark.parametrize("ephemeral", [False, True])
def test_table_and_replicas_are_kept_unless_they_are_throw_away_ones(ephemeral: bool) -> None:
    recording = _declare(ephemeral=ephemeral)
    for each in (_table(recording), _replica(recording)):
        assert (each.options.protect, each.options.retain_on_delete) == (not ephemeral, not ephemeral)
        assert each.inputs["deletionProtectionEnabled"] is not ephemeral
    (strong,) = _inputs(**STRONG, ephemeral=ephemeral)["replicas"]
    assert strong["deletionProtectionEnabled"] is not ephemeral


def test_a_replica_under_eventual_consistency_needs_its_region_s_provider() -> None:
    assert _problems(without=("recovery_provider",)) == ["recovery_provider"]
    assert _inputs(**STRONG, without=("recovery_provider",))["replicas"]


def test_every_problem_is_reported_at_once() -> None:
    indexes = [
        {"name": "x", "hash_key": {"name": "entity", "type": "N"}, "range_key": {"name": "entity"}},
        {"name": "x", "hash_key": {"name": ""}, "included": [str(each) for each in range(101)]},
    ]
    assert _problems(name="T", account_id="1", replica=_side(HOME), indexes=indexes) == [
        "name",
        "name",
        "account_id",
        "replica.region",
        "indexes[0].hash_key.type",
        "indexes[1].hash_key.name",
        "indexes[0].range_key.name",
        "indexes",
        "indexes",
        "indexes[0].name",
        "indexes[1].name",
        "indexes[1].included",
    ]
