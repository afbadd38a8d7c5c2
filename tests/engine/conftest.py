"""The Pulumi CLI that `make engine` builds, with its state in a folder of the test and plugins that need no cloud."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest

from tests.environments import ROOT
from tests.policies.engines.provider_outputs import FILE as ANSWERS

BINARIES = ROOT / ".haven" / "engine" / "bin"
KUBERNETES_PLUGIN = ROOT / ".haven" / "engine" / "plugins" / "pulumi-resource-kubernetes"
"""The real one, for the tests that ask for it. It is not on PATH, where the CLI would take it for all."""
PLUGINS = ("aws", "eks", "kubernetes", "random")


@dataclass(frozen=True)
class Engine:
    """The CLI with a home and a state of its own."""

    directory: Path

    def run(
        self, *words: str, cwd: Path, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of the CLI. It installs nothing and asks no questions."""
        given = {**self.variables, **(environment or {})}
        return subprocess.run(
            [str(BINARIES / "pulumi"), *words, "--non-interactive"],
            check=False, cwd=cwd, env=given, capture_output=True, text=True, timeout=600,
            stdin=subprocess.DEVNULL, start_new_session=True,  # it would set up a terminal that it has
        )  # fmt: skip

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a process."""
        scripts = str(Path(sys.executable).parent)
        return {
            **{
                name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "UV_", "VIRTUAL_"))
            },
            "PATH": os.pathsep.join([str(BINARIES), scripts, os.environ["PATH"]]),
            "PULUMI_HOME": str(self.directory / "home"),
            "PULUMI_BACKEND_URL": (self.directory / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "of a test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "UV_OFFLINE": "1",
        }

    def use_pulumi_kubernetes(self) -> None:
        """Put the real plugin in the stub's place; where it isn't built, the test is skipped."""
        if not KUBERNETES_PLUGIN.is_file():
            pytest.skip("no pulumi-kubernetes in .haven/engine: make engine builds it (needs Go)")
        folder = self.directory / "home" / "plugins" / f"resource-kubernetes-v{metadata.version('pulumi-kubernetes')}"
        plugin = folder / "pulumi-resource-kubernetes"
        plugin.unlink()
        os.link(KUBERNETES_PLUGIN, plugin)

    def succeed(self, *words: str, cwd: Path, environment: Mapping[str, str] | None = None) -> str:
        """Run a command that must succeed, and return what it prints."""
        done = self.run(*words, cwd=cwd, environment=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """An engine without any stack; where it isn't built, the test is skipped."""
    if not (BINARIES / "pulumi").is_file():
        pytest.skip("no Pulumi CLI in .haven/engine: make engine builds it (needs Go)")
    directory = tmp_path / "engine"
    (directory / "state").mkdir(parents=True)
    for package in PLUGINS:
        folder = directory / "home" / "plugins" / f"resource-{package}-v{metadata.version(f'pulumi-{package}')}"
        folder.mkdir(parents=True)
        plugin = folder / f"pulumi-resource-{package}"
        text = Path(__file__).with_name("stub_plugin.py").read_text()
        plugin.write_text(f"#!{sys.executable}\n{text.partition(chr(10))[2]}")
        plugin.chmod(0o755)
        shutil.copy(ANSWERS, folder / "answers.json")
    return Engine(directory)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """This checkout with stack files of the test's own: the CLI writes into those of stacks that it makes."""
    directory = tmp_path / "checkout"
    directory.mkdir()
    for each in (".venv", "Pulumi.yaml", "components", "haven", "infra", "policies", "pyproject.toml", "uv.lock"):
        (directory / each).symlink_to(ROOT / each)
    shutil.copytree(ROOT / "stacks", directory / "stacks")
    return directory
