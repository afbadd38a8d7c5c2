"""What the next deployment does, read from its preview: nothing may be replaced, deleted or skipped."""

import json
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from haven.base.problems import one_line
from haven.gate import verdict as gate
from haven.gate.changes import Action, ChangeSet, ResourceChange
from haven.program import aws_types as aws
from haven.program.recording import Recording, Resource
from haven.runbooks.reconcile.checks import Check
from haven.runbooks.status.readings import State

PREVIEW, ADOPTION, CLUSTERS = "preview", "adoption", "clusters"
SKIPPED = "Cluster is unreachable but skipUpdateUnreachable flag is set to true, skipping"
"""What pulumi-kubernetes warns of when it leaves an object as it is; the deployment succeeds all the same."""
_DESTROYS = (Action.REPLACE, Action.DELETE, Action.REMOVE_FROM_STATE)
_NAMED = {aws.RDS_CLUSTER_INSTANCE: "identifier"}
"""What a runbook creates to the input with its name, which is its import id too."""


def skipped(objects: Iterable[Mapping[str, Any]]) -> list[str]:
    """The resources that a preview or an update left as they are because their cluster didn't answer.

    Args:
        objects: the JSON of `pulumi preview --json`, or engine events of a preview or of `pulumi up`.
    """
    found: dict[str, None] = {}
    for document in objects:
        for each in [*(document.get("diagnostics") or ()), document.get("diagnosticEvent")]:
            if isinstance(each, Mapping) and SKIPPED in one_line(str(each.get("message", ""))):
                found[str(each.get("urn") or "an object").rpartition("::")[2]] = None
    return list(found)


def objects_of(data: bytes) -> Iterator[Mapping[str, Any]]:
    """The JSON objects of a log, whole or as lines; one that was cut off is left out."""
    text = data.decode("utf-8", "replace")
    try:
        whole: Any = json.loads(text)
    except ValueError:
        whole = [_parsed(line) for line in text.splitlines()]
    for each in whole if isinstance(whole, list) else [whole]:
        if isinstance(each, Mapping):
            yield each


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def clusters(skips: Mapping[str, Sequence[str]]) -> Iterator[Check]:
    """Objects that a deployment left out.

    Args:
        skips: what was read to the objects that it skipped.
    """
    for source, names in skips.items():
        if names:
            listed = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
            description = f"{source}: a cluster's API didn't answer, and {listed} stayed as it was; deploy once more"
            yield Check(CLUSTERS, "", State.WRONG, description, ["pulumi up"])
        else:
            yield Check(CLUSTERS, "", State.OK, f"{source}: no object was skipped")


def checks(
    change_set: ChangeSet,
    source: str,
    *,
    proposed: Mapping[str, str],
    existing: Mapping[str, str],
    recorded: Callable[[], Recording],
    stack: str,
) -> Iterator[Check]:
    """What is wrong with a preview.

    Args:
        change_set: what it does.
        source: its name in messages.
        proposed: the keys that the stack file lacks; the preview has to be one with them.
        existing: name of each database instance in AWS to its Region.
        recorded: runs the program with the proposed keys; called where something has to be imported.
        stack: the stack's name.
    """
    judged = gate.judge(change_set, (), None, source)
    active = proposed.get("haven:active")
    if active and (judged.failover is None or judged.failover.after != active):
        how = f"preview with haven:active {active}: haven reconcile does where the Pulumi CLI is"
        yield Check(PREVIEW, "", State.WRONG, f"{source} doesn't make {active} the active Region; {how}")
    destroyed = {each.identity: each for each in change_set.changes if any(one in each.actions for one in _DESTROYS)}
    yield from (_destroyed(each) for each in destroyed.values())
    for finding in judged.refused:
        if finding.identity not in destroyed:
            yield Check(PREVIEW, finding.region or "", State.WRONG, f"{finding.name}: {finding.what}; {finding.fix}")
    yield from _adoption(change_set, existing, recorded, stack)
    if not destroyed and not judged.refused:
        counts = ", ".join(f"{count} {action}" for action, count in judged.counts.items()) or "no change"
        yield Check(PREVIEW, "", State.OK, f"{source}: nothing is replaced or deleted ({counts})")


def _destroyed(change: ResourceChange) -> Check:
    doing = " and ".join(sorted(each for each in change.actions if each in _DESTROYS))
    because = f", because of {', '.join(change.replacing or change.changed)}" if change.replacing else ""
    return Check(PREVIEW, change.region or "", State.WRONG, f"{doing} {change.name}{because}: don't deploy it")


def to_adopt(change_set: ChangeSet, existing: Mapping[str, str]) -> list[ResourceChange]:
    """What a preview creates although AWS has it."""
    return [
        each
        for each in change_set.changes
        if Action.CREATE in each.actions and _name(each.type, each.after) in existing
    ]


def _adoption(
    change_set: ChangeSet, existing: Mapping[str, str], recorded: Callable[[], Recording], stack: str
) -> Iterator[Check]:
    found = to_adopt(change_set, existing)
    declared = {_name(each.type, each.inputs): each for each in recorded().real()} if found else {}
    for each in found:
        name = str(_name(each.type, each.after))
        description = f"{name} exists, and the preview creates it: import it, or the deployment fails"
        commands = [_import(declared[name], name, stack)] if name in declared else []
        yield Check(ADOPTION, existing[name], State.WRONG, description, commands)


def _name(type_: str, inputs: Mapping[str, Any]) -> str | None:
    """The name in AWS of something that a runbook may create; None for all else."""
    name = inputs.get(_NAMED.get(type_, ""))
    return name if isinstance(name, str) else None


def _import(record: Resource, name: str, stack: str) -> str:
    words = ["pulumi", "import", "--stack", stack, record.type, record.name, name]
    words += ["--parent", f"parent={record.parent}", "--provider", f"provider={record.provider}"]
    words += [f"--protect={str(record.options.protect).lower()}", "--generate-code=false"]
    return shlex.join(words)
