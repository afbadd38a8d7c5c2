"""Runs the program of each side in a process of its own, with the code of its checkout, and reads its output."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from haven.base.problems import Problem, one_line
from haven.program.recording import Options, Recording, Resource, Secret
from haven.pull_request.verdict import PolicyResult, read_verdict
from haven.pull_request.worker import DONE, SECRET

_TICK = 0.1
"""Seconds between two looks at the processes."""
_WORKER = Path("haven/pull_request/worker.py")
"""In every checkout; its arguments and its output must stay compatible between versions."""


@dataclass(frozen=True)
class Run:
    """The run of one stack's program on one side."""

    config: Mapping[str, str]
    """The config that the program received; empty if the file can't be read."""
    recording: Recording | None = None
    problems: tuple[Problem, ...] = ()
    """Problems in the stack file or the config, because of which there is no recording."""
    failure: str = ""
    """Any other error; with a recording, the policies' error. Empty if there was none."""
    verdict: PolicyResult | None = None
    sarif: Mapping[str, Any] = field(default_factory=dict)


class Side:
    """The runs of one checkout's program, in a process of their own that starts at once."""

    def __init__(self, directory: Path, files: Sequence[str], *, judged: bool) -> None:
        """Start them.

        Args:
            directory: the project's directory in the checkout.
            files: stack files, relative to it; without any, nothing is started.
            judged: whether to run the policies too.
        """
        self.files = files
        self._output = tempfile.NamedTemporaryFile("r", encoding="utf-8")  # noqa: SIM115  closed by `end`
        self._errors = tempfile.NamedTemporaryFile("r", encoding="utf-8")  # noqa: SIM115  closed by `end`
        self._process = None if not files else self._start(directory, judged=judged)

    def _start(self, directory: Path, *, judged: bool) -> "subprocess.Popen[str]":
        command = [sys.executable, "-P", str(_worker(directory)), *(["--judge"] if judged else []), *self.files]
        with Path(self._output.name).open("w") as output, Path(self._errors.name).open("w") as errors:
            return subprocess.Popen(
                command,
                cwd=directory,
                env=_environment_of(directory),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                text=True,
            )

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def done(self) -> int:
        """How many of the stacks are through, as far as this checkout's worker reports it."""
        return sum(line.startswith(DONE) for line in self._error_lines())

    def results(self) -> dict[str, Run]:
        """The run of each stack file, once it runs no more."""
        if self._process is None:
            return {}
        self._output.seek(0)
        try:
            data = json.loads(self._output.read())
        except ValueError:
            lines = [line for line in self._error_lines() if line.strip() and not line.startswith(DONE)]
            failure = one_line(lines[-1]) if lines else f"exit code {self._process.returncode}"
            return {file: Run({}, failure=failure) for file in self.files}
        return {file: _read(data[file]) for file in self.files}

    def _error_lines(self) -> list[str]:
        self._errors.seek(0)
        return self._errors.read().splitlines()

    def end(self) -> None:
        """End it, if it still runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._output.close()
        self._errors.close()


def run_sides(sides: Sequence[Side], progress: Callable[[int, int], None]) -> list[dict[str, Run]]:
    """Wait for the sides, which run beside each other.

    Args:
        sides: started already; they are ended however this returns.
        progress: called several times a second with how many runs are through, and how many there are.

    Returns:
        For each side the run of each of its stack files.
    """
    total = sum(len(each.files) for each in sides)
    try:
        while any(each.running for each in sides):
            progress(sum(each.done for each in sides), total)
            time.sleep(_TICK)
        return [each.results() for each in sides]
    finally:
        for each in sides:
            each.end()


def _worker(directory: Path) -> Path:
    """The checkout's own worker, which imports that checkout's modules; this version's if it has none."""
    own = directory.resolve() / _WORKER
    return own if own.is_file() else Path(__file__).with_name(_WORKER.name)


def _environment_of(directory: Path) -> dict[str, str]:
    """This process's environment, with the checkout's packages before the installed ones."""
    root = directory.resolve()
    paths = (str(root), str(root / "components"), str(root / "policies"), os.environ.get("PYTHONPATH"))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(each for each in paths if each)}


def _read(data: Mapping[str, Any]) -> Run:
    return Run(
        config=data.get("config", {}),
        recording=_recording(data["recording"]) if "recording" in data else None,
        problems=tuple(Problem(**each) for each in data.get("problems", ())),
        failure=data.get("failure", ""),
        verdict=read_verdict(data["policy"]) if "policy" in data else None,
        sarif=data.get("sarif", {}),
    )


def _recording(data: Mapping[str, Any]) -> Recording:
    resources = [_record(each) for each in data["resources"]]
    return Recording(data["project"], data["stack"], resources, _unmarked(data["outputs"]))


def _record(data: Mapping[str, Any]) -> Resource:
    """A resource; fields that only the other version knows are left out."""
    own = {each.name: data[each.name] for each in fields(Resource) if each.name in data}
    options = {each.name: data["options"][each.name] for each in fields(Options) if each.name in data["options"]}
    return Resource(**{**own, "inputs": _unmarked(data["inputs"]), "options": Options(**options)})


def _unmarked(value: Any) -> Any:
    if isinstance(value, dict):
        if SECRET.items() <= value.items():
            return Secret(_unmarked(value["value"]))
        return {key: _unmarked(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_unmarked(each) for each in value]
    return value
