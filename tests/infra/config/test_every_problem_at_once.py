"""A value that isn't valid hides no problem of the others, and causes none that isn't there without it."""

import copy
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pytest
import yaml

from haven.base.problems import Problem
from infra.config import stack_kinds
from tests.environments import ROOT

Path = tuple[str | int, ...]

STACKS = sorted(each.stem.removeprefix("Pulumi.") for each in (ROOT / "stacks").glob("Pulumi.*.yaml"))

GROUPS = [
    {
        "name": "serving",
        "instanceTypes": ["g5.2xlarge", "g5.4xlarge"],
        "minSize": 1,
        "desiredSize": 3,
        "maxSize": 6,
        "diskGib": 200,
        "system": "serving",
        "labels": {"example.com/team": "platform"},
    },
    {"name": "training", "instanceTypes": ["g5.12xlarge", "g5.12xlarge"], "minSize": 4, "desiredSize": 2, "maxSize": 6},
    {"name": "system", "instanceTypes": ["g5.2xlarge", "g5.4xlarge"], "system": "nobody"},
]
WRONG: Mapping[str, Any] = {
    "account": "111122223333",
    "tier": "warm",
    "regions": {"primary": "eu-west-1", "recovery": "eu-central-1"},
    "cluster": {
        "version": "1.36",
        "serviceCidr": "172.20.0.0/16",
        "adminRoleArns": ["arn:aws-cn:iam::111122223333:role/platform"],
        "logTypes": ["api", "audit"],
        "systemNodes": {"instanceTypes": ["m6i.large", "m5.large"], "minSize": 0, "desiredSize": 9, "maxSize": 6},
        "gpuNodeGroups": GROUPS,
        "standbyShare": 0.5,
    },
    "systems": {
        "serving": {"kind": "model-serving", "tier": "active-active", "replicas": {"minimum": 2, "maximum": 4}},
        "training": {"kind": "training", "uses": {"buckets": {"models": "read", "nowhere": "read"}}},
    },
    "tables": {
        "sessions": {"hashKey": {"name": "session"}, "system": "nobody"},
        "features": {"hashKey": {"name": "entity"}, "rangeKey": {"name": "day"}, "system": "nothing"},
    },
}
"""Independent problems in each of three keys, and leaves beside them that are valid."""


def as_config(values: Mapping[str, Any]) -> dict[str, str]:
    """Values as the engine hands them over."""
    return {
        f"haven:{name}": value if isinstance(value, str) else json.dumps(value)
        for name, value in ((key.removeprefix("haven:"), each) for key, each in values.items())
    }


def problems(values: Mapping[str, Any]) -> list[Problem]:
    return stack_kinds.problems("test", as_config(values))


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place inside a value, those of maps and lists too."""
    if path:
        yield path
    inside = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for step, each in inside:
        yield from leaves(each, (*path, step))


def spoiled(values: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The values with something at `path` that no config key takes."""
    made = copy.deepcopy(dict(values))
    around: Any = made
    for step in path[:-1]:
        around = around[step]
    around[path[-1]] = [[5]]
    return made


def what(path: Path) -> str:
    return "haven:" + "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in path)[1:]


def concerns(found: Problem, place: str) -> bool:
    """Whether a problem is at a place, inside it or right around it."""
    return f"{place}.".startswith((f"{found.what}.", f"{found.what}[")) or found.what.startswith(place)


def shipped(stack: str) -> dict[str, Any]:
    values = yaml.safe_load((ROOT / f"stacks/Pulumi.{stack}.yaml").read_text())["config"]
    return {key.removeprefix("haven:"): value for key, value in values.items()}


def every(values: Mapping[str, Any]) -> list[Path]:
    return [path for path in leaves(values) if path != ("kind",)]


def collection(value: Any, path: Path) -> bool:
    for step in path:
        value = value[step]
    return isinstance(value, dict | list)


def strangers(values: Mapping[str, Any], paths: Iterable[Path], before: Sequence[Problem] = ()) -> dict[str, list[str]]:
    """Spoiled place -> the problems elsewhere that aren't there without it."""
    found: dict[str, list[str]] = {}
    for path in paths:
        after = problems(spoiled(values, path))
        assert any(each.what.startswith(what(path)) for each in after), path
        more = [each for each in after if each not in before and not each.what.startswith(what(path))]
        found |= {what(path): [each.render() for each in more]} if more else {}
    return found


def test_a_value_that_is_not_valid_is_the_only_problem_of_a_valid_stack() -> None:
    values = shipped("warm")
    assert problems(values) == []
    assert strangers(values, every(values)[::7]) == {}


@pytest.mark.exhaustive
@pytest.mark.parametrize("stack", STACKS)
def test_whichever_value_is_not_valid_it_is_the_only_problem(stack: str) -> None:
    values = shipped(stack)
    assert problems(values) == []
    assert strangers(values, every(values)) == {}


IN_KEYS = [path for path in every(WRONG) if path[0] in ("cluster", "systems", "tables") and not collection(WRONG, path)]


def test_a_value_that_is_not_valid_hides_no_problem_elsewhere_in_its_key() -> None:
    before = problems(WRONG)
    assert len(before) >= 10
    hidden: dict[str, list[str]] = {}
    for path in IN_KEYS:
        after = problems(spoiled(WRONG, path))
        missing = [each.render() for each in before if each not in after and not concerns(each, what(path))]
        hidden |= {what(path): missing} if missing else {}
    assert hidden == {}
    assert strangers(WRONG, IN_KEYS, before) == {}


def test_what_is_missing_or_unknown_hides_no_other_problem() -> None:
    before = problems(WRONG)
    found = {each.what for each in problems({**WRONG, "cluster": {**WRONG["cluster"], "colour": "red"}})}
    assert found == {"haven:cluster.colour", *(each.what for each in before)}
    tables = {**WRONG["tables"], "Bad_Name": {"system": "nobody"}}
    found = {each.what for each in problems({**WRONG, "tables": tables})}
    more = {"haven:tables.Bad_Name", "haven:tables.Bad_Name.hashKey", "haven:tables.Bad_Name.system"}
    assert found == {*more, *(each.what for each in before)}
