"""A comparison of two tiers as text."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from haven.base.terminal import Style, plural
from haven.plan.difference import ChangedResource, PropertyChange, RecordingDiff, by_component, irreversible
from haven.plan.summary import Plan, kind
from haven.plan.text import CAPACITY_LABELS, asked_for, best_case, first, in_order, joined, promise_name, worst_case
from haven.program.recording import Resource
from haven.program.removal_steps import kept_resources, removal_steps

_COLOURS = {"+": "green", "~": "yellow", "-": "red"}
_COMPONENTS_SHOWN, _NAMES_SHOWN, _ALIKE_SHOWN = 6, 12, 3
"""How much of each fits one screen."""


def render(before: Plan, after: Plan, diff: RecordingDiff, notes: Sequence[str], style: Style) -> str:
    """The whole comparison: every resource that changes on the way from one plan to the other, and both promises."""
    return joined([
        _headline(before, after, diff, notes, style),
        _capacity(before, after, style),
        _group("Added", "+", "green", diff.added, style),
        _changed("Replaced: the provider deletes and creates them", diff.replaced, style),
        _changed("Changed", diff.updated, style),
        _group("Removed", "-", "red", diff.removed, style),
        _irreversible(diff, style),
        _kept(diff.removed, style),
        _promises(before, after, style),
        _verdicts(after, style),
    ])  # fmt: skip


def screen(before: Plan, after: Plan, diff: RecordingDiff, notes: Sequence[str], style: Style) -> str:
    """The comparison on one screen: counts, capacity, changes by component, what Pulumi will refuse, both promises."""
    return joined([
        _headline(before, after, diff, notes, style),
        _capacity(before, after, style),
        _components(diff, style),
        _irreversible(diff, style),
        _refused(diff.removed, style),
        _promises(before, after, style),
        _verdicts(after, style),
    ])  # fmt: skip


def _headline(before: Plan, after: Plan, diff: RecordingDiff, notes: Sequence[str], style: Style) -> list[str]:
    title = f"From tier {before.tier} to tier {after.tier}"
    return [style.paint(title, "bold"), counts(diff), *(line for note in notes for line in style.wrapped(note, 0))]


def _components(diff: RecordingDiff, style: Style) -> list[str]:
    """How many resources of each component are added, changed and removed, most first."""
    counts: dict[str, Counter[str]] = {}
    for sign, records in (("+", diff.added), ("~", [each.record for each in diff.changed]), ("-", diff.removed)):
        for each in records:
            counts.setdefault(each.component or "the stack itself", Counter())[sign] += 1
    if not counts:
        return []
    order = sorted(counts, key=lambda name: (-counts[name].total(), name))
    rows = [
        [
            name,
            *(
                style.paint(f"{sign}{counts[name][sign]}", _COLOURS[sign]) if counts[name][sign] else "-"
                for sign in _COLOURS
            ),
        ]
        for name in order[:_COMPONENTS_SHOWN]
    ]
    more = len(order) - _COMPONENTS_SHOWN
    title = style.paint("Resources by component", "bold")
    return [title, *style.table(rows, 2), *([f"  and {plural(more, 'more component')}"] if more > 0 else [])]


def moves(own: str, diffs: Mapping[str, RecordingDiff], style: Style) -> str:
    """The moves from a stack's own tier to the others: how much changes, and what moving back doesn't undo.

    Args:
        own: the stack's tier.
        diffs: every other tier, with what changes on the way to it.
        style: how it is drawn.
    """
    lines = [style.paint(f"Moves from tier {own}", "bold")]
    for tier, diff in diffs.items():
        lines += style.wrapped(f"to {tier}: {counts(diff)}", 2)
        lost = [f"irreversible: {each}" for each in lost_for_good(diff)] or ["moving back undoes all of it"]
        lines += [line for each in lost for line in style.wrapped(each, 4)]
    return "\n".join(lines) + "\n"


def lost_for_good(diff: RecordingDiff) -> Iterator[str]:
    """The steps that moving back doesn't undo, those alike in one sentence."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for each in irreversible(diff):
        alike.setdefault((each.step, kind(each.record.type), each.lost), []).append(each.record.name)
    for (step, thing, lost), names in alike.items():
        listed = ", ".join(first(names, _ALIKE_SHOWN))
        yield f"{plural(len(names), thing)} {step} ({lost}): {listed}"


def _irreversible(diff: RecordingDiff, style: Style) -> list[str]:
    found = list(lost_for_good(diff))
    if not found:
        return []
    title = style.paint("What moving back doesn't undo", "bold red")
    return [title, *(line for each in found for line in style.wrapped(each, 2))]


def _refused(removed: Sequence[Resource], style: Style) -> list[str]:
    """The resources that Pulumi refuses to delete, by name; the steps are in the detail."""
    names = [each.record.name for each in kept_resources(removed)]
    if not names:
        return []
    title = f"Pulumi will refuse to delete {plural(len(names), 'resource')}: protected or retained"
    return [style.paint(title, "bold red"), *style.wrapped(", ".join(first(names, _NAMES_SHOWN)), 2, hanging=0)]


def counts(diff: RecordingDiff) -> str:
    """How many resources are added, changed, replaced and removed."""
    if not diff:
        return "nothing differs"
    replaced = f"{len(diff.replaced)} replaced, " if diff.replaced else ""
    return f"{len(diff.added)} added, {len(diff.updated)} changed, {replaced}{len(diff.removed)} removed"


def _capacity(before: Plan, after: Plan, style: Style) -> list[str]:
    """What each Region has on both sides, where that differs."""
    pairs = list(zip(before.regions, after.regions, strict=True))
    counts = {"resources": [(old.count, new.count) for old, new in pairs]}
    counts |= {
        label: [(old.capacity[key], new.capacity[key]) for old, new in pairs] for key, label in CAPACITY_LABELS.items()
    }
    rows = [
        [label, *(f"{old} -> {new}" if old != new else str(old) for old, new in sides)]
        for label, sides in counts.items()
        if any(old != new for old, new in sides)
    ]
    return style.table([["", *(each.region for each in before.regions)], *rows], 2) if rows else []


def _group(title: str, sign: str, colour: str, records: Sequence[Resource], style: Style) -> list[str]:
    if not records:
        return []
    lines = [style.paint(f"{title}: {plural(len(records), 'resource')}", "bold")]
    for component, members in by_component(records).items():
        lines.append(_heading(component, len(members)))
        rows = [[f"{sign} {each.name}", kind(each.type)] for each in members]
        lines += [style.paint(line, colour) for line in style.table(rows, 4)]
    return lines


def _kept(removed: Sequence[Resource], style: Style) -> list[str]:
    """Which deletions are refused, by name, and what to do. Each command is on one line, to be copied."""
    kept = kept_resources(removed)
    if not kept:
        return []
    lines = [
        style.paint(f"Refused: {plural(len(kept), 'resource')} of those removed", "bold"),
        *style.wrapped(
            "Pulumi refuses to delete protected resources, and only removes retained ones from the state. Steps:", 2
        ),
    ]
    for number, (what, details) in enumerate(removal_steps(kept), start=1):
        lines += style.wrapped(f"{number}. {what}", 2, hanging=3)
        lines += [f"     {each}" for each in details]
    return lines


def _heading(component: tuple[str, str, str], count: int) -> str:
    region, class_name, name = component
    return f"  {region or 'no Region'}, {f'{class_name} {name}' if class_name else 'the stack itself'}: {count}"


def _changed(title: str, changes: Sequence[ChangedResource], style: Style) -> list[str]:
    if not changes:
        return []
    by_urn = {each.record.urn: each for each in changes}
    lines = [style.paint(f"{title}: {plural(len(changes), 'resource')}", "bold")]
    for component, members in by_component(each.record for each in changes).items():
        lines.append(_heading(component, len(members)))
        for record in members:
            because = f", for {', '.join(by_urn[record.urn].replacing)}" if by_urn[record.urn].replacing else ""
            lines.append(style.paint(f"    ~ {record.name}  {kind(record.type)}{because}", "yellow"))
            for each in by_urn[record.urn].properties:
                lines += style.wrapped(_property(each), 8)
    return lines


def _property(change: PropertyChange) -> str:
    if change.before == change.after:
        return f"{change.path}: {change.after}, which differs"
    if change.before is None:
        return f"{change.path}: {change.after} (new)"
    return f"{change.path}: {change.before} -> {'(gone)' if change.after is None else change.after}"


def _promises(before: Plan, after: Plan, style: Style) -> list[str]:
    rows = [["promise", f"{before.tier}: best case", "worst case", f"{after.tier}: best case", "worst case"]]
    for name, new in in_order({**before.promises, **after.promises}):
        old = before.promises.get(name, {})
        rows.append([promise_name(name, new), best_case(old), worst_case(old), best_case(new), worst_case(new)])
    return [style.paint("Promises ([A]: the worst case is an assumption)", "bold"), *style.table(rows, 2)]


def _verdicts(after: Plan, style: Style) -> list[str]:
    """The stack's objectives against the other tier's promises."""
    if not after.judgements:
        return []
    rows = [
        [asked_for(each), promise_name(each["promise"], after.promises.get(each["promise"], {})), str(each["verdict"])]
        for each in after.judgements
    ]
    return [style.paint(f"This stack's objectives under tier {after.tier}", "bold"), *style.table(rows, 2)]
