"""Whether the system nodes that a lost zone leaves carry the pods that run without GPUs."""

import json
import re

import pytest

from haven.config.stack_file import load_stack
from haven.program.recording import Recording
from infra.config import stack_kinds
from infra.config.rules.nodes import placement
from infra.config.rules.nodes.rooms import Room
from infra.config.settings import Settings
from tests.environments import PRIMARY, ROOT, environment
from tests.infra.test_workloads import FLOWS, with_flows
from tests.kubernetes.cluster import GPU
from tests.kubernetes.objects import objects, pods
from tests.kubernetes.requests import requested
from tests.kubernetes.sources import least, of_kind


def _settings(**systems: object) -> Settings:
    config = load_stack("warm", ROOT).config
    changed = json.dumps({**json.loads(config["haven:systems"]), **systems})
    settings = stack_kinds.load("warm", {**config, "haven:systems": changed})
    assert isinstance(settings, Settings)
    return settings


def _recorded(recording: Recording) -> Room:
    """What the Deployments without GPUs ask for together."""
    sent = objects(recording, PRIMARY)
    total = Room(0, 0)
    for each, pod in pods(of_kind(sent, "Deployment")):
        asked = requested(pod["spec"])
        if f"requests.{GPU}" not in asked:
            count = least(sent, each)
            mib = int(asked["requests.memory"] / 2**20) * count
            total = Room(total.millicores + int(asked["requests.cpu"] * 1000) * count, total.mib + mib)
    return total


@pytest.mark.exhaustive
@pytest.mark.parametrize("flows", [False, True])
def test_the_sum_is_what_the_deployments_of_a_stack_ask_for_and_what_charts_do_beside(flows: bool) -> None:
    recording = with_flows() if flows else environment("warm")
    found = placement.system_pods(_settings(**({"workflows": FLOWS} if flows else {})))
    charts = [placement.SYSTEM_PODS[name] for name in ("addons", "controller") for _ in range(2)]
    beside = Room(sum(each.millicores for each in charts), sum(each.mib for each in charts))
    assert found.less(beside) == _recorded(recording)


def test_the_shipped_nodes_carry_the_shipped_systems_and_no_orchestration_beside() -> None:
    assert list(placement.notes(_settings())) == []
    (note,) = placement.notes(_settings(workflows=FLOWS))
    assert "2 of 3 system nodes are left, with 2.7 processors and 10.2 GiB" in note
    assert "ask for 3.9 and 10.4" in note


def test_the_number_of_nodes_that_the_note_names_is_enough_and_one_less_is_not() -> None:
    settings = _settings(workflows=FLOWS)
    (note,) = placement.notes(settings)
    enough = int(re.findall(r"desiredSize: (\d+)", note)[0])
    assert enough > 3
    for size, notes in ((enough, 0), (enough - 1, 1)):
        nodes = settings.cluster.system_nodes.model_copy(update={"desired_size": size})
        cluster = settings.cluster.model_copy(update={"system_nodes": nodes})
        assert len(list(placement.notes(settings.model_copy(update={"cluster": cluster})))) == notes


def test_nodes_that_never_carry_the_pods_are_said_to_be_too_few_though_no_zone_is_lost() -> None:
    settings = _settings(workflows=FLOWS)
    nodes = settings.cluster.system_nodes.model_copy(update={"desired_size": 2})
    cluster = settings.cluster.model_copy(update={"system_nodes": nodes})
    (note,) = placement.notes(settings.model_copy(update={"cluster": cluster}))
    assert note.startswith("2 system nodes have 2.7 processors")
    assert "some never start" in note
