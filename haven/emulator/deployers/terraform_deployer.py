"""Deploys with Terraform and the AWS provider: the recording becomes Terraform JSON, which Terraform applies."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from haven.base import processes, terminal
from haven.base.deployment_error import DeploymentError
from haven.config.stack_file import Stack
from haven.emulator import drift, gap_handling, gaps
from haven.emulator.deployers.deployment import DeploymentProgress, Order
from haven.emulator.drift import ResourceDrift
from haven.emulator.gap_handling import KUBERNETES, AdaptedRecording
from haven.terraform import cli, lifecycle, provider_differences
from haven.terraform.export import NO_KUBERNETES, Export, export

_SECOND_PLAN = "second.tfplan"
_SHOWN_WITHIN = 60.0
_CAUSES_SHOWN = 3


class TerraformDeployer:
    """The Terraform CLI and the AWS provider of this machine."""

    def __init__(self, found: cli.Terraform) -> None:
        self._terraform = found
        self.name = f"Terraform {found.version} and AWS provider {provider_differences.PROVIDER}"

    def open(self, order: Order) -> "TerraformDeployment":
        """Export the stack's resources as Terraform JSON and initialize Terraform in the order's folder."""
        return TerraformDeployment(self._terraform, order)


def find(state: Path) -> TerraformDeployer:
    """The Terraform deployer.

    Args:
        state: a directory for the provider's schema, which is read once.

    Raises:
        MissingDependency: there is no Terraform CLI, or no AWS provider of the expected version.
    """
    return TerraformDeployer(cli.find(state))


class TerraformDeployment:
    """One stack that Terraform deploys, with its state in the order's folder."""

    def __init__(self, found: cli.Terraform, order: Order) -> None:
        self._terraform = found
        self._program = found.program
        self._order = order
        self._folder = order.folder / "terraform"
        self._log = order.folder / "terraform.log"
        self._urns: dict[str, str] = {}
        self._exported = self._prepared(order.adapted)

    def _prepared(self, adapted: AdaptedRecording) -> Export:
        url, absent = self._order.url, adapted.absent()
        exported = export(
            adapted.recording,
            self._terraform.schema(),
            emulator=url,
            leave_out=lambda record: absent.get(record.urn),
            own_credentials=url is None,
        )
        lifecycle.delete_last(exported.document)
        if url is not None and self._order.redeclared:
            lifecycle.ignore_changes(exported.document, gap_handling.ignored_changes())
        self._urns |= exported.urns
        self._terraform.prepare(exported, self._folder)
        return exported

    def declare(self, stack: Stack, adapted: AdaptedRecording) -> None:
        """Export another declaration into the same folder."""
        del stack
        self._exported = self._prepared(adapted)

    @property
    def removal(self) -> str:
        """`terraform destroy` in the folder with the state."""
        return f"{self._program} -chdir={shlex.quote(str(self._folder))} destroy"

    @property
    def left_out(self) -> Sequence[str]:
        """Everything that the export leaves out because this version of the provider lacks it."""
        known = {each.type for each in gaps.UNSUPPORTED if not each.argument}
        others = [each for each in self._exported.left_out if each.type not in known and each.reason != KUBERNETES]
        lines = [f"{each.name}: {each.reason}" for each in others if each.reason != NO_KUBERNETES]
        objects = len(others) - len(lines)
        lines += [f"{terminal.plural(objects, 'Kubernetes object')}: {NO_KUBERNETES}"] if objects else []
        reasons: dict[tuple[str, str], list[str]] = {}
        for each in self._exported.dropped:
            reasons.setdefault((each.argument, each.reason), []).append(each.urn.rpartition("::")[2])
        return lines + [f"{argument} ({', '.join(names)}): {why}" for (argument, why), names in reasons.items()]

    def deploy(self, watch: DeploymentProgress) -> None:
        """Run `terraform apply`."""
        self._follow(["apply", "-auto-approve"], watch, "apply_complete")

    def drift(self, watch: DeploymentProgress) -> list[ResourceDrift]:
        """The resources that another `terraform apply` would change, after a refresh."""
        self._follow(["plan", f"-out={_SECOND_PLAN}"], watch, "refresh_complete")
        shown = cli.run([self._program, "show", "-json", _SECOND_PLAN], self._folder, _SHOWN_WITHIN)
        differences = drift.from_terraform(json.loads(shown), self._exported.document)
        return [replace(each, urn=self._urns.get(each.address, "")) for each in differences]

    def destroy(self, watch: DeploymentProgress) -> None:
        """Run `terraform destroy` without a refresh, as nothing has changed since the deployment."""
        self._follow(["destroy", "-auto-approve", "-refresh=false"], watch, "apply_complete")

    def _follow(self, command: Sequence[str], watch: DeploymentProgress, counted: str) -> None:
        run = _Run(len(self._exported.urns), counted, watch)
        code = processes.follow(
            [self._program, *command, "-input=false", "-json", cli.PARALLEL],
            folder=self._folder,
            environment=cli.environment(self._folder, own_credentials=self._order.url is None),
            log=self._log,
            line=run.line,
            tick=run.tick,
            patience=self._order.patience,
        )
        if code or run.errors:
            causes = "; ".join(run.errors[:_CAUSES_SHOWN]) or f"exit code {code}"
            more = f" (and {len(run.errors) - _CAUSES_SHOWN} more)" if len(run.errors) > _CAUSES_SHOWN else ""
            raise DeploymentError(f"terraform {command[0]}: {causes}{more}; its log: {self._log}")


@dataclass
class _Run:
    """The progress and errors of one run of Terraform, which writes one JSON document per line."""

    total: int
    counted: str
    watch: DeploymentProgress
    done: int = 0
    planned: int = 0
    phase: str = "starting Terraform and the AWS provider"

    def __post_init__(self) -> None:
        self.errors: list[str] = []
        self.running: dict[str, float] = {}
        """Address of each resource that is being worked on -> for how many seconds."""

    def line(self, text: str) -> None:
        try:
            message = json.loads(text)
        except json.JSONDecodeError:
            return
        self.done += message.get("type") == self.counted
        self._phase(message)
        diagnostic = message.get("diagnostic", {})
        if diagnostic.get("severity") == "error":
            about = diagnostic.get("address")
            self.errors.append(f"{about}: {diagnostic['summary']}" if about else diagnostic["summary"])

    def _phase(self, message: Mapping[str, Any]) -> None:
        hook = message.get("hook", {})
        address = hook.get("resource", {}).get("addr", "")
        step = str(message.get("type")).rpartition("_")[2]
        if step in ("start", "progress"):
            self.running[address] = hook.get("elapsed_seconds", 0.0)
        elif step in ("complete", "errored"):
            self.running.pop(address, None)
            self.phase = "comparing what is there with the plan"
        elif message.get("type") == "planned_change":
            self.planned += 1
            self.phase = f"{terminal.plural(self.planned, 'change')} planned"

    def tick(self) -> None:
        doing = self.phase
        if self.running:
            slowest = max(self.running, key=lambda each: self.running[each])
            more = len(self.running) - 1
            doing = f"waiting for {slowest} ({self.running[slowest]:.0f} s)" + (f" and {more} more" if more else "")
        self.watch(self.done, self.total, doing)
