"""The embedded emulator of AWS: installed once, started on loopback for one run, gone with whoever started it."""

import fcntl
import hashlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO

from haven.base.problems import Problem, Problems

NAME = "ministack"
VERSION = "1.5.33"

_HOST = "127.0.0.1"
_HEALTH = "/_ministack/health"
_STARTED_WITHIN = 60.0
"""Seconds; on an idle machine it answers after about one."""
_STOPPED_WITHIN = 5.0
_INSTALLED_WITHIN = 300.0
_LOST_RACES = 5
"""How often another port is tried when somebody else was faster."""
_REQUIREMENTS = Path(__file__).with_name("requirements.txt")
_PROCESS = Path(__file__).with_name("emulator_process.py")


class EmulatorError(Exception):
    """The emulator can't be installed, doesn't start, or has died; the message says where to look."""


class _PortTakenError(Exception):
    pass


def install(home: Path) -> Path:
    """The emulator's own Python, in an environment below `home` that is made where it is missing or out of date.

    It needs versions that don't go together with Haven's own, and every package is pinned with its hashes.

    Raises:
        EmulatorError: it can't be installed.
    """
    home.mkdir(parents=True, exist_ok=True)
    wanted = hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()
    environment = home / f"{NAME}-{VERSION}"
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    marker = environment / "installed"
    with _alone(home / "install.lock"):
        if not (marker.exists() and marker.read_text() == wanted and _runs(python)):
            shutil.rmtree(environment, ignore_errors=True)
            for command in _installation(environment, python):
                _run(command)
            marker.write_text(wanted)
    return python


class Emulator:
    """One running emulator; leaving the `with` block stops it.

    It listens on loopback only, keeps its files below `folder`, and ends with this process, even if that is killed.
    """

    def __init__(self, home: Path, folder: Path, port: int | None = None) -> None:
        """Nothing is started yet.

        Args:
            home: where its environment is, or is made.
            folder: for its log and whatever it writes; it belongs to this one run.
            port: omitted: a free one.
        """
        self.log = folder / "emulator.log"
        self._home = home
        self._folder = folder
        self._wanted = port
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Emulator":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The endpoint of every service."""
        return f"http://{_HOST}:{self._port}"

    @property
    def pid(self) -> int | None:
        """The process, while it runs."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it, and return once it answers.

        Raises:
            EmulatorError: it can't be installed or doesn't start.
            Problems: the port that was asked for is taken.
        """
        python = install(self._home)
        self._folder.mkdir(parents=True, exist_ok=True)
        for _ in range(_LOST_RACES):
            self._port = self._wanted or _free_port()
            with suppress(_PortTakenError):
                self._start_on(python, self._port)
                return
            if self._wanted:
                raise Problems([_taken(self._wanted)])
        raise EmulatorError(f"{_LOST_RACES} free ports in a row were taken by others before the emulator had them")

    def check(self, patience: float = 0) -> None:
        """Do nothing while it runs.

        Args:
            patience: seconds to wait for its end, where something has failed that its death would explain.

        Raises:
            EmulatorError: it has died.
        """
        code = None
        with suppress(subprocess.TimeoutExpired):
            code = self._process.wait(patience) if self._process else None
        if code is not None:
            raise EmulatorError(f"the emulator ended unexpectedly ({_ending(code)}); its log: {self.log}")

    def stop(self) -> None:
        """End it, and wait until it is gone. Stopping what doesn't run does nothing."""
        process, self._process = self._process, None
        if process is None:
            return
        _close(process.stdin)
        for end in (process.terminate, process.kill):
            try:
                process.wait(_STOPPED_WITHIN)
            except subprocess.TimeoutExpired:
                end()
        process.wait()

    def _start_on(self, python: Path, port: int) -> None:
        if _answers(port):
            raise _PortTakenError
        identity = uuid.uuid4().hex
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                # Isolated: no module that lies beside the guard, or in the current directory, is imported by it.
                [str(python), "-I", str(_PROCESS)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                env=self._environment(port, identity),
                start_new_session=True,  # Ctrl-C is for us; we stop it when we are done
            )
        try:
            self._wait_until_it_answers(port, identity)
        except BaseException:
            self.stop()
            raise

    def _wait_until_it_answers(self, port: int, identity: str) -> None:
        process = self._process
        last = time.monotonic() + _STARTED_WITHIN
        while process and time.monotonic() < last:
            found = _identity(port)
            if found == identity:
                return
            code = process.poll()
            if found is not None or (code is not None and _answers(port)):
                raise _PortTakenError
            if code is not None:
                raise EmulatorError(f"the emulator doesn't start ({_ending(code)}); its log: {self.log}")
            time.sleep(0.05)
        raise EmulatorError(f"the emulator doesn't answer within {_STARTED_WITHIN:.0f} s; its log: {self.log}")

    def _environment(self, port: int, identity: str) -> Mapping[str, str]:
        """Nothing of ours but the path, so that no setting of the user's shell changes what the emulator does."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self._folder),
            "TMPDIR": str(self._folder),
            "S3_DATA_DIR": str(self._folder / "s3"),
            "STATE_DIR": str(self._folder / "state"),
            "BIND_HOST": _HOST,  # its own default is every interface
            "GATEWAY_PORT": str(port),
            "IOT_MTLS_ENABLED": "0",  # a second port, which nobody needs
            "MINISTACK_EDITION": identity,  # repeated by its health page: so we know that it is ours that answers
        }


def _installation(environment: Path, python: Path) -> Iterator[list[str]]:
    beside_us = Path(sys.executable).with_name("uv")
    uv = str(beside_us) if beside_us.exists() else shutil.which("uv")
    if uv:
        yield [uv, "venv", "--quiet", "--python", sys.executable, str(environment)]
        yield [uv, "pip", "install", "--quiet", "--python", str(python), "--require-hashes", "-r", str(_REQUIREMENTS)]
    else:
        yield [sys.executable, "-m", "venv", str(environment)]
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
        yield [*pip, "--require-hashes", "-r", str(_REQUIREMENTS)]


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_INSTALLED_WITHIN)
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        raise EmulatorError(f"the emulator ({NAME} {VERSION}) can't be installed: {' '.join(said[-3:])}") from error


def _runs(python: Path) -> bool:
    """Whether the environment's Python still starts: it is a link to one that an update may have removed."""
    try:
        return subprocess.run([str(python), "-I", "-c", ""], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold a lock, which ends with this process, however it ends."""
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((_HOST, port)) == 0


def _identity(port: int) -> str | None:
    """What the health page on this port says to be; None where nobody answers; empty for a stranger."""
    connection = http.client.HTTPConnection(_HOST, port, timeout=2)
    try:
        connection.request("GET", _HEALTH)
        health = json.loads(connection.getresponse().read())
    except (ConnectionError, TimeoutError):
        return None
    except (OSError, ValueError, http.client.HTTPException):
        return ""
    finally:
        connection.close()
    return str(health.get("edition", "")) if isinstance(health, dict) else ""


def _taken(port: int) -> Problem:
    return Problem(
        what="the emulator's port",
        got=f"{port}, where something is listening on {_HOST} already",
        allowed="a free port",
        fix="name another port, or leave it out: a free one is found then",
    )


def _ending(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"


def _close(stream: IO[bytes] | None) -> None:
    if stream is not None:
        with suppress(OSError):
            stream.close()
