"""Runs a program that stops when the parent process ends: `python run_with_parent.py PROGRAM ARGUMENTS`.

It leads a process group of its own and reads standard input, to which the parent never writes. When the parent ends,
for whatever reason, standard input closes and the whole group is killed: the program and its children.
"""

import os
import signal
import subprocess
import sys
import threading


def _end_with_the_parent() -> None:
    os.read(0, 1)
    os.killpg(0, signal.SIGKILL)


def _left_to_the_program(*_: object) -> None:
    """The program receives the signal too and decides when to end."""


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _left_to_the_program)
    program = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    code = program.wait()
    os._exit(code if code >= 0 else 128 - code)
