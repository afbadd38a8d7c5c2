"""The diff of two recordings of one program: added, changed and removed resources, with their changed properties."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from haven.base.problems import one_line
from haven.model.objectives import as_output, judge
from haven.model.tiers import Tier
from haven.plan.summary import Plan, resource_json
from haven.plan.summary import as_json as plan_json
from haven.program.diff import ABSENT, differences, without_secrets
from haven.program.recording import REFERENCE, Recording, Resource
from haven.program.removal_steps import KeptResource, data_lost, kept_resources
from haven.program.replacements import replacing

_LONGEST = 60
_CONTEXT = 12
"""Characters shown on both sides of what differs inside a long value."""


@dataclass(frozen=True)
class PropertyChange:
    """One changed value of a resource."""

    path: str
    """Such as `scalingConfig.desiredSize`; options of the resource are in brackets: `(protect)`."""
    before: str | None
    """None if the value is new."""
    after: str | None
    """None if the value is removed."""


@dataclass(frozen=True)
class ChangedResource:
    """A resource that both recordings contain, with the properties that differ."""

    record: Resource
    """The resource in the second recording."""
    properties: Sequence[PropertyChange]
    replacing: tuple[str, ...] = ()
    """Those of the properties for which the provider replaces the resource; empty if it is updated in place."""


@dataclass(frozen=True)
class RecordingDiff:
    """The resources that differ between two recordings, each group by URN."""

    added: Sequence[Resource]
    changed: Sequence[ChangedResource]
    """Updated in place, or replaced."""
    removed: Sequence[Resource]

    @property
    def updated(self) -> Sequence[ChangedResource]:
        """The resources that change in place."""
        return [each for each in self.changed if not each.replacing]

    @property
    def replaced(self) -> Sequence[ChangedResource]:
        """The resources that the provider deletes and creates."""
        return [each for each in self.changed if each.replacing]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def diff_recordings(before: Recording, after: Recording) -> RecordingDiff:
    """The resources to add, change and remove to get from one recording to the other."""
    old = {each.urn: each for each in before.real()}
    new = {each.urn: each for each in after.real()}
    changes = (_change(old[urn], new[urn], before, after) for urn in sorted(old.keys() & new))
    return RecordingDiff(
        added=[new[urn] for urn in sorted(new.keys() - old)],
        changed=[each for each in changes if each.properties],
        removed=[old[urn] for urn in sorted(old.keys() - new)],
    )


@dataclass(frozen=True)
class Irreversible:
    """One step of a move that moving back doesn't undo."""

    record: Resource
    step: str
    """`deleted` or `replaced`."""
    lost: str
    """What goes for good, and what to save first."""


def irreversible(diff: RecordingDiff) -> list[Irreversible]:
    """The steps of a move that moving back doesn't undo: resources whose content isn't replicated once more."""
    steps = [(each, "deleted") for each in diff.removed] + [(each.record, "replaced") for each in diff.replaced]
    return [Irreversible(each, step, lost) for each, step in steps if (lost := data_lost(each))]


def move_json(diff: RecordingDiff) -> dict[str, Any]:
    """A move in short: how many resources are `added`, `changed` in place, `replaced` and `removed`, and the steps that
    can't be undone."""
    return {
        "added": len(diff.added),
        "changed": len(diff.updated),
        "replaced": len(diff.replaced),
        "removed": len(diff.removed),
        "irreversible": _irreversible_json(diff),
    }


def _irreversible_json(diff: RecordingDiff) -> list[dict[str, Any]]:
    return [{**resource_json(each.record), "step": each.step, "lost": each.lost} for each in irreversible(diff)]


def _change(old: Resource, new: Resource, before: Recording, after: Recording) -> ChangedResource:
    properties = _properties(old, new, before, after)
    paths = [each.path for each in properties if not each.path.startswith("(")]
    return ChangedResource(new, properties, replacing(old, new, paths))


def with_objectives(plan: Plan, objectives: Mapping[str, float]) -> Plan:
    """A plan with objectives other than those of its config, compared with its tier's promises."""
    judgements = [as_output(each) for each in judge(Tier(plan.tier), objectives)]
    return replace(plan, objectives=objectives, judgements=judgements)


def as_json(before: Plan, after: Plan, diff: RecordingDiff, notes: Sequence[str]) -> dict[str, Any]:
    """The comparison as JSON: the plan, and under `compare` the plan of another tier.

    `compare` has `tier`, `regions`, `promises` and `judgements` as in a plan; `added` and `removed`: resources as in a
    plan; `changed`: resources with `properties`, each with `path`, `before` and `after` (null if there is no value),
    and `replacing`, the paths for which the provider replaces the resource (none: it is updated in place);
    `refused`: the removed resources that are protected or retained, each with the `data` to save first, the command
    that unprotects it (`unprotect`) and those that delete it in AWS (`deleteCommands`); `irreversible`: the deleted and
    replaced resources whose content (`lost`) moving back doesn't bring back; `notes`: what else differs besides the
    tier.
    """
    there = plan_json(after)
    return {
        **plan_json(before),
        "compare": {
            **{key: there[key] for key in ("tier", "regions", "promises", "judgements")},
            "notes": list(notes),
            **diff_json(diff),
            "irreversible": _irreversible_json(diff),
        },
    }


def diff_json(diff: RecordingDiff) -> dict[str, Any]:
    """The diff as JSON: `added`, `changed`, `removed` and `refused`, as in `as_json`."""
    return {
        "added": [resource_json(each) for each in diff.added],
        "changed": [_change_json(each) for each in diff.changed],
        "removed": [resource_json(each) for each in diff.removed],
        "refused": [_kept_json(each) for each in kept_resources(diff.removed)],
    }


def _kept_json(kept: KeptResource) -> dict[str, Any]:
    commands = {"unprotect": kept.unprotect, "deleteCommands": list(kept.delete_commands)}
    return {**resource_json(kept.record), "data": kept.data, **commands}


def _change_json(change: ChangedResource) -> dict[str, Any]:
    properties = [{"path": each.path, "before": each.before, "after": each.after} for each in change.properties]
    return {**resource_json(change.record), "properties": properties, "replacing": list(change.replacing)}


def _properties(old: Resource, new: Resource, before: Recording, after: Recording) -> list[PropertyChange]:
    return [
        PropertyChange(path, *_around_difference(_text(first, before), _text(second, after)))
        for path, first, second in [*differences(old.inputs, new.inputs), *_options(old, new)]
    ]


def _options(old: Resource, new: Resource) -> Iterator[tuple[str, Any, Any]]:
    pairs = {
        "(protect)": (old.options.protect, new.options.protect),
        "(retain on delete)": (old.options.retain_on_delete, new.options.retain_on_delete),
        "(Region)": (old.region, new.region),
    }
    return ((name, first, second) for name, (first, second) in pairs.items() if first != second)


def _text(value: Any, recording: Recording) -> str | None:
    """A value on one line: without secrets, references by resource name. None if absent."""
    if value is ABSENT:
        return None
    visible = without_secrets(value)
    text = visible if isinstance(visible, str) else json.dumps(visible, sort_keys=True, ensure_ascii=False)
    return REFERENCE.sub(lambda found: _reference_name(found["key"], found["path"], recording), one_line(text))


def _around_difference(before: str | None, after: str | None) -> tuple[str | None, str | None]:
    """Two values, each shortened to what differs, with some characters around it."""
    if before is None or after is None or max(len(before), len(after)) <= _LONGEST:
        return _shortened(before), _shortened(after)
    start = max(_shared(before, after) - _CONTEXT, 0)
    same = _shared(before[start:][::-1], after[start:][::-1])
    end = max(same - _CONTEXT, 0)
    return _shortened(_part(before, start, end)), _shortened(_part(after, start, end))


def _shared(first: str, second: str) -> int:
    """The number of characters with which both begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))


def _part(text: str, start: int, end: int) -> str:
    """`text` without its first `start` and its last `end` characters."""
    return f"{'... ' if start else ''}{text[start : len(text) - end]}{' ...' if end else ''}"


def _shortened(text: str | None) -> str | None:
    """`text`, shortened in the middle."""
    if text is None or len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST // 2]} ... {text[-_LONGEST // 2 :]}"


def _reference_name(key: str, path: str, recording: Recording) -> str:
    record = recording.by_key.get(key)
    return f"<{record.name if record else 'unknown'}.{path}>"


def by_component(records: Iterable[Resource]) -> dict[tuple[str, str, str], list[Resource]]:
    """Resources by Region, component class and component name, sorted; each of the three is empty if there is none."""
    components: dict[tuple[str, str, str], list[Resource]] = {}
    for each in records:
        components.setdefault((each.region or "", each.component or "", each.component_name or ""), []).append(each)
    return dict(sorted(components.items()))
