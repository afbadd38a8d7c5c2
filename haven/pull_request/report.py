"""Makes the report: the stacks that a change touches, with their diff, errors, warnings and policy verdict."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from haven.base.problems import Problem, Problems, shown
from haven.config.policy import Policy
from haven.config.project import Project, missing_project, nearest_project, read_project
from haven.config.reader import read_model
from haven.gate.changes import ChangeSet, Engine
from haven.gate.verdict import GateVerdict
from haven.gate.verdict import judge as gate
from haven.plan.difference import RecordingDiff, diff_recordings
from haven.plan.summary import Plan, make_plan
from haven.program.recording import Recording
from haven.pull_request import findings
from haven.pull_request.change_set import SOURCE, change_set
from haven.pull_request.headlines import DataChange, HeadlineChange, data_changes, headline_change
from haven.pull_request.objective_changes import ObjectiveChange, objective_changes
from haven.pull_request.repository import Repository, open_repository
from haven.pull_request.runs import Run, Side, run_sides
from haven.pull_request.verdict import PolicyResult

ADDED, CHANGED, DELETED = "added", "changed", "deleted"
_EVERYWHERE = ("Pulumi.yaml", "Pulumi.yml", "components/", "haven/", "policies/", "pyproject.toml", "uv.lock")
"""Paths on which every stack depends, besides the program."""
_NOTHING = Recording("", "", (), {})
_NO_CHANGES = ChangeSet(Engine.PULUMI, SOURCE, ())


@dataclass(frozen=True)
class Touched:
    """A stack that a change touches."""

    name: str
    file: str
    """Relative to the project's directory."""
    change: str
    """`added`, `changed` or `deleted`: the stack file, or code that its program uses."""


@dataclass(frozen=True)
class StackReport:
    """The report on one stack."""

    stack: Touched
    before: Plan | None
    after: Plan | None
    diff: RecordingDiff
    errors: Sequence[Problem]
    """Errors that forbid a merge."""
    warnings: Sequence[str]
    problems: Sequence[Problem]
    """Problems in the stack file."""
    failures: Sequence[str]
    """Parts of the report that are missing, with the reason."""
    gate: GateVerdict
    """What is dangerous in a deployment of the change, as `haven gate` judges a preview."""
    objectives: Sequence[ObjectiveChange]
    """The promises and objectives that differ."""
    headline: HeadlineChange
    """What the models predict, before and after."""
    data: Sequence[DataChange]
    """The data that a deployment of the change would delete or replace."""
    verdict: PolicyResult | None
    sarif: Mapping[str, Any]

    @property
    def missed(self) -> Sequence[ObjectiveChange]:
        """The objectives that the change makes the tier miss."""
        return [each for each in self.objectives if each.missed]

    @property
    def refused(self) -> bool:
        """Whether the change must not be merged."""
        missed = self.missed or self.headline.broken
        return bool(self.errors or self.gate.refused or missed or (self.verdict and self.verdict.mandatory))

    @property
    def unknown(self) -> bool:
        """Whether there is no policy verdict or no prediction: the stack file is wrong, or the program fails."""
        return self.stack.change != DELETED and (self.verdict is None or self.headline.unjudged)


@dataclass(frozen=True)
class Report:
    """The report on all stacks that a change touches."""

    base: str
    """The commit with which the change is compared: a full hash."""
    day: date
    stacks: Sequence[StackReport]


def make_report(
    directory: Path, ref: str, day: date, progress: Callable[[int, int], None] = lambda _, __: None
) -> Report:
    """Compare the working tree of a project with its merge base with `ref`.

    Args:
        directory: a directory in the project.
        ref: the target branch, or any commit.
        day: today, for the ends of waivers.
        progress: called several times a second with how many runs of programs are through, and how many there are.

    Raises:
        Problems: there is no project, no repository or no such ref.
    """
    head = read_project(nearest_project(directory) or missing_project(directory))
    repository = open_repository(head.file.parent, ref)
    changed = repository.changed()
    with tempfile.TemporaryDirectory(prefix="haven-base-") as place:
        base = _project_at(repository.unpack_base(Path(place).resolve()))
        stacks = list(touched(head, base, changed))
        return Report(repository.base, day, _reports(repository, base, stacks, day, progress))


def touched(head: Project, base: Project | None, changed: Sequence[str]) -> Iterator[Touched]:
    """The stacks that a change touches, by name."""
    now, then = set(head.stacks()), set(base.stacks() if base else ())
    program = f"{_below(head, head.main)}/".removeprefix("./")
    everywhere = any(each.startswith((program, *_EVERYWHERE)) for each in changed)
    for name in sorted(now | then):
        if name not in now:
            yield Touched(name, _file(base or head, name), DELETED)
        elif name not in then:
            yield Touched(name, _file(head, name), ADDED)
        elif everywhere or _file(head, name) in changed:
            yield Touched(name, _file(head, name), CHANGED)


def _project_at(directory: Path) -> Project | None:
    """The project of the base; None if it had none."""
    found = nearest_project(directory)
    return read_project(found) if found and found.parent == directory else None


def _file(project: Project, stack: str) -> str:
    return f"{_below(project, project.stack_dir)}/Pulumi.{stack}.yaml".removeprefix("./")


def _below(project: Project, path: Path) -> str:
    return path.resolve().relative_to(project.file.parent.resolve()).as_posix()


def _reports(
    repository: Repository,
    base: Project | None,
    stacks: Sequence[Touched],
    day: date,
    progress: Callable[[int, int], None],
) -> list[StackReport]:
    now = [each.file for each in stacks if each.change != DELETED]
    then = {each.name: _file(base, each.name) for each in stacks if base and each.change != ADDED}
    sides = [Side(repository.directory, now, judged=True)]
    if base:
        sides.append(Side(base.file.parent, list(then.values()), judged=False))
    after, before = [*run_sides(sides, progress), {}][:2]
    project = repository.directory
    return [
        stack_report(each, before.get(then.get(each.name, "")), after.get(each.file), day, project) for each in stacks
    ]


def stack_report(
    stack: Touched, before: Run | None, after: Run | None, day: date, project: Path | None = None
) -> StackReport:
    """The report on one stack, from the runs on both sides.

    Args:
        stack: the stack.
        before: the run of the base; None where it has no such stack.
        after: the run of the change; None where it has no such stack.
        day: today, for the ends of waivers.
        project: whose `data/prices.csv` has prices. Omitted: the shipped ones.
    """
    old, new = before or Run({}), after or Run({})
    recordings = (old.recording or _NOTHING, new.recording or _NOTHING)
    lacks_base = stack.change != ADDED and old.recording is None
    lacks_head = stack.change != DELETED and new.recording is None
    diff = RecordingDiff((), (), ()) if lacks_base or lacks_head else diff_recordings(*recordings)
    errors = (*findings.errors(old.config, new.config), *_renamed(old, new))
    plans = _plan(old.recording), _plan(new.recording)
    predicted = headline_change(old, new, project)
    ambiguous: Sequence[Problem] = ()
    try:
        judged = _gate(old, new, diff, day) if not errors else _judge(_NO_CHANGES, {})
    except Problems as error:
        judged, ambiguous = _judge(_NO_CHANGES, {}), error.problems
    return StackReport(
        stack=stack,
        before=plans[0],
        after=plans[1],
        diff=diff,
        errors=errors,
        warnings=tuple(findings.warnings(old.config, new.config)),
        problems=(*new.problems, *ambiguous),
        failures=(*_failures(stack.change, old, new), *predicted.failures.values()),
        gate=judged,
        objectives=objective_changes(*plans),
        headline=predicted,
        data=data_changes(diff, judged) if stack.change == CHANGED else [],
        verdict=new.verdict,
        sarif=new.sarif,
    )


def _gate(old: Run, new: Run, diff: RecordingDiff, day: date) -> GateVerdict:
    """The gate's verdict, with what the changed stack file accepts; nothing where only one side has the stack.

    Raises:
        Problems: the stack file accepts a name that several changed resources have.
    """
    if old.recording is None or new.recording is None or findings.taken_over(old.config, new.config):
        return _judge(_NO_CHANGES, {})
    policy, _ = read_model(new.config, "haven:policy", Policy())
    accepted = {each.resource: f"{each.reason} (until {each.until})" for each in policy.accepted if each.counts(day)}
    return _judge(change_set(old.recording, new.recording, diff), accepted)


def _judge(changes: ChangeSet, accepted: Mapping[str, str]) -> GateVerdict:
    return gate(changes, (), None, changes.source, accepted)


def _renamed(old: Run, new: Run) -> Iterator[Problem]:
    """The project's name is part of the state's path and of every URN."""
    if old.recording and new.recording and old.recording.project != new.recording.project:
        allowed = f"{shown(old.recording.project)}, as on the base branch: Pulumi would make everything a second time"
        yield Problem("name (Pulumi.yaml)", shown(new.recording.project), allowed, "put it back")


def _plan(recording: Recording | None) -> Plan | None:
    """The plan of a recording; None if its program is not Haven's."""
    return make_plan(recording) if recording and "regions" in recording.outputs else None


def _failures(change: str, old: Run, new: Run) -> Iterator[str]:
    if change != ADDED and old.recording is None:
        reason = old.failure or "; ".join(each.render() for each in old.problems)
        yield f"no difference: the base branch's program doesn't run with what is installed here: {reason}"
    if new.failure:
        yield f"no {'verdict: the policies fail' if new.recording else 'plan: the program fails'}: {new.failure}"
