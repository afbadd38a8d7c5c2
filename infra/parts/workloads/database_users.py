"""The database user of each system that keeps something there: its own, and never the database's administrator."""

import pulumi
import pulumi_random

from haven_components import ReplicatedSecret
from infra.config.rules.systems import REGISTRY, WORKFLOWS, running
from infra.environment import Environment
from infra.parts.workloads import platform

_PASSWORD_CHARACTERS = 32


def declare(environment: Environment) -> None:
    """Declare the secrets, in both Regions: the migrations of either one give the users these passwords."""
    systems = environment.settings.systems
    for system in (*running(systems, REGISTRY), *running(systems, WORKFLOWS)):
        _secret(environment, system)


def secret_base(environment: Environment, system: str) -> str:
    """What the name of a system's secret begins with, the same in both Regions."""
    return f"{environment.name}-{system}-database"


def _secret(environment: Environment, system: str) -> None:
    name, settings = secret_base(environment, system), environment.settings
    password = pulumi_random.RandomPassword(
        f"{name}-password",
        length=_PASSWORD_CHARACTERS,
        special=False,
        opts=pulumi.ResourceOptions(provider=environment.random, protect=not settings.ephemeral),
    )
    user = {"username": f"haven_{platform.sql_name(system)}", "password": password.result}
    ReplicatedSecret(
        name,
        {
            "description": f"Database user of system {system}",
            "primary": {"region": environment.primary, "kms_key_arn": environment.key.primary_arn},
            "recovery": {"region": environment.recovery, "kms_key_arn": environment.key.recovery_arn},
            "value": pulumi.Output.json_dumps(user),
            "ephemeral": settings.ephemeral,
        },
        environment.options(environment.primary, "secrets"),
    )
