"""Which properties make the AWS provider replace a resource, and the command that writes them down.

After an upgrade of the provider, or when a component declares another type or property, run

    python -m tests.conformance.replacements

It deploys nothing: it plans against a made-up state in which every declared argument has another value.
"""

import json
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from haven.terraform import cli
from haven.terraform.export import export
from tests.conformance import mutated_state
from tests.conformance.promotion.fabricated_state import stand
from tests.environments import ACCOUNT, ROOT, environment

FILE = ROOT / "haven" / "program" / "replacements.json"
STACKS = ("active-active", ACCOUNT)
"""Together they declare every type that any stack has."""


def planned(terraform: cli.Terraform, folder: Path) -> Mapping[str, set[str]]:
    """Type -> the properties for which the provider plans to replace it, in any of the stacks."""
    found: dict[str, set[str]] = {}
    schema = terraform.schema()
    for stack in STACKS:
        recording = environment(stack)
        exported = cli.without_account(export(recording, schema))
        standing = stand(terraform, exported, folder / stack)
        mutated_state.mutate(standing, exported, schema)
        for type_, name in mutated_state.replacing(standing.plan(exported), exported, recording, schema):
            found.setdefault(type_, set()).add(name)
    return found


def written() -> Mapping[str, set[str]]:
    """The table of the AWS provider's types, as it is stored."""
    properties = json.loads(FILE.read_text())["properties"]
    return {type_: {*names} for type_, names in properties.items() if type_.startswith("aws:")}


def main() -> None:
    """Write the table. What it has of other providers stays."""
    with tempfile.TemporaryDirectory() as place:
        found = planned(cli.find(Path(place)), Path(place))
    table = json.loads(FILE.read_text())
    others = {type_: names for type_, names in table["properties"].items() if not type_.startswith("aws:")}
    properties = {type_: sorted(names) for type_, names in {**others, **found}.items()}
    table |= {
        "retrievedOn": datetime.now(UTC).date().isoformat(),
        "properties": dict(sorted(properties.items())),
    }
    FILE.write_text(json.dumps(table, indent=2) + "\n")


if __name__ == "__main__":
    main()
