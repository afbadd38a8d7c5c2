"""The program that Pulumi runs: one environment in two Regions, or what an account has once."""

import pulumi
from pulumi.runtime.config import CONFIG

from infra.config import stack_kinds
from infra.immutable import remember


async def main() -> pulumi.Inputs:
    """Read the config, hold it against what the first deployment stored, declare the stack."""
    settings = stack_kinds.load(pulumi.get_stack(), CONFIG.get())
    await remember(settings)
    try:
        return stack_kinds.declare(settings)
    except pulumi.InputPropertiesError as refused:
        raise pulumi.RunError(str(refused)) from refused


pulumi.run(main)
