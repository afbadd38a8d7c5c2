"""What runs on each Region's cluster: every system that has an image, in a namespace of its own."""

from functools import partial

from haven_components import Observability
from infra.config.rules.systems import REGISTRY, SERVING, TRAINING, WORKFLOWS, running
from infra.config.system_models import System
from infra.environment import Environment
from infra.parts import headroom
from infra.parts.endpoints import EndpointStores
from infra.parts.workloads import (
    controllers,
    database_users,
    mesh,
    messaging,
    namespaces,
    platform,
    registry,
    serving,
    telemetry,
    training,
    workflows,
)
from infra.parts.workloads.platform import Place, SystemStores


def declare(environment: Environment, stores: EndpointStores, watched: Observability) -> None:
    """Declare everything that runs, in the Regions that have a cluster. An emulator's clusters have no Kubernetes API.

    Args:
        environment: whose.
        stores: what the systems connect to.
        watched: where their metrics go.
    """
    settings = environment.settings
    systems = {name: each for name, each in settings.systems.items() if each.runs}
    if settings.emulator or not systems:
        return
    database_users.declare(environment)
    messages = None
    if running(settings.systems, WORKFLOWS):
        messages = messaging.cache(environment)
        messaging.api_secret(environment)
    used = SystemStores(stores, messages, watched)
    for region in environment.clusters:
        platform.connect(environment, region)
        before = controllers.declare(environment, region, watched)
        telemetry.declare(environment, region)
        headroom.declare(environment, region, platform.options(environment, region))
        for name, system in systems.items():
            place = Place(environment, region, name, before)
            environment.refusals.attempt(partial(_system, place, system, used))


def _system(place: Place, system: System, used: SystemStores) -> None:
    access = namespaces.declare(place, system, used.stores)
    mesh.declare(place, system, access)
    if system.kind == SERVING:
        serving.declare(place, system, used, access)
    elif system.kind == TRAINING:
        training.declare(place, system, used, access)
    elif system.kind == REGISTRY:
        registry.declare(place, system, used, access)
    elif system.kind == WORKFLOWS:
        workflows.declare(place, system, used, access)
