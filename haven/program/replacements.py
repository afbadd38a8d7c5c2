"""Which changed properties make the AWS provider replace a resource, for every type that the program declares."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from haven.program.recording import Resource


def replacing(old: Resource, new: Resource, paths: Sequence[str]) -> tuple[str, ...]:
    """The changed properties for which the provider replaces the resource instead of updating it.

    Args:
        old: the resource as it was declared.
        new: the resource as it is declared now.
        paths: the properties that differ, such as `scalingConfig.desiredSize`. A property whose changes the program
            ignores counts for nothing.
    """
    names = dict.fromkeys(each for each in map(_levels, paths) if each[0] not in new.options.ignore_changes)
    found = _table().get(new.type, ())
    matching = [".".join(each) for each in names if any(each[: len(one)] == one for one in found)]
    moved = ["(Region)"] if old.region != new.region else []
    return (*moved, *dict.fromkeys(matching))


def _levels(path: str) -> tuple[str, ...]:
    """`rules[0].name` as its names: a list's positions don't matter."""
    return tuple(re.sub(r"\[\d+\]", "", path).split("."))


@cache
def _table() -> Mapping[str, Sequence[tuple[str, ...]]]:
    """Type -> paths of the properties that replace it."""
    data = json.loads(files("haven.program").joinpath("replacements.json").read_text())
    return {type_: [tuple(each.split(".")) for each in paths] for type_, paths in data["properties"].items()}
