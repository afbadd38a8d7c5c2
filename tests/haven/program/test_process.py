"""Work for several things at once, each in a process of its own."""

import os
import signal
import subprocess
import sys
import time

import pytest

from haven.base.problems import Problem, Problems
from haven.program.process import for_each

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems work on one after the other")

_THREE_THAT_TAKE_LONG = """
import os, signal, sys, time
from haven.program.process import for_each
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it starts in the background ignore it
def work(item):
    sys.stdout.write(f"{os.getpid()}\\n")
    sys.stdout.flush()
    time.sleep(600)
for_each([1, 2, 3], work)
"""


def test_results_have_the_order_of_the_items_and_are_made_by_other_processes() -> None:
    def work(item: float) -> tuple[float, int]:
        time.sleep(item)
        return item, os.getpid()

    seen: list[int] = []
    results = for_each([0.2, 0.1, 0.0], work, seen.append)
    assert [item for item, _ in results] == [0.2, 0.1, 0.0]
    assert len({process for _, process in results} | {os.getpid()}) == 4
    assert seen[-1] == 3


def test_the_first_item_s_problems_arrive_whole() -> None:
    def work(item: int) -> int:
        if item:
            raise Problems([Problem(f"haven:key{item}", "1", "2", "write 2")], "stacks/prod.yaml")
        return item

    with pytest.raises(Problems) as raised:
        for_each([0, 1, 2], work)
    assert raised.value.problems == (Problem("haven:key1", "1", "2", "write 2"),)
    assert raised.value.where == "stacks/prod.yaml"


def test_a_process_that_is_killed_is_said() -> None:
    def work(item: int) -> int:
        if item:
            os.kill(os.getpid(), signal.SIGKILL)
        return item

    with pytest.raises(RuntimeError, match="was it killed"):
        for_each([0, 1], work)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_all_end_with_the_process_that_forked_them(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", _THREE_THAT_TAKE_LONG], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert len({process.stdout.readline() for _ in range(3)}) == 3
        process.send_signal(number)
        try:
            process.communicate(timeout=60)  # raises while one of them still has the output open
        finally:
            process.kill()
