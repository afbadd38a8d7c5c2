"""The mesh between the systems of a cluster, where the stack asks for one: who calls whom, and through what."""

import pulumi

from haven_components import MeshClientArgs, MeshServiceArgs, ServiceMesh, mesh_labels
from haven_components.names import REGISTRY_PORT, SERVING_PROBE_PORT, WORKFLOWS_PORT
from infra.config.rules.systems import SERVING, TRAINING, WORKFLOWS, callers, pools_in
from infra.config.settings import Settings
from infra.config.system_models import System
from infra.parts.workloads.platform import Place, component_name

DAY_SECONDS = 86_400
"""Prefect's clients keep connections open for events: a time limit would cut them."""


def labels(settings: Settings, system: System) -> dict[str, str]:
    """Labels of a system's namespace."""
    return mesh_labels(waypoint=system.kind != TRAINING) if settings.mesh else {}


def declare(place: Place, system: System, after: pulumi.Resource) -> None:
    """Declare the policies of a system's namespace, the same on standby."""
    settings = place.environment.settings
    if not settings.mesh:
        return
    ServiceMesh(
        f"{place.name}-mesh",
        {
            "namespace": place.system,
            "zones": place.zones,
            "services": _services(place, system),
            "metrics_cidrs": place.environment.scraper_cidrs(place.region),
            "server_namespaces": _called(settings, place.system),
        },
        place.options(after),
    )


def _services(place: Place, system: System) -> list[MeshServiceArgs]:
    if system.kind == TRAINING:
        return []
    if system.kind == SERVING:
        return [_serving(place, system, name) for name in _serving_names(place, system)]
    service = _service(place, system, place.system, REGISTRY_PORT)
    service["pod_labels"]["app.kubernetes.io/component"] = "server"
    if system.kind == WORKFLOWS:
        service["port"], service["timeout_seconds"] = WORKFLOWS_PORT, DAY_SECONDS
    return [service]


def _service(place: Place, system: System, name: str, port: int) -> MeshServiceArgs:
    return {
        "name": name,
        "port": port,
        "pod_labels": {"app.kubernetes.io/name": place.name},
        "replicas": system.replicas.minimum,
        "clients": _clients(place, system),
    }


def _serving_names(place: Place, system: System) -> list[str]:
    """The Services of a `ModelServing`."""
    canary = [f"{place.name}-canary"] if system.model is not None and system.model.canary is not None else []
    return [place.system, f"{place.name}-servers", *canary]


def _serving(place: Place, system: System, name: str) -> MeshServiceArgs:
    """The load balancer and the scraper aren't in the mesh."""
    port = place.environment.settings.edge.target_port
    return {**_service(place, system, name, port), "plaintext_ports": [port, SERVING_PROBE_PORT]}


def _clients(place: Place, system: System) -> list[MeshClientArgs]:
    """The service accounts of pods that call: those of the systems that use this one, its own, and those of the workers
    and flow runs of its pools."""
    settings = place.environment.settings
    accounts = [
        (each, account)
        for each in [place.system, *callers(settings.systems, place.system)]
        for account in (each, component_name(place.environment, place.region, each))
    ]
    if system.kind == SERVING:
        accounts.append((place.system, "default"))  # asks the golden prompts
    for pool, chosen in system.pools.items():
        owner = chosen.namespace(place.system)
        accounts += [(owner, owner), (owner, f"{place.name}-{pool}")]
    return [{"namespace": space, "service_account": account} for space, account in dict.fromkeys(accounts)]


def _called(settings: Settings, name: str) -> list[str]:
    """The systems that pods of a system's namespace call."""
    owners = [owner for owner, _ in pools_in(settings.systems, name)]
    return sorted({*settings.systems[name].uses.systems, *owners} - {name})
