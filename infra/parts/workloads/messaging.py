"""What a workflow orchestration has for itself in both Regions: the cache of its messages, the secret of its API."""

import pulumi
import pulumi_random

from haven_components import GlobalCache, ReplicatedSecret
from infra.config.rules.systems import WORKFLOWS, running
from infra.config.settings import Settings
from infra.environment import Environment
from infra.parts import stores

AUTH_KEY = "auth-string"
"""Key of the API's secret: a user and a password with a colon between them."""
_PASSWORD_CHARACTERS = 32


def namespaces(settings: Settings) -> set[str]:
    """Where the API's secret is needed: with the orchestration, and with the workers of its pools."""
    found = running(settings.systems, WORKFLOWS)
    pools = [pool for system in found.values() for pool in system.pools.values()]
    return {*found, *(pool.system for pool in pools if pool.system is not None)}


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
    name = api_name(environment)
    password = pulumi_random.RandomPassword(
        f"{name}-password",
        length=_PASSWORD_CHARACTERS,
        special=False,
        opts=pulumi.ResourceOptions(provider=environment.random, protect=not environment.settings.ephemeral),
    )
    return ReplicatedSecret(
        name,
        {
            "description": "What clients of the workflows' API authenticate with",
            "primary": {"region": environment.primary, "kms_key_arn": environment.key.primary_arn},
            "recovery": {"region": environment.recovery, "kms_key_arn": environment.key.recovery_arn},
            "value": pulumi.Output.json_dumps({AUTH_KEY: pulumi.Output.concat("haven:", password.result)}),
            "ephemeral": environment.settings.ephemeral,
        },
        environment.options(environment.primary, "secrets"),
    )
