"""A headless Chromium, driven over a pipe by the DevTools protocol: nothing listens, no package is needed."""

import base64
import fcntl
import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-extensions", "--remote-debugging-pipe",
    "--hide-scrollbars",
)  # fmt: skip


class Tab:
    """One tab, and what it reported since it was opened."""

    def __init__(self, sent: int, received: int) -> None:
        self._sent = os.fdopen(sent, "wb")
        self._received = os.fdopen(received, "rb")
        self._count, self._session = 0, ""
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        """Call one method of the protocol."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._sent.write(json.dumps(message).encode() + b"\0")
        self._sent.flush()
        while (answer := self._read()).get("id") != self._count:
            self.events.append(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def _read(self) -> dict[str, Any]:
        text = bytearray()
        while (byte := self._received.read(1)) != b"\0":
            assert byte, "Chromium ended"
            text += byte
        found: dict[str, Any] = json.loads(text)
        return found

    def open(self, file: Path, width: int, scheme: str) -> None:
        """Open a page."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.events.clear()
        self.call("Page.navigate", url=file.as_uri())
        while not any(each["method"] == "Page.loadEventFired" for each in self.events):
            self.events.append(self._read())

    def evaluate(self, expression: str) -> Any:
        """What an expression is on the page."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def press(self, key: str, code: int) -> None:
        """Press a key."""
        for kind in ("rawKeyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def screenshot(self, file: Path) -> None:
        """The whole page as a PNG file."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        taken = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        file.write_bytes(base64.b64decode(taken["data"]))

    def close(self) -> None:
        """Close the pipes."""
        self._sent.close()
        self._received.close()


@contextmanager
def opened(profile: Path) -> Iterator[Tab]:
    """A browser with one tab.

    Args:
        profile: an empty directory for the browser's own files.
    """
    assert CHROMIUM
    there, sent = os.pipe()
    received, here = os.pipe()
    # Chromium reads from 3 and writes to 4.
    ends = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 20) for each in (there, here)]
    actions = [
        (os.POSIX_SPAWN_DUP2, ends[0], 3),
        (os.POSIX_SPAWN_DUP2, ends[1], 4),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    words = [CHROMIUM, *_OPTIONS, f"--user-data-dir={profile}"]
    process = os.posix_spawn(CHROMIUM, words, os.environ, file_actions=actions, setsid=True)
    for each in (there, here, *ends):
        os.close(each)
    tab = None
    try:
        tab = Tab(sent, received)
        yield tab
    finally:
        os.killpg(process, signal.SIGKILL)
        os.waitpid(process, 0)
        if tab:
            tab.close()
