"""The API server's own quota admission takes all pods that a system may have at once, and refuses what goes beyond."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from haven.program.recording import Recording
from tests.environments import PRIMARY, RECOVERY, environment
from tests.infra.systems.test_by_choice import mounted
from tests.kubernetes import requests
from tests.kubernetes.api import Api, ApiError, until
from tests.kubernetes.objects import Sent, objects
from tests.kubernetes.sources import of_kind
from tests.kubernetes.test_quotas import ZONES, quotas

pytestmark = pytest.mark.exhaustive

SYSTEMS = ("registry", "serving", "training")
PREFIX = "quota-"


def _renamed(each: Sent) -> Sent:
    metadata = dict(each.body["metadata"])
    if each.kind == "Namespace":
        metadata["name"] = PREFIX + metadata["name"]
    if each.namespace:
        metadata["namespace"] = PREFIX + each.namespace
    return replace(each, body={**each.body, "metadata": metadata})


@pytest.fixture
def sent(api: Api) -> Iterator[list[Sent]]:
    """Workloads of tier warm after a failover, whose namespaces are there under names of their own."""
    yield from _opened(api, environment("warm", active=RECOVERY), RECOVERY)


def _opened(api: Api, recording: Recording, region: str) -> Iterator[list[Sent]]:
    renamed = [_renamed(each) for each in objects(recording, region) if _of_systems(each)]
    for each in of_kind(renamed, "PriorityClass"):
        with suppress(ApiError):  # its value can't change, and another test may have another one
            api.delete(each.api_version, each.kind, str(each.name))
    for kind in ("Namespace", "PriorityClass", "ServiceAccount", "LimitRange", "ResourceQuota"):
        for each in of_kind(renamed, kind):
            api.apply(each.body, force=True)
    for system in SYSTEMS:
        until(lambda: _counted(api, PREFIX + system), 60)  # noqa: B023  it is called at once
        until(lambda: any(api.all("v1", "ServiceAccount", PREFIX + system)), 30)  # noqa: B023
    yield renamed
    for system in SYSTEMS:
        for kind in ("Pod", "PersistentVolumeClaim"):
            for left in api.all("v1", kind, PREFIX + system):
                with suppress(ApiError):
                    api.delete("v1", kind, left["metadata"]["name"], PREFIX + system)


@pytest.fixture
def mounting(api: Api) -> Iterator[list[Sent]]:
    """The same of an environment whose servers mount their weights."""
    yield from _opened(api, mounted(), PRIMARY)


def _of_systems(each: Sent) -> bool:
    return each.kind == "PriorityClass" or (each.name if each.kind == "Namespace" else each.namespace) in SYSTEMS


def _counted(api: Api, namespace: str) -> bool:
    """Whether the quota's controller has seen it: until then the admission refuses everything."""
    return all(
        each.get("status", {}).get("hard") == each["spec"]["hard"] for each in api.all("v1", "ResourceQuota", namespace)
    )


def _start(api: Api, pod: Mapping[str, Any], name: str) -> None:
    """A pod that no node takes: a quota counts it all the same."""
    spec = {**pod["spec"], "nodeSelector": {"haven.dev/none": "none"}}
    api.create({**pod, "metadata": {**pod["metadata"], "name": name}, "spec": spec})


def _start_all(api: Api, pod: Mapping[str, Any], count: int) -> None:
    for index in range(count):
        _start(api, pod, f"beyond-{index}")


def test_quotas_take_all_pods_of_a_system_and_refuse_what_goes_beyond(api: Api, sent: list[Sent]) -> None:
    started = 0
    for number, (_, pod, count) in enumerate(requests.at_once(sent, ZONES, 0)):
        for index in range(count):
            _start(api, pod, f"it-{number}-{index}")
            started += 1
    assert started >= 3 + 2 + 1
    (server,) = [pod for each, pod, _ in requests.at_once(sent, ZONES, 0) if str(each.name).endswith("-serving")]
    gpus = int(quotas(sent)[f"{PREFIX}serving"]["requests.nvidia.com/gpu"])
    with pytest.raises(ApiError, match=r"exceeded quota: quota, requested: requests\.nvidia\.com/gpu"):
        _start_all(api, server, gpus + 1)


def test_quotas_take_the_claims_of_all_versions_beside_those_of_the_last_ones(api: Api, mounting: list[Sent]) -> None:
    claims = of_kind(mounting, "PersistentVolumeClaim")
    assert len(claims) == 2
    for suffix in ("", "-last"):
        for each in claims:
            metadata = {**each.body["metadata"], "name": f"{each.name}{suffix}"}
            api.create({**each.body, "metadata": metadata})
    beyond = {**claims[0].body, "metadata": {**claims[0].body["metadata"], "name": "beyond"}}
    with pytest.raises(ApiError, match=r"exceeded quota: quota, requested: requests\.storage=1Gi"):
        api.create(beyond)
