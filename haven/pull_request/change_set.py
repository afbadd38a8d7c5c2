"""The diff of two recordings as the gate reads a preview: what a deployment of the change would do."""

from collections.abc import Iterator

from haven.gate.changes import Action, ChangeSet, Engine, ResourceChange
from haven.plan.difference import ChangedResource, RecordingDiff
from haven.program.recording import Recording, Resource, reference

SOURCE = "the change, compared offline"


def change_set(before: Recording, after: Recording, diff: RecordingDiff) -> ChangeSet:
    """What a deployment would do to an environment that is deployed as the base declares it.

    Args:
        before: the recording of the base.
        after: the recording of the change.
        diff: the difference of the two.
    """
    changes = [
        *(_added(each) for each in diff.added),
        *(_changed(before.by_urn[each.record.urn], each) for each in diff.changed),
        *(_removed(each) for each in removed(diff)),
    ]
    return ChangeSet(Engine.PULUMI, SOURCE, changes, dict(_active(before, after)))


def removed(diff: RecordingDiff) -> list[Resource]:
    """The resources that the change declares no more, without those that it renames."""
    renamed = {alias for each in diff.added for alias in each.options.aliases}
    return [each for each in diff.removed if not {each.urn, each.name} & renamed]


def _active(before: Recording, after: Recording) -> Iterator[tuple[str, tuple[object, object]]]:
    old, new = before.outputs.get("active"), after.outputs.get("active")
    if old != new:
        yield "active", (old, new)


def _added(record: Resource) -> ResourceChange:
    return ResourceChange(
        record.urn, record.type, record.name, record.region, frozenset({Action.CREATE}), after=record.inputs
    )


def _changed(old: Resource, change: ChangedResource) -> ResourceChange:
    new = change.record
    lost = {
        "protect": old.options.protect and not new.options.protect,
        "retainOnDelete": old.options.retain_on_delete and not new.options.retain_on_delete,
    }
    return ResourceChange(
        new.urn,
        new.type,
        new.name,
        old.region,
        frozenset({Action.REPLACE if change.replacing else Action.UPDATE}),
        old.inputs,
        new.inputs,
        protected=old.options.protect,
        retained=old.options.retain_on_delete,
        changed=tuple(each.path for each in change.properties if not each.path.startswith("(")),
        replacing=change.replacing,
        moved_to=new.region if new.region != old.region else None,
        removed_options=tuple(name for name, gone in lost.items() if gone),
        id=reference(old.key, "id"),
    )


def _removed(record: Resource) -> ResourceChange:
    retained = record.options.retain_on_delete
    return ResourceChange(
        record.urn,
        record.type,
        record.name,
        record.region,
        frozenset({Action.REMOVE_FROM_STATE if retained else Action.DELETE}),
        record.inputs,
        protected=record.options.protect,
        retained=retained,
        id=reference(record.key, "id"),
    )
