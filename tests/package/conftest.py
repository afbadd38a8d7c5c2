"""The wheel, and an environment that has it beside a consumer's own packages."""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.environments import ROOT
from tests.package import programs

OWN_PACKAGES = ("components", "infra", "policies")


@dataclass(frozen=True)
class Consumer:
    """Somebody's project: a directory, and the environment that it runs in."""

    directory: Path
    binaries: Path

    def run(self, *command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command of the environment, in the project by default."""
        words = [str(self.binaries / command[0]), *command[1:]]
        return ran(words, cwd=cwd or self.directory)


def ran(words: Sequence[str], *, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command without what this process's environment says about Python and uv."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_", "UV_"))
    }
    return subprocess.run(
        words, check=False, cwd=cwd, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=600
    )


def _uv(*words: str) -> None:
    done = ran([str(Path(sys.executable).parent / "uv"), *words, "--offline", "--quiet"], cwd=ROOT)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The distribution, built from this checkout."""
    directory = tmp_path_factory.mktemp("dist")
    _uv("build", "--wheel", "--no-build-isolation", "--python", sys.executable, "--out-dir", str(directory))
    (built,) = directory.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def consumer(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Consumer:
    """A project with packages called `components`, `infra` and `policies`, in an environment with the wheel.

    What the wheel depends on is read from this checkout's environment, where it lies; what that environment has of
    this checkout itself, through a .pth file, is not.
    """
    root = tmp_path_factory.mktemp("consumer")
    environment, project = root / "environment", root / "project"
    _uv("venv", "--python", sys.executable, str(environment))
    _uv("pip", "install", "--no-deps", "--python", str(environment), str(wheel))
    (site_packages,) = environment.glob("lib/python*/site-packages")
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    project.mkdir()
    for name in OWN_PACKAGES:
        (project / name).mkdir()
        (project / name / "__init__.py").write_text('OWNER = "the shop"\n')
    (project / "environment.py").write_text(programs.ENVIRONMENT)
    (project / "test_environment.py").write_text(programs.TESTS)
    (project / "mistaken.py").write_text(programs.MISTAKEN)
    return Consumer(project, environment / "bin")
