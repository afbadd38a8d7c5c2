"""`haven reconcile`: makes config and state follow a failover."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from haven.base.exits import FINDINGS, OK
from haven.base.interrupts import Interrupted, interruptible
from haven.base.missing_dependency import MissingDependency
from haven.base.problems import Problem, Problems
from haven.base.reasons import too_short
from haven.base.terminal import plural
from haven.cli import output
from haven.cli.command_line import WHERE, Command, directory_option
from haven.cli.recovery.environment import EnvironmentSource, environment_options, every_problem, source

if TYPE_CHECKING:
    from haven.config.stack_file import Stack
    from haven.program.recording import Recording
    from haven.runbooks.failover.run import Operator
    from haven.runbooks.manifest import Located
    from haven.runbooks.reconcile.report import Documents, Reconciliation

_INTERRUPTED = "Interrupted: calls that are on their way aren't waited for."
_GO_ON = "A copy that has begun goes on in RDS. To see to the rest, run the same command once more."
_CLOSING_SECONDS = 1.5
"""For so long an interrupted command waits until AWS has the end of its audit."""
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command("reconcile", cls=Command, short_help="Compare config, next deployment and data with AWS.")
@environment_options
@click.option("--preview", type=_FILE, metavar="FILE", help="Judge this preview, as haven gate reads it, and run none.")
@click.option(
    "--up-log",
    "updates",
    type=_FILE,
    multiple=True,
    metavar="FILE",
    help="Engine events of a pulumi up, as JSON lines: did it skip a cluster? May be repeated.",
)
@click.option("--write", is_flag=True, help="Set the proposed keys in the stack file.")
@click.option("--keep", is_flag=True, help="Copy Aurora's snapshots of the old volume to manual ones first.")
@click.option(
    "--without-snapshot",
    "without",
    metavar="REASON",
    help="Accept that Aurora kept no snapshot of the old volume.",
)
@click.option(
    "--old-volume",
    "old_volume",
    metavar="CLUSTER",
    help="Compare rows with this cluster, which was restored from a snapshot of the old volume (haven-compare-...).",
)
@click.option(
    "--every-row",
    "every_row",
    is_flag=True,
    help="Compare every row of the database and every item of replicated tables, and name what differs; else samples.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON (schema: haven/cli/schemas/reconcile.v1.json).")
@directory_option
def reconcile(
    *,
    environment: str,
    regions: tuple[str, ...],
    manifest: Path | None,
    preview: Path | None,
    updates: tuple[Path, ...],
    write: bool,
    keep: bool,
    without: str | None,
    old_volume: str | None,
    every_row: bool,
    as_json: bool,
    directory: str | None,
) -> int:
    """Hold the stack file, the next deployment and the data of ENVIRONMENT against the Region that writes.

    Run it after a failover or a failback. Proposes haven:active, shows by a preview that nothing is replaced, deleted
    or skipped, lists what has to be imported, compares samples of tables, buckets and the database's rows, and finds
    what only the old side has.
    Changes nothing without --write or --keep. Exit code 1: something is wrong or unknown; 0: everything is clean.

    Without a project, as on a machine for runbooks alone, --manifest or --region says where the environment is; stack
    file and preview are left out then, and unknown.
    """
    alone = _has_no_project(environment, regions, manifest, directory)
    problems = list(_problems(without, old_volume))
    if alone:
        problems += _needing_a_project({"--preview": preview is not None, "--write": write})
    with every_problem(problems):
        where = source(environment, regions, manifest, directory)
    found = _Job(environment, where, directory, old_volume or "", every_row, alone).run(
        preview, updates, (without or "").strip(), keep=keep
    )
    from haven.runbooks.reconcile import proposal, report

    if as_json:
        output.emit_json(report.document(found))
    else:
        output.emit_lines(report.screen(found, output.style()).splitlines())
    if write and found.proposed and found.stack:
        found.stack.file.write_text(proposal.changed(found.stack, found.proposed), encoding="utf-8")
        output.note(f"{found.stack.where} has {', '.join(f'{key}: {each}' for key, each in found.proposed.items())}")
    return OK if found.clean else FINDINGS


@dataclass(frozen=True)
class _Job:
    name: str
    chosen: EnvironmentSource
    directory: str | None
    old_volume: str
    every_row: bool
    alone: bool
    """Whether there is no project here."""

    def run(self, preview: Path | None, updates: tuple[Path, ...], without: str, *, keep: bool) -> "Reconciliation":
        """Keep, ask, preview, judge."""
        from haven.config import stack_file
        from haven.config.project import no_project
        from haven.program.run import start_directory
        from haven.runbooks.reconcile import proposal, report, restored

        start = start_directory(self.directory)
        stack = None if self.alone else stack_file.load_stack(self.name, start)
        located = self.chosen.located()
        if self.old_volume and (
            wrong := restored.problem_of_cluster(located.manifest, self.chosen.client, self.old_volume)
        ):
            raise Problems([wrong], WHERE)
        if keep:
            self._keep(located)
        facts = report.ask(
            stack,
            located,
            self.chosen.client,
            self.chosen.client_once,
            without=without,
            old_volume=self.old_volume,
            every_row=self.every_row,
        )
        logs = {output.near(each.resolve()): each.read_bytes() for each in updates}
        if stack is None:
            left_out = f"left out: {no_project(start).got}; run this in a checkout, or name one with -C DIR"
            return report.judge(None, facts, {}, report.Documents(None, left_out, logs), _no_recording)
        values = proposal.proposed(stack.config, located.manifest, facts.writer) if facts.writer else {}
        documents = self._documents(stack, values, preview, logs)
        return report.judge(
            stack, facts, values, documents, lambda: _recorded(replace(stack, config={**stack.config, **values}))
        )

    def _documents(self, stack: "Stack", values: Any, preview: Path | None, logs: dict[str, bytes]) -> "Documents":
        from haven.runbooks.reconcile import preview as engine
        from haven.runbooks.reconcile.report import Documents

        if preview is not None:
            return Documents(preview.read_bytes(), output.near(preview.resolve()), logs)
        with interruptible(), output.steps() as steps:
            steps.step("Running pulumi preview")(0, doing="")
            return engine.run(stack, values, logs)

    def _keep(self, located: "Located") -> None:
        from haven.model.drills import Place
        from haven.runbooks.failover.assembly import operator
        from haven.runbooks.observation import ask_all
        from haven.runbooks.reconcile.keeping import keep
        from haven.runbooks.status import writers
        from haven.runbooks.workflow.engine import FATAL
        from haven.runbooks.workflow.requests import CallError
        from haven.runbooks.workflow.threads import Threads

        manifest = located.manifest
        writer = writers.writing_region(ask_all(writers.questions(manifest, self.chosen.client)))
        if writer is None:
            raise MissingDependency(
                "--keep needs to know which Region writes, and neither answers; nothing was changed"
            )
        records = Path.cwd() / ".haven" / "recovery" / manifest.environment
        place = Place.EMULATOR if self.chosen.emulated else Place.AWS
        made = operator(manifest, writer, self.chosen.client, records, lambda _: None, place=place)
        seen: list[str] = []
        try:
            with interruptible(_INTERRUPTED):
                try:
                    runbook = keep(made, manifest.other(writer), seen.append)
                    problem = Threads(self.chosen.client, self.chosen.client_once).run(runbook)
                except Interrupted:
                    self._stop(made, seen)
                    raise
        except (*FATAL, CallError) as error:
            raise MissingDependency(f"--keep: {error}") from error
        if problem:
            output.note(f"--keep: {problem}")

    def _stop(self, made: "Operator", seen: Sequence[str]) -> None:
        """Say what is so, and close the audit: on this machine in any case, in AWS where it answers in time."""
        from haven.runbooks.reconcile.keeping import stop
        from haven.runbooks.workflow.engine import FATAL
        from haven.runbooks.workflow.requests import CallError
        from haven.runbooks.workflow.threads import Threads

        output.note(f"  {seen[-1]}\n{_GO_ON}" if seen else "Nothing was changed.")
        try:
            clients = self.chosen.client, self.chosen.client_once
            unproved = Threads(*clients).run(stop(made, "interrupted"), within=_CLOSING_SECONDS)
        except (*FATAL, CallError, TimeoutError):
            unproved = ""
        pending = made.audit.pending
        if unproved or pending:
            publish = f"haven audit publish {made.site.manifest.named} --in {made.site.to}"
            output.note(unproved or f"{plural(pending, 'audit record')} only on this machine: {publish}")


def _has_no_project(name: str, regions: Sequence[str], manifest: Path | None, directory: str | None) -> bool:
    """Whether an environment is named by its manifest on a machine without its project."""
    from haven.config.project import nearest_project
    from haven.program.run import start_directory

    named = directory is None and "/" not in name and not name.endswith((".yaml", ".yml"))
    return named and bool(regions or manifest) and nearest_project(start_directory(None)) is None


def _problems(without: str | None, old_volume: str | None) -> Iterator[Problem]:
    """What is wrong with the words about the old volume; None: not given."""
    from haven.runbooks.reconcile import restored

    yield from too_short("--without-snapshot", without, "write where you looked for writes that only the old side has")
    if old_volume is not None and (problem := restored.problem_of_name(old_volume)):
        yield problem


def _needing_a_project(given: Mapping[str, bool]) -> list[Problem]:
    fix = "run this in a checkout of the project, or name one with -C DIR"
    return [Problem(name, "no project", "a project with the stack file", fix) for name, there in given.items() if there]


def _no_recording() -> "Recording":
    raise AssertionError("a preview is judged with a project alone")


def _recorded(stack: "Stack") -> "Recording":
    from haven.program import run

    with output.steps() as steps:
        return run.recorded(stack, steps)
