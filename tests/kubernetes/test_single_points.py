"""No system of a stack depends on one pod, one node or one zone in the Region that takes writes."""

from typing import Any

import pytest

from tests.environments import PRIMARY, RECOVERY
from tests.infra.test_workloads import with_flows
from tests.kubernetes.cluster import NODE, ZONE
from tests.kubernetes.objects import Sent, objects
from tests.kubernetes.sources import least, of_kind, selected
from tests.sides import CODES

LEAST = 2


@pytest.fixture(scope="module", params=[PRIMARY, RECOVERY])
def active(request: pytest.FixtureRequest) -> list[Sent]:
    """The objects of the active Region's cluster, in tier warm."""
    region: str = request.param
    return objects(with_flows(**({} if region == PRIMARY else {"active": region})), region)


def _workloads(sent: list[Sent]) -> list[Sent]:
    return of_kind(sent, "Deployment", "StatefulSet")


def _pod(workload: Sent) -> Any:
    return workload.body["spec"]["template"]["spec"]


def test_every_system_that_serves_is_there(active: list[Sent]) -> None:
    names = {str(each.name).partition(f"{CODES[str(each.record.region)]}-")[2] for each in _workloads(active)}
    assert {name.partition("-")[0] for name in names} == {"serving", "registry", "workflows"}
    assert {"registry", "serving"} <= {each.namespace for each in _workloads(active)}


def test_every_workload_has_two_replicas_or_more(active: list[Sent]) -> None:
    def replicas(workload: Sent) -> int:
        declared: int = workload.body["spec"].get("replicas", LEAST)
        return min(least(active, workload), declared)

    assert [str(each) for each in _workloads(active) if replicas(each) < LEAST] == []


def test_every_workload_is_spread_over_nodes_and_over_zones_that_still_have_nodes(active: list[Sent]) -> None:
    for each in _workloads(active):
        constraints = _pod(each)["topologySpreadConstraints"]
        assert {one["topologyKey"] for one in constraints} == {ZONE, NODE}, each
        assert [one for one in constraints if one["topologyKey"] == ZONE and one["nodeTaintsPolicy"] == "Honor"], each


def test_one_budget_counts_the_pods_of_every_workload_and_of_no_other(active: list[Sent]) -> None:
    for each in _workloads(active):
        found = selected(active, each.namespace, each.body["spec"]["template"]["metadata"]["labels"])
        own = each.body["spec"]["selector"]["matchLabels"]
        assert [budget.body["spec"]["selector"]["matchLabels"] for budget in found] == [own], each


def test_no_workload_keeps_anything_in_a_volume_of_one_zone(active: list[Sent]) -> None:
    claims = [
        str(each) for each in _workloads(active) for one in _pod(each)["volumes"] if "persistentVolumeClaim" in one
    ]
    assert claims == []
