"""What the AWS provider answers beyond what a program declares, type by type, and the command that writes it down.

`provider_outputs.json` is made from states of Haven's own stacks, as `pulumi stack export` writes them after an `up`
with the AWS provider: names, nesting and constant values (defaults, zero values), and no ids, ARNs or tags. After an
upgrade of the provider, deploy each stack once more and run

    python -m tests.policies.engines.provider_outputs STATE.json...

The provider was version 5.100, in the emulator, under the Pulumi CLI 3.274.1 (2026-11-25).
"""

import gzip
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_suffix(".json")
TEXT = "<text>"
"""Stands for a text that differs from resource to resource."""
LOST = "<lost>"
"""Stands for an input that the provider doesn't have, and so doesn't answer."""

_GIVEN = "<given>"
"""Stands for an input that isn't a map or a list: the provider adds nothing to it."""
_SIGNATURE = "4dabf18193072939515e22adb298388d"
"""How Pulumi marks secrets and references in a state (its wire format)."""
_CONSTANT = re.compile(r"[A-Za-z_]*[0-9]{0,3}")
_SKIPPED = ("tagsAll",)


@cache
def _types() -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = json.loads(FILE.read_text())
    return found


def answered(type_: str, inputs: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The outputs of a resource: its inputs, and what the provider adds at any depth.

    Args:
        type_: of the resource.
        inputs: known values.
        key: what makes computed texts differ from those of other resources.
    """
    made: dict[str, Any] = _merged(inputs, _types().get(type_, {}), key)
    return made


def computed(type_: str) -> set[str]:
    """The outputs of a type that may be the provider's own."""
    return {name for name, value in _types().get(type_, {}).items() if value != LOST}


def _merged(given: Any, added: Any, path: str) -> Any:
    if isinstance(given, Mapping) and isinstance(added, Mapping):
        kept = {name: _merged(each, added.get(name), f"{path}.{name}") for name, each in given.items()}
        new = {name: _filled(each, f"{path}.{name}") for name, each in added.items() if name not in given}
        return {name: each for name, each in {**new, **kept}.items() if added.get(name) != LOST}
    if isinstance(given, (list, tuple)):
        inner = added[0] if isinstance(added, list) and added else None
        return [_merged(each, inner, f"{path}.{index}") for index, each in enumerate(given)]
    return given


def _filled(value: Any, path: str) -> Any:
    if isinstance(value, Mapping):
        return {name: _filled(each, f"{path}.{name}") for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, f"{path}.{index}") for index, each in enumerate(value)]
    return f"computed-{path}" if value == TEXT else value


def collected(states: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What provider answers add in these states, by type."""
    found: dict[str, Any] = {}
    for resource in (each for state in states for each in _resources(state)):
        inputs, outputs = _bare(resource.get("inputs", {})), _bare(resource.get("outputs", {}))
        added = _added(inputs, outputs)
        added |= {
            name: LOST for name, value in inputs.items() if name not in outputs and value not in (None, "", [], {})
        }
        type_ = resource["type"]
        found[type_] = _common(found[type_], added) if type_ in found else added
    return {type_: _without_given(found[type_]) for type_ in sorted(found) if _without_given(found[type_])}


def _without_given(value: Any) -> Any:
    if isinstance(value, Mapping):
        inside = {name: _without_given(each) for name, each in value.items() if each != _GIVEN}
        return {name: each for name, each in inside.items() if each != {} or value[name] == {}}
    return [_without_given(each) for each in value] if isinstance(value, list) else value


def _resources(state: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The resources of an exported state, or of a file of a backend's."""
    content = state.get("deployment") or state["checkpoint"]["latest"]
    for each in content["resources"]:
        if each.get("custom") and each["type"].startswith("aws:") and each.get("outputs"):
            yield each


def _bare(value: Any) -> Any:
    if isinstance(value, Mapping):
        if _SIGNATURE in value:
            return TEXT
        return {name: _bare(each) for name, each in value.items() if not name.startswith("__") and name not in _SKIPPED}
    return [_bare(each) for each in value] if isinstance(value, list) else value


def _added(given: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    """What an answer has that wasn't given, at any depth; of a list, of all its members together."""
    found: dict[str, Any] = {}
    for name, value in answer.items():
        mine = given.get(name)
        if name not in given:
            found[name] = _generalized(value)
        elif isinstance(value, Mapping) and isinstance(mine, Mapping):
            found[name] = _added(mine, value)
        elif isinstance(value, list) and isinstance(mine, list):
            pairs = [_added(one, two) for one, two in zip(mine, value, strict=False) if isinstance(two, Mapping)]
            together: dict[str, Any] = {}
            for each in pairs:
                together = _common(together, each) if together else each
            found[name] = [together] if together else _GIVEN
        else:
            found[name] = _GIVEN
    return found


def _generalized(value: Any) -> Any:
    if isinstance(value, str):
        return value if _CONSTANT.fullmatch(value) else TEXT
    if isinstance(value, Mapping):
        return {name: _generalized(each) for name, each in value.items()}
    return [_generalized(each) for each in value[:1]] if isinstance(value, list) else value


def _common(one: Any, other: Any) -> Any:
    """What both answers have: texts that differ aren't constant; what only one has depends on something."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        lost = {name: LOST for name in {**one, **other} if LOST in (one.get(name), other.get(name))}
        return {**{name: _common(one[name], other[name]) for name in one if name in other}, **lost}
    if _GIVEN in (one, other):
        return other if one == _GIVEN else one
    if isinstance(one, list) and isinstance(other, list):
        return [_common(one[0], other[0])] if one and other else []
    if isinstance(one, str) and isinstance(other, str):
        return one if one == other else TEXT
    return one


if __name__ == "__main__":
    documents = [Path(each) for each in sys.argv[1:]]
    states = [json.loads(gzip.decompress(p.read_bytes()) if p.suffix == ".gz" else p.read_bytes()) for p in documents]
    rows = [f"{json.dumps(type_)}: {json.dumps(added, sort_keys=True)}" for type_, added in collected(states).items()]
    FILE.write_text("{\n" + ",\n".join(rows) + "\n}\n")
