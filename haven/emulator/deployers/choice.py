"""Chooses the deployer that works on this machine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from haven.base.missing_dependency import MissingDependency
from haven.emulator.deployers import pulumi_deployer, terraform_deployer
from haven.emulator.deployers.deployment import Deployer


@dataclass(frozen=True)
class Choice:
    """The chosen deployer, and why those preferred to it are unavailable."""

    deployer: Deployer | None
    """None if no deployer is available."""
    unavailable: Sequence[str]
    """For each unavailable deployer, what is missing and how to get it."""


def choose(state: Path) -> Choice:
    """The Pulumi CLI if it and its plugins are installed or can be downloaded, otherwise Terraform.

    Args:
        state: a directory for files that are kept between runs, such as the AWS provider's schema.
    """
    unavailable: list[str] = []
    finders: Sequence[Callable[[Path], Deployer]] = (pulumi_deployer.find, terraform_deployer.find)
    for find in finders:
        try:
            return Choice(find(state), unavailable)
        except MissingDependency as missing:
            unavailable.append(str(missing))
    return Choice(None, unavailable)
