"""What an engine would do, whichever engine: one change for each resource, and what the whole document says besides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

UNKNOWN = "(known after the deployment)"
"""Stands for a value that the engine can't tell yet."""

STASH = "pulumi:index:Stash"
"""What an environment remembers of its first deployment, and which Region is active."""


class Engine(StrEnum):
    """Who would do it."""

    PULUMI = "Pulumi"
    TERRAFORM = "Terraform"


class Action(StrEnum):
    """What is done to a resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    FORGET = "forget"
    """It leaves the state, and stands on unmanaged."""
    IMPORT = "import"
    REFRESH = "refresh"
    """It is looked at."""


@dataclass(frozen=True)
class Change:
    """What would become of one resource."""

    identity: str
    """Its URN, or its address in Terraform."""
    type: str
    """Pulumi's token, where one is known; otherwise the engine's own name of the type."""
    name: str
    region: str | None
    """Where it stands; None where the document doesn't tell, or where it stands in none."""
    actions: frozenset[Action]
    before: Mapping[str, Any] = field(default_factory=dict)
    """What it was declared with, under Pulumi's names; secrets wrapped."""
    after: Mapping[str, Any] = field(default_factory=dict)
    protected: bool = False
    """Whether the state says that it must not be deleted."""
    retained: bool = False
    """Whether the state says that it stays in the cloud when it leaves the state."""
    changed: tuple[str, ...] = ()
    """Paths of what differs, such as `scalingConfig.desiredSize`."""
    replacing: tuple[str, ...] = ()
    """Those of them that can't be changed in place."""
    moved_to: str | None = None
    """The Region where it would stand afterwards, where that is another one."""
    unheld: tuple[str, ...] = ()
    """Options that hold on to it (`protect`, `retainOnDelete`) and are taken off."""
    id: str = ""
    """What the cloud knows it by."""

    @property
    def gone(self) -> bool:
        """Whether it would no longer be there, or no longer be managed."""
        return bool(self.actions & {Action.DELETE, Action.FORGET})


@dataclass(frozen=True)
class Document:
    """One document, read."""

    engine: Engine
    form: str
    """What kind of document it is, in words."""
    changes: Sequence[Change]
    outputs: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    """Outputs that change: before and after."""


def changed_at(path: str, names: Sequence[str]) -> bool:
    """Whether any of these paths lies at `path`, in it, or around it."""
    return any(
        each == path or each.startswith((f"{path}.", f"{path}[")) or path.startswith((f"{each}.", f"{each}["))
        for each in names
    )
