"""Passwords that nobody chooses: made once, and kept as a secret of both Regions."""

from collections.abc import Callable, Mapping

import pulumi
import pulumi_random

from haven_components import ReplicatedSecret
from infra.environment import Environment

_PASSWORD_CHARACTERS = 32


def declare(
    environment: Environment,
    name: str,
    description: str,
    value: Callable[[pulumi.Output[str]], Mapping[str, pulumi.Input[str]]],
) -> ReplicatedSecret:
    """Declare a password and the secret that has it.

    Args:
        environment: whose.
        name: what the names of both begin with.
        description: of the secret.
        value: what the secret holds, as JSON, made of the password.
    """
    ephemeral = environment.settings.ephemeral
    password = pulumi_random.RandomPassword(
        f"{name}-password",
        length=_PASSWORD_CHARACTERS,
        special=False,
        opts=pulumi.ResourceOptions(provider=environment.random, protect=not ephemeral),
    )
    return ReplicatedSecret(
        name,
        {
            "description": description,
            "primary": {"region": environment.primary, "kms_key_arn": environment.key.primary_arn},
            "recovery": {"region": environment.recovery, "kms_key_arn": environment.key.recovery_arn},
            "value": pulumi.Output.json_dumps(value(password.result)),
            "ephemeral": ephemeral,
        },
        environment.options(environment.primary, "secrets"),
    )
