"""The rules on the digest of a preview, written as Pulumi's engine writes it."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from haven.base.exits import BAD_INPUT, FINDINGS, OK
from haven.cli.main import main
from haven.config.stack_file import load_stack
from haven.program import aws_types as aws
from haven.program.recording import REFERENCE, Recording, Resource, Secret, map_strings
from haven_policies.rules.resource_graph import keys_in
from tests.environments import ROOT, environment
from tests.policies.breaking import setting

Gate = Callable[..., tuple[int, str, str]]


def digest(stack: str, recording: Recording) -> dict[str, Any]:
    """A first preview of a recorded stack."""
    urn = f"urn:pulumi:{stack}::haven::pulumi:pulumi:Stack::haven-{stack}"
    root = {"op": "create", "urn": urn, "newState": {"urn": urn, "custom": False, "type": "pulumi:pulumi:Stack"}}
    steps = [{"op": "create", "urn": each.urn, "newState": _state(each, recording)} for each in recording.resources]
    return {
        "config": dict(load_stack(stack, ROOT).config),
        "steps": [root, *steps],
        "changeSummary": {"create": len(steps) + 1},
    }


def _state(record: Resource, recording: Recording) -> Mapping[str, Any]:
    owners = {
        name: [recording.by_key[key].urn for key in keys_in(value) if key in recording.by_key]
        for name, value in record.inputs.items()
    }
    return {
        "urn": record.urn,
        "custom": record.custom,
        "type": record.type,
        "inputs": map_strings(_shown(record.inputs), _open),
        "parent": record.parent,
        "protect": record.options.protect,
        "provider": f"{record.provider}::{UNKNOWN_STRING_VALUE}" if record.provider else "",
        "dependencies": list(record.options.dependencies),
        "propertyDependencies": owners,
    }


def _open(text: str) -> str:
    return UNKNOWN_STRING_VALUE if REFERENCE.search(text) else text


def _shown(value: Any) -> Any:
    if isinstance(value, Secret):
        return "[secret]"
    if isinstance(value, Mapping):
        return {key: _shown(each) for key, each in value.items()}
    return [_shown(each) for each in value] if isinstance(value, (list, tuple)) else value


@pytest.fixture
def gate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Gate:
    def run(document: Mapping[str, Any], *options: str) -> tuple[int, str, str]:
        file = tmp_path / "preview.json"
        file.write_text(json.dumps(document))
        code = main(["gate", str(file), *options])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_a_preview_of_a_shipped_stack_violates_nothing(gate: Gate) -> None:
    code, out, _ = gate(digest("warm", environment("warm")), "--policy")
    assert code == OK
    assert "Policies of stack warm: " in out


def test_what_a_preview_would_break_is_found(gate: Gate) -> None:
    broken = setting(aws.RDS_CLUSTER, "storageEncrypted", False)(environment("warm"))
    code, out, _ = gate(digest("warm", broken), "--policy", "--json")
    assert code == FINDINGS
    assert [each["rule"] for each in json.loads(out)["policy"]["violations"]] == ["database-encrypted"]
    assert gate(digest("warm", broken))[0] == OK


def test_a_preview_that_leaves_out_what_stays_can_t_be_judged(gate: Gate) -> None:
    document = digest("backup", environment("backup"))
    document["changeSummary"]["same"] = 3
    code, out, err = gate(document, "--policy")
    assert (code, out) == (BAD_INPUT, "")
    assert "a preview without 3 resources that stay as they are" in err
    assert "pulumi preview --json --show-sames" in err


def test_only_a_digest_has_every_resource(gate: Gate) -> None:
    plan = {"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": []}
    code, out, err = gate(plan, "--policy")
    assert (code, out) == (BAD_INPUT, "")
    assert "pulumi preview --json --show-sames" in err
