"""Runs a recorded container as a process on this machine: its command, its environment, its secrets and its files.

Changed are addresses alone: it listens on loopback, at a port of its own, and finds its volumes in a folder.
"""

import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from haven.program.recording import Recording, Resource
from haven_components.workloads._objects import SCRATCH, SCRIPTS
from tests.ports import free_port

START_SECONDS = 240.0


def named(recording: Recording, kind: str, name: str) -> Resource:
    """The one object of a kind whose name begins so."""
    (found,) = (
        each
        for each in recording.real()
        if each.type.endswith(f":{kind}") and re.fullmatch(rf"{name}(-[0-9a-f]{{8}})?", each.name)
    )
    return found


def pod(resource: Resource) -> dict[str, Any]:
    """The pod's specification of a Deployment or a Job."""
    spec: dict[str, Any] = resource.inputs["spec"]["template"]["spec"]
    return spec


@dataclass
class Process:
    """A container's process."""

    run: "subprocess.Popen[bytes]"
    log: Path
    port: int
    probe: Sequence[str] = ()
    """The command with which its liveness is asked for."""

    def alive(self) -> bool:
        """What a liveness probe by a command answers."""
        return subprocess.run(self.probe, capture_output=True, check=False, cwd=self.log.parent).returncode == 0

    def get(self, path: str) -> int:
        """The status of an answer; 0 without one."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                status: int = answer.status
                return status
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            return 0

    def wait_until_ready(self, path: str) -> None:
        """Wait as a startup probe does."""
        self.wait_for(lambda: self.get(path) == 200)

    def wait_for(self, condition: Callable[[], bool], seconds: float = START_SECONDS) -> None:
        """Wait, while the process runs, until a condition holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            running = self.run.poll() is None and time.monotonic() < deadline
            assert running, f"exit code {self.run.poll()}: {self.log.read_text()[-4000:]}"
            time.sleep(0.3)

    def kill(self) -> None:
        """End the process and its descendants at once, those in sessions of their own too, as a lost node does."""
        found = [self.run.pid] if self.run.poll() is None else []
        for each in found:
            found += _children(each)
        for each in found:
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        self.run.wait()

    def succeed(self) -> str:
        """Wait for the end, which is a success; returns the log."""
        code = self.run.wait(START_SECONDS)
        text = self.log.read_text()
        assert code == 0, text[-4000:]
        return text


def _children(process: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process)], capture_output=True, text=True, check=False)
    return [int(each) for each in listed.stdout.split()]


@dataclass
class Node:
    """Where containers of a recording run."""

    recording: Recording
    python: Path
    home: Path
    secrets: Mapping[str, Mapping[str, str]]
    """Kubernetes secrets by name."""
    hosts: Mapping[str, str] = field(default_factory=dict)
    """Text in commands and environments -> what it is here, such as a Service's address."""
    started: list[Process] = field(default_factory=list)

    def start(self, kind: str, name: str, *, init: bool = False, **more: str) -> Process:
        """Start the container of a Deployment or a Job, or what it waits for.

        Args:
            kind: of the object.
            name: of the object.
            init: whether its init container is meant.
            more: further environment variables.
        """
        spec = pod(named(self.recording, kind, name))
        (container,) = spec["initContainers" if init else "containers"]
        folder = self.home / f"{name}-{len(self.started)}"
        folder.mkdir(parents=True)
        port = next((each["containerPort"] for each in container.get("ports", [])), 0)
        here = free_port() if port else 0
        environment = self._environment(container, folder) | more
        files = next((each["configMap"]["name"] for each in spec["volumes"] if "configMap" in each), "")
        command = [self._here(each, folder).replace("0.0.0.0", "127.0.0.1") for each in container["command"]]
        command = [str(here) if port and each == str(port) else each for each in command]
        self._write_files(files, folder)
        process = self.execute(command, environment, folder, here)
        asked = container.get("livenessProbe", {}).get("exec", {}).get("command", [])
        process.probe = [str(self.python.with_name("python")), *(self._here(each, folder) for each in asked[1:])]
        return process

    def execute(self, command: list[str], environment: Mapping[str, str], folder: Path, port: int = 0) -> Process:
        """Start a program of the environment."""
        log = folder / "log"
        program = str(self.python.with_name(command[0]))
        with log.open("wb") as output:
            run = subprocess.Popen(
                [program, *command[1:]],
                env={"PATH": f"{self.python.parent}:{os.environ['PATH']}", **environment},
                cwd=folder,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        process = Process(run, log, port)
        self.started.append(process)
        return process

    def stop(self) -> None:
        """End everything that was started here."""
        for each in self.started:
            each.kill()

    def environment(self, kind: str, name: str, folder: Path) -> dict[str, str]:
        """The environment of a container."""
        (container,) = pod(named(self.recording, kind, name))["containers"]
        return self._environment(container, folder)

    def _environment(self, container: Mapping[str, Any], folder: Path) -> dict[str, str]:
        values: dict[str, str] = {}
        for each in container["env"]:
            secret = each.get("valueFrom", {}).get("secretKeyRef")
            value = self.secrets[secret["name"]][secret["key"]] if secret else each["value"]
            value = re.sub(r"\$\((\w+)\)", lambda match: values[match[1]], value)
            values[each["name"]] = self._here(value, folder)
        return values

    def _here(self, text: str, folder: Path) -> str:
        volumes = {SCRIPTS: folder / "scripts", SCRATCH: folder / "scratch"}
        text = re.sub(rf"^({'|'.join(volumes)})(?=/|$)", lambda match: str(volumes[match[1]]), text)
        for there, here in self.hosts.items():
            text = text.replace(there, here)
        return text

    def _write_files(self, name: str, folder: Path) -> None:
        (folder / "scratch").mkdir()
        (folder / "scripts").mkdir()
        if name:
            data = named(self.recording, "ConfigMap", re.sub(r"-[0-9a-f]{8}$", "", name)).inputs["data"]
            for file, text in data.items():
                (folder / "scripts" / file).write_text(text)
