"""`haven reconcile`'s own preview on the real engine: the proposed keys without a change of the stack file."""

from dataclasses import replace
from pathlib import Path

import pytest

from haven.config.stack_file import load_stack
from haven.gate import preview_reader
from haven.gate.changes import Action
from haven.program.run import run_program
from haven.runbooks.reconcile import deployment, preview
from haven.runbooks.status.readings import State
from tests.engine.conftest import Engine
from tests.environments import RECOVERY

pytestmark = [pytest.mark.engine, pytest.mark.exhaustive]
STACK = "pilot-light"
UNKNOWN_TO_THE_STUB = "haven-pilot-light-euw1-into-targets-8080"
"""A rule of the cluster's own security group: the stub plugin has no such group, deployed or in a preview."""


def test_after_a_failover_the_preview_with_the_proposed_region_replaces_and_deletes_nothing(
    engine: Engine, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.succeed("stack", "init", STACK, cwd=checkout)
    engine.succeed("up", "--stack", STACK, "--yes", "--skip-preview", cwd=checkout)
    for name, value in engine.variables.items():
        monkeypatch.setenv(name, value)
    stack, proposed = load_stack(STACK, checkout), {"haven:active": RECOVERY}
    before = stack.file.read_bytes()
    documents = preview.run(stack, proposed, {})
    assert stack.file.read_bytes() == before
    assert documents.preview is not None
    change_set = preview_reader.read(documents.preview, documents.source)
    instance = next(each for each in change_set.changes if each.type.endswith(":ClusterInstance"))
    name = str(instance.after["identifier"])
    found = list(
        deployment.checks(
            change_set,
            documents.source,
            proposed=proposed,
            existing={name: RECOVERY},
            recorded=lambda: run_program(replace(stack, config={**stack.config, **proposed})),
            stack=STACK,
        )
    )
    assert {Action.REPLACE, Action.DELETE}.isdisjoint(action for each in change_set.changes for action in each.actions)
    adopted, *others = sorted(found, key=lambda each: each.area)
    assert (adopted.area, adopted.state, adopted.commands[0].split()[:2]) == (
        "adoption",
        State.WRONG,
        ["pulumi", "import"],
    )
    assert [each.description.partition(":")[0] for each in others] == [UNKNOWN_TO_THE_STUB]
    assert deployment.skipped(deployment.objects_of(documents.preview)) == []
