"""What an environment can't change after its first deployment, kept in its own state."""

from collections.abc import Mapping
from typing import Any

import pulumi

from haven.base.problems import Problem, Problems, choices, shown
from infra.config.settings import AccountSettings, Settings


async def remember(settings: Settings | AccountSettings) -> None:
    """Hold the settings against the ones of the first deployment, before anything else is declared.

    Raises:
        Problems: the Regions differ, or the first deployment would not write to the primary Region.
    """
    regions = {"primary": settings.regions.primary, "recovery": settings.regions.recovery}
    stash = pulumi.Stash(
        f"haven-{settings.stack}-birth",
        input={"regions": regions, "active": settings.active},
        # `up --skip-preview` writes the entry before the check below can refuse: its Regions stay as they were.
        opts=pulumi.ResourceOptions(protect=not settings.ephemeral, ignore_changes=["input.regions"]),
    )
    first: Mapping[str, Any] | None = await stash.output.future()
    problems = list(_differences(settings, regions, first)) if first else []
    if problems:
        raise Problems(problems, f"the config of stack {settings.stack}")


def _differences(
    settings: Settings | AccountSettings, regions: Mapping[str, str], first: Mapping[str, Any]
) -> list[Problem]:
    if dict(first["regions"]) != regions:
        return [
            Problem(
                "haven:regions",
                shown(regions),
                f"{shown(dict(first['regions']))}, as at the first deployment: another Region would replace everything",
                "put the Regions back; for other Regions create a new stack, move the data, then destroy this one",
            )
        ]
    if first["active"] != settings.regions.primary:
        return [
            Problem(
                "haven:active",
                shown(settings.active),
                f"{choices([settings.regions.primary])} at the first deployment: everything is created there",
                "delete haven:active until the first deployment is done, then fail over",
            )
        ]
    return []
