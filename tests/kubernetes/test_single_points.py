"""No system of a stack depends on one pod, one node or one zone in the Region that takes writes."""

from typing import Any

import pytest

from tests.environments import PRIMARY
from tests.kubernetes.objects import Sent
from tests.kubernetes.sources import by_cluster, of_kind, scalers, selected

SOURCE = f"warm, {PRIMARY} active"
ZONE = "topology.kubernetes.io/zone"


@pytest.fixture(scope="module")
def active() -> list[Sent]:
    """The objects of the active Region's cluster."""
    found = [sent for _, sent in by_cluster(SOURCE) if sent[0].record.region == PRIMARY]
    (sent,) = found
    return sent


def _workloads(sent: list[Sent]) -> list[Sent]:
    return of_kind(sent, "Deployment", "StatefulSet")


def _least(workload: Sent, sent: list[Sent]) -> int:
    declared: int | None = workload.body["spec"].get("replicas")
    if declared is not None:
        return declared
    fields = ("minReplicas", "minReplicaCount")
    return min(
        int(each.body["spec"][field])
        for each in scalers(sent, workload)
        for field in fields
        if field in each.body["spec"]
    )


def test_every_workload_has_two_replicas_or_more(active: list[Sent]) -> None:
    assert {"registry", "serving"} <= {each.namespace for each in _workloads(active)}
    assert [str(each) for each in _workloads(active) if _least(each, active) < 2] == []


def test_every_workload_is_spread_over_zones_that_still_have_nodes(active: list[Sent]) -> None:
    def spread(workload: Sent) -> list[Any]:
        constraints = workload.body["spec"]["template"]["spec"].get("topologySpreadConstraints", ())
        return [each for each in constraints if each["topologyKey"] == ZONE and each["nodeTaintsPolicy"] == "Honor"]

    assert [str(each) for each in _workloads(active) if not spread(each)] == []


def test_one_budget_counts_the_pods_of_every_workload(active: list[Sent]) -> None:
    def budgets(workload: Sent) -> int:
        labels = workload.body["spec"]["template"]["metadata"]["labels"]
        return len(selected(active, workload.namespace, labels))

    assert {str(each): budgets(each) for each in _workloads(active) if budgets(each) != 1} == {}
