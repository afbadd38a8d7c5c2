"""A path of data: the property of a resource that names the destination."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from haven.program.recording import Resource
from haven_policies.rules.residency.destinations import Reader
from haven_policies.rules.resource_graph import parsed
from haven_policies.rules.values import is_list, is_true, plain


class FlowKind(StrEnum):
    """What moves."""

    REPLICA = "replica"
    """A store's second copy, kept up to date."""
    BACKUP = "backup"
    """A copy that is made from time to time."""
    LOG = "log"
    """What is written down about who did what."""
    EVENT = "event"
    """Messages, records of streams, results."""


def always(_record: Resource) -> bool:
    """Whatever else the resource declares."""
    return True


@dataclass(frozen=True)
class DataPath:
    """A property with the destination of data."""

    kind: FlowKind
    path: str
    """camelCase; `[]` for each member of a list: `rules[].destination.bucket`."""
    read: Reader
    source: str = ""
    """The property with the origin of the data; omitted: the resource itself."""
    when: Callable[[Resource], bool] = always


DataPaths = Mapping[str, Sequence[DataPath]]


def enabled(path: str) -> Callable[[Resource], bool]:
    """Where a switch of the resource is on."""
    return lambda record: any(is_true(value) for _, value in values(record.inputs, path))


def values(inputs: Any, path: str) -> Sequence[tuple[str, Any]]:
    """Every value at a path, with the path of each in a finding's style: `rules[0].destination.bucket`."""
    found: list[tuple[str, Any]] = [("", inputs)]
    for step in path.split("."):
        name, many = step.removesuffix("[]"), step.endswith("[]")
        found = [(f"{at}.{name}" if at else name, _member(value, name)) for at, value in found]
        if many:
            found = [
                (f"{at}[{index}]", each)
                for at, value in found
                if is_list(plain(value))
                for index, each in enumerate(plain(value))
            ]
    return [(at, plain(value)) for at, value in found if plain(value) not in (None, "", [], {})]


def _member(value: Any, name: str) -> Any:
    inside = parsed(value)
    return inside.get(name) if isinstance(inside, Mapping) else None
