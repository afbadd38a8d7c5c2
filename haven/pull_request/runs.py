"""Runs both sides' programs, each in a process of its own with its own checkout's code, and reads what they declare."""

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
from haven.pull_request.verdict import Verdict, read_verdict
from haven.pull_request.worker import SECRET

_WORKER = Path("haven/pull_request/worker.py")
"""In every checkout: its words and what it prints stay the same, whatever the modules around it are called."""


@dataclass(frozen=True)
class Run:
    """What came of one stack on one side."""

    config: Mapping[str, str]
    """As the program gets it; empty where the file can't be read."""
    recording: Recording | None = None
    problems: tuple[Problem, ...] = ()
    """Why there is no recording: what is wrong with the stack's file or config."""
    failure: str = ""
    """What else went wrong: with a recording, why it couldn't be judged."""
    verdict: Verdict | None = None
    sarif: Mapping[str, Any] = field(default_factory=dict)


def run_stacks(directory: Path, files: Sequence[str], *, judged: bool) -> dict[str, Run]:
    """Run the program of the checkout at `directory` for each of its stack files, and its policies over them."""
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
    """The checkout's own worker, which knows that checkout's modules; a checkout without the tool uses this one."""
    own = directory.resolve() / _WORKER
    return own if own.is_file() else Path(__file__).with_name(_WORKER.name)


def _environment_of(directory: Path) -> dict[str, str]:
    """This process's environment, with a checkout's code before the installed one."""
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
    """A record; what the other side's version of it has besides is left out."""
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
