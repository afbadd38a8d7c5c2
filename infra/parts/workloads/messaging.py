"""What a workflow orchestration has for itself in both Regions: the cache of its messages, the secret of its API."""

import pulumi

from haven_components import GlobalCache, ReplicatedSecret
from infra.config.rules.systems import WORKFLOWS, running
from infra.config.settings import Settings
from infra.environment import Environment
from infra.parts import stores
from infra.parts.workloads import credentials

AUTH_KEY = "auth-string"
"""Key of the API's secret: a user and a password with a colon between them."""


def namespaces(settings: Settings) -> set[str]:
    """Where the API's secret is needed: with the orchestration, and with the workers of its pools."""
    found = running(settings.systems, WORKFLOWS)
    return {*found, *(pool.namespace(name) for name, system in found.items() for pool in system.pools.values())}


def cache_name(environment: Environment) -> str:
    """What the names of the cache of messages begin with."""
    return f"{environment.name}-messages"


def api_name(environment: Environment) -> str:
    """Name of the API's secret, the same in both Regions."""
    return f"{environment.name}-workflows-api"


def cache(environment: Environment) -> GlobalCache:
    """Declare a cache that isn't spread over shards, which Prefect can't use. Messages are of one Region: each Region
    that has the environment's cache has a group of its own."""
    recovery = environment.scales[environment.recovery].cache
    args = stores.cache_args(environment, recovery=recovery, snapshot_retention_days=1)
    args["cluster_mode"] = False
    args["regional"] = True
    return GlobalCache(cache_name(environment), args, environment.options(environment.primary, "cache"))


def api_secret(environment: Environment) -> ReplicatedSecret:
    """Declare what clients of the API authenticate with."""
    return credentials.declare(
        environment,
        api_name(environment),
        "What clients of the workflows' API authenticate with",
        lambda password: {AUTH_KEY: pulumi.Output.concat("haven:", password)},
    )
