"""On which nodes the servers of a model run."""

from typing import Any

import pytest

from tests.components.workloads.serving.declaration import EVERYTHING, NAME, declare, kind, pod

ZONE = "topology.kubernetes.io/zone"


def _pools(term: Any) -> list[str]:
    (expression,) = term["matchExpressions"]
    assert (expression["key"], expression["operator"]) == ("haven.dev/pool", "In")
    return list(expression["values"])


def _affinity(name: str = NAME, **changes: Any) -> Any:
    return pod(declare(**{**EVERYTHING, **changes}), name)["affinity"]


@pytest.mark.parametrize("name", [NAME, f"{NAME}-canary"])
def test_servers_run_on_their_own_node_groups_and_on_others_where_those_have_no_room(name: str) -> None:
    nodes = _affinity(name, pools=["one", "two"], other_pools=["training"])["nodeAffinity"]
    (term,) = nodes["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert _pools(term) == ["one", "two", "training"]
    (preferred,) = nodes["preferredDuringSchedulingIgnoredDuringExecution"]
    assert _pools(preferred["preference"]) == ["one", "two"]
    assert set(_affinity(name, pools=["one"])["nodeAffinity"]) == {"requiredDuringSchedulingIgnoredDuringExecution"}


def test_the_fallback_runs_where_there_are_no_gpus() -> None:
    assert "nodeAffinity" not in _affinity(f"{NAME}-fallback", pools=["one"], other_pools=["training"])


def test_replicas_keep_apart_by_zone_where_there_is_more_than_one() -> None:
    for name in kind(declare(**EVERYTHING), "Deployment"):
        (each,) = _affinity(name)["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
        assert each["podAffinityTerm"]["topologyKey"] == ZONE
    assert _affinity(zones=["eu-west-1a"]) == {}


@pytest.mark.parametrize(
    "groups",
    [{"other_pools": ["training"]}, {"pools": ["one"], "other_pools": ["one"]}, {"pools": []}, {"pools": ["a", "a"]}],
)
def test_groups_that_cannot_be_meant_are_refused(groups: dict[str, Any]) -> None:
    with pytest.raises(Exception, match=r"pools: got .*; allowed: .*; fix: name "):
        declare(**groups)
