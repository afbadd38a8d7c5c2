"""Programs from the package index whose dependencies conflict with Haven's: a virtual environment each."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_INSTALLED_WITHIN = 300.0
"""Seconds for one command."""


class InstallationError(Exception):
    """A package can't be installed; the message has the installer's last lines."""


def install(home: Path, name: str, requirements: Path, *, options: Sequence[str] = ("--require-hashes",)) -> Path:
    """Install what a requirements file pins into a virtual environment, unless it is installed already.

    Args:
        home: the directory of the environments, created if missing.
        name: the environment's directory in it.
        requirements: the requirements file. Whenever it changes, the environment is replaced.
        options: the installer's options besides the file. Omitted: every package must have a hash.

    Returns:
        The environment's Python.

    Raises:
        InstallationError: it can't be installed.
    """
    home.mkdir(parents=True, exist_ok=True)
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    environment = home / name
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    marker = environment / "installed"
    with _alone(home / "install.lock"):
        if not (marker.exists() and marker.read_text() == wanted and _runs(python)):
            shutil.rmtree(environment, ignore_errors=True)
            for command in _commands(environment, python, [*options, "-r", str(requirements)]):
                _run(command)
            marker.write_text(wanted)
    return python


def _commands(environment: Path, python: Path, arguments: Sequence[str]) -> Iterator[list[str]]:
    beside_us = Path(sys.executable).with_name("uv")
    uv = str(beside_us) if beside_us.exists() else shutil.which("uv")
    if uv:
        yield [uv, "venv", "--quiet", "--python", sys.executable, str(environment)]
        yield [uv, "pip", "install", "--quiet", "--python", str(python), *arguments]
    else:
        yield [sys.executable, "-m", "venv", str(environment)]
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
        yield [*pip, *arguments]


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_INSTALLED_WITHIN)
    except (OSError, subprocess.SubprocessError) as error:
        lines = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        raise InstallationError(" ".join(lines[-3:])) from error


def _runs(python: Path) -> bool:
    """Whether the environment's Python still starts; it links to one that an update may have removed."""
    try:
        return subprocess.run([str(python), "-I", "-c", ""], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold a lock, which the operating system releases when this process ends."""
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
