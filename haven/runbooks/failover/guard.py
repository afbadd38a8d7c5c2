"""What may be lost, store by store, from the heartbeats that arrived in the recovery Region.

A heartbeat is written to each store in the writing Region; what arrived of it is all that counts, for the lost Region's
own metrics are hints. May be lost: everything since the newest heartbeat that arrived, until the old writer was closed
(or until now), and one interval, for the next heartbeat may have been almost due.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

PLANNED_OLDEST_MS = 60_000.0
"""A planned failover doesn't go by samples older than this, but for those of buckets (`within_ms`)."""
INTERVAL_MS = 10_000.0
"""Between two heartbeats of a store that names no interval of its own."""
_BUCKETS = "bucket:"
"""What bucket_heartbeat() begins with (haven_components/names.py)."""
FUTURE_MS = 1_000.0
"""A heartbeat may be this much later than now: AWS's time is given in whole seconds."""


UNKNOWN = "unknown"
"""Typed by whoever accepts that nobody knows what is lost."""
_MS = {"s": 1_000.0, "m": 60_000.0, "h": 3_600_000.0}
_DURATION = re.compile(r"([1-9][0-9]{0,6})([smh])")
_STEPS_MS = (300_000.0, _MS["h"])
_IN_HOURS_FROM_MS = 2 * _MS["h"]


def accepted_ms(words: str) -> float | None:
    """What somebody accepts to lose, in milliseconds: infinite, where that isn't known; None: nothing was typed.

    Args:
        words: of `--accept-loss`, such as `15m`, `900s`, `2h` or `unknown`; empty: it wasn't given.

    Raises:
        ValueError: they are none of these.
    """
    if not words:
        return None
    if words == UNKNOWN:
        return math.inf
    found = _DURATION.fullmatch(words)
    if found is None:
        raise ValueError(words)
    return int(found[1]) * _MS[found[2]]


def to_accept(losses_ms: Iterable[float | None]) -> str:
    """What has to be accepted for these losses, in the words of `--accept-loss`, with room for the next minutes.

    Args:
        losses_ms: of each store; None: unknown.
    """
    worst = max((math.inf if each is None else each) for each in losses_ms)
    if worst == math.inf:
        return UNKNOWN
    step = _STEPS_MS[worst >= _IN_HOURS_FROM_MS]
    wanted = math.ceil((worst + _STEPS_MS[0]) / step) * step
    return f"{wanted / _MS['h']:.0f}h" if step == _MS["h"] else f"{wanted / _MS['m']:.0f}m"


def is_accepted(loss_ms: float | None, words: str) -> bool:
    """Whether a loss is no more than what somebody accepts.

    Args:
        loss_ms: None: unknown.
        words: as in `accepted_ms`.
    """
    most = accepted_ms(words)
    return most is not None and (math.inf if loss_ms is None else loss_ms) <= most


def within_ms(store: str, objects_minutes: float | None) -> float:
    """How old a store's newest heartbeat may be while all is well, in milliseconds.

    Args:
        store: as the operations tables call it.
        objects_minutes: within which S3 replicates objects, as the recovery manifest has it
            (haven/model/sources.py, OBJECT_REPLICATION_MINUTES). None: S3 promises no time.

    Returns:
        Infinite, where nothing is promised.
    """
    if not store.startswith(_BUCKETS):
        return PLANNED_OLDEST_MS
    return math.inf if objects_minutes is None else objects_minutes * _MS["m"] + PLANNED_OLDEST_MS


class Verdict(StrEnum):
    """Of one store."""

    WITHIN = "within the objective"
    ABOVE = "above the objective"
    MISSING = "no heartbeat"
    NOT_A_NUMBER = "not a number"
    CONTRADICTORY = "contradictory"
    """A heartbeat from the future."""
    STALE = "too old for a planned failover"


@dataclass(frozen=True)
class Heartbeat:
    """The newest heartbeat that arrived in one store, or in one shard of a cache."""

    store: str
    newest_ms: float | None
    """When it was written, in milliseconds since the epoch. None: there is none."""
    interval_ms: float = INTERVAL_MS
    ordered: bool = True
    """Whether writes arrive in their order, so that what is older has arrived too. S3 and DynamoDB have none across
    keys: there the result is an estimate."""
    seen_ms: float | None = None
    """When the store was last looked at in this Region. None: unknown."""
    within_ms: float = PLANNED_OLDEST_MS
    """How old the newest may be while all is well."""


@dataclass(frozen=True)
class Judgement:
    """What may be lost of one store."""

    store: str
    verdict: Verdict
    loss_ms: float | None
    """None: unknown."""
    estimate: bool

    @property
    def allowed(self) -> bool:
        """Whether the store may be promoted although nobody accepts a loss."""
        return self.verdict is Verdict.WITHIN

    def refusal(self, accepted: str) -> str:
        """Why the store may not be promoted; empty: it may.

        Args:
            accepted: what somebody accepts to lose, in the words of `--accept-loss`; it is the limit in place of the
                objective. Empty: the objective is.
        """
        if is_accepted(self.loss_ms, accepted) if accepted else self.allowed:
            return ""
        return f"{self.describe()}; accepted is {accepted}" if accepted else self.describe()

    def describe(self) -> str:
        """In one line."""
        if self.loss_ms is None:
            return f"{self.store}: {self.verdict}"
        what = "an estimate" if self.estimate else "a bound"
        return f"{self.store}: up to {self.loss_ms / 1000:.1f} s may be lost ({what}), {self.verdict}"


def judge(
    heartbeat: Heartbeat,
    *,
    until_ms: float,
    objective_ms: float | None,
    planned_ms: float | None = None,
    now_ms: float | None = None,
) -> Judgement:
    """What may be lost of a store.

    Args:
        heartbeat: the newest that arrived.
        until_ms: when the old writer was closed; else the latest moment at which the promotion may be made.
        objective_ms: the recovery point objective. None: there is none, and any known loss is within it.
        planned_ms: of a planned failover, when heartbeats were still to be expected: now, or, if the old writer has
            been closed since, when the failover began. None: it is unplanned.
        now_ms: AWS's time. Buckets and tables are written on when the old writer has been closed, so a heartbeat may
            be newer than that, but not newer than now. None: `until_ms`.
    """
    newest = heartbeat.newest_ms
    estimate = not heartbeat.ordered
    if newest is None:
        return Judgement(heartbeat.store, Verdict.MISSING, None, estimate)
    age = until_ms - newest
    if not math.isfinite(age + heartbeat.interval_ms):
        return Judgement(heartbeat.store, Verdict.NOT_A_NUMBER, None, estimate)
    loss = max(0.0, age) + heartbeat.interval_ms
    if newest > max(until_ms, now_ms or until_ms) + FUTURE_MS:
        return Judgement(heartbeat.store, Verdict.CONTRADICTORY, None, estimate)
    if planned_ms is not None and planned_ms - newest > heartbeat.within_ms:
        return Judgement(heartbeat.store, Verdict.STALE, loss, estimate)
    above = objective_ms is not None and loss > objective_ms
    return Judgement(heartbeat.store, Verdict.ABOVE if above else Verdict.WITHIN, loss, estimate)


def judge_all(
    wanted: Mapping[str, bool],
    found: Sequence[Heartbeat],
    *,
    until_ms: float,
    objective_ms: float | None,
    planned_ms: float | None = None,
    now_ms: float | None = None,
    written_until_ms: Mapping[str, float] | None = None,
) -> list[Judgement]:
    """Every store that must have a heartbeat, and every other one that has.

    Args:
        wanted: store to whether its replication is ordered. A store whose name begins with another one's and a `#` is a
            shard of it.
        found: the heartbeats that arrived.
        until_ms: as in `judge`.
        objective_ms: as in `judge`.
        planned_ms: as in `judge`.
        now_ms: as in `judge`.
        written_until_ms: of a store that is written to for longer than `until_ms`, how long. Omitted: none is.
    """
    later = written_until_ms or {}
    known = {each.store for each in found}
    missing = [
        Heartbeat(store, None, ordered=ordered)
        for store, ordered in wanted.items()
        if store not in known and not any(each.startswith(f"{store}#") for each in known)
    ]
    return [
        judge(
            each,
            until_ms=later.get(each.store, until_ms),
            objective_ms=objective_ms,
            planned_ms=planned_ms,
            now_ms=now_ms,
        )
        for each in [*missing, *found]
    ]
