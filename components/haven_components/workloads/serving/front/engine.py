"""What is known about the engine: whether it has started, works, and gets on with its work.

Nothing is asked of the model once its golden prompts were answered: an inference per probe would take saturated,
healthy pods out of the Service together. Work and progress are read from `/metrics` instead.
"""

import http.client
import json
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from . import golden

ASK_SECONDS = 5.0
_LOGGING = threading.Lock()
SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{[^}]*\})?\s+(\S+)", re.MULTILINE)
METRICS = {
    "running": "vllm:num_requests_running",
    "waiting": "vllm:num_requests_waiting",
    "progress": ["vllm:generation_tokens_total", "vllm:prompt_tokens_total"],
}
"""vLLM's names (vLLM, Production Metrics, read 2026-11-26)."""


def log(message: str, *, level: str = "info", **more: object) -> None:
    """One line of JSON, as docs/telemetry.md has it; an empty text is left out.

    One thread at a time: `print` writes a line and its end apart, and two threads' lines would become one.
    """
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    known = {name: value for name, value in more.items() if value != ""}
    line = json.dumps({"timestamp": at, "level": level, "message": message, **known})
    with _LOGGING:
        print(line, flush=True)


def get(url: str, path: str, seconds: float = ASK_SECONDS) -> tuple[int, bytes]:
    """Status and body of one answer."""
    target = urlsplit(url)
    connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=seconds)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def totals(text: str) -> dict[str, float]:
    """The sum of each metric over its labels, of Prometheus' text format."""
    found: dict[str, float] = {}
    for name, value in SAMPLE.findall(text):
        found[name] = found.get(name, 0.0) + float(value)
    return found


@dataclass
class Traffic:
    """What the proxy sees of the engine's work."""

    waiting: Callable[[], int]
    """Requests that wait for the engine."""
    relayed: Callable[[], int]
    """Bytes of answers so far."""


@dataclass
class Engine:
    """The engine of this pod, watched by a thread of its own."""

    url: str
    prompts: golden.Golden
    traffic: Traffic
    stall_seconds: float
    names: Mapping[str, Any] = field(default_factory=lambda: METRICS)
    poll_seconds: float = 2.0
    end_seconds: float = 3600.0
    """After how long one that was asked to end, and hasn't, counts as a new one."""
    reachable: bool = False
    healthy: bool = False
    started: bool = False
    golden_failures: int = 0
    ending: float | None = None
    """When it was asked to end; nothing is asked of it until another one has taken its place."""
    on_start: Callable[[], None] = lambda: None
    _progress: tuple[float, ...] = ()
    _moved: float = field(default_factory=time.monotonic)
    _counted: float = 0.0

    def watch(self) -> None:
        """Begin to watch."""
        threading.Thread(target=self._watch, name="engine", daemon=True).start()

    def stalled(self) -> bool:
        """Whether there is work, or no answer, and no progress for too long."""
        return self.reachable and time.monotonic() - self._moved > self.stall_seconds

    def live(self) -> bool:
        """Whether it works; the kubelet restarts it otherwise. Asked only after its start."""
        return self.reachable and self.healthy and not self.stalled()

    def ready(self) -> bool:
        """Whether it has answered its golden prompts since it started, and works."""
        return self.started and self.live()

    def ends(self) -> None:
        """It is about to end. The one that takes its place has to show that it works."""
        self.ending, self.started = time.monotonic(), False

    def metrics(self) -> bytes:
        """Its metrics as they are; none while it doesn't answer."""
        try:
            status, body = get(self.url, "/metrics")
        except (OSError, http.client.HTTPException):
            return b""
        return body if status == http.client.OK else b""

    def _watch(self) -> None:
        while True:
            try:
                self._look()
                if self.reachable and self.healthy and not self.started and not self._ends():
                    self._start()
            except Exception as error:  # noqa: BLE001  whatever the engine answers, it is watched
                log("the engine's answer isn't understood", error=f"{type(error).__name__}: {error}")
            time.sleep(self.poll_seconds)

    def _look(self) -> None:
        try:
            status, _ = get(self.url, "/health")
            self._found(healthy=status == http.client.OK)
            self._read()
        except TimeoutError:
            # It is there and says nothing: saturated, or frozen. Its answers' bytes tell which.
            self._note(None)
        except (OSError, http.client.HTTPException):
            self._lost()

    def _ends(self) -> bool:
        return self.ending is not None and time.monotonic() - self.ending < self.end_seconds

    def _found(self, *, healthy: bool) -> None:
        if not self.reachable:
            self._moved = time.monotonic()
            self._counted = 0.0
        self.reachable, self.healthy = True, healthy

    def _lost(self) -> None:
        if self.started:
            log("the engine is gone")
        self.reachable = self.healthy = self.started = False
        self.ending = None

    def _read(self) -> None:
        status, body = get(self.url, "/metrics")
        self._note(totals(body.decode(errors="replace")) if status == http.client.OK else {})

    def _note(self, metrics: Mapping[str, float] | None) -> None:
        """Remember when something last moved, from the engine's metrics: empty if it has none, None without an
        answer."""
        counted = sum((metrics or {}).get(each, 0.0) for each in _listed(self.names["progress"]))
        if metrics is not None:
            if counted < self._counted:
                log("the engine's counters began anew: it has restarted")
                self.started, self.ending = False, None
            self._counted = counted
        progress = (self._counted, float(self.traffic.relayed()))
        if progress != self._progress or self._idle(metrics):
            self._moved = time.monotonic()
        self._progress = progress

    def _idle(self, metrics: Mapping[str, float] | None) -> bool:
        # A frozen engine's last metrics may say that it is idle: vLLM's API server, a process of its own, repeats them.
        if metrics is None or self.traffic.waiting():
            return False
        return metrics.get(self.names["running"], 0.0) + metrics.get(self.names["waiting"], 0.0) == 0

    def _start(self) -> None:
        found = golden.problems(self.url, self.prompts)
        if found:
            self.golden_failures += 1
            log("golden prompts failed", version=self.prompts.version, problems=found)
            return
        try:
            golden.warm_up(self.url, self.prompts)
        except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError) as error:
            log("a warmup prompt failed", error=f"{type(error).__name__}: {error}")
        self._moved = time.monotonic()
        self.started = True
        self.on_start()
        log("the model answers", version=self.prompts.version)


def _listed(names: Sequence[str] | str) -> Sequence[str]:
    return [names] if isinstance(names, str) else names
