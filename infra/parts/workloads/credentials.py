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
    version: int = 1,
) -> ReplicatedSecret:
    """Declare a password and the secret that has it. Those of earlier versions stay, for a password that is protected
    can't be replaced.

    Args:
        environment: whose.
        name: what the names of both begin with.
        description: of the secret.
        value: what the secret holds, as JSON, made of the password.
        version: of the password, from 1 on.
    """
    ephemeral = environment.settings.ephemeral
    passwords = [
        pulumi_random.RandomPassword(
            f"{name}-password" if each == 1 else f"{name}-password-{each}",
            length=_PASSWORD_CHARACTERS,
            special=False,
            opts=pulumi.ResourceOptions(provider=environment.random, protect=not ephemeral),
        )
        for each in range(1, version + 1)
    ]
    return ReplicatedSecret(
        name,
        {
            "description": description,
            "primary": {"region": environment.primary, "kms_key_arn": environment.key.primary_arn},
            "recovery": {"region": environment.recovery, "kms_key_arn": environment.key.recovery_arn},
            "value": pulumi.Output.json_dumps(value(passwords[-1].result)),
            "ephemeral": ephemeral,
        },
        environment.options(environment.primary, "secrets"),
    )
