"""Fits a deployment to what the emulator can do, and tells its faults from the deployment's."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from haven.emulator.expected import Fact
from haven.emulator.gaps import DEFECTS, MISSING, Defect, Missing
from haven.program import aws_types as aws
from haven.program.recording import REFERENCE, Recording, Resource

_OF_THE_DATASTORE = (
    "atRestEncryptionEnabled",
    "engine",
    "engineVersion",
    "nodeType",
    "numNodeGroups",
    "transitEncryptionEnabled",
    "transitEncryptionMode",
)
"""What a member takes over from its Global Datastore, and a group of its own has to be told."""


def missing(record: Resource) -> Missing | None:
    """The row for a resource that the emulator can't have at all, or None."""
    return next((each for each in MISSING if each.type == record.type and not each.argument), None)


def leave_out(record: Resource) -> str | None:
    """Why a resource isn't deployed into the emulator, or None for one that is."""
    found = missing(record)
    return f"{found.name}: {found.reason}" if found else None


@dataclass(frozen=True)
class Fitted:
    """A recording as the emulator can take it, and what was left out of it, by name."""

    original: Recording
    recording: Recording
    left_out: Sequence[tuple[Resource, Missing]]

    def edited(self) -> Mapping[str, tuple[frozenset[str], Mapping[str, Any]]]:
        """URN -> the inputs that were taken out, and those that were put in."""
        edits = {}
        for before, after in zip(self.original.resources, self.recording.resources, strict=True):
            removed = frozenset(before.inputs.keys() - after.inputs.keys())
            added = {name: value for name, value in after.inputs.items() if name not in before.inputs}
            if removed or added:
                edits[before.urn] = (removed, added)
        return edits


def fit(recording: Recording) -> Fitted:
    """Take out the arguments that the emulator refuses, and let members of a Global Datastore stand alone.

    Whole resources stay in the recording; `leave_out` names those.
    """
    left_out: list[tuple[Resource, Missing]] = []
    resources = []
    for record in recording.resources:
        rows = [
            each
            for each in MISSING
            if each.type == record.type and (not each.argument or each.argument in record.inputs)
        ]
        left_out += [(record, each) for each in rows]
        arguments = {each.argument for each in rows}
        inputs = {name: value for name, value in record.inputs.items() if name not in arguments}
        resources.append(replace(record, inputs=_alone(inputs, record, recording)))
    return Fitted(recording, replace(recording, resources=resources), left_out)


def explain(type_: str, arguments: Sequence[str]) -> Mapping[str, Defect | None]:
    """For each argument that differs the defect behind it, or None where nothing explains it."""
    return {argument: next((each for each in DEFECTS if each.covers(type_, argument)), None) for argument in arguments}


def explain_absence(fact: Fact) -> Defect | None:
    """The defect behind a planned fact that isn't found at all, or None where nothing explains it."""
    return next((each for each in DEFECTS if each.absent == fact.about), None)


def _alone(inputs: Mapping[str, Any], record: Resource, recording: Recording) -> Mapping[str, Any]:
    """The inputs of a member of a Global Datastore as those of a group of its own; all others as they are."""
    datastore = (
        _referred(inputs.get("globalReplicationGroupId"), recording)
        if record.type == aws.ELASTICACHE_REPLICATION_GROUP
        else None
    )
    if datastore is None:
        return inputs
    primary = _referred(datastore.inputs.get("primaryReplicationGroupId"), recording)
    taken = dict(_shared(primary)) if primary else {}
    return taken | {name: value for name, value in inputs.items() if name != "globalReplicationGroupId"}


def _shared(primary: Resource) -> Iterator[tuple[str, Any]]:
    return ((name, primary.inputs[name]) for name in _OF_THE_DATASTORE if name in primary.inputs)


def _referred(value: object, recording: Recording) -> Resource | None:
    found = REFERENCE.fullmatch(value) if isinstance(value, str) else None
    return recording.by_key.get(found["key"]) if found else None
