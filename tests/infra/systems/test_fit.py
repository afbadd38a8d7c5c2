"""Pods of the shipped stacks and of the examples fit onto the nodes that are declared, or that they are meant for."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from infra.config.rules.instances import CATALOG
from infra.config.rules.nodes import fit, rooms
from infra.config.rules.nodes.rooms import Room
from tests.environments import ALL_EXAMPLES, PRIMARY, RECOVERY, TIERS, environment, example
from tests.infra.test_workloads import with_flows
from tests.kubernetes import requests
from tests.kubernetes.cluster import GPU
from tests.kubernetes.living.declared_nodes import declared_nodes
from tests.kubernetes.objects import objects, pods

MEANT: Mapping[int, str] = {0: "m6i.large", 1: "g5.2xlarge", 2: "g5.12xlarge", 4: "g5.12xlarge", 8: "p5.48xlarge"}
"""GPUs of an example's pod -> the instance type that it has to fit onto."""


def _asked(pod: Mapping[str, Any]) -> Counter[str]:
    return requests.requested(pod["spec"])


def _rooms(stack: str, active: str) -> list[Counter[str]]:
    """What nodes of the Region that takes writes have for pods."""
    found = declared_nodes(environment(stack, **({} if active == PRIMARY else {"active": active})), active)
    names = {"cpu": "requests.cpu", "memory": "requests.memory", GPU: f"requests.{GPU}", "pods": "pods"}
    return [Counter({names[key]: requests.quantity(each) for key, each in node.room.items()}) for node in found]


@pytest.mark.parametrize("active", [PRIMARY, RECOVERY])
@pytest.mark.parametrize("tier", TIERS)
def test_every_pod_of_a_stack_fits_onto_a_node_that_it_declares(tier: str, active: str) -> None:
    sent = objects(environment(tier, **({} if active == PRIMARY else {"active": active})), active)
    spaces = _rooms(tier, active)
    alone = [str(each) for each, pod in pods(sent) if not any(_asked(pod) <= space for space in spaces)]
    assert alone == []


@pytest.mark.parametrize("name", ALL_EXAMPLES)
def test_every_pod_of_an_example_fits_onto_the_nodes_that_it_is_meant_for(name: str) -> None:
    alone = []
    for each, pod in pods(objects(example(name))):
        asked = _asked(pod)
        instance = CATALOG.instance(MEANT[int(asked[f"requests.{GPU}"])])
        assert instance is not None
        space = rooms.room(instance)
        if not space.holds(Room(int(asked["requests.cpu"] * 1000), int(asked["requests.memory"] / 2**20))):
            alone.append(f"{each}: {asked}")
    assert alone == []


def test_what_the_rules_take_for_pods_without_keys_is_what_these_ask_for() -> None:
    sent = objects(with_flows(), PRIMARY)
    largest: dict[str, Room] = {}
    for system, kind in (("registry", "model-registry"), ("workflows", "workflow-orchestration")):
        found = [_asked(pod) for each, pod in pods(sent) if each.namespace == system]
        if system == "workflows":
            found += [one for _, one, _ in requests.flow_run_of_pools(sent)]
        largest[kind] = Room(
            int(max(each["requests.cpu"] for each in found) * 1000),
            int(max(each["requests.memory"] for each in found) / 2**20),
        )
    assert largest == dict(fit.FIXED)


def test_the_front_is_as_large_as_the_rules_take_it_for() -> None:
    sent = objects(environment("warm"), PRIMARY)
    (server,) = [pod for each, pod in pods(sent) if each.kind == "Deployment" and each.namespace == "serving"]
    front = _asked({"spec": {"containers": server["spec"]["initContainers"]}})
    assert Room(int(front["requests.cpu"] * 1000), int(front["requests.memory"] / 2**20)) == fit.FRONT
