"""When to save: as often as the RPO asks, and at once when the pod has to go."""

import math
import signal
import time
from collections.abc import Callable

REPLICATION_SECONDS = 900.0
"""Within which S3 replicates with replication time control (S3 service level agreement for replication; read
2026-11-21). Without it nothing is promised."""
STOPPED_EXIT_CODE = 143
"""What a process ended by SIGTERM reports: 128 + 15. Exit code 0 would tell the Job that the training is complete."""


def interval_seconds(
    rpo_seconds: float, *, save_seconds: float, replication_seconds: float = REPLICATION_SECONDS
) -> float:
    """The longest time between two checkpoints with which a lost Region costs no more than the RPO.

    In the worst case the Region is lost just before a checkpoint has arrived in the other one: what counts is the one
    before, which began an interval, a save and a replication ago.

    Args:
        rpo_seconds: how much work may be lost.
        save_seconds: how long saving takes, as measured.
        replication_seconds: until everything has arrived. Omitted: 900, what replication time control promises.

    Raises:
        ValueError: saving and replicating alone take longer.
    """
    interval = rpo_seconds - save_seconds - replication_seconds
    if not interval > 0 or not math.isfinite(interval):
        raise ValueError(
            f"rpo_seconds: got {rpo_seconds:g}; allowed: more than {save_seconds + replication_seconds:g}, which "
            "saving and replicating take; fix: accept a longer RPO, or save less at a time"
        )
    return interval


class Schedule:
    """Tells a training loop when to save and when to stop."""

    def __init__(self, interval: float, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            interval: seconds between the beginnings of two saves.
            clock: seconds that only grow. Omitted: the process's own.
        """
        self._interval = interval
        self._clock = clock
        self._began = clock()
        self.stopping = False
        """Whether the process was asked to end."""

    def due(self) -> bool:
        """Whether to save now: the interval is over, or the process was asked to end. Ask after each step."""
        return self.stopping or self._clock() - self._began >= self._interval

    def begun(self) -> None:
        """A save begins."""
        self._began = self._clock()

    def catch_sigterm(self) -> None:
        """Have SIGTERM end the loop after a last save instead of the process at once.

        Kubernetes sends it when a pod is evicted, as from a spot node with its notice of 120 s; TrainingJobs' pods
        have 100 s from there.
        """
        signal.signal(signal.SIGTERM, lambda *_: self.stop())

    def stop(self) -> None:
        """Ask the loop to end."""
        self.stopping = True

    def exit_if_stopping(self) -> None:
        """End the process with exit code 143 if it was asked to; call it after the save."""
        if self.stopping:
            raise SystemExit(STOPPED_EXIT_CODE)
