"""Ctrl-C at any moment of a real plan."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.environments import ROOT

# As in a terminal: a shell that runs the tests in the background lets its children ignore Ctrl-C.
_HEED = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.executable, sys.argv[1:])"
_STARTED = 0.15
"""Seconds until Python has started and runs the tool's first lines; before them, nothing of ours can answer."""
_ENDS_WITHIN = 60
"""Far more than it takes on a busy machine; a plan that hangs never ends."""


def _plan() -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", _HEED, sys.executable, "-m", "haven", "plan", "demo"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _interrupt(after: float) -> bool:
    """Interrupt a plan; whether it was still running."""
    with _plan() as process:
        time.sleep(after)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=_ENDS_WITHIN)
    if process.returncode == 0:
        return False
    assert (process.returncode, out) == (130, ""), err
    assert err.endswith("interrupted\n")
    assert "Traceback" not in err
    return True


@pytest.mark.parametrize("after", [0.3, 1.5, 4.0])
def test_a_plan_ends_on_ctrl_c(after: float) -> None:
    _interrupt(after)


@pytest.mark.exhaustive
def test_a_plan_ends_on_ctrl_c_at_every_moment() -> None:
    with _plan() as process:
        started = time.monotonic()
        process.communicate()
        whole = time.monotonic() - started
    moments = 24
    interrupted = sum(_interrupt(_STARTED + whole * place / moments) for place in range(moments))
    assert interrupted >= 20


HANGING = """
import asyncio, os, signal, threading
from haven.program.recorder import record

def program():
    import pulumi
    loop = asyncio.get_event_loop()
    pulumi.Output.from_input(loop.create_future())  # as of a resource whose registration was cut off
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(1000):
        pass

signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    record(program, stack="a")
except KeyboardInterrupt:
    print("interrupted", flush=True)
    os._exit(0)
"""


def test_an_interrupted_program_is_not_waited_for() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HANGING], cwd=ROOT, capture_output=True, text=True, check=False, timeout=_ENDS_WITHIN
    )
    assert (done.returncode, done.stdout) == (0, "interrupted\n"), done.stderr


def test_a_process_that_is_started_to_ignore_ctrl_c_goes_on(tmp_path: Path) -> None:
    ignore = _HEED.replace("SIG_DFL", "SIG_IGN")
    code = "import haven.__main__ as m, os, signal, sys; sys.argv[1:] = ['--version']; "
    code += "from haven.base.interrupts import end_on_interrupt; end_on_interrupt(); "
    code += "os.kill(os.getpid(), signal.SIGINT); m.start()"
    command = [sys.executable, "-c", ignore, sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert done.returncode == 0
    assert done.stdout.startswith("haven ")
