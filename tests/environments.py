"""Recordings of the project's own stacks, each made once for all tests that look at it, whichever worker runs them."""

import fcntl
import gc
import hashlib
import json
import os
import pickle
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, TypeVar

import pytest

from haven.config.stack_file import load_stack
from haven.program import aws_types as aws
from haven.program.recorder import record
from haven.program.recording import Recording, Resource

Value = TypeVar("Value")

ROOT = Path(__file__).resolve().parent.parent
TIERS = ("backup", "pilot-light", "warm", "active-active")
STACKS = (*TIERS, "demo")
ACCOUNT = "account"
EVERY_STACK = (*STACKS, ACCOUNT)
PRIMARY, RECOVERY = "eu-west-1", "eu-central-1"
ALL_EXAMPLES = tuple(sorted(path.parent.name for path in (ROOT / "examples").glob("*/__main__.py")))
SHARED = "HAVEN_TEST_RECORDINGS"
"""Environment variable: the folder in which the workers of one run of the tests keep what they share."""


@lru_cache(maxsize=32)
def environment(stack: str, **changes: str) -> Recording:
    """What a stack declares, with some of its keys changed (`active="eu-central-1"`)."""
    found = load_stack(stack, ROOT)
    config = {**found.config, **{f"haven:{name}": value for name, value in changes.items()}}
    return once(["infra", stack, config], lambda: _recorded(ROOT / "infra", stack=found.name, config=config))


def once(key: Sequence[object], make: Callable[[], Value]) -> Value:
    """What another worker has made, or a value that the others find: a recording is read in 1/400 of the time."""
    folder = os.environ.get(SHARED)
    if not folder:
        return make()
    kept = Path(folder) / hashlib.sha256(json.dumps(key).encode()).hexdigest()
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if kept.exists():
            found: Value = pickle.loads(kept.read_bytes())
            return found
        made = make()
        kept.write_bytes(pickle.dumps(made))
    return made


def _recorded(program: Path, **arguments: Any) -> Recording:
    recording = record(program, **arguments)
    _freeze_once()
    return recording


@cache
def _freeze_once() -> None:
    """Let the garbage collector pass over what the first recording has imported: recordings take a third less time."""
    gc.collect()
    gc.freeze()


def warm_every_day(tiers: Sequence[str]) -> Sequence[Any]:
    """Parameters of a test: tier `warm` for every run, the other ones for `make check-all`."""
    return [pytest.param(each, marks=() if each == "warm" else pytest.mark.exhaustive) for each in tiers]


@cache
def example(name: str) -> Recording:
    """What a program under examples/ declares."""
    return once(["example", name], lambda: _recorded(ROOT / "examples" / name, stack="test", project=name))


def of_type(recording: Recording, type_: str, region: str) -> list[Resource]:
    """The resources of a type in a Region."""
    return [each for each in recording.real() if each.type == type_ and each.region == region]


def gpu_sizes(recording: Recording, region: str) -> list[int]:
    """Desired sizes of the GPU node groups of a Region, in the order of their names."""
    groups = of_type(recording, aws.EKS_NODE_GROUP, region)
    return [each.inputs["scalingConfig"]["desiredSize"] for each in groups if each.inputs.get("taints")]


def nested(value: Any) -> Sequence[Any]:
    """`value` and everything in it."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(each for part in inner for each in nested(part))]
