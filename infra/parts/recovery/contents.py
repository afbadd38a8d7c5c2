"""What the recovery manifest has of things that must be in a Region before a failover to it: images, weights, secrets,
backups. None of it depends on the active Region.
"""

from collections.abc import Iterator
from typing import Any

from haven_components.names import secret_name
from infra import names
from infra.config.rules.systems import REGISTRY, WORKFLOWS, running
from infra.config.system_models import Controllers, ServedModel, System
from infra.environment import Environment
from infra.parts import backups
from infra.parts.stores import database_name
from infra.parts.workloads import database_users, messaging, platform


def manifest(environment: Environment) -> dict[str, Any]:
    """The manifest's part of it."""
    chosen = environment.settings.backups
    return {
        "images": images(environment),
        "weights": weights(environment),
        "secrets": secrets(environment),
        "backups": {
            "newestMinutes": backups.newest_minutes(environment),
            "restoreTests": chosen.restore_tests,
        },
    }


def images(environment: Environment) -> list[str]:
    """REPOSITORY@DIGEST of every image that a pod needs, as each Region's own registry has it."""
    settings = environment.settings
    if settings.emulator:
        return []
    wanted = {image for system in settings.systems.values() if system.runs for image in _of_system(system)}
    if any(system.runs for system in settings.systems.values()):
        wanted |= set(_of_controllers(settings.controllers))
    return sorted(platform.repository(environment, each) for each in wanted)


def _of_system(system: System) -> Iterator[str]:
    fallback = system.fallback.image if system.fallback is not None else None
    pools = (pool.image for pool in system.pools.values())
    yield from (each for each in (system.image, system.tools_image, fallback, *pools) if each is not None)


def _of_controllers(chosen: Controllers) -> Iterator[str]:
    if chosen.load_balancer is not None:
        yield chosen.load_balancer.image
    if chosen.keda is not None:
        yield from (chosen.keda.operator_image, chosen.keda.metrics_image, chosen.keda.webhooks_image)
    if chosen.telemetry is not None:
        yield chosen.telemetry.collector_image
        if chosen.telemetry.gpu_image is not None:
            yield chosen.telemetry.gpu_image


def weights(environment: Environment) -> list[dict[str, Any]]:
    """Of every version that serves, or is tried: bucket of the stack file, prefix, GiB."""
    if environment.settings.emulator:
        return []
    models = [system.model for system in environment.settings.systems.values() if system.runs and system.model]
    found = {
        (model.bucket, model.versions[each].prefix): model.versions[each] for model in models for each in _pinned(model)
    }
    return [
        {"bucket": bucket, "prefix": prefix, "gib": version.weights_gib}
        for (bucket, prefix), version in sorted(found.items(), key=lambda each: each[0])
    ]


def _pinned(model: ServedModel) -> list[str]:
    return [model.version, *([model.canary.version] if model.canary is not None else [])]


def secrets(environment: Environment) -> list[str]:
    """Names of the secrets that Secrets Manager replicates, the same in both Regions."""
    settings = environment.settings
    bases = [database_name(environment), names.cache_name(settings.stack)]
    bases += [f"{environment.name}-{each}" for each in settings.secrets]
    if not settings.emulator:
        registries, orchestrations = running(settings.systems, REGISTRY), running(settings.systems, WORKFLOWS)
        bases += [database_users.secret_base(environment, each) for each in (*registries, *orchestrations)]
        if orchestrations:
            bases += [messaging.cache_name(environment), messaging.api_name(environment)]
    return sorted(secret_name(each) for each in bases)
