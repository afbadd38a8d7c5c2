"""Runs the program of each side in a process of its own, with the code of its checkout, and reads its output."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from haven.base.problems import Problem, one_line
from haven.program.recording import Options, Recording, Resource, Secret
from haven.pull_request.verdict import PolicyResult, read_verdict
from haven.pull_request.worker import SECRET

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


def run_stacks(directory: Path, files: Sequence[str], *, judged: bool) -> dict[str, Run]:
    """Run the program of a checkout for several stack files.

    Args:
        directory: the project's directory in the checkout.
        files: stack files, relative to it.
        judged: whether to run the policies too.
    """
    if not files:
        return {}
    done = subprocess.run(
        [sys.executable, "-P", str(_worker(directory)), *(["--judge"] if judged else []), *files],
        cwd=directory,
        env=_environment_of(directory),
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        data = json.loads(done.stdout)
    except ValueError:
        last = one_line(done.stderr.strip().rpartition("\n")[2]) or f"exit code {done.returncode}"
        return {file: Run({}, failure=last) for file in files}
    return {file: _read(data[file]) for file in files}


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
