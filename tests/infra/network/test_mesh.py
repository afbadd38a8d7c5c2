"""The mesh between the systems of a stack, which is off unless the stack asks for it."""

import json
from typing import Any

import pytest

from haven.program.recording import Recording
from haven_components import subnet_layout
from tests.environments import PRIMARY, RECOVERY
from tests.infra.test_workloads import kubernetes, with_flows
from tests.kubernetes import schemas
from tests.kubernetes.objects import objects
from tests.kubernetes.sources import of_kind
from tests.sides import CODES

SYSTEMS = {"registry", "serving", "training", "workflows"}


def meshed(**changes: str) -> Recording:
    return with_flows(mesh="true", **changes)


def _specs(recording: Recording, region: str, kind: str) -> dict[tuple[str, str], Any]:
    found = of_kind(objects(recording, region), kind)
    return {(each.namespace, str(each.name)): each.body.get("spec") for each in found}


def test_no_mesh_is_the_default() -> None:
    assert _specs(with_flows(), PRIMARY, "PeerAuthentication") == {}


@pytest.mark.exhaustive
@pytest.mark.parametrize("region", [PRIMARY, RECOVERY])
def test_all_systems_are_in_the_mesh_and_those_with_servers_behind_a_waypoint(region: str) -> None:
    spaces = {
        str(each.name): each.body["metadata"]["labels"] for each in of_kind(objects(meshed(), region), "Namespace")
    }
    meshed_spaces = {name for name, labels in spaces.items() if labels.get("istio.io/dataplane-mode") == "ambient"}
    assert meshed_spaces & SYSTEMS == SYSTEMS
    assert {space for space, _ in _specs(meshed(), region, "Gateway")} == SYSTEMS - {"training"}
    assert {name for name, labels in spaces.items() if "istio.io/use-waypoint" in labels} == SYSTEMS - {"training"}


@pytest.mark.exhaustive
def test_services_of_the_mesh_are_those_that_components_declare_and_their_clients_service_accounts_too() -> None:
    sent = objects(meshed(), PRIMARY)
    services = {(each.namespace, str(each.name)): each.body["spec"] for each in of_kind(sent, "Service")}
    accounts = {(each.namespace, str(each.name)) for each in of_kind(sent, "ServiceAccount")}
    accounts |= {(space, "default") for space in SYSTEMS}
    rules = _specs(meshed(), PRIMARY, "DestinationRule")
    assert {name for name in rules if name[0] != "training"} == set(rules)
    for space, name in rules:
        route = _specs(meshed(), PRIMARY, "HTTPRoute")[space, name]
        assert [each["port"] for each in services[space, name]["ports"]] == [route["parentRefs"][0]["port"]]
        (rule,) = _specs(meshed(), PRIMARY, "AuthorizationPolicy")[space, name]["rules"]
        principals = [each.split("/") for each in rule["from"][0]["source"]["principals"]]
        assert {(each[2], each[4]) for each in principals} <= accounts, name
    callers = json.dumps(_specs(meshed(), PRIMARY, "AuthorizationPolicy")["workflows", "workflows"])
    assert f"training/sa/haven-warm-{CODES[PRIMARY]}-workflows-nightly" in callers
    assert "serving" not in callers


@pytest.mark.exhaustive
def test_the_scraper_reaches_waypoints_from_the_clusters_own_subnets() -> None:
    policies = _specs(meshed(watch=json.dumps({"prometheus": True})), PRIMARY, "NetworkPolicy")
    found = {space: spec for (space, name), spec in policies.items() if name == "waypoint-metrics"}
    assert set(found) == SYSTEMS - {"training"}
    blocks = [each["ipBlock"]["cidr"] for each in found["serving"]["ingress"][0]["from"]]
    assert blocks == [each.private for each in subnet_layout("10.40.0.0/16", len(blocks))]


@pytest.mark.exhaustive
def test_a_failover_changes_nothing_of_the_mesh() -> None:
    def policies(recording: Recording, region: str) -> dict[str, Any]:
        found = kubernetes(recording, region).values()
        return {each.urn: each.inputs for each in found if "istio" in each.type or "gateway.networking" in each.type}

    before, after = meshed(), meshed(active=RECOVERY)
    for region in (PRIMARY, RECOVERY):
        assert policies(before, region)
        assert policies(before, region) == policies(after, region)


@pytest.mark.exhaustive
def test_kubernetes_own_objects_of_a_mesh_fit_the_strict_schema() -> None:
    own = [each for each in objects(meshed(), PRIMARY) if schemas.is_own(each)]
    assert [problem for each in own for problem in schemas.problems(each)] == []
