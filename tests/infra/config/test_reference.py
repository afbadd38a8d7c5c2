"""What is generated from the settings, and the JSON Schema beside the program's own checks."""

import json
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from haven.config.project import read_project
from haven.config.stack_file import load_stack
from infra.config import reference
from infra.config.reader import adapter, fields, schema
from infra.config.settings import AccountConfig, EnvironmentConfig
from tests.environments import EVERY_STACK, ROOT
from tests.haven.config.test_refused_stacks import FILES

KEYS = {**fields(EnvironmentConfig), **fields(AccountConfig)}
SCHEMA = json.loads((ROOT / reference.SCHEMA).read_text())


def refused_by_schema(document: Any) -> list[str]:
    return [error.json_path for error in Draft7Validator(SCHEMA).iter_errors(document)]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (reference.PAGE, reference.page()),
        (reference.SCHEMA, reference.schema_text()),
        (reference.PROJECT, reference.project((ROOT / reference.PROJECT).read_text())),
    ],
    ids=["page", "schema", "project"],
)
def test_what_is_generated_is_up_to_date(file: Any, text: str) -> None:
    assert (ROOT / file).read_text() == text, "run make reference"


def test_pulumi_declares_every_key_of_every_kind_and_no_other() -> None:
    declared = {each.key for each in read_project(ROOT / "Pulumi.yaml").declarations if each.key.startswith("haven:")}
    assert declared == {f"haven:{name}" for name in KEYS}


def test_the_page_has_every_nested_key_with_a_description_and_an_example_that_is_allowed() -> None:
    text = reference.page()
    assert "`haven:backups.complianceLockCoolingOffDays` | whole number | none | 3 to 36500 days | `14`" in text
    assert "`haven:cluster.gpuNodeGroups[].capacityReservations.<region>.zone`" in text
    for name, field in KEYS.items():
        assert field.description, name
        found = schema(field)
        example = found.example(found.at([]))
        assert example is not None, name
        adapter(field).validate_python(example)


@pytest.mark.parametrize("stack", EVERY_STACK)
def test_the_schema_accepts_every_sample_stack(stack: str) -> None:
    file = load_stack(stack, ROOT).file
    assert refused_by_schema(yaml.safe_load(file.read_text())) == []
    assert file.read_text().startswith(f"# yaml-language-server: $schema={reference.SCHEMA.name}\n")


@pytest.mark.parametrize("file", FILES, ids=[f"{file.parent.name}/{file.stem}" for file in FILES])
def test_what_the_schema_refuses_the_program_refuses_at_the_same_key(file: Any) -> None:
    expected = [line for line in file.read_text().splitlines() if line.startswith("#! ")]
    for path in refused_by_schema(yaml.safe_load(file.read_text())):
        key = path.removeprefix("$.config").strip(".[']").partition("'")[0].partition(".")[0]
        assert not key or any(key in line for line in expected), (path, expected)


def test_the_schema_finds_most_of_what_one_key_gets_wrong_by_itself() -> None:
    refused = {
        f"{file.parent.name}/{file.stem}" for file in FILES if refused_by_schema(yaml.safe_load(file.read_text()))
    }
    assert refused >= {
        "account/lost-leading-zero",
        "cache/burstable-node-type",
        "cluster/text-instead-of-number",
        "database/burstable-instance-class",
        "ephemeral/not-boolean",
        "kind/account-with-environment-keys",
        "kind/environment-with-account-keys",
        "kind/unknown",
        "objectives/availability-100-percent",
        "objectives/unknown-nested-key",
        "policy/unknown-level",
        "regions/missing",
        "regions/recovery-missing",
        "residency/class-without-regions",
        "tables/unknown-key-type",
        "tier/missing",
        "tier/unknown",
        "unknown/misspelt-key",
        "zones/four",
        "zones/single",
    }


def config(**keys: Any) -> dict[str, Any]:
    whole = {
        "haven:account": "111122223333",
        "haven:tier": "warm",
        "haven:regions": {"primary": "eu-west-1", "recovery": "eu-central-1"},
    }
    return {"config": whole | keys}


@pytest.mark.parametrize(
    "document",
    [
        config(**{"haven:database": {"instances": "3"}, "haven:objectives": {"rtoMinutes": "2.5"}}),
        config(**{"haven:ephemeral": "true", "haven:edge": {"internal": "false"}}),
        config(**{"haven:tags": {"owner": {"secure": "AAAB"}}, "haven:cost": {"secure": "AAAB"}}),
        config(**{"haven:tags": {"cost-center": 1234, "rate": 1.5, "shared": True, "owner": "platform"}}),
        config(**{"haven:cost": {"monthlyLimitUsd": {"secure": "AAAB"}, "emails": [{"secure": "AAAB"}]}}),
        config(**{"aws:region": "eu-west-1", "aws:config:retries": 3, "haven:active": "", "haven:zones": {}}),
        {**config(), "encryptionsalt": "v1:x", "secretsprovider": "awskms://x", "encryptedkey": "x", "environment": []},
        {"config": {"account": "1" * 12, "tier": "warm", "haven:config:regions": config()["config"]["haven:regions"]}},
    ],
    ids=["numbers", "booleans", "secure", "tags", "secure-deep", "namespaces", "pulumi", "spellings"],
)
def test_the_schema_takes_what_pulumi_writes(document: Any) -> None:
    assert refused_by_schema(document) == []


@pytest.mark.parametrize(
    "document",
    [
        config(**{"haven:database": {"instances": "three"}}),
        config(**{"haven:database": {"instances": 16}}),
        config(**{"haven:ephemeral": "yes"}),
        config(**{"haven:tags": {"owner": {"secured": "AAAB"}}}),
        config(**{"haven:tags": {"owner": ["platform"]}}),
        config(database={"instance": 3}),
        {**config(), "configs": {}},
    ],
)
def test_the_schema_refuses_what_the_program_refuses(document: Any) -> None:
    assert refused_by_schema(document)
