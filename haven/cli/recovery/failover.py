"""`haven failover` and `haven failback`: make the other Region the writing one."""

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from haven.base.exits import FINDINGS, OK
from haven.base.interrupts import Interrupted, interruptible
from haven.base.missing_dependency import MissingDependency
from haven.base.problems import Problem, Problems, shown
from haven.base.terminal import plural
from haven.cli import output
from haven.cli.command_line import WHERE, Command
from haven.cli.recovery import failover_text, interrupted
from haven.cli.recovery.environment import EnvironmentSource
from haven.cli.recovery.failover_text import How
from haven.cli.recovery.failover_words import Words, chosen_by, failover_options
from haven.cli.recovery.progress import Board

if TYPE_CHECKING:
    from haven.runbooks.failover.decision import Request
    from haven.runbooks.failover.judging import Preview
    from haven.runbooks.failover.run import Operator
    from haven.runbooks.manifest import Located
    from haven.runbooks.workflow.report import Report
    from haven.runbooks.workflow.requests import Runbook

_NOTICE = "Interrupted: calls that are on their way aren't waited for."
_LAST_SECONDS = 1.0
"""For the end of the audit of an interrupted run: Ctrl-C ends it within two."""


@click.command("failover", cls=Command, short_help="Make REGION the writing Region: promote, scale, switch.")
@failover_options
@click.option("--to", required=True, metavar="REGION", help="The Region that becomes the writing one.")
@click.option("--planned", is_flag=True, help="Both Regions answer, and nothing may be lost.")
@click.option(
    "--with",
    "tool",
    type=click.Choice(["arc"]),
    help="Start ENVIRONMENT's ARC Region switch plan and watch it, instead of Haven's own steps.",
)
def failover(*, to: str, planned: bool, tool: str | None, **words: Any) -> int:
    """Make REGION the writing Region of ENVIRONMENT: promote, scale, move the traffic.

    Needs AWS credentials, and neither Pulumi nor its state. Shows what it found and what it will do, and asks for the
    environment's name. Every step is written to the journal before it happens, so a run that was interrupted goes on
    when the same command is run once more, on any machine. Until the first promotion a failure undoes what was changed.
    Exit code 1: refused, undone or incomplete.

    With --with arc AWS does it, by the plan that haven:recoveryPlan declares: Haven takes its lease, decides and judges
    what may be lost, starts the plan in REGION, and shows its steps until it ends. An execution that is under way is
    watched, and none is started.
    """
    return _run(Words(**words), to, planned=planned, how=How.ARC if tool else How.STEPS)


@click.command("failback", cls=Command, short_help="Make the primary Region the writing one again.")
@failover_options
@click.option("--unplanned", is_flag=True, help="The recovery Region is lost: what it didn't replicate is lost too.")
@click.option("--rebuild", is_flag=True, help="What the other Region had is lost: give it up, and build it anew first.")
def failback(*, unplanned: bool, rebuild: bool, **words: Any) -> int:
    """Make the primary Region of ENVIRONMENT the writing one again: `haven failover --planned` the other way.

    With --rebuild it comes before that: after a total loss of a Region its replicas are given up by name, and pulumi up
    makes new ones there from the Region that survived. Refused while the lost Region answers and has any of them.
    Exit code 1: refused, undone or incomplete.
    """
    if rebuild and unplanned:
        problem = Problem("--unplanned", "given with --rebuild", "one of the two", "leave --unplanned out")
        raise Problems([problem], WHERE)
    if rebuild and words["accept_loss"]:
        allowed = "a command that promotes; --rebuild gives up replicas and loses nothing that is written"
        problem = Problem("--accept-loss", "given with --rebuild", allowed, "leave --accept-loss out")
        raise Problems([problem], WHERE)
    return _run(Words(**words), None, planned=not unplanned and not rebuild, how=How.REBUILD if rebuild else How.STEPS)


def _run(words: Words, to: str | None, *, planned: bool, how: How) -> int:
    from haven.runbooks.failover.decision import Request
    from haven.runbooks.workflow.lease import ID

    chosen = chosen_by(words, to)
    located = chosen.located()
    target = to or (_survivor(chosen, located) if how is How.REBUILD else located.manifest.regions.primary)
    request = Request(planned, words.force or "", words.accept_loss or "", words.acknowledge)
    board = Board(sys.stderr)
    job = _Job(words, chosen, located, target, board, how)
    try:
        with interruptible(_NOTICE):
            return job.run(request)
    except Interrupted:
        for each in board.running:
            output.note(f"  {each}")
        output.note(job.go_on() if job.begun or board.last.keys() - {ID} else job.called_off())
        raise


def _survivor(chosen: EnvironmentSource, located: "Located") -> str:
    """The Region that is written, as whoever answers has it."""
    from haven.runbooks.observation import ask_all
    from haven.runbooks.status import writers

    if located.manifest.tier == "backup":
        fix = "leave --rebuild out, and bring the data home as docs/restore.md describes (Home)"
        allowed = "a tier that replicates; tier backup has no replica to give up"
        raise Problems([Problem("--rebuild", shown(located.manifest.tier), allowed, fix)], WHERE)
    writer = writers.writing_region(ask_all(writers.questions(located.manifest, chosen.client_once)))
    if writer is None:
        raise MissingDependency("--rebuild needs to know which Region writes, and nobody does; nothing was changed")
    return writer


@dataclass
class _Job:
    words: Words
    chosen: EnvironmentSource
    located: "Located"
    to: str
    board: Board
    how: How
    operator: "Operator | None" = None
    """None: it isn't known yet who works."""

    def go_on(self) -> str:
        """What whoever interrupts it has to know."""
        return interrupted.going_on(self.operator, self.how, self.board)

    @property
    def begun(self) -> bool:
        """Whether the journal may have something of this run."""
        return self.operator is not None and self.operator.begun

    def called_off(self) -> str:
        """End what an interrupted run has opened of its records; returns what whoever interrupted it has to know."""
        from haven.runbooks.workflow.audit import AuditError
        from haven.runbooks.workflow.threads import Threads

        made = self.operator
        unchanged = interrupted.nothing_done(made, self.how)
        if made is None or not made.audit.head.count:
            return unchanged
        with suppress(AuditError, TimeoutError):  # this machine's disk has what can be had
            Threads(self.chosen.client, self.chosen.client_once).run(made.called_off(), within=_LAST_SECONDS)
        if not made.audit.pending:
            return unchanged
        lacks = f"{plural(made.audit.pending, 'audit record')} of this run"
        return f"{unchanged} The bucket lacks {lacks}: {self._publish()}"

    def _made(self, records: Path) -> "Operator":
        from haven.cli.recovery import arc
        from haven.model.drills import Place
        from haven.runbooks.failover.assembly import operator
        from haven.runbooks.failover.run import Operator
        from haven.runbooks.rebuild.run import Rebuilder

        manifest, to, client = self.located.manifest, self.to, self.chosen.client
        place = Place.EMULATOR if self.chosen.emulated else Place.AWS
        make: Callable[..., Operator] = Rebuilder if self.how is How.REBUILD else Operator
        report, options = self.board.report, self.words.options()
        if self.how is How.ARC:
            make = arc.maker(manifest)
            options += ["--with", "arc"]
        return operator(manifest, to, client, records, report, make=make, place=place, options=options)

    def run(self, request: "Request") -> int:
        """Preview, confirmation, execution."""
        from haven.runbooks.failover.times.predicted import estimates, known_terms, until_served

        manifest = self.located.manifest
        name = manifest.environment
        records = self.words.records or Path.cwd() / ".haven" / "recovery" / name
        made = self.operator = self._made(records)
        preview: Preview = self._do(made.preview(request))
        expected = failover_text.Expected()
        if self.how is How.STEPS and not preview.nothing:
            terms = known_terms(manifest, self.to)
            known = {each: node for each, node in terms.items() if each not in preview.done}
            expected = failover_text.Expected(estimates(known), until_served(preview.steps, known))
        self.board.expected = expected.steps
        if not self.words.as_json:
            output.emit_lines(failover_text.shown(preview, self.to, self.located, expected, self.how))
        if self.words.dry_run or preview.why_not or preview.nothing:
            self._print({**failover_text.previewed(preview, self.to, name, expected), **self._of_plan()})
            return FINDINGS if preview.why_not else OK
        for each in preview.needs:  # the step that judges the loss looks for itself, and may find less
            output.note(f"as of now it {each}" if each.startswith("needs") else each)
        for each in preview.overrides:
            output.note(f"  --force overrides {each}")
        self._confirm(name)
        with self.board:
            ended: Report = self._do(made.run(request))
        kept = _kept(ended, records) if ended.record else ""
        following = self._next(made, ended, self._following(kept))
        overrides = {"overrides": list(preview.overrides)}
        reported = failover_text.reported(ended, following, self.to, name, expected)
        self._print({**reported, **overrides, **self._of_plan()})
        return OK if ended.state in ("done", "nothing to do") else FINDINGS

    def _of_plan(self) -> Mapping[str, Any]:
        from haven.cli.recovery import arc

        return {"arc": arc.document(self.operator)} if self.how is How.ARC else {}

    def _following(self, kept: str) -> list[str]:
        name = self.located.manifest.named
        if self.how is How.REBUILD:
            return [f"haven reconcile {name}, then haven failback {name} (docs/runbooks/rebuild.md)"]
        copy = f"copy {kept} to drills/ of the project: haven plan shows what it took beside the predictions"
        then = f"haven reconcile {name}, then haven:active {self.to} and pulumi up (docs/runbooks/reconcile.md)"
        return [then, *([copy] if kept else [])]

    def _next(self, made: "Operator", report: "Report", then: Sequence[str]) -> list[str]:
        """What to do now."""
        from haven.cli.recovery import arc

        following = []
        if self.how is How.ARC:
            following += arc.following(made, report)
        elif report.state == "incomplete":
            following.append("run the same command once more: it goes on where this one ended")
        if report.state == "done":
            following.extend(then)
        if report.pending_audit:
            lacks = f"the bucket lacks {plural(report.pending_audit, 'audit record')}, which only this machine has"
            following.append(f"{self._publish()}: {lacks}")
        return following

    def _publish(self) -> str:
        """The command that writes to the bucket what only this machine has."""
        words = shlex.join(["--in", self.to, *self.words.options()])
        return f"haven audit publish {self.located.manifest.named} {words}"

    def _do(self, runbook: "Runbook") -> Any:
        from haven.runbooks.credentials import CredentialsError
        from haven.runbooks.workflow.engine import FATAL
        from haven.runbooks.workflow.requests import CallError
        from haven.runbooks.workflow.threads import Threads

        try:
            return Threads(self.chosen.client, self.chosen.client_once).run(runbook)
        except (*FATAL, CallError) as error:
            goes_on = ": it goes on from where this one ended" if isinstance(error, CredentialsError) else ""
            raise MissingDependency(
                f"{error}{goes_on}; nothing more was changed, and the journal has what was"
            ) from error

    def _confirm(self, name: str) -> None:
        typed = self.words.confirm
        if not typed and sys.stdin is not None and sys.stdin.isatty():
            output.note(f"Type {name} to do it, anything else to leave it:")
            typed = sys.stdin.readline().strip()
        if typed != name:
            fix = f"type {name} when asked, or give --confirm {name}"
            raise Problems([Problem("the confirmation", shown(typed), shown(name), fix)], WHERE)

    def _print(self, document: Mapping[str, Any]) -> None:
        if self.words.as_json:
            output.emit_json(document)
            return
        lines = [f"{document['environment']}: {document['state']}", *(f"  {each}" for each in document["why"])]
        if document.get("arc", {}).get("execution"):
            lines.append(f"  execution {document['arc']['execution']}: {document['arc']['state']}")
        if document["state"] == "done":
            lines += [f"  as judged before the promotion: {each}" for each in document["losses"]]
        lines += [f"  divergence: {document['divergence']}"] if document["divergence"] else []
        lines += [f"  next: {each}" for each in document["next"]]
        output.emit_lines(lines)


def _kept(report: "Report", records: Path) -> str:
    """Write the record of what it took; returns its place, or nothing where it can't be written."""
    import json

    from haven.runbooks.failover.times.measured import as_data

    made = report.record
    if made is None:
        return ""
    file = records / "drills" / f"{made.started:%Y-%m-%d}-{made.kind}-{report.workflow}.json"
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.write_text(json.dumps(as_data(made), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        output.note(f"{output.near(file)} can't be written ({error.strerror}); the audit has what the failover took")
        return ""
    return output.near(file)
