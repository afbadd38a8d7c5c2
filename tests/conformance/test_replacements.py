"""The table of properties that replace a resource is what the AWS provider plans."""

import json
from importlib.resources import files
from pathlib import Path

import pytest

from haven.terraform import cli
from haven.terraform.export import export
from tests.conformance import mutated_state
from tests.conformance.promotion.fabricated_state import stand
from tests.environments import environment

pytestmark = [pytest.mark.exhaustive, pytest.mark.timeout(900)]

STACKS = ("active-active",)
"""It declares every type that an environment has."""


@pytest.mark.parametrize("stack", STACKS)
def test_the_provider_replaces_for_these_properties_and_for_no_others(
    terraform: cli.Terraform, tmp_path: Path, stack: str
) -> None:
    recording, schema = environment(stack), terraform.schema()
    exported = export(recording, schema)
    standing = stand(terraform, exported, tmp_path)
    mutated_state.mutate(standing, exported, schema)
    planned: dict[str, set[str]] = {}
    for type_, name in mutated_state.replacing(standing.plan(exported), exported, recording, schema):
        planned.setdefault(type_, set()).add(name)
    table = json.loads(files("haven.program").joinpath("replacements.json").read_text())["properties"]
    declared = {each.type for each in recording.real()}
    assert planned == {type_: {*names} for type_, names in table.items() if type_ in planned}
    assert planned.keys() >= {each for each in table if each in declared and each.startswith("aws:")}
