"""A namespace's quota never refuses a pod of the component that runs there: at its maximum, in a rollout, after a
failover, and while the pods of a lost zone end."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from haven.config.stack_file import load_stack
from haven.program.recording import Recording
from tests.environments import PRIMARY, RECOVERY, ROOT, TIERS, environment, of_type
from tests.infra.test_workloads import FLOWS
from tests.kubernetes import requests
from tests.kubernetes.objects import Sent, objects
from tests.kubernetes.sources import of_kind

ZONES = 2
"""The fewest that a Region may have, so the largest share is lost."""


def extreme(**changes: str) -> Recording:
    """Tier warm with everything that takes pods beside a system's own replicas."""
    systems: dict[str, Any] = json.loads(load_stack("warm", ROOT).config["haven:systems"])
    serving = systems["serving"]
    serving["replicas"] = {"minimum": 3, "maximum": 9}
    serving["model"]["versions"]["v2"] = {**serving["model"]["versions"]["v1"], "prefix": "chat/v2"}
    serving["model"]["canary"] = {"version": "v2", "replicas": 6}
    serving["fallback"] = {"answers": [{"question": ".*", "answer": "later"}], "replicas": 40}
    systems["training"]["jobs"] = {"tune": {"gpus": 4, "workers": 4}, "again": {"gpus": 0, "workers": 30}}
    systems["workflows"] = FLOWS | {"pools": {"nightly": {"system": "training", "concurrency": 150}, "own": {}}}
    groups = json.loads(load_stack("warm", ROOT).config["haven:cluster"])["gpuNodeGroups"]
    larger = [{**each, "desiredSize": 12, "maxSize": 24} for each in groups]
    keys = {"systems": systems, "cluster": {"gpuNodeGroups": larger}, "watch": {"prometheus": True}}
    return environment("warm", **{key: json.dumps(value) for key, value in keys.items()}, **changes)


def quotas(sent: Sequence[Sent]) -> dict[str, Mapping[str, str]]:
    """Namespace -> what its quota allows."""
    return {each.namespace: each.body["spec"]["hard"] for each in of_kind(sent, "ResourceQuota")}


def _needed(sent: Sequence[Sent], nodes: int) -> Mapping[str, Counter[str]]:
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for each, pod, count in requests.at_once(sent, ZONES, nodes):
        found[each.namespace] += requests.times(requests.requested(pod["spec"]), count)
    for namespace, runs in requests.flow_runs(sent):
        found[namespace] += runs
    return found


def _refused(recording: Recording, region: str) -> list[str]:
    sent = objects(recording, region)
    groups = of_type(recording, "aws:eks/nodeGroup:NodeGroup", region)
    nodes = sum(int(each.inputs["scalingConfig"]["maxSize"]) for each in groups)
    needed = _needed(sent, nodes)
    return [
        f"{namespace}: {name} {float(value)} of {hard.get(name)}"
        for namespace, hard in quotas(sent).items()
        for name, value in needed[namespace].items()
        if value > requests.quantity(hard.get(name, 0))
    ]


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("active", [PRIMARY, RECOVERY])
def test_no_quota_refuses_a_pod(tier: str, active: str) -> None:
    recording = environment(tier) if active == PRIMARY else environment(tier, active=active)
    assert quotas(objects(recording, active))
    assert [each for region in (PRIMARY, RECOVERY) for each in _refused(recording, region)] == []


@pytest.mark.parametrize("tier", TIERS[1:])
def test_a_standby_has_the_quotas_of_full_scale_so_that_a_runbook_can_scale_before_a_deployment(tier: str) -> None:
    standby, full = (objects(each, RECOVERY) for each in (environment(tier), environment(tier, active=RECOVERY)))
    assert quotas(standby) == quotas(full)


@pytest.mark.exhaustive
@pytest.mark.parametrize("active", [PRIMARY, RECOVERY])
def test_canary_fallback_pools_and_jobs_have_room_too(active: str) -> None:
    recording = extreme() if active == PRIMARY else extreme(active=active)
    assert [each for region in (PRIMARY, RECOVERY) for each in _refused(recording, region)] == []
