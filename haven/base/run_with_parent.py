"""Runs a program for at most as long as its starter lives: `python run_with_parent.py PROGRAM ARGUMENTS`.

It leads a process group of its own and holds the other end of standard input, to which nobody writes. When that end
closes because the starter died, however it died, the whole group is killed: the program and whatever that started.
"""

import os
import signal
import subprocess
import sys
import threading


def _end_with_the_starter() -> None:
    os.read(0, 1)
    os.killpg(0, signal.SIGKILL)


def _left_to_the_program(*_: object) -> None:
    """A signal to the group reaches the program too, which decides when to end."""


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _left_to_the_program)
    program = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    threading.Thread(target=_end_with_the_starter, daemon=True).start()
    code = program.wait()
    os._exit(code if code >= 0 else 128 - code)
