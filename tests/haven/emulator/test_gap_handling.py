"""The emulator's gaps: unsupported resources, defects, and differences that no defect may explain."""

from collections.abc import Mapping
from typing import Any

import pytest

from haven.base.terminal import Style
from haven.emulator import drift, gap_handling, gaps
from haven.emulator.drift import GONE, ResourceDrift
from haven.program import aws_types as aws
from haven.program import wire_format
from haven.program.recording import Recording, Resource, reference

CACHE = aws.ELASTICACHE_REPLICATION_GROUP


def _record(token: str, key: str, /, **inputs: Any) -> Resource:
    return Resource(wire_format.key_of(key), f"urn:{key}", token, key, True, "", "", "eu-west-1", None, None, inputs)


def _property(key: str, path: str) -> str:
    return reference(wire_format.key_of(key), path)


PRIMARY = _record(
    CACHE,
    "primary",
    engine="valkey",
    engineVersion="8.0",
    nodeType="cache.r7g.large",
    numNodeGroups=3,
    port=6379,
    transitEncryptionEnabled=True,
    description="of the primary",
    parameterGroupName="of-the-primary-s-region",
)
DATASTORE = _record(
    aws.ELASTICACHE_GLOBAL_REPLICATION_GROUP, "datastore", primaryReplicationGroupId=_property("primary", "id")
)
MEMBER = _record(
    CACHE,
    "member",
    description="of the member",
    globalReplicationGroupId=_property("datastore", "globalReplicationGroupId"),
)


def _adapt(*records: Resource) -> gap_handling.AdaptedRecording:
    return gap_handling.adapt(Recording("haven", "test", records, {}))


def test_a_global_datastore_is_left_out_by_name() -> None:
    adapted = _adapt(PRIMARY, DATASTORE, MEMBER)
    assert [(record.name, row.name) for record, row in adapted.left_out] == [("datastore", "Global Datastore")]
    assert "Global Datastore" in str(gap_handling.leave_out(DATASTORE))
    assert gap_handling.leave_out(MEMBER) is None


def test_kubernetes_objects_are_left_out_with_what_refers_to_them_and_are_no_gap() -> None:
    deployment = _record("kubernetes:apps/v1:Deployment", "server")
    parameter = _record(aws.SSM_PARAMETER, "parameter", insecureValue=_property("server", "id"))
    adapted = _adapt(PRIMARY, deployment, parameter)
    assert list(adapted.left_out) == []
    assert list(adapted.objects) == [deployment]
    assert gap_handling.leave_out(deployment) == gap_handling.KUBERNETES
    assert adapted.absent() == {
        "urn:server": gap_handling.KUBERNETES,
        "urn:parameter": "needs server, which is left out",
    }
    assert gap_handling.unadapted(adapted.recording).absent() == {}


def test_its_member_becomes_an_independent_group_like_the_primary() -> None:
    adapted = _adapt(PRIMARY, DATASTORE, MEMBER)
    assert adapted.recording.resources[2].inputs == {
        "description": "of the member",
        "engine": "valkey",
        "engineVersion": "8.0",
        "nodeType": "cache.r7g.large",
        "numNodeGroups": 3,
        "port": 6379,
        "transitEncryptionEnabled": True,
    }


def test_what_refers_to_something_left_out_is_left_out_too_and_so_on() -> None:
    monitor = _record(aws.COSTEXPLORER_ANOMALY_MONITOR, "monitor")
    subscription = _record(
        aws.COSTEXPLORER_ANOMALY_SUBSCRIPTION, "subscription", monitorArnLists=[_property("monitor", "arn")]
    )
    policy = _record(aws.SNS_TOPIC_POLICY, "policy", policy=f'{{"Resource": "{_property("subscription", "arn")}"}}')
    absent = _adapt(policy, subscription, monitor, PRIMARY).absent()
    assert list(absent) == ["urn:monitor", "urn:subscription", "urn:policy"]
    assert absent["urn:policy"] == "needs subscription, which is left out"


def test_a_member_that_becomes_independent_needs_nothing_that_is_left_out() -> None:
    assert list(_adapt(PRIMARY, DATASTORE, MEMBER).absent()) == ["urn:datastore"]


def test_an_independent_group_is_left_unchanged() -> None:
    adapted = _adapt(PRIMARY)
    assert adapted.recording.resources == [PRIMARY]
    assert adapted.edited() == {}


def test_a_refused_argument_is_left_out_by_name_and_the_resource_stays() -> None:
    zone = _record(aws.ROUTE53_ZONE, "zone", name="example.com", forceDestroy=True)
    adapted = _adapt(zone)
    assert [row.name for _, row in adapted.left_out] == ["emptying a hosted zone on deletion"]
    assert adapted.recording.resources[0].inputs == {"name": "example.com"}
    assert gap_handling.leave_out(zone) is None


def test_nothing_is_left_out_of_a_deployment_to_aws() -> None:
    recording = Recording("haven", "test", [PRIMARY, DATASTORE, MEMBER], {})
    assert gap_handling.adapt(recording).absent() != {}
    adapted = gap_handling.unadapted(recording)
    assert (adapted.absent(), adapted.edited(), adapted.recording) == ({}, {}, recording)


def test_nothing_is_left_out_without_the_argument() -> None:
    assert _adapt(_record(aws.ROUTE53_ZONE, "zone", name="example.com")).left_out == []


def test_edited_inputs_are_listed_for_an_engine_that_runs_the_program_itself() -> None:
    edited = _adapt(PRIMARY, DATASTORE, MEMBER).edited()
    removed, added = edited["urn:member"]
    assert removed == {"globalReplicationGroupId"}
    assert added["numNodeGroups"] == 3
    assert list(edited) == ["urn:member"]


def _drifted(type_: str, *arguments: str, action: str = "update", refers_to: tuple[str, ...] = ()) -> ResourceDrift:
    return ResourceDrift(f"{type_}.it", type_, action, arguments, frozenset(refers_to))


def test_a_difference_in_a_known_argument_has_the_defect_s_name() -> None:
    (explained,) = drift.explain([_drifted("aws_secretsmanager_secret", "replica")])
    assert not explained.is_wrong
    assert [each.name for each in explained.defects] == ["loses a secret's replicas"]


def test_one_unknown_argument_beside_known_ones_is_wrong() -> None:
    (explained,) = drift.explain([_drifted("aws_secretsmanager_secret", "replica", "kms_key_id")])
    assert explained.is_wrong
    assert explained.unexplained == ("kms_key_id",)


def test_the_same_argument_of_another_type_is_wrong() -> None:
    (explained,) = drift.explain([_drifted("aws_kms_key", "replica")])
    assert explained.is_wrong


@pytest.mark.parametrize("argument", ["period", "periods", "dimensions.Region"])
def test_parts_of_an_argument_and_plurals_are_covered(argument: str) -> None:
    assert not drift.explain([_drifted("aws_cloudwatch_metric_alarm", argument)])[0].is_wrong


@pytest.mark.parametrize("argument", ["period_of_grace", "dimension_names", "threshold"])
def test_arguments_that_merely_begin_alike_are_not_covered(argument: str) -> None:
    assert drift.explain([_drifted("aws_cloudwatch_metric_alarm", argument)])[0].is_wrong


def test_pulumi_s_names_are_covered_too() -> None:
    (explained,) = drift.explain([_drifted(aws.SECRETSMANAGER_SECRET, "replicas")])
    assert not explained.is_wrong


@pytest.mark.parametrize("action", ["create", "delete"])
def test_a_created_or_deleted_resource_is_never_a_known_defect(action: str) -> None:
    (explained,) = drift.explain([_drifted("aws_secretsmanager_secret", GONE, action=action)])
    assert explained.is_wrong


def test_drift_that_follows_from_explained_drift_names_its_cause() -> None:
    cause = _drifted("aws_eks_node_group", "launch_template", action="replace")
    follower = _drifted("aws_autoscaling_group_tag", action="replace", refers_to=(cause.address, "aws_vpc.it"))
    explained = drift.explain([follower, cause])[0]
    assert explained.follows == (cause.address,)
    assert not explained.is_wrong


def test_drift_that_follows_from_unexplained_drift_is_wrong_too() -> None:
    cause = _drifted("aws_eks_node_group", "ami_type", action="replace")
    follower = _drifted("aws_autoscaling_group_tag", action="replace", refers_to=(cause.address,))
    assert drift.explain([follower, cause])[0].is_wrong


def _plan(before: Any, after: Any, unknown: Any = None, actions: tuple[str, ...] = ("update",)) -> Mapping[str, Any]:
    change = {"before": before, "after": after, "after_unknown": unknown or {}, "actions": list(actions)}
    return {"resource_changes": [{"address": "t.n", "type": "t", "name": "n", "change": change}]}


def _arguments(*sides: Any, **more: Any) -> tuple[str, ...]:
    return drift.from_terraform(_plan(*sides, **more), {})[0].arguments


def test_a_plan_that_changes_nothing_has_no_differences() -> None:
    assert drift.from_terraform(_plan({"a": 1}, {"a": 1}, actions=("no-op",)), {}) == []
    assert drift.render([], Style()) == ["  Nothing would change."]


def test_differing_arguments_are_named_however_deep() -> None:
    before = {"a": 1, "b": [{"c": {"d": ""}}], "e": "same"}
    after = {"a": 2, "b": [{"c": {"d": "x"}}], "e": "same"}
    assert _arguments(before, after) == ("a", "b.c.d")


def test_a_list_that_grew_is_one_drifted() -> None:
    assert _arguments({"b": []}, {"b": [1]}) == ("b",)


def test_different_words_for_nothing_are_no_drifted() -> None:
    assert _arguments({"a": None, "b": [], "c": "", "d": 1}, {"a": "", "b": None, "c": None, "d": 2}) == ("d",)


def test_false_is_not_nothing() -> None:
    assert _arguments({"a": False}, {"a": None}) == ("a",)


def test_a_value_known_after_the_deployment_is_no_difference_of_its_own() -> None:
    assert _arguments({"a": 1, "b": "old"}, {"a": 2}, {"b": True}) == ("a",)


def test_replacing_differs_from_creating_and_deleting() -> None:
    for actions, name in ((("delete", "create"), "replace"), (("create",), "create"), (("delete",), "delete")):
        plan = _plan({"a": 1}, {"a": 2}, actions=actions)
        assert drift.from_terraform(plan, {})[0].action == name


def test_references_are_read_from_the_document() -> None:
    document = {"resource": {"t": {"n": {"x": "${t.other.id}"}, "other": {"y": "t.n."}}}}
    assert drift.from_terraform(_plan({"a": 1}, {"a": 2}), document)[0].refers_to == {"t.other"}


def test_unexplained_drift_is_shown_first_and_in_full() -> None:
    known = _drifted("aws_secretsmanager_secret", "replica")
    wrong = _drifted("aws_vpc", "cidr_block", action="replace")
    lines = drift.render(drift.explain([known, wrong]), Style())
    assert lines[0] == "  WRONG: aws_vpc.it (replace): cidr_block"
    assert lines[1].startswith("  1 resource with drift by known defects")


def test_every_gap_has_a_unique_name_an_emulator_version_and_a_date() -> None:
    rows: list[gaps.Unsupported | gaps.Defect] = [*gaps.UNSUPPORTED, *gaps.DEFECTS]
    assert len({row.name for row in rows}) == len(rows)
    for row in rows:
        assert row.emulator
        assert row.tried
