"""The program under the Pulumi CLI: previewed with the policy pack, deployed, unchanged."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import Engine

pytestmark = [pytest.mark.engine, pytest.mark.exhaustive]


def _changes(report: str) -> dict[str, int]:
    document: dict[str, Any] = json.loads(report)
    return {name: count for name, count in document["changeSummary"].items() if count}


@pytest.mark.parametrize("stack", ["account", "demo"])
def test_a_stack_is_previewed_and_the_policy_pack_has_nothing_against_it(
    engine: Engine, checkout: Path, stack: str
) -> None:
    engine.succeed("stack", "init", stack, cwd=checkout)
    shown = engine.succeed("preview", "--stack", stack, "--policy-pack", "policies", cwd=checkout)
    assert "to create" in shown
    assert "haven@v0.1.0" in shown
    assert "[mandatory]" not in shown


def test_a_deployed_stack_is_unchanged_when_it_is_deployed_once_more(engine: Engine, checkout: Path) -> None:
    engine.succeed("stack", "init", "account", cwd=checkout)
    engine.succeed("up", "--stack", "account", "--yes", "--skip-preview", cwd=checkout)
    assert set(_changes(engine.succeed("preview", "--stack", "account", "--json", cwd=checkout))) == {"same"}
