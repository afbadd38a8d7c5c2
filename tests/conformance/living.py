"""What is alive in the embedded emulator, deployed with the AWS provider itself, and what changes of it do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from haven.local import again, limits, terraform
from haven.local.export import export
from haven.record import Recording


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


@dataclass
class Living:
    """One environment in the emulator, moved from one declaration to the next."""

    provider: terraform.Terraform
    url: str
    folder: Path

    def __post_init__(self) -> None:
        self._urns: dict[str, str] = {}

    def plan(self, recording: Recording) -> Sequence[Change]:
        """What would change for this declaration, having asked the emulator for everything that is there."""
        fitted = limits.fit(recording).recording
        exported = export(fitted, self.provider.schema(), emulator=self.url, leave_out=limits.leave_out)
        self._urns |= exported.urns
        self.provider.prepare(exported, self.folder)
        differences = again.from_terraform(self.provider.plan(self.folder), exported.document)
        return [self._change(each) for each in again.explain(differences) if each.is_wrong]

    def apply(self) -> None:
        """Do what was planned last."""
        self.provider.apply(self.folder)

    def move(self, recording: Recording) -> Sequence[Change]:
        """Plan and do."""
        changes = self.plan(recording)
        self.apply()
        return changes

    def _change(self, explained: again.Explained) -> Change:
        difference = explained.difference
        arguments = explained.unexplained or difference.arguments
        return Change(self._urns[difference.address], difference.action, frozenset(arguments))


def actions(changes: Sequence[Change]) -> Mapping[str, set[str]]:
    """Action -> names of the resources."""
    found: dict[str, set[str]] = {}
    for each in changes:
        found.setdefault(each.action, set()).add(each.name)
    return found
