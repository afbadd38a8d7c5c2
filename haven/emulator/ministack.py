"""The embedded AWS emulator: installed once, started on loopback for one run, stopped with its parent process."""

import http.client
import json
import os
import socket
import subprocess
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO

from haven.base import isolated_environment
from haven.base.problems import Problem, Problems

NAME = "ministack"
VERSION = "1.5.33"

_HOST = "127.0.0.1"
_HEALTH = "/_ministack/health"
_STARTED_WITHIN = 60.0
"""Seconds; on an idle machine it answers after about one."""
_STOPPED_WITHIN = 5.0
_LOST_RACES = 5
"""How many free ports are tried if other processes take them first."""
_REQUIREMENTS = Path(__file__).with_name("requirements.txt")
_PROCESS = Path(__file__).with_name("emulator_process.py")


class EmulatorError(Exception):
    """The emulator can't be installed, doesn't start, or has ended unexpectedly; the message names the log."""


class _PortTakenError(Exception):
    pass


def install(home: Path) -> Path:
    """Install the emulator into a virtual environment below `home`, unless it is installed already.

    It needs an environment of its own because its dependencies conflict with Haven's; all are pinned with hashes.

    Args:
        home: a directory, created if missing.

    Returns:
        The environment's Python.

    Raises:
        EmulatorError: it can't be installed.
    """
    try:
        return isolated_environment.install(home, f"{NAME}-{VERSION}", _REQUIREMENTS)
    except isolated_environment.InstallationError as error:
        raise EmulatorError(f"the emulator ({NAME} {VERSION}) can't be installed: {error}") from error


class Emulator:
    """One emulator; a `with` block starts and stops it.

    It listens on loopback only, writes below `folder` only, and ends with this process, even if that is killed.
    """

    def __init__(self, home: Path, folder: Path, port: int | None = None) -> None:
        """Prepare an emulator without starting it.

        Args:
            home: the directory of its virtual environment, see `install`.
            folder: a directory for its log and its files, used by this run only.
            port: the port to listen on. Omitted: a free one.
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
        """The process ID while it runs, otherwise None."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            EmulatorError: it can't be installed or doesn't start.
            Problems: the given port is taken.
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
        raise EmulatorError(
            f"other processes took {_LOST_RACES} free ports in a row before the emulator could use them: try again"
        )

    def check(self, patience: float = 0) -> None:
        """Check that it runs.

        Args:
            patience: seconds to wait for its end, if an error suggests that it is ending.

        Raises:
            EmulatorError: it has ended.
        """
        code = None
        with suppress(subprocess.TimeoutExpired):
            code = self._process.wait(patience) if self._process else None
        if code is not None:
            raise EmulatorError(f"the emulator ended unexpectedly ({_ending(code)}); its log: {self.log}")

    def stop(self) -> None:
        """Stop it and wait until it has ended. Does nothing if it does not run."""
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
                # Isolated: it imports no module from its own folder or the current directory.
                [str(python), "-I", str(_PROCESS)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                env=self._environment(port, identity),
                start_new_session=True,  # Ctrl-C must not reach it: this process stops it in order
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
        """Only PATH of this process's environment, so that no setting of the user's shell changes the emulator."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self._folder),
            "TMPDIR": str(self._folder),
            "S3_DATA_DIR": str(self._folder / "s3"),
            "STATE_DIR": str(self._folder / "state"),
            "BIND_HOST": _HOST,  # its own default is every interface
            "GATEWAY_PORT": str(port),
            "IOT_MTLS_ENABLED": "0",  # a second port, which is not needed
            "MINISTACK_EDITION": identity,  # returned by its health page, which identifies this process
        }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((_HOST, port)) == 0


def _identity(port: int) -> str | None:
    """The identity on the health page of this port; None if nothing answers; empty if another program answers."""
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
        fix="choose another port, or leave it out to get a free one",
    )


def _ending(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"


def _close(stream: IO[bytes] | None) -> None:
    if stream is not None:
        with suppress(OSError):
            stream.close()
