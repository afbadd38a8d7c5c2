"""The control plane that the tests of a run share: one worker has it, until the last test that needs it has ended.

A control plane takes a quarter of a processor while nothing happens in it, so it doesn't wait for the end of the run.
"""

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

from tests.kubernetes.control_plane import ControlPlane

FIXTURE = "control_plane"
FILES = (
    "tests/engine/test_clusters.py",
    "tests/engine/test_scaled_systems.py",
    "tests/kubernetes/controllers/test_keda.py",
    "tests/kubernetes/controllers/test_kueue.py",
    "tests/kubernetes/living/test_accepted.py",
    "tests/kubernetes/living/test_control_loops.py",
    "tests/kubernetes/living/test_failover_scaling.py",
    "tests/kubernetes/living/test_fit.py",
    "tests/kubernetes/living/test_placement.py",
    "tests/kubernetes/living/test_pod_identity.py",
    "tests/kubernetes/living/test_quotas.py",
    "tests/kubernetes/living/test_serving_rebuilt.py",
    "tests/kubernetes/living/test_training_jobs.py",
)
"""Files whose tests take the fixture; one worker runs them all."""


def scope(nodeid: str) -> str:
    """What one worker runs in one piece: a file, or the files that share the control plane."""
    file = nodeid.partition("::")[0]
    return FIXTURE if file in FILES else file


class SharedPlane:
    """A plugin of pytest: starts the control plane for the first test that takes it, and ends it after the last one."""

    def __init__(self) -> None:
        self._left: set[str] = set()
        self._running: ControlPlane | None = None

    def start(self, folder: Path) -> ControlPlane:
        """Start it.

        Args:
            folder: where it keeps everything.
        """
        self._running = ControlPlane(folder).__enter__()
        return self._running

    def end(self) -> None:
        """End it, if it runs."""
        if self._running is not None:
            self._running.__exit__()
        self._running = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Keep the files together where workers get whole files."""
        if config.getoption("dist") != "loadfile":
            return None
        scheduling = LoadFileScheduling(config, log)
        scheduling._split_scope = scope
        return scheduling

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Know the tests that share it.

        Raises:
            UsageError: a test of another file takes it.
        """
        self.expect([each for each in session.items if isinstance(each, pytest.Function)])

    def expect(self, items: Sequence[pytest.Function]) -> None:
        """Know these tests.

        Raises:
            UsageError: a test of another file takes it.
        """
        others = {scope(each.nodeid) for each in items if FIXTURE in each.fixturenames} - {FIXTURE}
        if others:
            raise pytest.UsageError(f"{', '.join(sorted(others))} takes {FIXTURE}: name it in {__file__}")
        self._left = {each.nodeid for each in items if scope(each.nodeid) == FIXTURE}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """End it when the test that has just ended, with its module's fixtures, was the last one."""
        done = yield
        if item.nodeid in self._left:
            self._left.remove(item.nodeid)
            if not self._left:
                self.end()
        return done
