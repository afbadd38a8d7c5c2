"""Drift: what a second deployment would change, and which defect of the emulator explains each change."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haven.base import terminal
from haven.emulator import gap_handling, gaps

GONE = "(the whole resource)"
"""Replaces the arguments of a resource that a second deployment would create or delete."""


@dataclass(frozen=True)
class ResourceDrift:
    """One resource that a second deployment would change."""

    address: str
    """Its address in Terraform, or its URN in Pulumi."""
    type: str
    """The AWS provider's type, or Pulumi's token."""
    action: str
    """`update`, `replace`, `create` or `delete`."""
    arguments: tuple[str, ...]
    """The arguments that differ, with dots between levels; empty if only a resource it refers to changes."""
    refers_to: frozenset[str]
    """Addresses of the resources to which its arguments refer."""
    urn: str = ""
    """Its URN, where the deployer knows it."""


@dataclass(frozen=True)
class ExplainedDrift:
    """A drifted resource with the defects that explain it."""

    resource: ResourceDrift
    defects: tuple[gaps.Defect, ...]
    follows: tuple[str, ...] = ()
    """Addresses of explained resources that cause this one's drift."""
    unexplained: tuple[str, ...] = ()
    """Arguments that no known defect covers."""

    @property
    def is_wrong(self) -> bool:
        """Whether something drifts that no known defect explains."""
        return bool(self.unexplained) or not (self.defects or self.follows)


def explain(drift: Sequence[ResourceDrift]) -> list[ExplainedDrift]:
    """Each drifted resource with its defects; one without arguments of its own follows from those it refers to."""
    explained = {each.address: _by_defects(each) for each in drift if each.arguments}
    reasons = frozenset(address for address, each in explained.items() if not each.is_wrong)
    for each in drift:
        if not each.arguments:
            explained[each.address] = ExplainedDrift(each, (), follows=tuple(sorted(each.refers_to & reasons)))
    return [explained[each.address] for each in drift]


def _by_defects(resource: ResourceDrift) -> ExplainedDrift:
    found = gap_handling.explain(resource.type, resource.arguments)
    defects = tuple(dict.fromkeys(defect for defect in found.values() if defect))
    return ExplainedDrift(
        resource, defects, unexplained=tuple(argument for argument, defect in found.items() if defect is None)
    )


def render(explained: Sequence[ExplainedDrift], style: terminal.Style) -> list[str]:
    """The drift as lines: first what no defect explains, then the rest by defect."""
    if not explained:
        return ["  Nothing would change."]
    lines = [f"  WRONG: {_unexplained(each)}" for each in explained if each.is_wrong]
    by_defect = Counter(defect for each in explained if not each.is_wrong for defect in each.defects)
    known = sum(not each.is_wrong for each in explained)
    if known:
        lines.append(f"  {terminal.plural(known, 'resource')} with drift by known defects of the emulator:")
    rows = [[f"{count} x", defect.type, f"it {defect.name} ({defect.symptom})"] for defect, count in by_defect.items()]
    rows += [["", each.resource.type, f"follows from {', '.join(each.follows)}"] for each in explained if each.follows]
    return [*lines, *style.table(rows, indent=4)]


def _unexplained(each: ExplainedDrift) -> str:
    arguments = (
        ", ".join(each.unexplained or each.resource.arguments) or "values that are only known after the deployment"
    )
    return f"{each.resource.address} ({each.resource.action}): {arguments}"


def from_terraform(plan: Mapping[str, Any], document: Mapping[str, Any]) -> list[ResourceDrift]:
    """The drift in a plan.

    Args:
        plan: the plan of a second deployment, as `terraform show -json` prints it.
        document: the Terraform JSON of that plan, which contains the references between resources.
    """
    addresses = [f"{type_}.{name}" for type_, named in document.get("resource", {}).items() for name in named]
    changed = []
    for each in plan.get("resource_changes", ()):
        action = _action(each["change"]["actions"])
        if action:
            body = document.get("resource", {}).get(each["type"], {}).get(each["name"], {})
            text = " ".join(_expressions(body))
            refers_to = frozenset(one for one in addresses if f"{one}." in text)
            arguments = tuple(sorted(set(_changes(each["change"], action))))
            changed.append(ResourceDrift(each["address"], each["type"], action, arguments, refers_to))
    return changed


def _action(actions: Sequence[str]) -> str:
    if set(actions) == {"create", "delete"}:
        return "replace"
    return actions[0] if actions[0] in ("create", "delete", "update") else ""


def _expressions(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if "${" in value:
            yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _expressions(each)
    elif isinstance(value, Sequence):
        for each in value:
            yield from _expressions(each)


def _changes(change: Mapping[str, Any], action: str) -> Iterator[str]:
    if action in ("create", "delete"):
        yield GONE
    else:
        yield from _differences(change["before"], change["after"], change.get("after_unknown", {}), "")


def _differences(before: Any, after: Any, unknown: Any, path: str) -> Iterator[str]:
    """Paths whose value differs. Values only known after the deployment follow from other differences: left out."""
    if unknown is True or (not before and not after and before is not False and after is not False):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            below = unknown.get(name) if isinstance(unknown, Mapping) else None
            yield from _differences(before.get(name), after.get(name), below, f"{path}.{name}" if path else name)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (one, other) in enumerate(zip(before, after, strict=True)):
            below = unknown[place] if isinstance(unknown, list) and place < len(unknown) else None
            yield from _differences(one, other, below, path)
    elif before != after:
        yield path
