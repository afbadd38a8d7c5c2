"""Makes the report on a change: which stacks it touches, and what it means for each."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from haven.base.problems import Problem, shown
from haven.config.project import Project, missing_project, nearest_project, read_project
from haven.plan.difference import Difference, difference
from haven.plan.summary import Plan, make_plan
from haven.program.recording import Recording
from haven.pull_request import findings
from haven.pull_request.repository import Repository, open_repository
from haven.pull_request.runs import Run, run_stacks
from haven.pull_request.verdict import Verdict

ADDED, CHANGED, DELETED = "added", "changed", "deleted"
_EVERYWHERE = ("Pulumi.yaml", "Pulumi.yml", "components/", "haven/", "policies/", "pyproject.toml", "uv.lock")
"""What every stack depends on, besides the program itself."""
_NOTHING = Recording("", "", (), {})


@dataclass(frozen=True)
class Touched:
    """A stack that a change touches."""

    name: str
    file: str
    """Relative to the project's directory."""
    change: str
    """`added`, `changed` or `deleted`: the stack's file, or what its program is made of."""


@dataclass(frozen=True)
class StackReport:
    """What a change means for one stack."""

    stack: Touched
    before: Plan | None
    after: Plan | None
    found: Difference
    errors: Sequence[Problem]
    """What can't be merged."""
    warnings: Sequence[str]
    problems: Sequence[Problem]
    """What is wrong with the stack's file."""
    failures: Sequence[str]
    """What couldn't be found out, and why."""
    verdict: Verdict | None
    sarif: Mapping[str, Any]

    @property
    def refused(self) -> bool:
        """Whether this can't be merged."""
        return bool(self.errors or (self.verdict and self.verdict.mandatory))

    @property
    def unknown(self) -> bool:
        """Whether this couldn't be judged: its file is wrong, or its program fails."""
        return self.stack.change != DELETED and self.verdict is None


@dataclass(frozen=True)
class Report:
    """What a change means."""

    base: str
    """The commit it was held against."""
    day: date
    stacks: Sequence[StackReport]


def make_report(directory: Path, ref: str, day: date) -> Report:
    """Hold what is checked out around `directory` against its merge base with `ref`.

    Raises:
        Problems: where there is no project, no repository or no such ref.
    """
    head = read_project(nearest_project(directory) or missing_project(directory))
    repository = open_repository(head.file.parent, ref)
    changed = repository.changed()
    with tempfile.TemporaryDirectory(prefix="haven-base-") as place:
        base = _project_at(repository.unpack_base(Path(place).resolve()))
        stacks = list(touched(head, base, changed))
        return Report(repository.base, day, _reports(repository, base, stacks))


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
    """The project of the base, if there was one."""
    found = nearest_project(directory)
    return read_project(found) if found and found.parent == directory else None


def _file(project: Project, stack: str) -> str:
    return f"{_below(project, project.stack_dir)}/Pulumi.{stack}.yaml".removeprefix("./")


def _below(project: Project, path: Path) -> str:
    return path.resolve().relative_to(project.file.parent.resolve()).as_posix()


def _reports(repository: Repository, base: Project | None, stacks: Sequence[Touched]) -> list[StackReport]:
    now = [each.file for each in stacks if each.change != DELETED]
    then = {each.name: _file(base, each.name) for each in stacks if base and each.change != ADDED}
    with ThreadPoolExecutor(max_workers=2) as pool:
        ran_now = pool.submit(run_stacks, repository.directory, now, judged=True)
        before = run_stacks(base.file.parent, list(then.values()), judged=False) if base else {}
        after = ran_now.result()
    return [stack_report(each, before.get(then.get(each.name, "")), after.get(each.file)) for each in stacks]


def stack_report(stack: Touched, before: Run | None, after: Run | None) -> StackReport:
    """The report on one stack, from what ran on both sides."""
    old, new = before or Run({}), after or Run({})
    recordings = (old.recording or _NOTHING, new.recording or _NOTHING)
    lacks_base = stack.change != ADDED and old.recording is None
    lacks_head = stack.change != DELETED and new.recording is None
    found = Difference((), (), ()) if lacks_base or lacks_head else difference(*recordings)
    return StackReport(
        stack=stack,
        before=_plan(old.recording),
        after=_plan(new.recording),
        found=found,
        errors=(*findings.errors(old.config, new.config), *_renamed(old, new)),
        warnings=tuple(findings.warnings(old.config, new.config, found)),
        problems=new.problems,
        failures=tuple(_failures(stack.change, old, new)),
        verdict=new.verdict,
        sarif=new.sarif,
    )


def _renamed(old: Run, new: Run) -> Iterator[Problem]:
    """The project's name is part of the state's path and of every URN."""
    if old.recording and new.recording and old.recording.project != new.recording.project:
        allowed = f"{shown(old.recording.project)}, as on the base branch: Pulumi would make everything a second time"
        yield Problem("name (Pulumi.yaml)", shown(new.recording.project), allowed, "put it back")


def _plan(recording: Recording | None) -> Plan | None:
    """The plan of what ran, where its program is one of Haven's."""
    return make_plan(recording) if recording and "regions" in recording.outputs else None


def _failures(change: str, old: Run, new: Run) -> Iterator[str]:
    if change != ADDED and old.recording is None:
        reason = old.failure or "; ".join(each.render() for each in old.problems)
        yield f"no difference: the base branch's program doesn't run with what is installed here: {reason}"
    if new.failure:
        yield f"no {'verdict: the policies fail' if new.recording else 'plan: the program fails'}: {new.failure}"
