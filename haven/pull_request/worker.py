"""Runs the program of one checkout for several stacks and prints their recordings, and the policies' verdict.

A process of its own for each side of a comparison: `python -P worker.py [--judge] STACK_FILE...` with the checkout in
front of `PYTHONPATH`, so that `haven`, `infra`, `haven_components` and `haven_policies` are that checkout's, and the
installed packages are today's. It imports nothing of this package: the checkout may have another `haven`.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
"""Marks a secret value, as in Pulumi's wire format."""


DONE = "haven pr: done "
"""Begins a line on standard error for each stack that is through."""


def main(words: Sequence[str]) -> None:
    """Print a JSON object with the config of each stack file, and its recording or its problems."""
    results = {}
    for file in (each for each in words if each != "--judge"):
        results[file] = _result(file, judged="--judge" in words)
        print(f"{DONE}{file}", file=sys.stderr, flush=True)
    print(json.dumps(results))


def _result(file: str, *, judged: bool) -> dict[str, Any]:
    from haven.base.problems import Problems  # noqa: PLC0415  the checkout's
    from haven.config.stack_file import load_stack  # noqa: PLC0415  the checkout's
    from haven.program.run import run_program  # noqa: PLC0415  the checkout's

    result: dict[str, Any] = {}
    try:
        stack = load_stack(file, Path())
        result["config"] = dict(stack.config)
        recording = run_program(stack)
        result["recording"] = _plain(recording)
        if judged:
            result |= _judged(stack, recording, file)
    except Problems as error:
        result["problems"] = [asdict(each) for each in error.problems]
    except Exception as error:  # noqa: BLE001  a program may raise whatever it likes, and the other stacks go on
        result["failure"] = f"{type(error).__name__}: {error}"
    return result


def _judged(stack: Any, recording: Any, file: str) -> dict[str, Any]:
    """What `haven plan --policy` prints, as JSON and as SARIF."""
    from haven_policies import report, sarif  # noqa: PLC0415  the checkout's
    from haven_policies.judge import verdict_on  # noqa: PLC0415  the checkout's

    verdict = verdict_on(recording, stack.config, datetime.now(UTC).date())
    return {"policy": report.as_json(verdict), "sarif": sarif.as_sarif(verdict, file)}


def _plain(recording: Any) -> dict[str, Any]:
    resources = [
        {**vars(each), "inputs": _marked(each.inputs), "options": vars(each.options)} for each in recording.resources
    ]
    return {
        "project": recording.project,
        "stack": recording.stack,
        "resources": resources,
        "outputs": _marked(recording.outputs),
    }


def _marked(value: Any) -> Any:
    """`value` with marked secrets, as JSON has no type for them."""
    if type(value).__name__ == "Secret":
        return {**SECRET, "value": _marked(value.value)}
    if isinstance(value, Mapping):
        return {str(key): _marked(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_marked(each) for each in value]
    return value


if __name__ == "__main__":
    main(sys.argv[1:])
