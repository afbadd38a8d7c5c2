"""The gate: failovers, accepted findings, documents of a real engine, the report, the command."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from haven.base.exits import BAD_INPUT, FINDINGS, OK
from haven.base.problems import Problems
from haven.base.terminal import WIDTH, Style
from haven.cli.main import main
from haven.gate import preview_reader
from haven.gate import text as gate_text
from haven.gate.failover import Failover
from haven.gate.findings import GateRule
from haven.program import aws_types as aws
from tests.haven.gate.change_sets import HERE, THERE, Made, Values, digest, events, judged, plan, rules

PREVIEWS = Path(__file__).parent / "previews"

CLUSTER, TABLE, BUCKET = aws.RDS_CLUSTER, aws.DYNAMODB_TABLE, aws.S3_BUCKET
NODES, ROLE, PARAMETER = aws.EKS_NODE_GROUP, aws.IAM_ROLE, aws.SSM_PARAMETER
WITHOUT, WITH, OTHER = '{"cache":null}', '{"cache":{"host":"c"}}', '{"cache":{"host":"d"}}'


STASH = Made(
    "pulumi:index:Stash",
    "update",
    {"input": {"active": HERE}},
    {"input": {"active": THERE}},
    region="none",
    name="birth",
)


def _endpoints(document: str, name: str = "/haven/test/endpoints") -> Values:
    return {"name": name, "insecureValue": document}


def _sizes(desired: int, **more: Any) -> Values:
    return {"scalingConfig": {"minSize": 1, "desiredSize": desired}, **more}


FAILOVERS: tuple[tuple[str, Made, bool], ...] = (
    ("makes something there", Made(NODES, "create", region=THERE), True),
    ("enlarges something there", Made(NODES, "update", _sizes(1), _sizes(3), THERE), True),
    ("shrinks something there", Made(NODES, "update", _sizes(3), _sizes(1), THERE), False),
    ("changes something there", Made(NODES, "update", _sizes(1, version="1"), _sizes(3, version="2"), THERE), False),
    ("names a cache there", Made(PARAMETER, "update", _endpoints(WITHOUT), _endpoints(WITH), THERE), True),
    ("names another cache there", Made(PARAMETER, "update", _endpoints(WITH), _endpoints(OTHER), THERE), False),
    ("names a cache no more there", Made(PARAMETER, "update", _endpoints(WITH), _endpoints(WITHOUT), THERE), False),
    (
        "fills in another parameter there",
        Made(PARAMETER, "update", _endpoints(WITHOUT, "/own"), _endpoints(WITH, "/own"), THERE),
        False,
    ),
    ("takes something away there", Made(NODES, "delete", region=THERE), False),
    ("replaces something there", Made(NODES, "replace", _sizes(1), _sizes(2), THERE), False),
    ("makes something here", Made(NODES, "create", region=HERE), False),
    ("enlarges something here", Made(NODES, "update", _sizes(1), _sizes(3), HERE), False),
    ("takes something away here", Made(NODES, "delete", region=HERE), False),
)


@pytest.mark.parametrize(("what", "made", "passes"), FAILOVERS, ids=[row[0] for row in FAILOVERS])
def test_a_failover_only_adds_and_enlarges_and_only_in_the_newly_active_region(
    what: str, made: Made, passes: bool
) -> None:
    found = [] if passes else [("it", GateRule.FAILOVER)]
    planned = plan(made, output_changes={"active": {"actions": ["update"], "before": HERE, "after": THERE}})
    assert rules(digest(STASH, made)) == rules(events(STASH, made)) == rules(planned) == found
    assert rules(plan(made), active=THERE) == found
    assert rules(digest(made)) == rules(plan(made)) == []


def test_a_value_that_shrinks_in_a_failover_is_reported_with_both_numbers() -> None:
    (found,) = judged(digest(STASH, Made(NODES, "update", _sizes(3), _sizes(1), THERE))).findings
    assert found.what == "shrinks in the newly active Region: scalingConfig.desiredSize 3 -> 1"


def test_a_failover_may_only_create_a_resource_without_a_known_region() -> None:
    def unknown(operation: str) -> dict[str, Any]:
        return digest(STASH, Made("kubernetes:core/v1:Secret", operation, {"a": 1}, {"a": 2}, region="none"))

    assert rules(unknown("create")) == []
    assert rules(unknown("update")) == [("it", GateRule.FAILOVER)]


def test_a_first_deployment_is_no_failover_and_a_changed_stash_is() -> None:
    first = Made(STASH.type, "create", {}, STASH.after, region="none")
    assert judged(digest(first)).failover is None
    assert judged(digest(STASH)).failover == Failover(HERE, THERE)


def test_a_failover_named_on_the_command_line_must_match_the_document() -> None:
    with pytest.raises(Problems, match=f'--active: got "us-east-1"; allowed: "{THERE}"'):
        judged(digest(STASH), active="us-east-1")
    with pytest.raises(Problems, match="a Region, such as"):
        judged(digest(), active="Frankfurt")


REAL: tuple[tuple[str, list[tuple[str, GateRule]]], ...] = (
    ("nothing.json", []),
    ("failover.json", []),
    (
        "renamed-bucket.json",
        [("haven-demo-artifacts-euw1", GateRule.DELETION), ("haven-demo-artifacts-euc1", GateRule.DELETION)],
    ),
    ("replaced-bucket.jsonl", [("haven-demo-artifacts-euw1", GateRule.REPLACEMENT)]),
    (
        "lower-tier.json",
        [("haven-demo-cache-euc1", GateRule.DELETION), ("haven-demo-cache-global", GateRule.DELETION)],
    ),
    ("other-zone.json", [("haven-demo-euw1-data-b", GateRule.REGIONS)]),
)


@pytest.mark.parametrize(("name", "found"), REAL, ids=[row[0] for row in REAL])
def test_documents_of_the_real_engine_are_judged(name: str, found: list[tuple[str, GateRule]]) -> None:
    assert sorted(rules(preview_reader.read((PREVIEWS / name).read_bytes(), name))) == sorted(found)


DANGEROUS = digest(Made(BUCKET, "delete", protect=True), Made(TABLE, "delete", name="other"), Made(ROLE, "delete"))
BUCKET_URN, TABLE_URN = (Made(BUCKET, "").urn, Made(TABLE, "", name="other").urn)


def test_an_accepted_finding_passes_and_is_shown_with_its_reason() -> None:
    verdict = judged(DANGEROUS, f"{BUCKET_URN}=moved to the new one")
    assert [each.identity for each in verdict.refused] == [TABLE_URN]
    assert [each.identity for each in verdict.accepted] == [BUCKET_URN]
    assert "accepted: moved to the new one" in gate_text.render(verdict, Style())
    both = judged(DANGEROUS, f"{BUCKET_URN}=moved elsewhere", f"{TABLE_URN}=moved elsewhere")
    assert not both.refused
    assert gate_text.render(both, Style()).startswith("Passed: 2 findings accepted\n")


def test_a_reason_and_an_address_may_contain_an_equals_sign() -> None:
    document = plan(Made(BUCKET, "delete"))
    document["resource_changes"][0]["address"] = 'aws_s3_bucket.it["a=b"]'
    assert judged(document, 'aws_s3_bucket.it["a=b"]=x=y, see #1').reasons == {'aws_s3_bucket.it["a=b"]': "x=y, see #1"}


@pytest.mark.parametrize(
    ("accepted", "output"),
    [
        ((f"{BUCKET_URN}=",), f"allowed: {BUCKET_URN}=REASON"),
        ((f"{BUCKET_URN}=meant",), "at least 10 characters"),
        ((f"{BUCKET_URN}=  meant     ",), "at least 10 characters"),
        ((BUCKET_URN,), "write the reason after the ="),
        ((f"{BUCKET_URN}x=why",), f"did you mean {BUCKET_URN}"),
        ((f"{Made(ROLE, '').urn}=why",), "--accept: got"),
        ((f"{BUCKET_URN}=moved elsewhere", f"{BUCKET_URN}=moved elsewhere"), "each resource once"),
    ],
)
def test_accepting_without_a_finding_or_without_a_reason_is_refused(accepted: tuple[str, ...], output: str) -> None:
    with pytest.raises(Problems) as refused:
        judged(DANGEROUS, *accepted)
    assert output in str(refused.value)
    with pytest.raises(Problems, match="none, because there are no findings"):
        judged(digest(), "urn=why")


def test_the_report_has_what_why_and_fix_of_each_finding() -> None:
    text = gate_text.render(judged(DANGEROUS), Style())
    assert text.startswith("Refused: 2 findings\nRead from pulumi preview --json: 3 to delete.\n")
    for output in ("deletion: is deleted", "its objects, in every version", "docs/moving-tiers.md", BUCKET_URN):
        assert output in text
    assert f"pulumi state unprotect '{BUCKET_URN}'" in " ".join(text.split())
    assert f"\n  --accept '{TABLE_URN}=WHY'\n" in text
    assert all(len(line) <= WIDTH or "urn:" in line for line in text.splitlines())


def test_the_fix_for_a_renamed_resource_names_the_alias() -> None:
    renamed = (Made(BUCKET, "delete"), Made(BUCKET, "create", name="new"))
    assert "give the new one an alias" in judged(digest(*renamed)).findings[0].fix
    assert "give the new one a moved block" in judged(plan(*renamed)).findings[0].fix
    elsewhere = Made(BUCKET, "create", name="new", region=THERE)
    assert "renamed" not in judged(digest(renamed[0], elsewhere)).findings[0].fix


def test_secrets_are_never_shown() -> None:
    before, after = {"kmsKeyId": "[secret]"}, {"kmsKeyId": "hush-hush"}
    document = plan(Made(CLUSTER, "update", before, after))
    document["resource_changes"][0]["change"]["after_sensitive"] = {"kms_key_id": True}
    for verdict in (judged(document), judged(digest(Made(CLUSTER, "update", {"kmsKeyId": "a"}, before)))):
        shown = gate_text.render(verdict, Style()) + json.dumps(gate_text.as_json(verdict))
        assert "(secret)" in shown
        assert "hush" not in shown


def test_the_verdict_as_json_has_everything() -> None:
    found = gate_text.as_json(judged(digest(STASH, Made(NODES, "delete")), f"{Made(NODES, '').urn}=meant, see #1"))
    (only,) = found.pop("findings")
    assert found == {
        "verdict": "passed",
        "document": "pulumi preview --json",
        "engine": "Pulumi",
        "changes": {"update": 1, "delete": 1},
        "failover": {"before": HERE, "after": THERE},
        "notJudged": [],
    }
    assert (only["rule"], only["region"], only["accepted"]) == ("failover", HERE, "meant, see #1")


def _gate(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["gate", *arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_the_exit_code_of_the_command_shows_whether_there_are_findings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "preview.json"
    file.write_text(json.dumps(DANGEROUS))
    accepted = ["--accept", f"{BUCKET_URN}=moved elsewhere", "--accept", f"{TABLE_URN}=moved elsewhere"]
    assert _gate(capsys, str(file))[0] == FINDINGS
    assert _gate(capsys, str(file), *accepted)[0] == OK
    code, out, _ = _gate(capsys, str(file), "--json")
    assert (code, json.loads(out)["verdict"]) == (FINDINGS, "refused")
    file.write_text("error: no stack\n")
    code, out, err = _gate(capsys, str(file))
    assert (code, out) == (BAD_INPUT, "")
    assert err.startswith(f"1 problem in {file}:\n  the document: got no JSON")


def _project(folder: Path, *accepted: dict[str, str]) -> Path:
    (folder / "Pulumi.yaml").write_text("name: haven\nruntime: python\n")
    (folder / "Pulumi.prod.yaml").write_text(json.dumps({"config": {"haven:policy": {"accepted": accepted}}}))
    return folder


def _meant(resource: str, until: str = "2099-12-31") -> dict[str, str]:
    return {"resource": resource, "reason": "moved to another one", "until": until}


def test_a_finding_accepted_in_the_stack_file_passes_until_its_last_day(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "preview.json"
    file.write_text(json.dumps(DANGEROUS))
    table = TABLE_URN.rpartition("::")[2]
    asked = (str(file), "--stack", "prod", "-C", str(tmp_path))

    _project(tmp_path, _meant(BUCKET_URN), _meant(table), _meant("what-is-not-there"))
    code, out, _ = _gate(capsys, *asked)
    assert code == OK
    assert "moved to another one (until 2099-12-31)" in out

    _project(tmp_path, _meant(BUCKET_URN), _meant(table, until="2020-12-31"))
    code, out, _ = _gate(capsys, *asked, "--json")
    assert code == FINDINGS
    reasons = {each["identity"]: each["accepted"] for each in json.loads(out)["findings"]}
    assert reasons == {BUCKET_URN: "moved to another one (until 2099-12-31)", TABLE_URN: None}

    for short in ("meant", "         meant"):
        _project(tmp_path, {**_meant(BUCKET_URN), "reason": short})
        assert _gate(capsys, *asked)[0] == BAD_INPUT

    _project(tmp_path, {**_meant(BUCKET_URN), "reason": ""})
    code, out, err = _gate(capsys, *asked)
    assert (code, out) == (BAD_INPUT, "")
    assert 'haven:policy.accepted[0].reason: got ""; allowed: at least 10 characters' in err


OTHER_PROVIDERS = ("aws-native:s3:Bucket", "aws:cloudformation/stack:Stack", "gcp:storage/bucket:Bucket")
OTHERS_IN_TERRAFORM = (
    "awscc_s3_bucket",
    "aws_cloudformation_stack",
    "google_storage_bucket",
    "azurerm_storage_account",
)
CUSTOM = ("kubernetes:postgresql.cnpg.io/v1:Cluster", "kubernetes:helm.sh/v3:Release")


@pytest.mark.parametrize("type_", [*OTHER_PROVIDERS, *OTHERS_IN_TERRAFORM, *CUSTOM])
def test_a_resource_that_the_gate_can_t_judge_is_named_and_must_not_be_replaced_or_removed(type_: str) -> None:
    form = digest if ":" in type_ else plan
    for operation in ("create", "update", "replace", "delete"):
        found = judged(form(Made(type_, operation, {"a": 1}, {"a": 2})))
        assert [each["name"] for each in gate_text.as_json(found)["notJudged"]] == ["it"]
        assert f"it: {operation}" in gate_text.render(found, Style())
        assert rules(form(Made(type_, operation, {"a": 1}, {"a": 2}))) == (
            [("it", GateRule.NOT_JUDGED)] if operation in ("replace", "delete") else []
        )


@pytest.mark.parametrize(
    "type_", [ROLE, "kubernetes:apps/v1:Deployment", "kubernetes:rbac.authorization.k8s.io/v1:Role", "null_resource"]
)
def test_what_the_gate_can_judge_is_not_in_that_list(type_: str) -> None:
    form = digest if ":" in type_ else plan
    assert gate_text.as_json(judged(form(Made(type_, "delete"))))["notJudged"] == []


def test_a_deletion_protection_of_another_provider_s_resource_is_judged_all_the_same() -> None:
    on, off = {"deletionProtection": True}, {"deletionProtection": False}
    assert rules(plan(Made("google_sql_database_instance", "update", on, off))) == [("it", GateRule.PROTECTION)]


def test_a_name_in_the_stack_file_accepts_one_resource_and_never_several(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "preview.json"
    file.write_text(json.dumps(plan(Made(BUCKET, "delete", name="this"), Made(TABLE, "delete", name="this"))))
    asked = (str(file), "--stack", "prod", "-C", str(tmp_path))

    _project(tmp_path, _meant("this"))
    code, out, err = _gate(capsys, *asked)
    assert (code, out) == (BAD_INPUT, "")
    assert f'got "this", the name of 2 resources; allowed: "{BUCKET}::this", "{TABLE}::this"' in err

    _project(tmp_path, _meant(f"{BUCKET}::this"))
    code, out, _ = _gate(capsys, *asked, "--json")
    assert code == FINDINGS
    accepted = {each["identity"] for each in json.loads(out)["findings"] if each["accepted"]}
    assert accepted == {"aws_s3_bucket.this"}

    _project(tmp_path, _meant("aws_dynamodb_table.this"), _meant(f"{BUCKET}::this"))
    assert _gate(capsys, *asked)[0] == OK


def test_two_resources_of_one_type_and_name_differ_by_their_addresses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = plan(Made(BUCKET, "delete", name="this"), Made(BUCKET, "update", name="this"))
    document["resource_changes"][1]["address"] = "module.b.aws_s3_bucket.this"
    (tmp_path / "preview.json").write_text(json.dumps(document))
    _project(tmp_path, _meant(f"{BUCKET}::this"))
    code, _, err = _gate(capsys, str(tmp_path / "preview.json"), "--stack", "prod", "-C", str(tmp_path))
    assert code == BAD_INPUT
    assert 'allowed: "aws_s3_bucket.this", "module.b.aws_s3_bucket.this"' in err


def test_the_document_may_come_through_a_pipe(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(DANGEROUS).encode())))
    assert _gate(capsys, "-")[0] == FINDINGS


def test_a_missing_file_is_one_error(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = _gate(capsys, "there-is-no-such-file")
    assert code == BAD_INPUT
    assert 'FILE: got "there-is-no-such-file", which can\'t be read (No such file or directory)' in err


def test_judging_loads_neither_pulumi_nor_aws() -> None:
    program = (
        "import sys; from haven.cli import main; code = main.main(['gate', sys.argv[1]]);"
        "assert not {'pulumi', 'boto3', 'pydantic'} & set(sys.modules), sorted(sys.modules); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(PREVIEWS / "failover.json")], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
