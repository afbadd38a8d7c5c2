"""What an environment can't change after its first deployment, kept in its own state."""

from collections.abc import Callable, Mapping
from typing import Any

import pulumi
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import monitor_supports_feature

from haven.base.problems import Problem, Problems, choices, shown
from infra.config.settings import AccountSettings, Settings


async def remember(settings: Settings | AccountSettings) -> None:
    """Hold the settings against the ones of the first deployment, before anything else is declared.

    Raises:
        Problems: the Regions differ, or the first deployment would not write to the primary Region.
    """
    regions = {"primary": settings.regions.primary, "recovery": settings.regions.recovery}
    given: dict[str, Any] = {"regions": regions, "active": settings.active}
    if isinstance(settings, Settings) and settings.rebuilt:
        given["rebuilt"] = True

    def check(first: Mapping[str, Any]) -> None:
        problems = _differences(settings, regions, first)
        if problems:
            raise Problems(problems, f"the config of stack {settings.stack}")

    stash = pulumi.Stash(
        f"haven-{settings.stack}-birth",
        input=given,
        opts=pulumi.ResourceOptions(
            protect=not settings.ephemeral,
            ignore_changes=["input.regions"],
            hooks=_checked_before_writing(check, given),
        ),
    )
    first: Mapping[str, Any] | None = await stash.output.future()
    if first:
        check(first)


def _checked_before_writing(
    check: Callable[[Mapping[str, Any]], None], given: Mapping[str, Any]
) -> pulumi.ResourceHookBinding | None:
    """Hooks that refuse before the engine writes the entry; None where there are none to call, as in `haven plan`.

    Without them, `up --skip-preview` would write a refused config into the state first, and a first deployment to
    the wrong Region would stay there for good.
    """
    if not monitor_supports_feature(resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS):
        return None

    def before_create(_: pulumi.ResourceHookArgs) -> None:
        check(given)

    def before_update(change: pulumi.ResourceHookArgs) -> None:
        check((change.old_outputs or {})["output"])

    in_previews = pulumi.ResourceHookOptions(on_dry_run=True)
    return pulumi.ResourceHookBinding(
        before_create=[pulumi.ResourceHook("haven-first-deployment", before_create, in_previews)],
        before_update=[pulumi.ResourceHook("haven-same-environment", before_update, in_previews)],
    )


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
    if first.get("rebuilt"):
        return [
            Problem(
                "haven:rebuilt",
                "true",
                "false at the first deployment: there is nothing yet that the primary Region could be a copy of",
                "delete haven:rebuilt; haven failback --rebuild names it when it is needed",
            )
        ]
    return []
