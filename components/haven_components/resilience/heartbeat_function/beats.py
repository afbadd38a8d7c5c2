"""What one look at a store gives."""

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Beat:
    """One store, or one shard of a cache, as this Region sees it."""

    store: str
    newest_ms: float | None
    """The newest heartbeat in it, in milliseconds since the epoch: of a database and a cache the writer's, of a bucket
    and a table the other Region's. None: there is none."""
    wrote: bool
    """Whether this Region has just written one."""


def now_ms() -> int:
    """Milliseconds since the epoch. Taken before the write, so that the bound of a loss errs to the safe side."""
    return time.time_ns() // 1_000_000
