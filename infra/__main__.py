"""The program that Pulumi runs: one environment in two Regions, or what an account has once."""

import pulumi
from pulumi.runtime.config import CONFIG

from haven.base.problems import Problems
from infra import account, topology
from infra.config import component_keys, stack_kinds
from infra.config.settings import AccountSettings
from infra.immutable import remember


class Refused(Problems, pulumi.RunError):
    """The config is refused; the engine prints it without a traceback."""


async def main() -> pulumi.Inputs:
    """Read the config, hold it against what the first deployment stored, declare the stack."""
    stack = pulumi.get_stack()
    try:
        settings = stack_kinds.load(stack, CONFIG.get())
        await remember(settings)
        if isinstance(settings, AccountSettings):
            return account.declare(settings)
        return topology.declare(settings)
    except Problems as error:
        raise Refused(error.problems, error.where) from error
    except pulumi.InputPropertiesError as error:
        raise Refused(component_keys.problems(error, stack), f"the config of stack {stack}") from error


pulumi.run(main)
