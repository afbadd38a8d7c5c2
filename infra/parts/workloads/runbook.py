"""What a runbook has to know of the workloads: what to scale, in which order, and what proves that a Region infers."""

from collections.abc import Iterator, Mapping
from typing import Any

from infra.config.rules.systems import SERVING, TRAINING, WORKFLOWS, exposed
from infra.config.system_models import System
from infra.environment import Environment
from infra.parts.workloads.platform import component_name
from infra.parts.workloads.quotas import SERVICES
from infra.scale import Replicas, Scale

_API = "v1/chat/completions"


def workloads(environment: Environment, region: str, full: Scale, standby: Scale) -> list[dict[str, Any]]:
    """The workloads of a Region's cluster, in the order in which a recovery starts them.

    Each has its Deployments, as NAMESPACE/NAME, with minimum and maximum at full and at standby scale; of training, its
    Jobs, which are suspended on standby.
    """
    settings = environment.settings
    if settings.emulator:
        return []
    found = []
    for name in full.systems:
        system = settings.systems[name]
        prefix = component_name(environment, region, name)
        entry: dict[str, Any] = {"system": name, "kind": system.kind}
        if system.kind == TRAINING:
            entry["jobs"] = [f"{name}/{prefix}-{job}" for job in system.jobs]
        else:
            extremes = (full.systems[name], standby.systems[name])
            entry["deployments"] = dict(_deployments(name, prefix, system, *extremes))
            if system.kind == SERVING and system.fallback is not None:
                entry["fallback"] = f"{name}/{prefix}-fallback"
        found.append(entry)
    return found


def proof(environment: Environment, entrance: str | None) -> dict[str, Any] | None:
    """What shows from outside that a Region infers: the golden prompts of the system behind its load balancer.

    Args:
        environment: whose.
        entrance: a Region's own host name. None: there is no load balancer.
    """
    name = exposed(environment.settings.systems)
    model = environment.settings.systems[name].model if name is not None else None
    if model is None or entrance is None or environment.settings.emulator:
        return None
    prompts = model.versions[model.version].golden_prompts
    return {
        "url": f"https://{entrance}/{_API}",
        "model": model.name,
        "system": name,
        "prompts": [each.model_dump(by_alias=True) for each in prompts],
    }


def _deployments(
    name: str, prefix: str, system: System, full: Replicas, standby: Replicas
) -> Iterator[tuple[str, Mapping[str, list[int]]]]:
    def sizes(there: int, waiting: int) -> Mapping[str, list[int]]:
        return {"full": [there, there], "standby": [waiting, waiting]}

    scaled = {"full": [full.minimum, full.maximum], "standby": [standby.minimum, standby.maximum]}
    awake = bool(standby.minimum)
    if system.kind == SERVING:
        yield f"{name}/{prefix}", scaled
        if system.model is not None and system.model.canary is not None:
            canary = system.model.canary.replicas
            yield f"{name}/{prefix}-canary", sizes(canary, canary if awake else 0)
        if system.fallback is not None:
            fallback = system.fallback.replicas
            yield f"{name}/{prefix}-fallback", sizes(fallback, fallback if awake else 0)
        return
    yield f"{name}/{prefix}-server", scaled
    if system.kind == WORKFLOWS:
        yield f"{name}/{prefix}-services", sizes(SERVICES, SERVICES if awake else 0)
        for pool, chosen in system.pools.items():
            yield f"{chosen.namespace(name)}/{prefix}-{pool}", sizes(chosen.workers, chosen.workers if awake else 0)
