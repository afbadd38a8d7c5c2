"""Runs the emulator for exactly as long as its starter lives.

Started by its path with the emulator's own Python, which knows nothing of Haven. The starter holds the other end of
standard input and never writes to it: when that end closes, in order or because the starter died, however it died,
this process ends. The emulator keeps everything in memory, so there is nothing to put in order first.
"""

import importlib
import os
import runpy
import sys
import threading
from typing import Any


def _end_with_the_starter() -> None:
    os.read(0, 1)
    os._exit(0)


def _answer_in_one_piece() -> None:
    """Let the emulator's server send the head of an answer together with the body.

    It answers so fast that the AWS SDK for Go, on a busy machine, is still closing the body of its request: then it
    drops the connection, finds the rest of an answer missing that comes in two pieces, and sends the request again.
    Of 400 VPC endpoints up to three were made twice (hypercorn 0.18, AWS provider 5.100, seen 2026-11-21).
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
    threading.Thread(target=_end_with_the_starter, daemon=True).start()
    _answer_in_one_piece()
    sys.argv = ["ministack"]
    runpy.run_module("ministack", run_name="__main__", alter_sys=True)
