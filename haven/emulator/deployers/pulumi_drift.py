"""Reads the engine's events of a preview as drift."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi.automation.events import OpType, StepEventMetadata

from haven.emulator.drift import GONE, ResourceDrift
from haven.terraform import naming

_CHANGES: Mapping[OpType, str] = {
    OpType.CREATE: "create",
    OpType.UPDATE: "update",
    OpType.DELETE: "delete",
    OpType.REPLACE: "replace",
}
_UNSET: tuple[Any, ...] = (None, "", 0, False, [], {})
"""What a provider answers for an argument that is not declared."""
_HIDDEN = "[secret]"
"""What an event has in place of a secret."""


def from_step(step: StepEventMetadata) -> Iterator[ResourceDrift]:
    """What one step of a preview would change; nothing if it changes nothing, or if it is the stack itself.

    Once one property of a resource differs, the bridge also lists properties whose items the provider
    answers in another order, and those with computed values inside. They are left out. Seen on 2026-11-25 with the
    AWS provider 5.100 behind the dynamic bridge; pulumi-aws itself has not been run against the emulator.
    """
    action = _CHANGES.get(step.op)
    if action is None or step.type.startswith("pulumi:"):
        return
    paths = [*(step.detailed_diff or step.diffs or ())]
    arguments = tuple(sorted({_argument(path) for path in paths if _differs(step, path)}))
    if paths and not arguments:
        return
    whole = (GONE,) if action in ("create", "delete") else ()
    yield ResourceDrift(step.urn, step.type, action, arguments or whole, frozenset(), step.urn)


def _differs(step: StepEventMetadata, path: str) -> bool:
    """Whether the state's outputs lack what the program declares of the property that a path is in."""
    name = re.split(r"[.\[]", path, maxsplit=1)[0]
    declared = ((step.new.inputs if step.new else None) or {}).get(name)
    answered = ((step.old.outputs if step.old else None) or {}).get(name)
    return declared is None or _HIDDEN in str(declared) or not _has(answered, declared)


def _has(answered: Any, declared: Any) -> bool:
    """Whether an answer has everything that is declared, whatever it adds and in whatever order."""
    if answered == declared or (answered in _UNSET and declared in _UNSET):
        return True
    if isinstance(declared, Mapping):
        return isinstance(answered, Mapping) and all(_has(answered.get(name), each) for name, each in declared.items())
    if isinstance(declared, list):
        return isinstance(answered, list) and len(answered) == len(declared) and _pairs(answered, declared)
    return False


def _pairs(answered: list[Any], declared: list[Any]) -> bool:
    left = list(answered)
    for each in declared:
        found = next((place for place, one in enumerate(left) if _has(one, each)), None)
        if found is None:
            return False
        del left[found]
    return True


def _argument(path: str) -> str:
    """A property path such as `vpcConfig.subnetIds[0]` under the AWS provider's names."""
    return ".".join(naming.snake(each) for each in re.sub(r"\[\d+\]", "", path).split("."))
