"""The interface of deployers: the Pulumi CLI, and the Terraform CLI with the AWS provider."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

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
    """The stack's resources, adapted to the emulator's gaps."""
    url: str
    """The emulator's endpoint."""
    folder: Path
    """An existing folder for files and logs."""


class Deployment(Protocol):
    """One stack with one deployer."""

    @property
    def left_out(self) -> Sequence[str]:
        """Everything that this deployer leaves out of the stack, each with its reason, besides the emulator's gaps."""

    def deploy(self, watch: DeploymentProgress) -> None:
        """Create all resources.

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
