"""Everything that `haven reconcile` holds against what it should be, and how it is shown."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haven.base.missing_dependency import MissingDependency
from haven.base.terminal import Style, plural
from haven.config.stack_file import Stack
from haven.gate import preview_reader
from haven.program.recording import Recording
from haven.runbooks.clients import Client
from haven.runbooks.manifest import Located, RecoveryManifest
from haven.runbooks.manifest_checks import newer
from haven.runbooks.observation import ask_all
from haven.runbooks.reconcile import data, deployment, history, left, leftovers, proposal, rows
from haven.runbooks.reconcile.checks import Check
from haven.runbooks.status import writers
from haven.runbooks.status.readings import COLOURS, State

SCHEMA = "reconcile.v1"
"""Of `--json`: the file haven/cli/schemas/reconcile.v1.json."""


@dataclass(frozen=True)
class Documents:
    """What is read of deployments."""

    preview: bytes | None
    """None: there is none."""
    source: str
    """The preview's name in messages, or why there is none."""
    updates: Mapping[str, bytes]
    """Name to the event log of an update."""


@dataclass(frozen=True)
class Facts:
    """What both Regions answered."""

    manifest: RecoveryManifest
    writer: str | None
    """The Region that writes; None: nobody knows."""
    instances: Mapping[str, str]
    """Name of each database instance to its Region."""
    checks: Sequence[Check]
    """What is known without a preview."""
    created: bool
    """Whether a failover may have created an instance there."""


@dataclass(frozen=True)
class Reconciliation:
    """What was found."""

    stack: Stack | None
    """None: there is no project here."""
    manifest: RecoveryManifest
    writer: str | None
    checks: Sequence[Check]
    proposed: Mapping[str, str]
    """The keys that the stack file lacks."""
    afterwards: Mapping[str, str]
    """The keys for later."""

    @property
    def clean(self) -> bool:
        """Whether everything was found out, and nothing is wrong."""
        return all(each.state is State.OK for each in self.checks)


def ask(
    stack: Stack | None,
    located: Located,
    client: Client,
    once: Client,
    *,
    without: str,
    old_volume: str,
    every_row: bool,
) -> Facts:
    """Ask both Regions.

    Args:
        stack: its file; None: there is no project here.
        located: the manifest.
        client: makes the clients.
        once: makes clients that send a request once.
        without: why no snapshot of the old volume is needed; empty: nobody gave a reason.
        old_volume: a cluster that was restored from such a snapshot; empty: none.
        every_row: whether every row and item is compared rather than a sample.

    Raises:
        MissingDependency: this machine has no credentials, or neither Region answers.
    """
    manifest = located.manifest
    parts = (writers, leftovers)
    answers = ask_all({key: each for part in parts for key, each in part.questions(manifest, client).items()})
    if not any(answers[writers.DATABASE, region].known for region in manifest.both):
        why = "; ".join(f"{region}: {answers[writers.DATABASE, region].unknown}" for region in manifest.both)
        raise MissingDependency(f"neither Region answers who writes the database ({why})")
    writer = writers.writing_region(answers)
    past = history.read(manifest, client, once)
    found = [Check("manifest", "", State.WRONG, each) for each in located.remarks]
    found += [Check("manifest", "", State.OK, each) for each in newer(manifest)]
    found += [
        Check(each.area, each.region, each.state, each.description) for each in writers.readings(manifest, answers)
    ]
    found += proposal.checks(stack, manifest, writer)
    found += history.checks(manifest, past)
    if writer is not None:
        found += leftovers.old_volume(manifest, answers, writer, unplanned=past.unplanned(writer), without=without)
        found += left.read(manifest, writer, past.completed.get(writer), client, once)
    found += leftovers.still_closed(manifest, answers, writer)
    found += leftovers.still_stopped(manifest, answers)
    found += leftovers.still_read_only(manifest, answers)
    found += data.compared(manifest, client, every_row=every_row)
    instances = leftovers.existing(manifest, answers)
    if writer is not None:
        reached = answers[writers.DATABASE, manifest.other(writer)].known
        found += rows.checks(
            manifest, client, writer, instances, answers=reached, cluster=old_volume, every_row=every_row
        )
    created = writer is not None and past.created_instance(writer)
    return Facts(manifest, writer, instances, found, created)


def judge(
    stack: Stack | None,
    facts: Facts,
    proposed: Mapping[str, str],
    documents: Documents,
    recorded: Callable[[], Recording],
) -> Reconciliation:
    """Add what the deployments do.

    Args:
        stack: its file; None: there is no project here, so no preview either.
        facts: what both Regions answered.
        proposed: the keys that the stack file lacks.
        documents: what is read of deployments.
        recorded: runs the program with the proposed keys.

    Raises:
        Problems: the preview can't be read.
    """
    manifest, writer = facts.manifest, facts.writer
    found = list(facts.checks)
    if documents.preview is None or stack is None:
        found.append(Check(deployment.PREVIEW, "", State.UNKNOWN, documents.source))
        if facts.created:
            description = "the failover created a database instance: whether it is in the state shows a preview only"
            found.append(Check(deployment.ADOPTION, writer or "", State.UNKNOWN, description))
    else:
        change_set, objects = preview_reader.read_with_objects(documents.preview, documents.source)
        found += deployment.checks(
            change_set,
            documents.source,
            proposed=proposed,
            existing=facts.instances,
            recorded=recorded,
            stack=stack.name,
        )
        found += deployment.clusters({documents.source: deployment.skipped(objects)})
    logs = {name: deployment.objects_of(each) for name, each in documents.updates.items()}
    found += deployment.clusters({name: deployment.skipped(each) for name, each in logs.items()})
    later = proposal.afterwards(stack.config, manifest, writer) if stack and writer and not proposed else {}
    return Reconciliation(stack, manifest, writer, found, proposed, later)


def document(found: Reconciliation) -> Mapping[str, Any]:
    """As data: the file haven/cli/schemas/reconcile.v1.json."""
    return {
        "schema": SCHEMA,
        "environment": found.manifest.environment,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "writer": found.writer,
        "clean": found.clean,
        "checks": [
            {
                "area": each.area,
                "region": each.region or None,
                "state": each.state.value,
                "description": each.description,
                "commands": list(each.commands),
                "names": list(each.names),
            }
            for each in found.checks
        ],
        "config": proposal.as_data(found.stack, found.proposed),
        "afterwards": proposal.as_data(found.stack, found.afterwards),
    }


def screen(found: Reconciliation, style: Style) -> str:
    """What is wrong first, each with its commands; then what is unknown, then the rest."""
    manifest = found.manifest
    writer = f"writes go to {found.writer}" if found.writer else "nobody knows where writes go"
    lines = [style.paint(f"{manifest.environment}, tier {manifest.tier}: {writer}", "bold"), _verdict(found, style), ""]
    for each in sorted(found.checks, key=lambda one: [State.WRONG, State.UNKNOWN, State.OK].index(one.state)):
        where = f" {each.region}" if each.region else ""
        text = f"{style.paint(each.state.value, COLOURS[each.state])} {each.area}{where}: {each.description}"
        lines += [f"  {text}", *(f"      {command}" for command in each.commands)]
    for title, values in (("Write to", found.proposed), ("Later, when everything is clean, to", found.afterwards)):
        if values and found.stack:
            lines += ["", f"{title} {found.stack.where}, below config:"]
            lines += [f"  {key}: {value}" for key, value in values.items()]
            lines += [f"or: {each}" for each in proposal.commands(found.stack, values)]
    return "\n".join([*lines, ""])


def _verdict(found: Reconciliation, style: Style) -> str:
    if found.clean:
        return style.paint(f"Clean: {plural(len(found.checks), 'check')}", "green")
    counts = [(sum(each.state is state for each in found.checks), state) for state in (State.WRONG, State.UNKNOWN)]
    return style.paint(f"Not clean: {', '.join(f'{count} {state}' for count, state in counts if count)}", "bold red")
