"""Adapts a deployment to the emulator's gaps, and explains differences by its known defects."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from haven.emulator.gaps import DEFECTS, UNSUPPORTED, Defect, Unsupported
from haven.emulator.subject import Subject
from haven.program import aws_types as aws
from haven.program.recording import Recording, Resource, references

KUBERNETES = "the emulator's EKS clusters have no Kubernetes API"
"""Why no Kubernetes object is deployed into it: by design, and no gap of one version."""

_CACHE = aws.ELASTICACHE_REPLICATION_GROUP
_INHERITED = (
    "atRestEncryptionEnabled",
    "engine",
    "engineVersion",
    "nodeType",
    "numNodeGroups",
    "port",
    "transitEncryptionEnabled",
    "transitEncryptionMode",
)
"""Arguments that a member inherits from its Global Datastore, and an independent group has to set."""

SPARED = frozenset(
    {
        "aws_cloudwatch_composite_alarm",
        "aws_eks_cluster",
        "aws_eks_node_group",
        "aws_elasticache_replication_group",
        "aws_flow_log",
    }
)
"""Types of which the emulator drops something and then can't take it again, or that would be replaced to set it."""
AWAITED = SPARED | {"aws_rds_cluster", "aws_rds_cluster_instance", "aws_sqs_queue", "aws_vpc_endpoint"}
"""These, and types for which the provider waits 8 to 30 seconds each time that it sets what the emulator drops."""

FIXED = {"aws_eks_node_group": {"scaling_config"}}
"""Type -> what the emulator can't change: UpdateNodegroupConfig is an unknown action."""


def ignored_changes(spares: Collection[str] = AWAITED) -> Mapping[str, set[str]]:
    """Type -> arguments whose changes a later deployment leaves out: what the emulator reads back wrongly or has fixed.

    Args:
        spares: the AWS provider's types of which known defects are ignored too.
    """
    ignored = {type_: set(arguments) for type_, arguments in FIXED.items()}
    for defect in DEFECTS:
        if defect.type in spares:
            ignored.setdefault(defect.type, set()).update(path.partition(".")[0] for path in defect.arguments)
    return ignored


def tokens() -> Mapping[str, str]:
    """The AWS provider's type -> Pulumi's token, for the types of `ignored_changes`."""
    return {each.type: each.token for each in DEFECTS}


def unsupported(record: Resource) -> Unsupported | None:
    """The gap because of which a whole resource is left out; None if the emulator supports it."""
    return next((each for each in UNSUPPORTED if each.type == record.type and not each.argument), None)


def leave_out(record: Resource) -> str | None:
    """The reason for which a resource is not deployed into the emulator; None if it is deployed."""
    if record.is_kubernetes:
        return KUBERNETES
    found = unsupported(record)
    return _reason(found) if found else None


def _reason(row: Unsupported) -> str:
    return f"{row.name}: {row.reason}"


@dataclass(frozen=True)
class AdaptedRecording:
    """A recording without the inputs that the emulator refuses, and everything that was left out."""

    original: Recording
    recording: Recording
    left_out: Sequence[tuple[Resource, Unsupported]]
    objects: Sequence[Resource] = ()
    """The Kubernetes objects, all of which are left out."""

    def absent(self) -> Mapping[str, str]:
        """URN of each resource that is not deployed to the reason: what the emulator lacks, and what refers to it."""
        reasons: dict[str, str] = {}
        found = {each.urn: _reason(row) for each, row in self.left_out if not row.argument}
        found |= {each.urn: KUBERNETES for each in self.objects}
        while found:
            reasons |= found
            others = [each for each in self.recording.real() if each.urn not in reasons]
            needs = {each.urn: self._missing(each, reasons) for each in others}
            found = {urn: f"needs {name}, which is left out" for urn, name in needs.items() if name}
        return reasons

    def _missing(self, record: Resource, absent: Mapping[str, str]) -> str:
        """The name of a resource that is absent and that an argument refers to; empty if there is none."""
        referred = (self.recording.by_key.get(each) for each in references(record.inputs))
        return next((each.name for each in referred if each and each.urn in absent), "")

    def edited(self) -> Mapping[str, tuple[frozenset[str], Mapping[str, Any]]]:
        """URN of each changed resource to the inputs that were removed, and those that were added."""
        edits = {}
        for before, after in zip(self.original.resources, self.recording.resources, strict=True):
            removed = frozenset(before.inputs.keys() - after.inputs.keys())
            added = {name: value for name, value in after.inputs.items() if name not in before.inputs}
            if removed or added:
                edits[before.urn] = (removed, added)
        return edits


def unadapted(recording: Recording) -> AdaptedRecording:
    """A recording as it is: what is deployed to AWS."""
    return AdaptedRecording(recording, recording, ())


def adapt(recording: Recording) -> AdaptedRecording:
    """Remove the arguments that the emulator refuses, and make members of a Global Datastore independent groups.

    Whole resources stay in the recording; `AdaptedRecording.absent` has those that a deployment leaves out.
    """
    left_out: list[tuple[Resource, Unsupported]] = []
    resources = []
    for record in recording.resources:
        rows = [
            each
            for each in UNSUPPORTED
            if each.type == record.type and (not each.argument or each.argument in record.inputs)
        ]
        left_out += [(record, each) for each in rows]
        arguments = {each.argument for each in rows}
        inputs = {name: value for name, value in record.inputs.items() if name not in arguments}
        resources.append(replace(record, inputs=_independent(inputs, record, recording)))
    objects = [each for each in recording.real() if each.is_kubernetes]
    return AdaptedRecording(recording, replace(recording, resources=resources), left_out, objects)


def explain(type_: str, arguments: Sequence[str]) -> Mapping[str, Defect | None]:
    """Each argument that drifts to the defect that explains it, or to None.

    Args:
        type_: the AWS provider's type, or Pulumi's token.
        arguments: their paths.
    """
    return {argument: next((each for each in DEFECTS if each.covers(type_, argument)), None) for argument in arguments}


def explain_absence(subject: Subject) -> Defect | None:
    """The defect because of which an expected resource is missing, or None."""
    return next((each for each in DEFECTS if each.absent == subject.kind), None)


def _independent(inputs: Mapping[str, Any], record: Resource, recording: Recording) -> Mapping[str, Any]:
    """The inputs of a member of a Global Datastore, changed to those of an independent group; others unchanged."""
    datastore = recording.referred(inputs.get("globalReplicationGroupId")) if record.type == _CACHE else None
    if datastore is None:
        return inputs
    primary = recording.referred(datastore.inputs.get("primaryReplicationGroupId"))
    inherited = dict(_inherited(primary)) if primary else {}
    return inherited | {name: value for name, value in inputs.items() if name != "globalReplicationGroupId"}


def _inherited(primary: Resource) -> Iterator[tuple[str, Any]]:
    return ((name, primary.inputs[name]) for name in _INHERITED if name in primary.inputs)
