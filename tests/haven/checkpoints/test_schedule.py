"""How often a job saves, and what it does when its pod has to go."""

import os
import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haven.checkpoints import Schedule, interval_seconds


class Clock:
    """Seconds that the test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@given(rpo=st.floats(1, 1e6), save=st.floats(0, 1e4), replication=st.floats(0, 1e4))
def test_interval_save_and_replication_together_are_the_rpo(rpo: float, save: float, replication: float) -> None:
    try:
        interval = interval_seconds(rpo, save_seconds=save, replication_seconds=replication)
    except ValueError:
        assert rpo <= save + replication + 1e-6 * rpo
    else:
        assert interval > 0
        assert interval + save + replication == pytest.approx(rpo)


def test_an_rpo_that_replication_alone_exceeds_is_refused_with_what_is_possible() -> None:
    with pytest.raises(ValueError, match=r"got 600; allowed: more than 960, .*; fix: accept a longer RPO"):
        interval_seconds(600, save_seconds=60)


def test_a_save_is_due_an_interval_after_the_last_one_began() -> None:
    clock = Clock()
    schedule = Schedule(10, clock)
    clock.now = 9.9
    assert not schedule.due()
    clock.now = 10
    assert schedule.due()
    schedule.begun()
    assert not schedule.due()
    clock.now = 20
    assert schedule.due()


def test_sigterm_makes_a_save_due_and_ends_the_process_with_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """With exit code 0 the Job would count the worker as complete."""
    schedule = Schedule(10, Clock())
    schedule.exit_if_stopping()
    before = signal.getsignal(signal.SIGTERM)
    try:
        schedule.catch_sigterm()
        os.kill(os.getpid(), signal.SIGTERM)
        assert schedule.due()
        with pytest.raises(SystemExit) as caught:
            schedule.exit_if_stopping()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert caught.value.code == 143
