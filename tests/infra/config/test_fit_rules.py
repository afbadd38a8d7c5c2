"""What pods ask of nodes: the arithmetic of a node's room, defaults that fit, and the refusal of what fits no node."""

import json
from typing import Any

import pytest

from haven.config.stack_file import load_stack
from infra.config import stack_kinds
from infra.config.rules.instances import CATALOG
from infra.config.rules.nodes import fit, rooms
from infra.config.rules.nodes.rooms import Room
from infra.config.settings import Settings
from tests.environments import ROOT

DIGEST = f"sha256:{'a' * 64}"
TRAINING = {"name": "training", "instanceTypes": ["g5.12xlarge", "g5.24xlarge"], "system": "training"}
SMALL = {"systemNodes": {"instanceTypes": ["t3.small"]}}


def _config(systems: dict[str, Any] | None = None, **cluster: Any) -> dict[str, str]:
    """Tier warm's, with changes to its systems and its cluster."""
    config = dict(load_stack("warm", ROOT).config)
    declared = json.loads(config["haven:systems"])
    for name, changes in (systems or {}).items():
        declared[name] |= changes
    nodes = json.loads(config["haven:cluster"]) | cluster
    return config | {"haven:systems": json.dumps(declared), "haven:cluster": json.dumps(nodes)}


def _refused(systems: dict[str, Any] | None = None, **cluster: Any) -> dict[str, tuple[str, str, str]]:
    found = stack_kinds.problems("warm", _config(systems, **cluster))
    return {each.what: (each.got, each.allowed, each.fix) for each in found}


def _settings(systems: dict[str, Any] | None = None, **cluster: Any) -> Settings:
    settings = stack_kinds.load("warm", _config(systems, **cluster))
    assert isinstance(settings, Settings)
    return settings


def _asked(key: str = "", system: str = "serving", **cluster: Any) -> Room:
    return _asked_of(_settings(**cluster), system, key)


def _asked_of(settings: Settings, system: str, key: str = "") -> Room:
    return fit.engine(settings.cluster, system, settings.systems[system], key)


def _serving(*types: str, **more: Any) -> list[dict[str, Any]]:
    return [{"name": "serving", "instanceTypes": list(types), "desiredSize": 3, "maxSize": 12} | more]


@pytest.mark.parametrize(
    ("name", "millicores", "mib"),
    [
        # 2000 - 60 - 10; 8192 * 0.925 - 255 - 11 * 110 - 100
        ("m6i.large", 1930, 6012),
        # 8000 - 60 - 10 - 2 * 5 - 4 * 2.5; 32768 * 0.925 - 1565
        ("g5.2xlarge", 7910, 28745),
        # 48000 - 80 - 44 * 2.5; 196608 * 0.925 - 255 - 11 * 250 - 100
        ("g5.12xlarge", 47810, 178757),
    ],
)
def test_a_node_has_for_pods_what_kernel_and_kubernetes_leave(name: str, millicores: int, mib: int) -> None:
    instance = CATALOG.instance(name)
    assert instance is not None
    assert rooms.allocatable(instance) == Room(millicores, mib)
    daemons = Room(900, 1024) if instance.gpus else Room(600, 768)
    assert rooms.room(instance) == rooms.allocatable(instance).less(daemons)


def test_a_server_asks_for_the_share_of_its_gpus_in_the_smallest_node() -> None:
    assert _asked() == Room(6700, 26 * 1024 + 768)  # a g5.2xlarge: 7010 and 27721 without the front
    (whole,) = fit.pods(_settings().cluster, "serving", _settings().systems["serving"])
    assert whole.whole == Room(6950, 27 * 1024 - 128)
    four = _settings(
        {"serving": {"gpus": 2, "otherNodeGroups": []}}, gpuNodeGroups=_serving("g5.12xlarge", "g5.24xlarge")
    )
    assert _asked_of(four, "serving") == Room(23200, 88576)  # half of 46910 and 177733, without the front


def test_what_the_stack_file_says_counts_and_the_other_is_derived() -> None:
    settings = _settings({"serving": {"cpu": 2.5, "memoryGib": 20}})
    assert _asked_of(settings, "serving") == Room(2500, 20480)
    assert _asked_of(_settings({"serving": {"cpu": 2}}), "serving") == Room(2000, _asked().mib)


def test_a_reservations_type_counts_as_the_groups_own() -> None:
    reserved = {"id": "cr-0123456789abcdef0", "zone": "eu-west-1a", "instanceType": "g5.xlarge"}
    groups = _serving("g5.2xlarge", "g5.4xlarge", capacityReservations={"eu-west-1": reserved})
    assert _asked(gpuNodeGroups=[*groups, TRAINING]) == Room(2700, 12 * 1024)


def test_where_nothing_is_known_of_the_types_a_documented_default_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _settings()
    monkeypatch.setattr(type(CATALOG), "instance", lambda _, __: None)
    assert _asked_of(settings, "serving") == fit.UNKNOWN_GPU
    fallback = settings.systems["serving"].model_copy(update={"gpus": 0})
    assert fit.engine(settings.cluster, "serving", fallback) == fit.UNKNOWN_CPU


def test_workers_ask_for_the_share_of_their_gpus_or_for_half_of_a_system_node() -> None:
    settings = _settings({"training": {"jobs": {"all": {"gpus": 4}, "one": {"gpus": 1}, "none": {"gpus": 0}}}})
    assert _asked_of(settings, "training", "jobs.all") == Room(46900, 177664)  # a g5.12xlarge
    assert _asked_of(settings, "training", "jobs.one") == Room(11700, 44288)
    assert _asked_of(settings, "training", "jobs.none") == Room(600, 2560)  # half of an m6i.large


def test_a_fallback_asks_for_half_of_a_system_node() -> None:
    settings = _settings({"serving": {"fallback": {"image": f"serving@{DIGEST}"}}})
    assert _asked_of(settings, "serving", "fallback") == Room(400, 2304)


@pytest.mark.parametrize(
    ("systems", "what", "got", "allowed", "fix"),
    [
        (
            {"serving": {"memoryGib": 40}},
            "haven:systems.serving.memoryGib",
            "40",
            "at most 26.75, which the smallest of the nodes of g5.2xlarge, g5.4xlarge has for it",
            "write memoryGib: 26.75, or larger instanceTypes in haven:cluster.gpuNodeGroups",
        ),
        (
            {"serving": {"cpu": 8}},
            "haven:systems.serving.cpu",
            "8",
            "at most 6.7, which the smallest of the nodes of g5.2xlarge, g5.4xlarge has for it",
            "write cpu: 6.7, or larger instanceTypes in haven:cluster.gpuNodeGroups",
        ),
        (
            {"serving": {"memoryGib": 6}},
            "haven:systems.serving.memoryGib",
            "6",
            "at least 8: the process of each GPU buffers 4 GiB of the weights",
            "write memoryGib: 8, or delete it",
        ),
        (
            {"serving": {"fallback": {"image": f"serving@{DIGEST}", "memoryGib": 16}}},
            "haven:systems.serving.fallback.memoryGib",
            "16",
            "at most 4.75, which the smallest of the nodes of m6i.large, m5.large has for it",
            "write memoryGib: 4.75, or larger instanceTypes in haven:cluster.systemNodes",
        ),
        (
            {"training": {"jobs": {"tune": {"gpus": 0, "cpu": 4}}}},
            "haven:systems.training.jobs.tune.cpu",
            "4",
            "at most 1.3, which the smallest of the nodes of m6i.large, m5.large has for it",
            "write cpu: 1.3, or larger instanceTypes in haven:cluster.systemNodes",
        ),
    ],
    ids=["memory", "cpu", "buffers", "fallback", "worker"],
)
def test_what_fits_no_node_is_refused(systems: dict[str, Any], what: str, got: str, allowed: str, fix: str) -> None:
    assert _refused(systems) == {what: (got, allowed, fix)}


def test_replicas_that_fit_by_their_gpus_alone_are_refused() -> None:
    """Four GPUs of a node, and memory for one server."""
    shared = {"name": "shared", "instanceTypes": ["g5.12xlarge", "g5.24xlarge"]}
    groups = [*_serving("g5.12xlarge", "g5.24xlarge"), shared]
    systems = {"serving": {"memoryGib": 100, "replicas": {"minimum": 8}, "otherNodeGroups": []}}
    assert _refused({"serving": {"replicas": {"minimum": 16}, "otherNodeGroups": []}}, gpuNodeGroups=groups) == {}
    (found,) = _refused(systems, gpuNodeGroups=groups).items()
    assert found[0] == "haven:systems.serving.replicas.minimum"
    assert found[1][:2] == ("8", "at most 4: 4 nodes of serving, shared take no more")


def test_workers_of_a_queue_that_never_fit_together_are_refused() -> None:
    jobs = {"tune": {"gpus": 1, "workers": 4}}
    assert _refused({"training": {"queue": True, "jobs": jobs}}) == {}
    (found,) = _refused({"training": {"queue": True, "jobs": {"tune": jobs["tune"] | {"memoryGib": 80}}}}).items()
    assert found[0] == "haven:systems.training.jobs.tune"
    assert found[1][1] == "workers that fit into one of training together with queue: true"


def test_system_nodes_without_room_for_pods_that_nobody_sizes_are_refused() -> None:
    systems = {"serving": {"fallback": {"image": f"serving@{DIGEST}"}}}
    found = _refused(systems, **SMALL)
    assert found["haven:cluster.systemNodes.instanceTypes"][1] == (
        "types that leave a pod of registry 0.5 processors and 2 GiB"
    )
    lacking = found["haven:systems.serving.fallback.memoryGib"]
    assert lacking == (
        "nothing",
        "larger nodes: the smallest of the nodes of t3.small has no room for it",
        "write larger instanceTypes in haven:cluster.systemNodes",
    )


@pytest.mark.parametrize("desired", [3, 4])
def test_a_plan_names_a_rollout_that_finds_no_gpu_free(desired: int) -> None:
    groups = [*_serving("g5.2xlarge", "g5.4xlarge", desiredSize=desired), TRAINING]
    settings = _settings(gpuNodeGroups=groups)
    found = list(fit.notes(settings.systems, settings.cluster))
    assert found == [] if desired == 4 else "waits for 1 more GPU; raise desiredSize of serving" in found[0]
