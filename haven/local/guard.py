"""Runs the emulator for exactly as long as its starter lives.

Started by its path with the emulator's own Python, which knows nothing of Haven. The starter holds the other end of
standard input and never writes to it: when that end closes, in order or because the starter died, however it died,
this process ends. The emulator keeps everything in memory, so there is nothing to put in order first.
"""

import os
import runpy
import sys
import threading


def _end_with_the_starter() -> None:
    os.read(0, 1)
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_starter, daemon=True).start()
    sys.argv = ["ministack"]
    runpy.run_module("ministack", run_name="__main__", alter_sys=True)
