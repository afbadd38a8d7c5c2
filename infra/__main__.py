"""The program that Pulumi runs: one environment in two Regions."""

import pulumi
from pulumi.runtime.config import CONFIG

from infra.memory import remember
from infra.settings import load
from infra.topology import declare


async def main() -> pulumi.Inputs:
    """Read the config, hold it against what the first deployment stored, declare the environment."""
    settings = load(pulumi.get_stack(), CONFIG.get())
    await remember(settings)
    try:
        return declare(settings)
    except pulumi.InputPropertiesError as refused:
        raise pulumi.RunError(str(refused)) from refused


pulumi.run(main)
