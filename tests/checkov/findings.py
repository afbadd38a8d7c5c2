"""What checkov reports of exported stacks, and which of it is accepted."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
_FINDINGS = 1
"""checkov's exit code when it reports anything."""


@dataclass(frozen=True)
class Finding:
    """One check that one resource fails."""

    check: str
    title: str
    resource: str
    """The resource's name; checkov doesn't always give the type."""


@dataclass(frozen=True)
class Accepted:
    """A check that some resources may fail."""

    check: str
    resources: Sequence[str]
    """Patterns of names."""
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Whether a finding is accepted."""
        return finding.check == self.check and any(fnmatchcase(finding.resource, each) for each in self.resources)


def accepted(file: Path = HERE / "accepted.yaml") -> list[Accepted]:
    """The entries of the list."""
    return [Accepted(**each) for each in yaml.safe_load(file.read_text())]


def check(python: Path, folder: Path) -> list[Finding]:
    """What checkov reports of the Terraform JSON in a folder. It downloads nothing and sends nothing."""
    checkov = [str(python), "-m", "checkov.main", "--framework", "terraform_json", "--skip-download", "--compact"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "BC_SKIP_MAPPING": "TRUE", "LOG_LEVEL": "ERROR"}
    done = subprocess.run(
        [*checkov, "--quiet", "--output", "json", "--directory", str(folder)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode in (0, _FINDINGS), done.stderr
    return list(_reported(json.loads(done.stdout)))


def _reported(report: Mapping[str, Any]) -> Iterator[Finding]:
    assert report["summary"]["passed"] > 0, "checkov read no resource"
    assert report["summary"]["parsing_errors"] == 0
    for each in report["results"]["failed_checks"]:
        yield Finding(each["check_id"], each["check_name"], each["resource"].split(".", 1)[1])
