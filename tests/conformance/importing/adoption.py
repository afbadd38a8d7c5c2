"""What the AWS provider would do to existing resources, in the emulator, once they are declared."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from haven.emulator import drift, gap_handling
from haven.program.recording import Recording
from haven.terraform import cli
from haven.terraform.export import Export, export
from tests.conformance.importing.existing_resources import ask_to_import


@dataclass(frozen=True)
class Planned:
    """What a plan would do to something that is there, beside what the emulator is known to answer wrongly."""

    action: str
    arguments: set[str]
    """What differs."""
    forced_by: set[str]
    """What can't be changed in place."""


@dataclass
class Adoption:
    """A declaration beside existing resources, in a Terraform state of its own."""

    provider: cli.Terraform
    url: str
    folder: Path
    exported: Export | None = None

    def plan(self, recording: Recording, ids: Mapping[str, str] | None = None) -> Mapping[str, Planned]:
        """What would be done to what is there, by address.

        Args:
            recording: what is declared.
            ids: address -> id of what is to be imported; omitted: what was asked for before.
        """
        fitted = gap_handling.adapt(recording).recording
        self.exported = export(fitted, self.provider.schema(), emulator=self.url, leave_out=gap_handling.leave_out)
        self.provider.prepare(self.exported, self.folder)
        if ids is not None:
            assert ids.keys() <= self.exported.urns.keys()
            ask_to_import(self.folder, ids)
        return self.drift()

    def drift(self) -> Mapping[str, Planned]:
        """What would be done to what is there now, by address."""
        assert self.exported is not None
        plan = self.provider.plan(self.folder)
        changes = {each["address"]: each["change"] for each in plan["resource_changes"]}
        explained = drift.explain(drift.from_terraform(plan, self.exported.document))
        return {
            each.resource.address: _planned(each, changes[each.resource.address].get("replace_paths", []))
            for each in explained
            if each.is_wrong and each.resource.action != "create"
        }

    def apply(self) -> None:
        """Do what was planned last."""
        self.provider.apply(self.folder)


def _planned(explained: drift.ExplainedDrift, paths: list[list[str]]) -> Planned:
    """What the emulator drops is no reason to replace anything."""
    difference = explained.resource
    known = gap_handling.explain(difference.type, [path[0] for path in paths])
    forced_by = {argument for argument, defect in known.items() if defect is None}
    only_defects = difference.action == "replace" and not forced_by
    return Planned("update" if only_defects else difference.action, set(explained.unexplained), forced_by)
