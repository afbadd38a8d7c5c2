"""What a second deployment would change, and which defect of the emulator is behind each difference."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haven.base import terminal
from haven.emulator import gap_handling, gaps

GONE = "(the whole resource)"
"""Stands for the arguments of something that a second deployment would make anew or take away."""


@dataclass(frozen=True)
class Difference:
    """One resource that a second deployment would touch."""

    address: str
    """As the deploying engine calls it."""
    type: str
    """The AWS provider's type."""
    action: str
    """`update`, `replace`, `create` or `delete`."""
    arguments: tuple[str, ...]
    """What differs, with dots between levels; nothing where only what it refers to would change."""
    refers_to: frozenset[str]
    """Addresses of the resources that its arguments come from."""


@dataclass(frozen=True)
class Explained:
    """A difference with what is behind it."""

    difference: Difference
    defects: tuple[gaps.Defect, ...]
    follows: tuple[str, ...] = ()
    """Addresses of explained differences that this one merely follows from."""
    unexplained: tuple[str, ...] = ()
    """Arguments that no row of the table covers."""

    @property
    def is_wrong(self) -> bool:
        """Whether something differs that the emulator isn't known for."""
        return bool(self.unexplained) or not (self.defects or self.follows)


def explain(differences: Sequence[Difference]) -> list[Explained]:
    """Each difference with the defects behind it; one with no argument of its own follows from those it refers to."""
    explained = {each.address: _by_defects(each) for each in differences if each.arguments}
    reasons = frozenset(address for address, each in explained.items() if not each.is_wrong)
    for each in differences:
        if not each.arguments:
            explained[each.address] = Explained(each, (), follows=tuple(sorted(each.refers_to & reasons)))
    return [explained[each.address] for each in differences]


def _by_defects(difference: Difference) -> Explained:
    found = gap_handling.explain(difference.type, difference.arguments)
    defects = tuple(dict.fromkeys(defect for defect in found.values() if defect))
    return Explained(
        difference, defects, unexplained=tuple(argument for argument, defect in found.items() if defect is None)
    )


def render(explained: Sequence[Explained]) -> list[str]:
    """What a second deployment would change, by the defect behind it; what nothing explains comes first."""
    if not explained:
        return ["  Nothing would change."]
    lines = [f"  WRONG: {_unexplained(each)}" for each in explained if each.is_wrong]
    by_defect = Counter(defect for each in explained if not each.is_wrong for defect in each.defects)
    known = sum(not each.is_wrong for each in explained)
    if known:
        lines.append(f"  {terminal.plural(known, 'difference')} by known defects of the emulator, and nothing else:")
    rows = [[f"{count} x", defect.type, f"it {defect.name} ({defect.symptom})"] for defect, count in by_defect.items()]
    rows += [
        ["", each.difference.type, f"follows from {', '.join(each.follows)}"] for each in explained if each.follows
    ]
    return [*lines, *terminal.table(rows, indent=4)]


def _unexplained(each: Explained) -> str:
    arguments = ", ".join(each.unexplained or each.difference.arguments) or "what only the deployment will tell"
    return f"{each.difference.address} ({each.difference.action}): {arguments}"


def from_terraform(plan: Mapping[str, Any], document: Mapping[str, Any]) -> list[Difference]:
    """The differences in a plan, as `terraform show -json` prints it.

    Args:
        plan: of a second deployment.
        document: the Terraform JSON that was planned; it says what refers to what.
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
            changed.append(Difference(each["address"], each["type"], action, arguments, refers_to))
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
        yield from _differing(change["before"], change["after"], change.get("after_unknown", {}), "")


def _differing(before: Any, after: Any, unknown: Any, path: str) -> Iterator[str]:
    """Paths whose value differs. What is only known after the deployment follows from something else that differs."""
    if unknown is True or (not before and not after and before is not False and after is not False):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            below = unknown.get(name) if isinstance(unknown, Mapping) else None
            yield from _differing(before.get(name), after.get(name), below, f"{path}.{name}" if path else name)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (one, other) in enumerate(zip(before, after, strict=True)):
            below = unknown[place] if isinstance(unknown, list) and place < len(unknown) else None
            yield from _differing(one, other, below, path)
    elif before != after:
        yield path
