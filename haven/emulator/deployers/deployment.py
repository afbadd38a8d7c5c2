"""The interface of deployers: the Pulumi CLI, and the Terraform CLI with the AWS provider."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from haven.base.processes import PATIENCE
from haven.config.stack_file import Stack
from haven.emulator.drift import ResourceDrift
from haven.emulator.gap_handling import AdaptedRecording


class DeploymentProgress(Protocol):
    """Receives progress at least once a second; an exception that it raises ends the deployment."""

    def __call__(self, done: int, total: int, doing: str = "") -> None:
        """Report progress.

        Args:
            done: the number of finished resources.
            total: the number of all resources.
            doing: what the deployer does or waits for now.
        """


@dataclass(frozen=True)
class Order:
    """A stack to deploy, and where."""

    stack: Stack
    adapted: AdaptedRecording
    """The stack's resources, adapted to the emulator's gaps; `unadapted` for AWS."""
    url: str | None
    """The emulator's endpoint. None: AWS, with this machine's own credentials."""
    folder: Path
    """An existing folder for files, logs and the deployment's state."""
    redeclared: bool = False
    """Whether other declarations follow: then what the emulator can't change is left as it was deployed first."""
    patience: float = PATIENCE
    """Seconds that an interrupted engine has to end by itself. What it creates in AWS and doesn't write into its state,
    nothing deletes."""


class Deployment(Protocol):
    """One stack with one deployer."""

    @property
    def left_out(self) -> Sequence[str]:
        """Everything that this deployer leaves out of the stack, each with its reason, besides the emulator's gaps and
        Kubernetes objects that an emulator can't have."""

    @property
    def removal(self) -> str:
        """The shell command that deletes everything, for the day on which `destroy` doesn't work."""

    def declare(self, stack: Stack, adapted: AdaptedRecording) -> None:
        """Replace the declaration of the same stack; the next `drift`, `deploy` and `destroy` are about this one.

        Raises:
            DeploymentError: it can't be prepared.
        """

    def deploy(self, watch: DeploymentProgress) -> None:
        """Create, change and delete what the declaration needs.

        Raises:
            DeploymentError: it failed.
        """

    def drift(self, watch: DeploymentProgress) -> list[ResourceDrift]:
        """The resources that a second deployment would change.

        Raises:
            DeploymentError: the engine failed to compare them.
        """

    def destroy(self, watch: DeploymentProgress) -> None:
        """Delete all resources.

        Raises:
            DeploymentError: it failed.
        """


class Deployer(Protocol):
    """An engine that is installed on this machine."""

    @property
    def name(self) -> str:
        """The programs and their versions."""

    def open(self, order: Order) -> Deployment:
        """Prepare a deployment.

        Raises:
            DeploymentError: it failed.
        """
