"""Runs the emulator until the parent process ends.

The parent starts this file with the emulator's own Python, which has no Haven. It holds the other end of standard input
and never writes to it: when that end closes, for whatever reason, this process exits. The emulator keeps everything in
memory, so no clean-up is necessary.
"""

import importlib
import os
import runpy
import sys
import threading
from typing import Any


def _end_with_the_parent() -> None:
    os.read(0, 1)
    os._exit(0)


def _respond_in_one_write() -> None:
    """Make the emulator's server send headers and body of a response in one write.

    On a busy machine the emulator responds while the AWS SDK for Go still closes the body of its request. The SDK then
    drops the connection; if the response comes in two writes it misses the second one and repeats the request. Of 400
    VPC endpoints up to three were created twice (hypercorn 0.18, AWS provider 5.100, seen 2026-11-21).
    """
    h11 = importlib.import_module("h11")
    protocol = importlib.import_module("hypercorn.protocol.h11")
    send_at_once = protocol.H11Protocol._send_h11_event

    async def send(self: Any, event: Any) -> None:
        if isinstance(event, h11.Response) and self.connection.their_state is not h11.ERROR:
            self.held_back = self.connection.send(event)
            return
        held_back, self.held_back = getattr(self, "held_back", b""), b""
        if not held_back:
            await send_at_once(self, event)
            return
        data = self.connection.send(event) or b""
        await self.send(protocol.RawData(data=held_back + data))

    protocol.H11Protocol._send_h11_event = send


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    _respond_in_one_write()
    sys.argv = ["ministack"]
    runpy.run_module("ministack", run_name="__main__", alter_sys=True)
