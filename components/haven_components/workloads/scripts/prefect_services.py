"""Runs in Prefect's image: the background services, all of them or none.

    python prefect_services.py run FILE
    python prefect_services.py alive FILE

`run` does what `prefect server services start` does, and two things more. The event loop that the services share writes
FILE every few seconds, so a frozen process leaves it behind: `alive`, the liveness probe, fails once the file is too
old. It asks neither the database nor the cache, which all pods share and whose loss must not end them together. And a
service that ends or fails by itself ends the process, for Prefect would go on without it (3.9.1; read 2026-11-26); the
kubelet starts the container again. SIGTERM stops all services.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

BEAT_SECONDS = 5
LATE_SECONDS = 60
"""[assumption] Longer than anything that holds up the event loop of services that work."""
STOP_SECONDS = 30
FAILED, USAGE_EXIT = 1, 2


def watch(owner: Any, method: str, report: Callable[[str], None]) -> None:
    """Have an endless coroutine method of a class report why it ended, unless it was cancelled."""
    original = getattr(owner, method)

    async def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            result = await original(self, *args, **kwargs)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            report(f"{owner.__name__} failed: {error!r}")
            raise
        report(f"{owner.__name__} ended")
        return result

    setattr(owner, method, watched)


async def run(file: Path) -> int:
    """Run the services until SIGTERM, or until one of them is gone."""
    services = set(import_module("prefect.server.services.base").Service.enabled_services())
    stopping, reasons = asyncio.Event(), list[str]()

    def gone(reason: str) -> None:
        if not stopping.is_set():
            reasons.append(reason)
            stopping.set()

    for service in services:
        watch(service, "start", gone)
    watch(import_module("docket").Worker, "run_forever", gone)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    running = asyncio.create_task(import_module("prefect.cli._server_utils")._run_all_services())
    running.add_done_callback(lambda task: gone("cancelled" if task.cancelled() else f"the services ended: {task}"))
    print(f"running {', '.join(sorted(each.__name__ for each in services))}", flush=True)
    while not stopping.is_set():
        file.touch()
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), BEAT_SECONDS)
    print(f"stopping: {'; '.join(reasons) or 'SIGTERM'}", flush=True)
    running.cancel()
    await asyncio.wait([running], timeout=STOP_SECONDS)
    return FAILED if reasons else 0


def alive(file: Path) -> int:
    """Whether the event loop went round not long ago."""
    try:
        age = time.time() - file.stat().st_mtime
    except FileNotFoundError:
        print("not started yet")
        return FAILED
    if age <= LATE_SECONDS:
        return 0
    print(f"frozen: no sign of life for {age:.0f} s, {LATE_SECONDS} at most")
    return FAILED


def main(arguments: list[str]) -> int:
    """Run one command."""
    if len(arguments) != 2 or arguments[0] not in ("run", "alive"):
        print(__doc__, file=sys.stderr)
        return USAGE_EXIT
    file = Path(arguments[1])
    return asyncio.run(run(file)) if arguments[0] == "run" else alive(file)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
