"""Reads a plan of Terraform or OpenTofu, as `terraform show -json` prints it.

Format: "JSON Output Format" in Terraform's documentation, read 2026-11-21. It does not contain `prevent_destroy`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from haven.base.problems import Problem, Problems, choices, shown
from haven.base.regions import REGION
from haven.gate.changes import UNKNOWN, Action, ChangeSet, Engine, ResourceChange
from haven.gate.shapes import REWRITE, EachOf, Shape, misshapen
from haven.program.diff import differences
from haven.program.recording import Secret
from haven.program.stateful_types import token

_COMMAND = "terraform show -json"
_KNOWN: Mapping[str, Action | None] = {
    "no-op": None,
    "create": Action.CREATE,
    "read": Action.REFRESH,
    "update": Action.UPDATE,
    "delete": Action.DELETE,
    "forget": Action.REMOVE_FROM_STATE,
}
_CHANGE: Shape = {
    "mode": str,
    "name": str,
    "deposed": str,
    "change": {"actions": [str], "before": dict, "after": dict, "importing": dict, "replace_paths": [object]},
}
_SHAPE: Shape = {
    "configuration": {
        "provider_config": EachOf({"expressions": {"region": {"constant_value": object, "references": [str]}}}),
        "root_module": dict,
    },
    "deferred_changes": [{"resource_change": _CHANGE}],
    "output_changes": EachOf(dict),
    "resource_changes": [_CHANGE],
    "resource_drift": [_CHANGE],
    "variables": EachOf(dict),
}
_MODULE: Shape = {
    "resources": [{"address": str, "provider_config_key": str}],
    "module_calls": EachOf({"module": dict}),
}
"""What is read of a plan; other keys may be anything."""


def is_plan(value: Mapping[str, Any]) -> bool:
    """Whether the document is a plan."""
    return bool({"resource_changes", "planned_values"} & value.keys())


def read(plan: Mapping[str, Any], where: str) -> ChangeSet:
    """The change set in a plan.

    Raises:
        Problems: planning failed, or the plan is garbled.
    """
    problems = [*misshapen("", plan, _SHAPE)] or [*_misshapen_modules(plan)]
    if problems:
        raise Problems(problems, where)
    problems = list(_failed(plan))
    raw = [(f"resource_changes[{place}]", each) for place, each in enumerate(plan.get("resource_changes") or ())]
    deferred = [each.get("resource_change") for each in plan.get("deferred_changes") or ()]
    raw += [(f"deferred_changes[{place}]", each) for place, each in enumerate(deferred)]
    for place, each in raw:
        problems += _wrong(place, each)
    if problems:
        raise Problems(problems, where)
    regions = dict(_regions(plan))
    gone = dict(_gone(plan))
    found = (_change(each, regions, gone.get(str(each["address"]))) for _, each in raw if each.get("mode") != "data")
    return ChangeSet(Engine.TERRAFORM, _COMMAND, [each for each in found if each.actions], dict(_outputs(plan)))


def _gone(plan: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Address of each resource that refreshing did not find any more to its last values.

    With version 5 of the AWS provider, that is how a changed Region of a provider shows in a plan.
    """
    for each in plan.get("resource_drift") or ():
        change = each.get("change") or {}
        if change.get("before") and not change.get("after") and isinstance(each.get("address"), str):
            yield each["address"], change["before"]


def _misshapen_modules(plan: Mapping[str, Any]) -> Iterator[Problem]:
    root = (plan.get("configuration") or {}).get("root_module") or {}
    return _misshapen_module("configuration.root_module", root)


def _misshapen_module(place: str, module: Mapping[str, Any]) -> Iterator[Problem]:
    found = list(misshapen(place, module, _MODULE))
    yield from found
    for name, call in () if found else (module.get("module_calls") or {}).items():
        yield from _misshapen_module(f"{place}.module_calls.{name}.module", call.get("module") or {})


def _failed(plan: Mapping[str, Any]) -> Iterator[Problem]:
    if plan.get("errored"):
        fix = "fix the error, then plan again"
        yield Problem("the plan", "errored: true", "a plan that succeeds", fix)


def _wrong(place: str, raw: Any) -> Iterator[Problem]:
    """Problems with a change: required keys that are missing or wrong."""
    if not isinstance(raw, Mapping):
        yield Problem(place, shown(raw), "a change, with address, type and change", REWRITE)
        return
    for name in ("address", "type"):
        if not isinstance(raw.get(name), str):
            yield Problem(f"{place}.{name}", shown(raw.get(name)), "text", REWRITE)
    change = raw.get("change")
    actions = change.get("actions") if isinstance(change, Mapping) else None
    if not isinstance(actions, list) or not actions or not {*map(str, actions)} <= _KNOWN.keys():
        fix = "a newer Terraform may have written it: use a newer haven" if actions else REWRITE
        yield Problem(f"{place}.change.actions", shown(actions), choices(sorted(_KNOWN)), fix)


def _outputs(plan: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for name, each in (plan.get("output_changes") or {}).items():
        if isinstance(each, Mapping) and each.get("before") != each.get("after"):
            yield name, (each.get("before"), each.get("after"))


def _change(raw: Mapping[str, Any], regions: Mapping[str, str], gone: Mapping[str, Any] | None) -> ResourceChange:
    change = raw["change"]
    actions = _actions(change)
    before = _side(change.get("before"), change.get("before_sensitive"), None)
    after = _side(change.get("after"), change.get("after_sensitive"), change.get("after_unknown"))
    provider = regions.get(_declared(raw["address"]))
    known = gone if Action.CREATE in actions else None
    there = _region(change.get("before") or known, provider)
    then = _region(change.get("after"), provider, planned=True)
    changes = actions & {Action.UPDATE, Action.REPLACE}
    return ResourceChange(
        _identity(raw),
        token(raw["type"]),
        str(raw.get("name") or raw["address"]),
        there or then,
        actions,
        before,
        after,
        changed=tuple(dict.fromkeys(path for path, _, _ in differences(before, after))) if changes else (),
        replacing=tuple(_path(each) for each in change.get("replace_paths") or ()),
        moved_to=then if there and then and then != there else None,
        lost_track=known is not None and (there is None or then is None),
        id=str((change.get("before") or known or {}).get("id") or ""),
    )


def _identity(raw: Mapping[str, Any]) -> str:
    """The address; with the key of a deposed object, which an earlier replacement has left behind."""
    return f"{raw['address']} (deposed {raw['deposed']})" if raw.get("deposed") else str(raw["address"])


def _actions(change: Mapping[str, Any]) -> frozenset[Action]:
    found = {each for each in (_KNOWN[name] for name in change["actions"]) if each}
    if Action.CREATE in found and found & {Action.DELETE, Action.REMOVE_FROM_STATE}:
        found = {Action.REPLACE}
    return frozenset(found | ({Action.IMPORT} if change.get("importing") else set()))


def _side(values: Any, sensitive: Any, unknown: Any) -> Mapping[str, Any]:
    """One side of a change under Pulumi's names, with secrets wrapped and unknown values replaced by `UNKNOWN`."""
    found = _plain(values if isinstance(values, Mapping) else {}, sensitive, unknown)
    return found if isinstance(found, Mapping) else {}


def _plain(value: Any, sensitive: Any, unknown: Any) -> Any:
    if unknown is True:
        return UNKNOWN
    if sensitive is True:
        return Secret(value)
    if isinstance(value, Mapping) or isinstance(unknown, Mapping):
        values = value if isinstance(value, Mapping) else {}
        names = dict.fromkeys([*values, *_true(unknown)])
        pairs = ((name, _plain(values.get(name), _at(sensitive, name), _at(unknown, name))) for name in names)
        return {camel(name): each for name, each in pairs if each is not None}
    if isinstance(value, list):
        return [_plain(each, _at(sensitive, place), _at(unknown, place)) for place, each in enumerate(value)]
    return value


def _true(unknown: Any) -> Sequence[str]:
    return [name for name, each in unknown.items() if each] if isinstance(unknown, Mapping) else []


def _at(mask: Any, key: str | int) -> Any:
    """The entry for one value in a mask (of sensitive or unknown values), which may be shorter than the value."""
    if isinstance(mask, Mapping):
        return mask.get(str(key))
    if isinstance(mask, list) and isinstance(key, int) and key < len(mask):
        return mask[key]
    return None


def camel(name: str) -> str:
    """`kms_key_id` as `kmsKeyId`."""
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name)


def _path(parts: Any) -> str:
    """`["scaling_config", 0, "min_size"]` as `scalingConfig[0].minSize`."""
    steps = parts if isinstance(parts, list) else [parts]
    return "".join(f"[{each}]" if isinstance(each, int) else f".{camel(str(each))}" for each in steps).lstrip(".")


def _region(values: Any, provider: str | None, *, planned: bool = False) -> str | None:
    """A resource's Region: of its own arguments, its ARN or its provider.

    Args:
        values: one side of its change.
        provider: the Region that its provider has after the deployment.
        planned: whether that is the side after the deployment, where the provider knows more than an old ARN.
    """
    if not isinstance(values, Mapping):
        return None
    arn = str(values.get("arn")).split(":")[3:4]
    candidates = (values.get("region"), provider, *arn) if planned else (values.get("region"), *arn, provider)
    return next((each for each in candidates if isinstance(each, str) and re.match(REGION, each)), None)


def _regions(plan: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Address of each declared resource to the Region of its provider, where the plan has it: a constant, or the value
    of a variable of the root module."""
    configuration = plan.get("configuration") or {}
    variables = plan.get("variables") or {}
    known = {
        key: value
        for key, each in (configuration.get("provider_config") or {}).items()
        if isinstance(value := _value_of(each, {} if ":" in key else variables), str) and re.match(REGION, value)
    }
    return _declared_in(configuration.get("root_module") or {}, "", known)


def _value_of(provider: Mapping[str, Any], variables: Mapping[str, Any]) -> Any:
    """The Region of a provider: a constant, or the value of one variable."""
    expression = (provider.get("expressions") or {}).get("region") or {}
    if "constant_value" in expression:
        return expression["constant_value"]
    names = [each.removeprefix("var.") for each in expression.get("references") or () if each.startswith("var.")]
    return variables.get(names[0], {}).get("value") if len(names) == 1 else None


def _declared_in(module: Mapping[str, Any], prefix: str, known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for each in module.get("resources") or ():
        region = known.get(str(each.get("provider_config_key")))
        if region:
            yield f"{prefix}{each.get('address')}", region
    for name, call in (module.get("module_calls") or {}).items():
        yield from _declared_in(call.get("module") or {}, f"{prefix}module.{name}.", known)


def _declared(address: str) -> str:
    """The address in the configuration: without the keys of `count` and `for_each`."""
    return re.sub(r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]', "", address)
