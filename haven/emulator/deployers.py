"""The ways to deploy that are open on this machine, the first choice first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from haven.base.missing_dependency import MissingDependency
from haven.emulator import pulumi_deployer, terraform_deployer
from haven.emulator.deployment import Way


@dataclass(frozen=True)
class Found:
    """The way to take, and why those before it can't be taken."""

    way: Way | None
    refused: Sequence[str]


def find(state: Path) -> Found:
    """The Pulumi CLI where it and its plugins are there or can be had, otherwise the AWS provider through Terraform.

    Args:
        state: a directory for what has to be downloaded once.
    """
    refused: list[str] = []
    choices: Sequence[Callable[[Path], Way]] = (pulumi_deployer.find, terraform_deployer.find)
    for choice in choices:
        try:
            return Found(choice(state), refused)
        except MissingDependency as missing:
            refused.append(str(missing))
    return Found(None, refused)
