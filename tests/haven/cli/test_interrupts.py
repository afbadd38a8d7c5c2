"""Ctrl-C at any moment of a real plan."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.environments import ROOT
from tests.haven.pull_request.repository import git, make
from tests.progress import without_progress

# As in a terminal: a shell that runs the tests in the background lets its children ignore Ctrl-C.
_HEED = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.executable, sys.argv[1:])"
_READY = "ready\n"
_ANNOUNCED = f"""
import runpy, sys
from haven.base import interrupts
begin = interrupts.end_on_interrupt
interrupts.end_on_interrupt = lambda: (begin(), sys.stdout.write({_READY!r}), sys.stdout.flush())
sys.argv = ["haven", "plan", "demo"]
runpy.run_module("haven", run_name="__main__")
"""
"""Runs the tool, which first writes that its first lines have run: before them, nothing of ours can answer."""
_LAST = "plan-demo.txt\n"
"""What a whole plan ends with: where the rest of it is."""
_ENDS_WITHIN = 60
"""Far more than it takes on a busy machine; a plan that hangs never ends."""


def _plan() -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", _HEED, sys.executable, "-c", _ANNOUNCED]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == _READY
    return process


def _used(process: "subprocess.Popen[str]") -> float:
    """Seconds of processor time."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _interrupt(after: float) -> bool:
    """Interrupt a plan that has used so many seconds of processor time; whether it was still running."""
    with _plan() as process:
        while process.poll() is None and _used(process) < after:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=_ENDS_WITHIN)
    if process.returncode == 0 or out.endswith(_LAST):
        assert process.returncode in (0, 130, -signal.SIGINT), err
        return False  # it was done, or ending after its last word: at the end the interpreter handles no signal
    assert (process.returncode, out) == (130, ""), err
    assert err.endswith("interrupted\n")
    assert "Traceback" not in err
    return True


@pytest.mark.parametrize("after", [0.0, 1.5, 4.0])
def test_a_plan_ends_on_ctrl_c(after: float) -> None:
    _interrupt(after)


@pytest.mark.exhaustive
def test_a_plan_ends_on_ctrl_c_at_every_moment() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with _plan() as process:
        process.communicate()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    whole = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    moments = 24
    interrupted = sum(_interrupt(whole * place / moments) for place in range(moments))
    assert interrupted >= moments * 2 / 3  # the first plan, which is measured, may take more than the others


HANGING = """
import asyncio, os, signal, threading
from haven.program.recorder import record

def program():
    import pulumi
    loop = asyncio.get_event_loop()
    pulumi.Output.from_input(loop.create_future())  # as of a resource whose registration was cut off
    {interrupt}
    for _ in range(1000):
        pass

signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    record(program, stack="a")
except KeyboardInterrupt:
    print("interrupted", flush=True)
    os._exit(0)
"""


@pytest.mark.parametrize(
    "interrupt",
    ["os.kill(os.getpid(), signal.SIGINT)", "signal.pthread_kill(threading.get_ident(), signal.SIGINT)"],
    ids=["the process", "the program's thread"],
)
def test_an_interrupted_program_is_not_waited_for(interrupt: str) -> None:
    code = HANGING.format(interrupt=interrupt)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=_ENDS_WITHIN
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


STUBBORN = """
import time
from haven.base.interrupts import Interrupted, interruptible

with interruptible():
    try:
        print("working", flush=True)
        time.sleep(60)
    except Interrupted:
        print("cleaning up", flush=True)
        time.sleep(60)
"""


def test_a_cleanup_that_does_not_end_is_ended_by_one_more_ctrl_c() -> None:
    command = [sys.executable, "-c", _HEED, sys.executable, "-c", STUBBORN]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "working\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "cleaning up\n"
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            time.sleep(0.2)
        assert (process.returncode, process.communicate()) == (130, ("", "interrupted\n"))


LINGERING = """
import os, pathlib, time
pathlib.Path(os.environ["STARTED"], str(os.getpid())).touch()
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_report_ends_its_processes_and_removes_its_files(tmp_path: Path, number: signal.Signals) -> None:
    project = make(tmp_path / "shop")
    (project / "program" / "__main__.py").write_text(LINGERING)
    git(project, "commit", "--quiet", "--all", "--message=a program that takes long")
    started, files = tmp_path / "started", tmp_path / "files"
    started.mkdir()
    files.mkdir()
    command = [sys.executable, "-c", _HEED, sys.executable, "-m", "haven", "pr", "--base", "main", "-C", str(project)]
    environment = {**os.environ, "STARTED": str(started), "TMPDIR": str(files), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while not any(started.iterdir()):
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        process.send_signal(number)
        out, err = process.communicate(timeout=_ENDS_WITHIN)
    assert (process.returncode, out) == (128 + number, "")
    assert without_progress(err) == "interrupted\n"
    assert list(files.iterdir()) == []
    for each in started.iterdir():
        assert not Path(f"/proc/{each.name}").exists()


WHOLE = """
import os, signal
from haven.base.interrupts import Interrupted, interruptible, whole

with interruptible():
    try:
        with whole():
            os.kill(os.getpid(), signal.SIGINT)
            print("written", flush=True)
        print("gone on", flush=True)
    except Interrupted:
        print("interrupted", flush=True)
"""


def test_what_is_written_in_one_piece_is_written_before_a_ctrl_c_ends_it() -> None:
    command = [sys.executable, "-c", _HEED, sys.executable, "-c", WHOLE]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, ["written", "interrupted"]), done.stderr
