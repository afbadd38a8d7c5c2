"""What is alive in the embedded emulator, deployed with the AWS provider itself, and what changes of it do."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from haven.base.deployment_error import DeploymentError
from haven.emulator import drift, gap_handling
from haven.emulator.gap_handling import SPARED
from haven.program.recording import Recording, Resource
from haven.terraform import cli, lifecycle
from haven.terraform.export import Export, export


@dataclass(frozen=True)
class Change:
    """One resource that a plan would touch, and not because of a known defect of the emulator."""

    urn: str
    action: str
    """`create`, `update`, `replace` or `delete`."""
    arguments: frozenset[str]
    """What differs in it that no known defect explains."""

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.rpartition("::")[2]

    @property
    def type(self) -> str:
        """Pulumi's type of the resource."""
        return self.urn.split("::")[2].rpartition("$")[2]


_NETWORK_WAS_UNKNOWN = "invalid new value for .vpc_config: block count changed from 0 to 1"
"""The provider hides that a function gets a network while that is created by the same plan, and Terraform then refuses
what it finds. Pulumi's engine compares no such plan: it gives the function the network's ids when they are known."""


@dataclass
class Living:
    """One environment in the emulator, moved from one declaration to the next."""

    provider: cli.Terraform
    url: str
    folder: Path
    without: Sequence[str] = ()
    """Types that are left out, beside those that the emulator lacks."""
    spares: Collection[str] = SPARED
    """Types that are left as they are in what the emulator is known to drop of them."""

    def __post_init__(self) -> None:
        self._urns: dict[str, str] = {}
        self.planned: Mapping[str, Any] = {}
        """The last plan, as the provider printed it."""
        self.left_out: set[str] = set()
        """URNs of what isn't deployed: what is left out, and what needs such a thing."""

    def plan(self, recording: Recording) -> Sequence[Change]:
        """What would change for this declaration, having asked the emulator for everything that is there."""
        exported = self._prepare(recording)
        self.planned = self.provider.plan(self.folder)
        differences = drift.from_terraform(self.planned, exported.document)
        return [self._change(each) for each in drift.explain(differences) if each.is_wrong]

    def _prepare(self, recording: Recording) -> Export:
        fitted = gap_handling.adapt(recording).recording
        exported = export(fitted, self.provider.schema(), emulator=self.url, leave_out=self._leave_out)
        lifecycle.ignore_changes(exported.document, self.ignored_changes())
        lifecycle.delete_last(exported.document)
        self._urns |= exported.urns
        self.left_out |= {each.urn for each in exported.left_out}
        self.provider.prepare(exported, self.folder)
        return exported

    def ignored_changes(self) -> Mapping[str, set[str]]:
        """Type -> arguments whose changes are left out: what the emulator reads back wrongly, or can't change."""
        return gap_handling.ignored_changes(self.spares)

    def apply(self) -> None:
        """Do what was planned last; where the provider refuses its own plan, do the rest of it by another one."""
        try:
            self.provider.apply(self.folder)
        except DeploymentError as error:
            if _NETWORK_WAS_UNKNOWN not in str(error):
                raise
            self.provider.deploy(self.folder)

    def deploy(self, recording: Recording) -> None:
        """Do what changes for this declaration, whatever it is."""
        self._prepare(recording)
        self.provider.deploy(self.folder)

    def move(self, recording: Recording) -> Sequence[Change]:
        """Plan and do."""
        changes = self.plan(recording)
        self.apply()
        return changes

    def destroy(self) -> None:
        """Take everything away, as it was deployed last."""
        self.provider.destroy(self.folder, refresh=False)

    def _leave_out(self, record: Resource) -> str | None:
        return "not the point of the test" if record.type in self.without else gap_handling.leave_out(record)

    def _change(self, explained: drift.ExplainedDrift) -> Change:
        difference = explained.resource
        arguments = explained.unexplained or difference.arguments
        return Change(self._urns[difference.address], difference.action, frozenset(arguments))


def actions(changes: Sequence[Change]) -> Mapping[str, set[str]]:
    """Action -> names of the resources."""
    found: dict[str, set[str]] = {}
    for each in changes:
        found.setdefault(each.action, set()).add(each.name)
    return found
