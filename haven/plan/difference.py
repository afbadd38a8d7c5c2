"""What differs between two recordings of one program: added, changed property by property, removed."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from haven.base.problems import one_line
from haven.model.objectives import judge
from haven.model.tiers import Tier
from haven.plan.summary import Plan, resource_json
from haven.plan.summary import as_json as plan_json
from haven.program.diff import ABSENT, differences, without_secrets
from haven.program.recording import REFERENCE, Recording, Resource
from haven.program.removal_steps import Held, held

_LONGEST = 60


@dataclass(frozen=True)
class PropertyChange:
    """One value that differs."""

    path: str
    """Such as `scalingConfig.desiredSize`; options of the resource are in brackets: `(protect)`."""
    before: str | None
    """None: it was not there."""
    after: str | None
    """None: it is not there any more."""


@dataclass(frozen=True)
class Change:
    """One resource that differs."""

    record: Resource
    """As it is afterwards."""
    properties: Sequence[PropertyChange]


@dataclass(frozen=True)
class Difference:
    """What lies between two recordings."""

    added: Sequence[Resource]
    changed: Sequence[Change]
    removed: Sequence[Resource]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def difference(before: Recording, after: Recording) -> Difference:
    """What there is to add, change and remove to get from one recording to the other; by URN, in its order."""
    old = {each.urn: each for each in before.real()}
    new = {each.urn: each for each in after.real()}
    changes = (Change(new[urn], _properties(old[urn], new[urn], before, after)) for urn in sorted(old.keys() & new))
    return Difference(
        added=[new[urn] for urn in sorted(new.keys() - old)],
        changed=[each for each in changes if each.properties],
        removed=[old[urn] for urn in sorted(old.keys() - new)],
    )


def judged(plan: Plan, objectives: Mapping[str, float]) -> Plan:
    """A plan with objectives that its own config doesn't hold, judged by its tier's promises."""
    found = [
        {
            "objective": each.objective,
            "wanted": each.wanted,
            "promise": each.promise,
            "verdict": each.verdict.value,
            "because": each.because,
        }
        for each in judge(Tier(plan.tier), objectives)
    ]
    return replace(plan, objectives=objectives, judgements=found)


def as_json(before: Plan, after: Plan, found: Difference, notes: Sequence[str]) -> dict[str, Any]:
    """The comparison for programs: the plan as it is, and `compare` with what another tier makes of it.

    `compare` has `tier`, `regions`, `promises` and `judgements` as in a plan; `added` and `removed`: resources as in a
    plan; `changed`: resources with `properties`, each with `path`, `before` and `after` (null where it isn't there);
    `refused`: those of the removed ones that are protected or retained, each with the `data` to save first, the command
    that unprotects it (`unprotect`) and those that delete it in AWS (`byHand`); `notes`: what besides the tier had
    to differ.
    """
    there = plan_json(after)
    return {
        **plan_json(before),
        "compare": {
            **{key: there[key] for key in ("tier", "regions", "promises", "judgements")},
            "notes": list(notes),
            **difference_json(found),
        },
    }


def difference_json(found: Difference) -> dict[str, Any]:
    """The resources that differ, for programs: `added`, `changed`, `removed` and `refused`, as `as_json` has them."""
    return {
        "added": [resource_json(each) for each in found.added],
        "changed": [_change_json(each) for each in found.changed],
        "removed": [resource_json(each) for each in found.removed],
        "refused": [_held_json(each) for each in held(found.removed)],
    }


def _held_json(found: Held) -> dict[str, Any]:
    commands = {"unprotect": found.unprotect, "byHand": list(found.by_hand)}
    return {**resource_json(found.record), "data": found.data, **commands}


def _change_json(change: Change) -> dict[str, Any]:
    properties = [{"path": each.path, "before": each.before, "after": each.after} for each in change.properties]
    return {**resource_json(change.record), "properties": properties}


def _properties(old: Resource, new: Resource, before: Recording, after: Recording) -> list[PropertyChange]:
    return [
        PropertyChange(path, _shown(first, before), _shown(second, after))
        for path, first, second in [*differences(old.inputs, new.inputs), *_options(old, new)]
    ]


def _options(old: Resource, new: Resource) -> Iterator[tuple[str, Any, Any]]:
    pairs = {
        "(protect)": (old.options.protect, new.options.protect),
        "(retain on delete)": (old.options.retain_on_delete, new.options.retain_on_delete),
        "(Region)": (old.region, new.region),
    }
    return ((name, first, second) for name, (first, second) in pairs.items() if first != second)


def _shown(value: Any, recording: Recording) -> str | None:
    """A value on one line: no secrets, references by the name of their resource, shortened in the middle."""
    if value is ABSENT:
        return None
    visible = without_secrets(value)
    text = visible if isinstance(visible, str) else json.dumps(visible, sort_keys=True, ensure_ascii=False)
    named = REFERENCE.sub(lambda found: _reference_name(found["key"], found["path"], recording), one_line(text))
    if len(named) <= _LONGEST:
        return named
    return f"{named[: _LONGEST // 2]} ... {named[-_LONGEST // 2 :]}"


def _reference_name(key: str, path: str, recording: Recording) -> str:
    record = recording.by_key.get(key)
    return f"<{record.name if record else 'unknown'}.{path}>"


def by_place(records: Iterable[Resource]) -> dict[tuple[str, str, str], list[Resource]]:
    """Records by Region, component and component's name, each empty where there is none; sorted."""
    places: dict[tuple[str, str, str], list[Resource]] = {}
    for each in records:
        places.setdefault((each.region or "", each.component or "", each.component_name or ""), []).append(each)
    return dict(sorted(places.items()))
