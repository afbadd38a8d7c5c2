"""Turns Pulumi's steps into one change per resource; a replacement has three steps."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haven.base.regions import REGION, named_in
from haven.gate.changes import UNKNOWN, Action, ResourceChange, changed_at
from haven.program.diff import differences
from haven.program.recording import Secret
from haven.program.stateful_types import token

NOTHING: Mapping[str, Any] = {}

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  the mark of a secret, not one
_MASKED = "[secret]"
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Marks of secrets and unknown values in the engine's JSON (sdk/go/common/resource/sig and plugin/rpc.go in
pulumi/pulumi, read 2026-11-21)."""


@dataclass(frozen=True)
class Operation:
    """One of the engine's operations."""

    action: Action | None
    """None: the operation changes nothing in the cloud."""
    needs: tuple[bool, bool] = (False, False)
    """Whether judging it needs the old state, and the new one."""


_UNCHANGED = Operation(None)
OPERATIONS: Mapping[str, Operation] = {
    "same": _UNCHANGED,
    "create": Operation(Action.CREATE, (False, True)),
    "update": Operation(Action.UPDATE, (True, True)),
    "delete": Operation(Action.DELETE, (True, False)),
    "replace": Operation(Action.REPLACE, (True, True)),
    "create-replacement": Operation(Action.REPLACE),
    "delete-replaced": Operation(Action.DELETE, (True, False)),
    "read": Operation(Action.REFRESH),
    "read-replacement": Operation(Action.REPLACE),
    "refresh": Operation(Action.REFRESH),
    "discard": _UNCHANGED,
    "discard-replaced": _UNCHANGED,
    "remove-pending-replace": _UNCHANGED,
    "import": Operation(Action.IMPORT),
    "import-replacement": Operation(Action.REPLACE),
    "diff": _UNCHANGED,
    "extend-parameterize": _UNCHANGED,
}
"""Every operation of the engine (pkg/resource/deploy/step.go in pulumi/pulumi, read 2026-11-21)."""


@dataclass(frozen=True)
class Step:
    """One step of a preview, from the digest or from an engine event."""

    operation: str
    urn: str
    old: Mapping[str, Any]
    new: Mapping[str, Any]
    kinds: Mapping[str, str]
    """Path of each property that differs to the kind of difference; kinds that end with `-replace` force one."""
    changed: tuple[str, ...]
    """Names of the changed properties, where the provider gives no paths."""
    replacing: tuple[str, ...]
    """Names of the properties that force a replacement, where the provider gives no paths."""


def changes(steps: Sequence[Step]) -> list[ResourceChange]:
    """One change for each custom resource; components and the stack itself exist only in the state and are left out."""
    regions = dict(_providers(steps))
    by_urn: dict[str, list[Step]] = {}
    for each in steps:
        if (each.old or each.new).get("custom"):
            by_urn.setdefault(each.urn, []).append(each)
    found = (_change(urn, group, regions) for urn, group in by_urn.items())
    return [each for each in found if each.actions or each.removed_options]


def _providers(steps: Sequence[Step]) -> Iterator[tuple[str, str]]:
    """URN and Region of each AWS provider in the document."""
    for each in steps:
        region = _inputs(each.new).get("region") or _inputs(each.old).get("region")
        if "::pulumi:providers:aws::" in each.urn and isinstance(region, str):
            yield each.urn, region


def _change(urn: str, steps: Sequence[Step], regions: Mapping[str, str]) -> ResourceChange:
    old = next((each.old for each in steps if each.old), NOTHING)
    new = next((each.new for each in reversed(steps) if each.new), NOTHING)
    kinds = {path: kind for each in steps for path, kind in each.kinds.items()}
    plain = dict.fromkeys(name for each in steps for name in each.changed)
    replacing = dict.fromkeys(name for each in steps for name in each.replacing)
    actions = _actions(steps, retained=bool(old.get("retainOnDelete")))
    before, after = _declared(old, new, kinds)
    there, then = _region(old, regions), _region(new, regions)
    return ResourceChange(
        urn,
        token(urn.split("::")[2].rpartition("$")[2]),
        urn.split("::", 3)[3],
        there or then,
        actions,
        before,
        after,
        protected=bool(old.get("protect")),
        retained=bool(old.get("retainOnDelete")),
        changed=_changed(actions, before, after, tuple(kinds) or tuple(plain)),
        replacing=tuple(path for path in kinds if kinds[path].endswith("-replace")) or tuple(replacing),
        moved_to=then if there and then != there else None,
        removed_options=tuple(
            each for each in ("protect", "retainOnDelete") if new and old.get(each) and not new.get(each)
        ),
        id=str(old.get("id") or ""),
    )


def _actions(steps: Sequence[Step], *, retained: bool) -> frozenset[Action]:
    actions = {action for each in steps if (action := OPERATIONS[each.operation].action)}
    if Action.REPLACE in actions:
        actions -= {Action.CREATE, Action.DELETE}
    if retained and Action.DELETE in actions:
        actions = actions - {Action.DELETE} | {Action.REMOVE_FROM_STATE}
    return frozenset(actions)


def _changed(
    actions: frozenset[Action], before: Mapping[str, Any], after: Mapping[str, Any], reported: tuple[str, ...]
) -> tuple[str, ...]:
    if not actions & {Action.UPDATE, Action.REPLACE}:
        return ()
    found = [path for path, _, _ in differences(before, after)]
    alone = [each for each in reported if not each.startswith("__") and not changed_at(each, found)]
    return tuple(dict.fromkeys([*alone, *found]))


def _declared(
    old: Mapping[str, Any], new: Mapping[str, Any], kinds: Mapping[str, str]
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Inputs before and after. Where they agree but the provider reports a difference, its read value counts."""
    before, after = dict(_inputs(old)), _inputs(new)
    outputs = old.get("outputs") or NOTHING
    for path in kinds:
        name = re.split(r"[.\[]", path)[0]
        if new and name in outputs and before.get(name) == after.get(name):
            before[name] = outputs[name]
    return _plain(before), _plain(after)


def _inputs(state: Mapping[str, Any]) -> Mapping[str, Any]:
    found = state.get("inputs")
    return found if isinstance(found, Mapping) else NOTHING


def _plain(value: Any) -> Any:
    """A value of the engine's JSON with secrets wrapped and unknown values replaced by `UNKNOWN`."""
    if isinstance(value, Mapping):
        if value.get(_SIGNATURE) == _SECRET:
            return Secret(value.get("plaintext", value.get("ciphertext")))
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if value == _MASKED:
        return Secret(value)
    return UNKNOWN if value == _UNKNOWN else value


def _region(state: Mapping[str, Any], regions: Mapping[str, str]) -> str | None:
    """A resource's Region: of its own inputs, its provider, its provider's name, its outputs or its ARN."""
    outputs = state.get("outputs") or NOTHING
    provider = str(state.get("provider") or "").rpartition("::")[0]
    candidates = (
        _inputs(state).get("region"),
        regions.get(provider),
        named_in(provider.rpartition("::")[2]),
        outputs.get("region"),
        *str(outputs.get("arn")).split(":")[3:4],
    )
    return next((each for each in candidates if isinstance(each, str) and re.match(REGION, each)), None)
