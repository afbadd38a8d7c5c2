"""Deploying with the AWS provider itself: what the program declares becomes Terraform JSON, which Terraform applies."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from haven.base import processes
from haven.base.deployment_error import DeploymentError
from haven.emulator import drift as again
from haven.emulator import gap_handling, gaps
from haven.emulator.deployment import Order, Watch
from haven.terraform import cli, provider_differences
from haven.terraform.export import Export, export

_SHOWN_WITHIN = 60.0
_CAUSES_SHOWN = 3


class TerraformWay:
    """Terraform and the AWS provider, as they are on this machine."""

    def __init__(self, found: cli.Terraform) -> None:
        self._terraform = found
        self.name = f"Terraform {found.version} and AWS provider {provider_differences.PROVIDER}"

    def open(self, order: Order) -> "TerraformDeployment":
        """A deployment, not begun yet."""
        known = self._terraform.schema()
        exported = export(order.fitted.recording, known, emulator=order.url, leave_out=gap_handling.leave_out)
        return TerraformDeployment(self._terraform, exported, order.folder)


def find(state: Path) -> TerraformWay:
    """This way, where it is open.

    Raises:
        MissingDependency: there is no Terraform, or no such provider.
    """
    return TerraformWay(cli.find(state))


class TerraformDeployment:
    """One export, deployed by Terraform."""

    def __init__(self, found: cli.Terraform, exported: Export, folder: Path) -> None:
        self._program = found.program
        self._exported = exported
        self._folder = folder / "terraform"
        self._log = folder / "terraform.log"
        found.prepare(exported, self._folder)

    @property
    def left_out(self) -> Sequence[str]:
        """What the export leaves out beyond what the emulator's table names."""
        known = {each.type for each in gaps.MISSING if not each.argument}
        lines = [f"{each.name}: {each.reason}" for each in self._exported.left_out if each.type not in known]
        reasons: dict[tuple[str, str], list[str]] = {}
        for each in self._exported.dropped:
            reasons.setdefault((each.argument, each.reason), []).append(each.urn.rpartition("::")[2])
        return lines + [f"{argument} ({', '.join(names)}): {why}" for (argument, why), names in reasons.items()]

    def deploy(self, watch: Watch) -> None:
        """Make everything."""
        self._follow(["apply", "-auto-approve"], watch, "apply_complete")

    def again(self, watch: Watch) -> list[again.Difference]:
        """What Terraform would change now, having asked the emulator for everything that is there."""
        self._follow(["plan", "-out=again.tfplan"], watch, "refresh_complete")
        shown = cli.run([self._program, "show", "-json", "again.tfplan"], self._folder, _SHOWN_WITHIN)
        return again.from_terraform(json.loads(shown), self._exported.document)

    def destroy(self, watch: Watch) -> None:
        """Take everything away, as it was deployed: nothing has changed since."""
        self._follow(["destroy", "-auto-approve", "-refresh=false"], watch, "apply_complete")

    def _follow(self, command: Sequence[str], watch: Watch, counted: str) -> None:
        run = _Run(len(self._exported.urns), counted, watch)
        code = processes.follow(
            [self._program, *command, "-input=false", "-json", cli.PARALLEL],
            folder=self._folder,
            environment=cli.environment(self._folder),
            log=self._log,
            line=run.line,
            tick=run.tick,
        )
        if code or run.errors:
            causes = "; ".join(run.errors[:_CAUSES_SHOWN]) or f"exit code {code}"
            more = f" (and {len(run.errors) - _CAUSES_SHOWN} more)" if len(run.errors) > _CAUSES_SHOWN else ""
            raise DeploymentError(f"terraform {command[0]}: {causes}{more}; its log: {self._log}")


@dataclass
class _Run:
    """What one run of Terraform has said so far, one JSON document in each line."""

    total: int
    counted: str
    watch: Watch
    done: int = 0

    def __post_init__(self) -> None:
        self.errors: list[str] = []

    def line(self, text: str) -> None:
        try:
            said = json.loads(text)
        except json.JSONDecodeError:
            return
        self.done += said.get("type") == self.counted
        diagnostic = said.get("diagnostic", {})
        if diagnostic.get("severity") == "error":
            about = diagnostic.get("address")
            self.errors.append(f"{about}: {diagnostic['summary']}" if about else diagnostic["summary"])

    def tick(self) -> None:
        self.watch(self.done, self.total)
