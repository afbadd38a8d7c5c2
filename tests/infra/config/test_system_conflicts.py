"""Systems whose names, jobs, pools or stores would get in each other's way are refused by their config keys."""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import pytest

from haven.base.problems import Problem
from haven.config.stack_file import load_stack
from haven.program import aws_types as aws
from haven_components.workloads import _training_args
from haven_components.workloads.access import _access_checks
from haven_components.workloads.workflows import _args as workflow_args
from infra.config import stack_kinds
from infra.config.rules import system_conflicts
from tests.environments import ROOT, environment
from tests.infra.test_workloads import DIGEST, FLOWS

WITHOUT_SYSTEMS = {"cluster": "{}", "tables": "{}"}
"""What of tier warm names no system."""
PREFIX = "haven-warm-euw1-"
IMAGE = f"serving@{DIGEST}"
MODEL = {"name": "chat", "version": "v1", "versions": {"v1": {"prefix": "chat/v1", "weightsGib": 1}}}
PROMPT = {"prompt": "2+2?", "expect": "4"}
SERVING: dict[str, Any] = {
    "kind": "model-serving",
    "image": IMAGE,
    "toolsImage": IMAGE,
    "gpus": 0,
    "exposed": False,
    "model": {**MODEL, "versions": {"v1": {"prefix": "chat/v1", "weightsGib": 1, "goldenPrompts": [PROMPT]}}},
}
CANARY = {**SERVING, "model": {**SERVING["model"], "canary": {"version": "v1"}}}
FALLBACK = {**SERVING, "fallback": {"answers": [{"question": "x", "answer": "y"}]}}
REGISTRY = {"kind": "model-registry", "image": IMAGE}
TRAINING = {"kind": "training", "image": IMAGE, "jobs": {"tune": {"gpus": 0}}}
WORKFLOWS = {**FLOWS, "pools": {"nightly": {}}}


def problems(systems: Mapping[str, Any], stack: str = "warm", **changes: str) -> list[Problem]:
    """What is wrong with the stack of tier warm with these systems."""
    keys = {**WITHOUT_SYSTEMS, **changes, "systems": json.dumps(systems)}
    config = {**load_stack("warm", ROOT).config, **{f"haven:{name}": value for name, value in keys.items()}}
    return stack_kinds.problems(stack, config)


def keys(systems: Mapping[str, Any], **changes: str) -> list[str]:
    return [each.what for each in problems(systems, **changes)]


@pytest.mark.parametrize(
    ("systems", "refused"),
    [
        ({"chat": CANARY, "chat-canary": SERVING}, "haven:systems.chat-canary"),
        ({"chat-canary": SERVING, "chat": CANARY}, "haven:systems.chat"),
        ({"chat": FALLBACK, "chat-fallback": SERVING}, "haven:systems.chat-fallback"),
        ({"chat": SERVING, "chat-check": SERVING}, "haven:systems.chat-check"),
        ({"chat": SERVING, "chat-servers": SERVING}, "haven:systems.chat-servers"),
        ({"models": REGISTRY, "models-migration": TRAINING}, "haven:systems.models-migration"),
        ({"flows": WORKFLOWS, "flows-nightly": REGISTRY}, "haven:systems.flows.pools.nightly"),
        ({"jobs": {**TRAINING, "jobs": {"a-b": {"gpus": 0}}}, "jobs-a": {**TRAINING, "jobs": {"b": {"gpus": 0}}}},
         "haven:systems.jobs-a.jobs.b"),
        *(
            ({"flows": {**FLOWS, "pools": {pool: {}}}}, f"haven:systems.flows.pools.{pool}")
            for pool in ("migration", "server", "services", "settings")
        ),
        ({"flows": {**FLOWS, "pools": {"x": {}, "x-flow-runs": {}}}}, "haven:systems.flows.pools.x-flow-runs"),
    ],
)  # fmt: skip
def test_a_name_that_two_things_would_have_is_refused_at_the_key_that_can_be_renamed(
    systems: Mapping[str, Any], refused: str
) -> None:
    assert keys(systems) == [refused]


def test_names_that_share_a_beginning_are_accepted() -> None:
    systems = {
        "chat": SERVING,
        "chat-canary": SERVING,
        "chat-fallback": SERVING,
        "flows": WORKFLOWS,
        "flow": REGISTRY,
        "jobs": TRAINING,
        "jobs-more": TRAINING,
    }
    assert keys(systems) == []


def test_the_namespace_of_the_collector_is_taken_where_the_stack_installs_one() -> None:
    telemetry = json.dumps({"telemetry": {"collectorImage": IMAGE}})
    watch = json.dumps({"tracing": True})
    assert keys({"telemetry": REGISTRY}) == []
    assert keys({"telemetry": REGISTRY}, controllers=telemetry, watch=watch) == ["haven:systems.telemetry"]


@pytest.mark.parametrize("name", ["postgres", "rdsadmin", "template0", "template1", "haven", "admin"])
def test_a_system_does_not_become_the_owner_of_a_database_or_the_user_of_another(name: str) -> None:
    assert keys({name: REGISTRY}) == [f"haven:systems.{name}"] * (2 if name == "haven" else 1)
    assert keys({name: TRAINING}) == ([f"haven:systems.{name}"] if name == "haven" else [])


def test_a_database_of_the_stack_is_not_a_system_s() -> None:
    assert keys({"model-store": REGISTRY}, database='{"name": "model_store"}') == ["haven:systems.model-store"]
    assert keys({"model-store": REGISTRY}) == []


@pytest.mark.parametrize(
    ("system", "secret"),
    [(REGISTRY, "own-database"), (WORKFLOWS, "own-database"), (WORKFLOWS, "messages"), (WORKFLOWS, "workflows-api")],
)
def test_a_secret_of_the_stack_is_not_called_like_one_that_haven_makes(system: Any, secret: str) -> None:
    secrets = json.dumps({secret: {"description": "d"}})
    assert keys({"own": system}, secrets=secrets) == [f"haven:secrets.{secret}"]
    assert keys({"own": TRAINING}, secrets=secrets) == []


def test_one_orchestration_has_the_cache_of_messages_to_itself() -> None:
    (found,) = problems({"flows": WORKFLOWS, "other": WORKFLOWS})
    assert found.what == "haven:systems.other"
    assert "haven:systems.flows.pools" in found.fix
    waiting = {key: value for key, value in WORKFLOWS.items() if key != "image"}
    assert keys({"flows": WORKFLOWS, "other": waiting}) == []


def test_the_longest_names_that_are_accepted_are_those_of_the_components() -> None:
    assert system_conflicts.COMPONENT_CHARACTERS == _access_checks.MOST_NAME_CHARACTERS
    assert system_conflicts.COMPONENT_CHARACTERS == workflow_args.MOST_NAME_CHARACTERS
    assert system_conflicts.JOB_CHARACTERS == _training_args.MOST_NAME_CHARACTERS
    longest, pool, job = "s" * 17, "p" * 6, "j" * 18
    systems = {
        longest: SERVING,
        f"r{longest[1:]}": REGISTRY,
        f"f{longest[1:]}": {**FLOWS, "pools": {pool: {}}},
        f"t{longest[1:]}": {**TRAINING, "jobs": {job: {"gpus": 0}}},
    }
    assert keys(systems) == []
    assert environment("warm", **WITHOUT_SYSTEMS, systems=json.dumps(systems)).real()
    for key, text in (("systems", longest), ("pools", pool), ("jobs", job)):
        longer = json.loads(json.dumps(systems).replace(f'"{text}"', f'"{text}x"'))
        found = problems(longer)
        assert found, key
        assert all(re.search(f"{key}\\.{text}x$", each.what) for each in found)
        assert all("rename it to" in each.fix for each in found)


def test_a_stack_of_fifteen_characters_leaves_room_for_six() -> None:
    assert [each.what for each in problems({"chatty": SERVING}, "s" * 15)] == []
    (found,) = problems({"chatbot": SERVING}, "s" * 15)
    assert (found.what, found.fix) == (
        "haven:systems.chatbot",
        "rename it to chatbo, or give the stack a shorter name",
    )


def test_every_name_that_a_system_could_share_with_a_thing_of_another_is_refused() -> None:
    """From a recording: the names of a system's resources, after its own, are what another could be called."""
    kinds = {
        "serving": {**CANARY, "fallback": FALLBACK["fallback"]},
        "registry": REGISTRY,
        "training": TRAINING,
        "workflows": WORKFLOWS,
    }
    recording = environment("warm", **WITHOUT_SYSTEMS, systems=json.dumps(kinds))
    named = {each: set(_named(recording.real(), each)) for each in kinds}
    found = {
        (first, second, suffix)
        for first, second in product(kinds, kinds)
        for suffix in _shared(named[first], named[second])
    }
    assert ("serving", "serving", "canary") in found
    assert len(found) > 10
    for first, second, suffix in found:
        systems = {first: kinds[first], f"{first}-{suffix}": {**kinds[second], "pools": {}}}
        if second != "workflows":
            systems[f"{first}-{suffix}"].pop("pools")
        assert [each for each in problems(systems) if "is called" in each.allowed], (first, second, suffix)


def _named(resources: Any, system: str) -> Iterator[tuple[str, str]]:
    """The scope of each name, an URN's types or an account's roles, and what follows the system's name."""
    for each in resources:
        if each.name.startswith(f"{PREFIX}{system}"):
            yield each.urn.rpartition("::")[0].rpartition("::")[2], each.name.removeprefix(f"{PREFIX}{system}")
            if each.type == aws.IAM_ROLE:
                yield "role", each.inputs["name"].removeprefix(f"{PREFIX}{system}")


def _shared(first: set[tuple[str, str]], second: set[tuple[str, str]]) -> set[str]:
    """What a system of the second kind would be called after one of the first to share a name with it."""
    return {
        mine.removesuffix(theirs)[1:]
        for (scope, mine), (other, theirs) in product(first, second)
        if scope == other and mine.endswith(theirs) and mine.removesuffix(theirs).startswith("-")
    }
