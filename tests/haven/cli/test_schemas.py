"""What the tool prints for programs is what its JSON Schemas describe: nothing less and nothing more."""

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from haven.base.exits import BAD_INPUT
from haven.cli.main import main
from haven.program import aws_types as aws
from tests.environments import ROOT, environment
from tests.haven.pull_request.repository import edit, git, make, stack_file
from tests.haven.runbooks.loopback_aws import LoopbackAws, serving
from tests.policies.breaking import setting
from tests.policies.engines.test_previews import digest

PREVIEWS = Path(__file__).parents[1] / "gate" / "previews"
SCHEMAS = {
    each.name: json.loads(each.read_text())
    for each in files("haven.cli").joinpath("schemas").iterdir()
    if each.name.endswith(".json")
}


def strict(schema: Any, *, closed: bool = True) -> Any:
    """A schema that also refuses keys that it doesn't name: a consumer may meet new ones, the tool may not print any
    that are described nowhere."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    own = {key: value if key in ("properties", "$defs") else strict(value) for key, value in schema.items()}
    own |= {"properties": {name: strict(each) for name, each in schema.get("properties", {}).items()}}
    own |= {"$defs": {name: strict(each, closed=False) for name, each in schema.get("$defs", {}).items()}}
    closes = closed and ("properties" in schema or "$ref" in schema)
    return own | ({"unevaluatedProperties": False} if closes else {})


REGISTRY: Registry[Any] = Registry().with_resources(
    (name, Resource.from_contents(strict(schema), default_specification=DRAFT202012))
    for name, schema in SCHEMAS.items()
)


def check(document: Any, schema: str) -> None:
    validator = Draft202012Validator({"$ref": f"{schema}.json"}, registry=REGISTRY)
    problems = [f"{each.json_path}: {each.message}" for each in validator.iter_errors(document)]
    assert problems == []


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main(arguments) in (0, 1)
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
    properties = SCHEMAS[name].get("properties")
    assert properties is None or properties["schema"]["const"] == name.removesuffix(".json")


@pytest.mark.parametrize(
    "arguments",
    [
        ("demo",),
        ("account",),
        ("warm", "--policy"),
        ("warm", "--compare", "backup"),
        pytest.param(("demo", "--all-tiers"), marks=pytest.mark.exhaustive),
    ],
    ids=" ".join,
)
def test_a_plan_is_what_its_schema_describes(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    check(printed(capsys, "plan", *arguments, "--json"), "plan.v1")


@pytest.mark.parametrize(
    "file", sorted(each.name for each in PREVIEWS.iterdir() if not each.name.startswith("protected."))
)
def test_a_verdict_of_the_gate_is_what_its_schema_describes(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    check(printed(capsys, "gate", str(PREVIEWS / file), "--json"), "gate.v1")


def test_a_verdict_of_the_gate_by_rules_is_what_its_schema_describes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    broken = setting(aws.RDS_CLUSTER, "storageEncrypted", False)(environment("warm"))
    (tmp_path / "preview.json").write_text(json.dumps(digest("warm", broken)))
    verdict = printed(capsys, "gate", str(tmp_path / "preview.json"), "--policy", "--json")
    assert verdict["policy"]["violations"]
    check(verdict, "gate.v1")


def test_environments_are_what_their_schema_describes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    check(printed(capsys, "environments"), "environments.v1")


def test_a_preflight_is_what_its_schema_describes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with serving(LoopbackAws(account="444455556666")) as aws:
        text = (ROOT / "stacks" / "Pulumi.backup.yaml").read_text()
        file = tmp_path / "Pulumi.backup.yaml"
        file.write_text(f"{text}\n  haven:emulator: {aws.url}\n")
        found = printed(capsys, "preflight", str(file), "-C", str(ROOT), "--json")
    assert [each["status"] for each in found["checks"]] == ["problem"]
    check(found, "preflight.v1")


def test_a_report_on_a_change_is_what_its_schema_describes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    project = make(tmp_path / "shop")
    edit(stack_file(project, "one"), "haven:tier: warm", "haven:tier: backup\n  haven:buckets: 2")
    git(project, "commit", "--quiet", "--all", "--message=another tier")
    stack_file(project, "two").write_text("config:\n  haven:tier: warm\n  haven:tier: backup\n")
    saved = tmp_path / "saved"
    assert main(["pr", "--base", "main", "--json", "-C", str(project), "--save", str(saved)]) == BAD_INPUT
    report = json.loads(capsys.readouterr().out)
    assert [each["stack"] for each in report["stacks"]] == ["one", "two"]
    check(report, "pr.v1")
    assert json.loads((saved / "report.json").read_text()) == report


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_document_with_another_key_is_refused_here(name: str) -> None:
    schema = SCHEMAS[name]
    document = [{"surprise": 1}] if schema["type"] == "array" else {"surprise": 1}
    with pytest.raises(AssertionError):
        check(document, name.removesuffix(".json"))
