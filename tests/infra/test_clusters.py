"""What runs on a cluster follows the tier and the active Region, and never reaches into the other Region."""

from collections.abc import Mapping
from typing import Any

import pytest

from haven.program.diff import differences
from haven.program.recording import Recording, Resource
from tests.environments import PRIMARY, RECOVERY, TIERS, environment

PROVIDER = "pulumi:providers:kubernetes"
SCALED = ("spec.replicas", "spec.suspend", "spec.minReplicas", "spec.minReplicaCount")
TAKEN_BACK = ("metadata.annotations.pulumi.com/patchForce", "metadata.annotations.autoscaling.keda.sh/paused-replicas")
"""What a Region that was brought down by name has: it ends there when the Region serves."""
WRITER = ("spec.template.spec.containers", "spec.template.spec.initContainers")
"""Where a server that read from the Region's replica while it stood by is given the writer."""


def _on_cluster(recording: Recording, region: str) -> Mapping[str, Resource]:
    """The objects of a Region's cluster and the provider that reaches it, by URN."""
    objects = [each for each in recording.real() if each.is_kubernetes and each.region == region]
    used = {each.provider for each in objects}
    providers = [each for each in recording.resources if each.type == PROVIDER and each.urn in used]
    return {each.urn: each for each in (*objects, *providers)}


def _flips(stack: str) -> list[tuple[Recording, Recording, str, str]]:
    """Before and after a failover and a failback, with the Region that takes over and the other one."""
    away = environment(stack, active=RECOVERY)
    back = environment(stack, active=RECOVERY, demote=PRIMARY), environment(stack, demote=PRIMARY)
    return [(environment(stack), away, RECOVERY, PRIMARY), (*back, PRIMARY, RECOVERY)]


@pytest.mark.parametrize("stack", TIERS)
def test_a_flip_adds_changes_and_removes_nothing_in_the_other_regions_cluster(stack: str) -> None:
    for before, after, _, other in _flips(stack):
        assert _on_cluster(before, other)
        assert _on_cluster(before, other) == _on_cluster(after, other)


@pytest.mark.parametrize("stack", TIERS)
def test_a_flip_removes_nothing_in_the_newly_active_regions_cluster_and_only_scales(stack: str) -> None:
    for before, after, active, _ in _flips(stack):
        old, new = _on_cluster(before, active), _on_cluster(after, active)
        assert old.keys() - new.keys() == set()
        changes = [(each.name, *found) for urn, each in old.items() for found in _changes(each, new[urn])]
        assert [found for found in changes if not _grows(*found[1:])] == []


def _changes(old: Resource, new: Resource) -> list[tuple[str, Any, Any]]:
    return list(differences(old.inputs, new.inputs))


def _grows(path: str, before: Any, after: Any) -> bool:
    if path.startswith(WRITER):
        return True
    if path in TAKEN_BACK:
        return bool(before) and not isinstance(after, str)
    if path == "spec.suspend":
        return bool(before) and not after
    numbers = isinstance(before, int) and isinstance(after, int)
    # An autoscaler takes over a count: it begins with its minimum, which is never less.
    return path in SCALED and (after > before if numbers else path == "spec.replicas" and not isinstance(after, int))


@pytest.mark.parametrize("stack", TIERS)
def test_every_object_is_in_the_cluster_of_a_region_and_its_names_and_images_are_that_regions(stack: str) -> None:
    for recording in (environment(stack), environment(stack, active=RECOVERY)):
        objects = [each for each in recording.real() if each.is_kubernetes]
        assert {each.region for each in objects} <= {PRIMARY, RECOVERY}
        for each, other in ((each, PRIMARY if each.region == RECOVERY else RECOVERY) for each in objects):
            assert f".{other}.amazonaws.com/" not in str(each.inputs), each.name
