"""What the demo asks of a way to deploy: the Pulumi CLI is one, the AWS provider through Terraform is another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from haven.config.stack_file import Stack
from haven.emulator.drift import Difference
from haven.emulator.gap_handling import Fitted

Watch = Callable[[int, int], None]
"""Called again and again while resources are made or taken away, at least once a second, with how many are done and
how many there are in all; what it raises ends the deployment."""


@dataclass(frozen=True)
class Order:
    """What is to be deployed, and where."""

    stack: Stack
    fitted: Fitted
    """What the stack's program declares, as the emulator can take it."""
    url: str
    """The emulator's."""
    folder: Path
    """For files and logs; it is there already."""


class Deployment(Protocol):
    """One stack, deployed in one way."""

    @property
    def left_out(self) -> Sequence[str]:
        """What isn't deployed as it was planned, each in a line with its name and the reason."""

    def deploy(self, watch: Watch) -> None:
        """Make everything.

        Raises:
            DeploymentError: it failed.
        """

    def again(self, watch: Watch) -> list[Difference]:
        """What a second deployment would change.

        Raises:
            DeploymentError: that can't be told.
        """

    def destroy(self, watch: Watch) -> None:
        """Take everything away.

        Raises:
            DeploymentError: it failed.
        """


class Way(Protocol):
    """A way to deploy that is open on this machine."""

    @property
    def name(self) -> str:
        """Which programs do it, with their versions."""

    def open(self, order: Order) -> Deployment:
        """A deployment, not begun yet.

        Raises:
            DeploymentError: it can't be prepared.
        """
