"""What is read out of the documents of both engines, and what is reported for those that can't be read."""

import json
from pathlib import Path
from typing import Any

import pytest

from haven.base.problems import Problems
from haven.gate import preview_reader
from haven.gate.changes import UNKNOWN, Action, ResourceChange
from haven.program import aws_types as aws
from haven.program.diff import HIDDEN, without_secrets
from haven.program.recording import Secret
from tests.haven.gate.change_sets import (
    HERE,
    SUMMARY,
    THERE,
    WHERE,
    Made,
    digest,
    event,
    events,
    lines,
    plan,
    read,
)

PREVIEWS = Path(__file__).parent / "previews"
"""What a real engine has written, cut down to a few resources; the providers' part was played by a stand-in."""

BUCKET, TABLE = aws.S3_BUCKET, aws.DYNAMODB_TABLE


def only(value: Any) -> ResourceChange:
    (change,) = read(value).changes
    return change


def real(name: str) -> dict[str, ResourceChange]:
    """Name of each resource -> its change."""
    found = preview_reader.read((PREVIEWS / name).read_bytes(), name)
    return {each.name: each for each in found.changes}


@pytest.mark.parametrize("name", ["lower-tier", "replaced-bucket"])
def test_the_engine_s_digest_and_its_events_are_read_alike(name: str) -> None:
    digested, logged = real(f"{name}.json"), real(f"{name}.jsonl")
    assert digested.keys() == logged.keys()
    for each, change in digested.items():
        other = logged[each]
        assert (change.actions, change.region, change.changed) == (other.actions, other.region, other.changed)
        assert without_secrets(change.before) == without_secrets(other.before)


@pytest.mark.parametrize("name", ["replaced-bucket.json", "replaced-bucket.jsonl"])
def test_the_engine_s_three_steps_of_a_replacement_are_one_change(name: str) -> None:
    (change,) = real(name).values()
    assert change.actions == {Action.REPLACE}
    assert change.replacing == ("bucket",)
    assert change.before["bucket"] != change.after["bucket"]


def test_the_engine_s_secrets_are_not_read() -> None:
    for name in ("lower-tier.json", "lower-tier.jsonl"):
        before = real(name)["haven-demo-cache-euc1"].before
        assert isinstance(before["authToken"], Secret)
        assert without_secrets(before)["authToken"] == HIDDEN


def test_the_region_of_the_engine_s_resources_is_their_provider_s() -> None:
    found = real("lower-tier.json")
    assert (found["haven-demo-cache-euc1"].region, found["haven-demo-cache-global"].region) == (THERE, HERE)


def test_the_engine_s_preview_of_nothing_has_no_changes() -> None:
    assert not real("nothing.json")


@pytest.mark.parametrize(
    ("made", "action"),
    [
        (Made(BUCKET, "create"), Action.CREATE),
        (Made(BUCKET, "update"), Action.UPDATE),
        (Made(BUCKET, "replace"), Action.REPLACE),
        (Made(BUCKET, "delete"), Action.DELETE),
    ],
)
def test_every_format_contains_the_action(made: Made, action: Action) -> None:
    for document in (digest(made), events(made), plan(made)):
        change = only(document)
        assert (change.actions, change.type, change.name, change.region) == (frozenset({action}), BUCKET, "it", HERE)


def test_a_retained_resource_that_pulumi_deletes_is_removed_from_the_state() -> None:
    assert only(digest(Made(BUCKET, "delete", retain=True))).actions == {Action.REMOVE_FROM_STATE}


@pytest.mark.parametrize(
    ("actions", "found"),
    [
        (["create", "delete"], Action.REPLACE),
        (["delete", "create"], Action.REPLACE),
        (["create", "forget"], Action.REPLACE),
        (["forget"], Action.REMOVE_FROM_STATE),
        (["read"], Action.REFRESH),
    ],
)
def test_terraform_s_actions_are_distinguished(actions: list[str], found: Action) -> None:
    document = plan(Made(BUCKET, "update"))
    document["resource_changes"][0]["change"]["actions"] = actions
    assert only(document).actions == {found}


def test_terraform_s_imports_and_moves_change_nothing() -> None:
    document = plan(Made(BUCKET, "update"), Made(TABLE, "update"))
    imported, moved = document["resource_changes"]
    imported["change"] |= {"actions": ["no-op"], "importing": {"id": "b"}}
    moved["change"]["actions"], moved["previous_address"] = ["no-op"], "aws_dynamodb_table.old"
    assert only(document).actions == {Action.IMPORT}


def test_a_deposed_object_in_terraform_has_an_identity_of_its_own() -> None:
    document = plan(Made(BUCKET, "update"), Made(BUCKET, "delete"))
    document["resource_changes"][1]["deposed"] = "4f3a"
    assert [each.identity for each in read(document).changes] == ["aws_s3_bucket.it", "aws_s3_bucket.it (deposed 4f3a)"]


def test_terraform_s_data_sources_are_left_out() -> None:
    document = plan(Made(BUCKET, "delete"))
    document["resource_changes"][0]["mode"] = "data"
    assert not read(document).changes


def test_terraform_s_sensitive_and_unknown_values_are_wrapped_and_named() -> None:
    document = plan(Made(TABLE, "update", {"ttl": [{"key": "hush", "open": 1}]}, {"ttl": [{"key": "hush"}]}))
    change = document["resource_changes"][0]["change"]
    change["before_sensitive"] = {"ttl": [{"key": True}]}
    change["after_unknown"] = {"stream_arn": True, "ttl": [{"open": True}]}
    found = only(document)
    assert found.before["ttl"] == [{"key": Secret("hush"), "open": 1}]
    assert (found.after["ttl"][0]["open"], found.after["streamArn"]) == (UNKNOWN, UNKNOWN)


def test_a_terraform_resource_without_a_region_has_its_provider_s() -> None:
    document = plan(Made(BUCKET, "create"))
    raw = document["resource_changes"][0]
    raw["address"], raw["change"]["after"] = 'module.a["x"].aws_s3_bucket.it[0]', {}
    inner = {"resources": [{"address": "aws_s3_bucket.it", "provider_config_key": "aws.there"}]}
    document["configuration"] = {
        "provider_config": {"aws.there": {"expressions": {"region": {"constant_value": THERE}}}},
        "root_module": {"module_calls": {"a": {"module": inner}}},
    }
    assert only(document).region == THERE


def test_changed_and_replacing_paths_have_pulumi_s_names() -> None:
    before, after = {"kmsKeyId": "a", "timeouts": [{"maxSize": 1}]}, {"kmsKeyId": "b", "timeouts": [{"maxSize": 2}]}
    document = plan(Made(TABLE, "replace", before, after))
    document["resource_changes"][0]["change"]["replace_paths"] = [["kms_key_id"], ["timeouts", 0, "max_size"]]
    change = only(document)
    assert change.changed == ("kmsKeyId", "timeouts[0].maxSize")
    assert change.replacing == ("kmsKeyId", "timeouts[0].maxSize")


def test_a_difference_that_only_pulumi_s_provider_reports_is_judged_by_the_value_it_read() -> None:
    declared = {"globalClusterIdentifier": "g"}
    document = digest(Made(aws.RDS_CLUSTER, "update", declared, declared))
    step = document["steps"][1]
    step["detailedDiff"] = {"globalClusterIdentifier": {"kind": "update", "inputDiff": False}}
    step["oldState"]["outputs"] = {"globalClusterIdentifier": "another"}
    assert only(document).before == {"globalClusterIdentifier": "another"}


def test_a_provider_without_a_region_in_its_name_has_the_region_of_its_inputs() -> None:
    document = digest(
        Made(BUCKET, "delete"), Made("pulumi:providers:aws", "update", {"region": THERE}, {"region": THERE})
    )
    deleted, provider = document["steps"][1:]
    provider["urn"] = "urn:pulumi:test::haven::pulumi:providers:aws::recovery"
    deleted["oldState"]["provider"] = f"{provider['urn']}::0d2c"
    assert read(document).changes[0].region == THERE


def test_a_bucket_of_older_versions_of_pulumi_aws_is_a_bucket() -> None:
    assert only(digest(Made(aws.S3_BUCKET_V2, "delete"))).type == BUCKET


def test_components_and_the_stack_are_no_changes() -> None:
    document = digest(Made("haven:index:Part", "delete"))
    document["steps"][1]["oldState"]["custom"] = False
    assert not read(document).changes


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_documents_written_by_shells_on_windows_are_read(encoding: str) -> None:
    data = json.dumps(plan(Made(BUCKET, "delete"))).encode(encoding)
    assert len(preview_reader.read(data, WHERE).changes) == 1


def _broken(made: Made, **parts: Any) -> dict[str, Any]:
    """A digest with parts of its step put otherwise; None takes one out."""
    document = digest(made)
    step = document["steps"][1] | parts
    document["steps"][1] = {key: value for key, value in step.items() if value is not None}
    return document


DELETED = Made(BUCKET, "delete")
FAILED: tuple[tuple[str, bytes, str], ...] = (
    ("nothing", b"  \n", "the document: got nothing; allowed: the JSON of pulumi preview --json"),
    ("words", b"error: no stack selected\n", r'no JSON; it begins with "error: no stack selected"'),
    ("bytes", b"PK\x03\x04\xff", "if it is a Terraform plan file"),
    ("a list", b"[]", r"the document: got \[\]"),
    ("an empty object", b"{}", "an object with nothing in it"),
    ("a digest that is cut off", json.dumps(digest(DELETED), indent=1).encode()[:90], "garbled or cut off"),
    ("a digest without steps", b'{"changeSummary": {}}', "steps: got null"),
    ("a digest without its summary", b'{"steps": []}', "changeSummary: got nothing"),
    ("a state of Pulumi", b'{"version": 3, "deployment": {}}', "Pulumi's state"),
    ("a state of Terraform", b'{"format_version": "1.0", "values": {}}', "of a state, not of a plan"),
    ("Terraform's own log", lines([{"@level": "info", "type": "version"}] * 2), "the log of terraform plan"),
    ("a plan that failed", json.dumps(plan(errored=True)).encode(), "errored: true"),
    ("an event log without its end", lines(events(DELETED, summary=None)), "summaryEvent: got 0 of them"),
    ("an event log of two previews", lines([*events(DELETED), *events(DELETED)]), "summaryEvent: got 2 of them"),
    ("an event log cut off in a line", lines(events(DELETED))[:-20], r"line 2: got "),
    ("the log of an update", lines(events(summary={**SUMMARY, "isPreview": False})), "of a preview, not of an update"),
    ("a preview that failed", lines(events(summary={**SUMMARY, "result": "failed"})), 'result: got "failed"'),
    ("a line of another kind", lines([*events(DELETED), {"a": 1}]), r'line 3: got \["a"\]'),
    ("an operation nobody knows", json.dumps(_broken(DELETED, op="explode")).encode(), 'op: got "explode"'),
    ("no operation", json.dumps(_broken(DELETED, op=None)).encode(), "op: got null"),
    ("no urn", json.dumps(_broken(DELETED, urn="a::b")).encode(), 'urn: got "a::b"; allowed: a URN of four parts'),
    ("a deletion of who knows what", json.dumps(_broken(DELETED, oldState=None)).encode(), "oldState: got null"),
    ("a step that is none", b'{"steps": [7], "changeSummary": {}}', r"steps\[0\]: got 7"),
    ("a change that is none", b'{"resource_changes": [7]}', r"resource_changes\[0\]: got 7"),
    ("a change without actions", b'{"resource_changes": [{"address": "a", "type": "b"}]}', "change.actions: got null"),
    (
        "an action nobody knows",
        b'{"resource_changes": [{"address": "a", "type": "b", "change": {"actions": ["explode"]}}]}',
        "a newer Terraform may have written it",
    ),
)


@pytest.mark.parametrize(("data", "output"), [row[1:] for row in FAILED], ids=[row[0] for row in FAILED])
def test_a_document_that_can_t_be_judged_is_refused(data: bytes, output: str) -> None:
    with pytest.raises(Problems, match=output) as refused:
        preview_reader.read(data, WHERE)
    assert refused.value.where == WHERE


def test_all_problems_of_a_document_are_reported_at_once() -> None:
    document = digest(DELETED, DELETED)
    document["steps"][1]["op"], document["steps"][2]["urn"] = "explode", None
    with pytest.raises(Problems) as refused:
        read(document)
    assert [each.what for each in refused.value.problems] == ["steps[1].op", "steps[2].urn"]


@pytest.mark.parametrize("name", ["protected.json", "protected.jsonl"])
def test_the_engine_s_reasons_for_a_failed_preview_are_shown(name: str) -> None:
    with pytest.raises(Problems) as refused:
        real(name)
    reasons = [each for each in refused.value.problems if each.what == "the preview"]
    assert len(reasons) == 2
    assert all("cannot be deleted because it is protected" in each.got for each in reasons)
    assert all("docs/moving-tiers.md" in each.fix for each in reasons)


def test_a_preview_that_only_policies_refuse_is_complete_and_is_read() -> None:
    merely = {"severity": "error", "message": "error: preview failed\n"}
    assert only({**digest(DELETED), "diagnostics": [merely]}).type == BUCKET
    violated = event(7, policyEvent={"enforcementLevel": "mandatory", "message": "no"})
    logged = events(DELETED, summary={**SUMMARY, "result": "failed"})
    assert only([violated, event(8, diagnosticEvent={**merely, "message": "preview failed\n"}), *logged]).type == BUCKET
    advised = event(7, policyEvent={"enforcementLevel": "advisory", "message": "no"})
    with pytest.raises(Problems, match='result: got "failed"'):
        read([advised, *logged])
