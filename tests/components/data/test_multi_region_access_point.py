import json
import re
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components.data.multi_region_access_point import MultiRegionAccessPoint, MultiRegionAccessPointArgs

PRIMARY, RECOVERY, ACCOUNT, NAME = "eu-west-1", "eu-central-1", "123456789012", "haven-test-shared"
ROLE = "arn:aws:iam::210987654321:role/client"


def _declare(name: str = NAME, **changes: Any) -> Recording:
    def program() -> None:
        provider = aws.Provider(PRIMARY, region=PRIMARY)
        args = {
            "account_id": ACCOUNT,
            "primary": {"region": PRIMARY, "bucket": "objects-euw1"},
            "recovery": {"region": RECOVERY, "bucket": "objects-euc1"},
        }
        point = MultiRegionAccessPoint(
            name, cast("MultiRegionAccessPointArgs", args | changes), pulumi.ResourceOptions(providers=[provider])
        )
        pulumi.export("arn", point.arn)
        pulumi.export("objects", point.objects_arn)
        pulumi.export("host", point.domain_name)

    return record(program, stack="test")


def _only(recording: Recording, kind: str) -> Resource:
    (found,) = (each for each in recording.real() if each.type.endswith(f":{kind}"))
    return found


def _point(recording: Recording) -> Resource:
    return _only(recording, "MultiRegionAccessPoint")


def _statements(recording: Recording) -> dict[str, Any]:
    policy = json.loads(_only(recording, "MultiRegionAccessPointPolicy").inputs["details"]["policy"])
    return {each["Sid"]: each for each in policy["Statement"]}


def _refused(*args: Any, **changes: Any) -> list[str]:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(*args, **changes)
    return re.findall(r"^  ([\w.]+): got", str(refused.value), re.MULTILINE)


def test_both_buckets_of_the_account_share_one_name() -> None:
    point = _point(_declare())
    assert point.inputs["accountId"] == ACCOUNT
    assert point.inputs["details"]["name"] == NAME
    assert point.inputs["details"]["regions"] == [
        {"bucket": "objects-euw1", "bucketAccountId": ACCOUNT},
        {"bucket": "objects-euc1", "bucketAccountId": ACCOUNT},
    ]


def test_nobody_gets_in_from_the_public() -> None:
    block = _point(_declare()).inputs["details"]["publicAccessBlock"]
    assert len(block) == 4
    assert set(block.values()) == {True}


def test_clients_get_the_names_by_which_they_ask() -> None:
    recording = _declare()
    key = _point(recording).key
    arn = f"arn:aws:s3::{ACCOUNT}:accesspoint/@@{key}.alias@@"
    assert recording.outputs == {"arn": arn, "objects": f"{arn}/object/*", "host": f"@@{key}.domainName@@"}


def test_nobody_else_is_let_in_and_everybody_comes_with_tls() -> None:
    recording = _declare()
    statements = _statements(recording)
    assert statements.keys() == {"OnlyTls"}
    assert statements["OnlyTls"]["Effect"] == "Deny"
    assert statements["OnlyTls"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statements["OnlyTls"]["Resource"] == [recording.outputs["arn"], recording.outputs["objects"]]


def test_readers_read_and_writers_write_and_neither_does_anything_else() -> None:
    recording = _declare(reader_arns=[ROLE], writer_arns=[f"{ROLE}-2"])
    statements = _statements(recording)
    assert {sid: each["Principal"] for sid, each in statements.items() if sid != "OnlyTls"} == {
        "List": {"AWS": [ROLE]},
        "Read": {"AWS": [ROLE]},
        "Write": {"AWS": [f"{ROLE}-2"]},
    }
    allowed = {sid: each["Action"] for sid, each in statements.items() if each["Effect"] == "Allow"}
    assert not [each for actions in allowed.values() for each in actions if "*" in each]
    assert "s3:GetObject" in allowed["Read"]
    assert "s3:PutObject" in allowed["Write"]
    assert statements["List"]["Resource"] == recording.outputs["arn"]
    assert statements["Read"]["Resource"] == statements["Write"]["Resource"] == recording.outputs["objects"]


def test_the_policy_is_put_on_the_access_point_once_it_is_there() -> None:
    recording = _declare()
    policy = _only(recording, "MultiRegionAccessPointPolicy")
    assert (policy.inputs["accountId"], policy.inputs["details"]["name"]) == (ACCOUNT, NAME)
    assert _point(recording).urn in policy.options.dependencies


@pytest.mark.parametrize("ephemeral", [False, True])
def test_an_alias_that_clients_know_is_not_given_up_by_mistake(ephemeral: bool) -> None:
    options = _point(_declare(ephemeral=ephemeral)).options
    assert (options.protect, options.retain_on_delete) == (not ephemeral, not ephemeral)


@pytest.mark.parametrize("name", ["ab", "n" * 51, "name-", "Name", "9name", "na_me"])
def test_a_name_that_s3_or_others_would_refuse_is_refused_first(name: str) -> None:
    assert _refused(name) == ["name"]


@pytest.mark.parametrize("name", ["abc", "n" * 50])
def test_the_shortest_and_the_longest_name_are_taken(name: str) -> None:
    assert _point(_declare(name)).inputs["details"]["name"] == name


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"account_id": "1"}, "account_id"),
        ({"recovery": {"region": PRIMARY, "bucket": "objects-euc1"}}, "recovery.region"),
        ({"recovery": {"region": RECOVERY, "bucket": "objects-euw1"}}, "recovery.bucket"),
        ({"reader_arns": []}, "reader_arns"),
        ({"writer_arns": []}, "writer_arns"),
    ],
)
def test_what_can_t_work_is_refused(changes: dict[str, Any], path: str) -> None:
    assert _refused(**changes) == [path]


def test_where_us_west_2_is_another_world_there_is_none() -> None:
    sides = {
        "primary": {"region": "cn-north-1", "bucket": "a"},
        "recovery": {"region": "cn-northwest-1", "bucket": "b"},
    }
    assert _refused(**sides) == ["primary.region", "recovery.region"]


def test_a_new_region_without_access_points_is_refused() -> None:
    sides = {
        "primary": {"region": "us-east-1", "bucket": "a"},
        "recovery": {"region": "mx-central-1", "bucket": "b"},
    }
    assert _refused(**sides) == ["recovery.region"]


def test_every_problem_is_reported_at_once() -> None:
    assert _refused("a", account_id="1", reader_arns=[]) == ["name", "account_id", "reader_arns"]
