"""The program under the Pulumi CLI: previewed with the policy pack, deployed, unchanged."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import Engine
from tests.environments import EVERY_STACK, ROOT

pytestmark = [pytest.mark.engine, pytest.mark.exhaustive]


def _changes(report: str) -> dict[str, int]:
    document: dict[str, Any] = json.loads(report)
    return {name: count for name, count in document["changeSummary"].items() if count}


@pytest.mark.parametrize("stack", EVERY_STACK)
def test_a_stack_is_previewed_and_the_policy_pack_has_nothing_against_it(
    engine: Engine, checkout: Path, stack: str
) -> None:
    engine.succeed("stack", "init", stack, cwd=checkout)
    shown = engine.succeed("preview", "--stack", stack, "--policy-pack", "policies", cwd=checkout)
    assert "to create" in shown
    assert "haven@v0.1.0" in shown
    assert "[mandatory]" not in shown


@pytest.mark.parametrize("stack", EVERY_STACK)
def test_the_policy_pack_has_nothing_against_a_stack_when_it_is_deployed_or_after_it(
    engine: Engine, checkout: Path, stack: str
) -> None:
    engine.succeed("stack", "init", stack, cwd=checkout)
    words = ("--stack", stack, "--policy-pack", "policies")
    shown = engine.succeed("up", *words, "--yes", "--skip-preview", cwd=checkout)
    shown += engine.succeed("preview", *words, cwd=checkout)
    assert "haven@v0.1.0" in shown
    assert "[mandatory]" not in shown


def test_a_deployed_stack_is_unchanged_when_it_is_deployed_once_more(engine: Engine, checkout: Path) -> None:
    engine.succeed("stack", "init", "account", cwd=checkout)
    engine.succeed("up", "--stack", "account", "--yes", "--skip-preview", cwd=checkout)
    assert set(_changes(engine.succeed("preview", "--stack", "account", "--json", cwd=checkout))) == {"same"}


def _commands(script: str) -> list[list[str]]:
    """The calls of Pulumi in a script of the workflows."""
    lines = (ROOT / ".github" / "scripts" / script).read_text().replace("$STACK", "account").splitlines()
    found = [line.partition(" >")[0] for line in lines if line.startswith("pulumi ")]
    return [shlex.split(each)[1:] for each in found]


def test_the_deployment_workflow_reads_nothing_that_is_deployed_and_a_refresh_reads_everything(
    engine: Engine, checkout: Path
) -> None:
    engine.succeed("stack", "init", "account", cwd=checkout)
    engine.succeed("up", "--stack", "account", "--yes", "--skip-preview", cwd=checkout)
    blind = {"STUB_PLUGIN_REFUSES_READS": "yes"}
    preview, up = [*_commands("preview.sh"), *_commands("deploy.sh")]
    assert [preview[0], up[0]] == ["preview", "up"]
    for words in (preview, up):
        engine.succeed(*(each for each in words if each != "--non-interactive"), cwd=checkout, environment=blind)
    refused = engine.run("refresh", "--stack", "account", "--yes", cwd=checkout, environment=blind)
    assert "is read" in refused.stdout + refused.stderr


def _birth(engine: Engine, checkout: Path) -> dict[str, Any] | None:
    """What the state has of the first deployment: input and output."""
    state = json.loads(engine.succeed("stack", "export", "--stack", "demo", cwd=checkout))
    resources = state["deployment"].get("resources") or []
    return next((each["outputs"] for each in resources if each["urn"].endswith("-birth")), None)


def _set(engine: Engine, checkout: Path, **values: str) -> None:
    for name, value in values.items():
        words = ("config", "set", "--stack", "demo", "--path", f"haven:{name.replace('_', '.')}", value)
        engine.succeed(*words, cwd=checkout)


def test_a_refused_config_is_not_written_into_the_state_and_the_right_one_deploys_afterwards(
    engine: Engine, checkout: Path
) -> None:
    deploy = ("up", "--stack", "demo", "--yes", "--skip-preview", "--target", "**-birth")
    engine.succeed("stack", "init", "demo", cwd=checkout)
    _set(engine, checkout, active="eu-central-1")
    for command in (("preview", "--stack", "demo"), deploy):
        refused = engine.run(*command, cwd=checkout)
        assert refused.returncode
        assert "everything is created there" in refused.stdout + refused.stderr
    assert _birth(engine, checkout) is None

    _set(engine, checkout, active="eu-west-1")
    engine.run(*deploy, cwd=checkout)  # fails for what it leaves out, after it has written the entry
    before = _birth(engine, checkout)
    assert before
    assert before["output"]["active"] == "eu-west-1"

    _set(engine, checkout, regions_primary="eu-central-1", regions_recovery="eu-west-1", active="eu-central-1")
    refused = engine.run(*deploy, cwd=checkout)
    assert "another Region would replace everything" in refused.stdout + refused.stderr
    assert _birth(engine, checkout) == before
