"""The workflow files as data."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from tests.environments import ROOT

DIRECTORY = ROOT / ".github" / "workflows"
FILES = sorted(DIRECTORY.glob("*.yaml"))


class Job(NamedTuple):
    """One job of a workflow."""

    file: str
    name: str
    body: dict[str, Any]

    @property
    def steps(self) -> list[dict[str, Any]]:
        steps: list[dict[str, Any]] = self.body["steps"]
        return steps

    @property
    def runs(self) -> list[str]:
        return [each["run"] for each in self.steps if "run" in each]

    @property
    def writes(self) -> set[str]:
        """What the job's token may write."""
        return {what for what, how in self.body["permissions"].items() if how == "write"}


def workflow(name: str) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load((DIRECTORY / name).read_text())
    return found


def jobs() -> Iterator[Job]:
    for file in FILES:
        for name, body in workflow(file.name)["jobs"].items():
            yield Job(file.name, name, body)
