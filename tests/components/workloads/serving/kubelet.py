"""A pod as the kubelet runs it, from the recorded template: its containers are processes, its probes are asked."""

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from haven.program.recording import Recording
from tests.components.workloads.serving.processes import PATIENCE, send
from tests.ports import HOST, free_port

FASTER = 40
"""Seconds of the declaration in one second of the test."""


class Pod:
    """One pod of a recorded Deployment."""

    def __init__(
        self, recording: Recording, deployment: str, directory: Path, bucket: Path, servers: str = "http://127.0.0.1:9"
    ) -> None:
        directory.mkdir(parents=True)
        self._directory, self._bucket, self._servers = directory, bucket, servers
        objects = {(each.inputs["kind"], each.inputs["metadata"]["name"]): each.inputs for each in _objects(recording)}
        spec = objects["Deployment", deployment]["spec"]["template"]["spec"]
        (self._engine,), (self._front,) = spec["containers"], spec["initContainers"]
        self._mount(spec, objects)
        self._ports = {"8080": free_port(), "8001": free_port(), "8002": free_port()}
        self.port = self._ports["8080"]
        self.restarts = 0
        self.ready = self.started = False
        self._ended = threading.Event()
        self._log = (directory / "log").open("w")
        self._front_process = self._run(self._front_command(), directory)
        self.engine = self._start_engine()
        self._thread = threading.Thread(target=self._kubelet, daemon=True)
        self._thread.start()

    def freeze(self) -> None:
        self.engine.send_signal(signal.SIGSTOP)

    def stop(self) -> None:
        self._ended.set()
        self._thread.join(PATIENCE)
        for each in (self.engine, self._front_process):
            each.kill()
            each.wait(PATIENCE)
        self._log.close()

    def _mount(self, spec: Mapping[str, Any], objects: Mapping[Any, Any]) -> None:
        """The files of the pod's ConfigMaps, where its containers look for them."""
        volumes = {each["name"]: each for each in spec["volumes"]}
        for mount in self._front["volumeMounts"]:
            volume = volumes[mount["name"]]
            maps = [volume] if "configMap" in volume else volume["projected"]["sources"]
            target = self._directory / mount["mountPath"].lstrip("/")
            target.mkdir(parents=True)
            for each in maps:
                for name, text in objects["ConfigMap", each["configMap"]["name"]]["data"].items():
                    (target / name).write_text(text)

    def _front_command(self) -> list[str]:
        """The declared command, with this test's ports, and faster."""
        seconds = re.compile(r"^(--(?:stall|drain)-seconds=)(\d+)$")
        own = [f"--host={HOST}", "--lag-seconds=0.1", "--poll-seconds=0.05"]
        declared = [
            seconds.sub(lambda match: f"{match[1]}{int(match[2]) / FASTER}", each) for each in self._front["command"]
        ]
        return [*self._here(declared), *own]

    def _here(self, command: list[str]) -> list[str]:
        """A command on this machine: its Python, this pod's ports and files, the bucket as a folder."""
        environment = {each["name"]: each.get("value", "") for each in self._engine["env"]}
        found = []
        for each in command:
            text = re.sub(r"\$\((\w+)\)", lambda match: environment[match[1]], each)
            text = re.sub(r"http://[\w-]+-servers:8080", self._servers, text)
            text = re.sub(r"s3://[\w-]+/", f"{self._bucket}/", text)
            text = re.sub(r"\b(8080|8001|8002)\b", lambda match: str(self._ports[match[1]]), text)
            found.append(text.replace("/etc/haven/", f"{self._directory}/etc/haven/"))
        return [sys.executable if found[0] == "python3" else found[0], *found[1:]]

    def _run(self, command: list[str], directory: Path) -> subprocess.Popen[bytes]:
        working = directory / str(self._front.get("workingDir", "")).lstrip("/")
        return subprocess.Popen(command, cwd=working, stdout=self._log, stderr=subprocess.STDOUT)

    def _start_engine(self) -> subprocess.Popen[bytes]:
        return self._run(self._here(self._engine["command"]), self._directory)

    def _kubelet(self) -> None:
        failures = 0
        while not self._ended.wait(self._engine["livenessProbe"]["periodSeconds"] / FASTER):
            if not self.started:
                self.started = self._probe("startupProbe")
                continue
            self.ready = self._probe("readinessProbe")
            failures = 0 if self._probe("livenessProbe") else failures + 1
            if failures >= self._engine["livenessProbe"]["failureThreshold"] or self.engine.poll() is not None:
                failures = 0
                self._restart()

    def _probe(self, kind: str) -> bool:
        asked = self._engine[kind]["httpGet"]
        try:
            return send(self._ports[str(asked["port"])], "GET", asked["path"]).status == 200
        except OSError:
            return False

    def _restart(self) -> None:
        """preStop, SIGTERM, and SIGKILL after the grace period."""
        self.started = self.ready = False
        hook = self._engine["lifecycle"]["preStop"]["httpGet"]
        with suppress(OSError):
            send(self._ports[str(hook["port"])], "GET", hook["path"])
        self.engine.terminate()
        grace = self._engine["livenessProbe"]["terminationGracePeriodSeconds"] / FASTER
        with suppress(subprocess.TimeoutExpired):
            self.engine.wait(grace)
        self.engine.kill()
        self.engine.wait(PATIENCE)
        time.sleep(0.2)
        self.engine = self._start_engine()
        self.restarts += 1

    def log(self) -> list[dict[str, Any]]:
        lines = (self._directory / "log").read_text().splitlines()
        return [json.loads(each) for each in lines if each.startswith("{")]


def _objects(recording: Recording) -> list[Any]:
    return [each for each in recording.real() if each.is_kubernetes]
