"""The changes in a preview or plan, in one form for every engine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

UNKNOWN = "(known after the deployment)"
"""Replaces a value that the engine only knows after the deployment."""

STASH = "pulumi:index:Stash"
"""Type of the resource that stores the environment's Regions of its first deployment, and the active Region."""


class Engine(StrEnum):
    """The engine that wrote the document."""

    PULUMI = "Pulumi"
    TERRAFORM = "Terraform"


class Action(StrEnum):
    """What the engine would do to a resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    REMOVE_FROM_STATE = "remove-from-state"
    """The resource leaves the state and remains in the cloud, unmanaged."""
    IMPORT = "import"
    REFRESH = "refresh"
    """The engine reads the resource."""


@dataclass(frozen=True)
class ResourceChange:
    """What the engine would do to one resource."""

    identity: str
    """Its URN, or its address in Terraform."""
    type: str
    """Pulumi's type token if known, otherwise the engine's own type name."""
    name: str
    region: str | None
    """The resource's Region; None if the document does not contain it, or the resource has none."""
    actions: frozenset[Action]
    before: Mapping[str, Any] = field(default_factory=dict)
    """Its inputs in the state, under Pulumi's property names; secrets wrapped."""
    after: Mapping[str, Any] = field(default_factory=dict)
    """Its inputs after the deployment, in the same form."""
    protected: bool = False
    """Whether the state protects it against deletion."""
    retained: bool = False
    """Whether the state keeps it in the cloud when it leaves the state (`retainOnDelete`)."""
    changed: tuple[str, ...] = ()
    """Paths of the values that differ, such as `scalingConfig.desiredSize`."""
    replacing: tuple[str, ...] = ()
    """The changed paths that force a replacement."""
    moved_to: str | None = None
    """The Region after the deployment, if it is another one."""
    lost_track: bool = False
    """Whether it is created because refreshing no longer found it, in Regions that the document doesn't contain."""
    removed_options: tuple[str, ...] = ()
    """The options `protect` and `retainOnDelete`, where the deployment turns them off."""
    id: str = ""
    """Its ID in the cloud."""

    @property
    def removed(self) -> bool:
        """Whether it would be deleted or leave the state."""
        return bool(self.actions & {Action.DELETE, Action.REMOVE_FROM_STATE})


@dataclass(frozen=True)
class ChangeSet:
    """All changes in one preview or plan."""

    engine: Engine
    source: str
    """The command that writes such a document, or a description of it."""
    changes: Sequence[ResourceChange]
    outputs: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    """Stack outputs that change: value before and after."""


def changed_at(path: str, names: Sequence[str]) -> bool:
    """Whether one of the paths in `names` is `path`, lies inside it, or contains it."""
    return any(
        each == path or each.startswith((f"{path}.", f"{path}[")) or path.startswith((f"{each}.", f"{each}["))
        for each in names
    )
