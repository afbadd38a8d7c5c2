"""Terms of a recovery, fitted to the figures in `data/recovery_terms.csv`: each with its source and its date.

One rule fits all of them. Three or more single figures give the prediction interval of a lognormal distribution, which
is the wider the fewer they are. With fewer, a range that somebody states is p5 to p95, stretched to the figures outside
of it; without a range, one or two figures give their geometric mean, with at least `UNKNOWN_SPREAD` between it and p95.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from haven.model.catalog import Catalog
from haven.model.durations.distributions import P95, LogNormal
from haven.model.durations.graph import Basis

UNKNOWN_SPREAD = 2.0
"""p95 over the median of a term with one or two figures. An assumption."""

_UNSOURCED = "no source"
_STUDENT = (6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812, 1.796, 1.782, 1.771, 1.761, 1.753)
"""95th percentiles of Student's t distribution with 1, 2, 3, … degrees of freedom."""


@dataclass(frozen=True)
class Row:
    """One line of the data."""

    term: str
    figures: tuple[float, ...]
    """Seconds, or seconds for each GB where the line has a size."""
    is_range: bool
    loader: str
    storage: str
    conditions: str
    source: str
    date: str
    kind: str


@dataclass(frozen=True)
class Fitted:
    """A term: what it takes, and what that rests on."""

    duration: LogNormal
    """Seconds, or seconds for each GB."""
    basis: Basis

    def for_size(self, gigabytes: float) -> LogNormal:
        """What it takes for a size."""
        return LogNormal(self.duration.median * gigabytes, self.duration.sigma)


Choice = Callable[[Row], bool]


class Terms:
    """The fitted terms.

    Args:
        leave_out: lines that are not to be used, such as those of a run that is to be predicted.
    """

    def __init__(self, leave_out: Choice = lambda _: False) -> None:
        self._rows = [row for row in rows() if not leave_out(row)]

    def __getitem__(self, term: str) -> Fitted:
        """A term by its name in the data."""
        return fitted([row for row in self._rows if row.term == term])

    def weights(self, loader: str, storage: str) -> Fitted:
        """How long weights take to load, for each GB: by a loader from a kind of storage. Without figures of both
        together, those of the loader alone; without any, those of all that stream."""
        loads = [row for row in self._rows if row.term == "weights_load"]
        choices: Sequence[Choice] = (
            lambda row: row.loader == loader and row.storage == storage,
            lambda row: row.loader == loader,
            lambda row: row.loader not in ("hub", "safetensors"),
        )
        return fitted(next(filter(None, ([row for row in loads if choice(row)] for choice in choices))))


def fitted(used: Sequence[Row]) -> Fitted:
    """The lognormal distribution of some lines, by the rule of this module."""
    logs = [math.log(figure) for row in used for figure in row.figures]
    middle = sum(logs) / len(logs)
    singles = sum(len(row.figures) for row in used if not row.is_range)
    if singles < 3:
        middle = (max(logs) + min(logs)) / 2
    kinds = {row.kind for row in used}
    kind = next(each for each in ("assumed", "documented", "derived", "measured") if each in kinds)
    basis = Basis(kind, tuple(dict.fromkeys(map(_source, used))))
    spread = _prediction(logs, middle) if singles >= 3 else _stated(logs, any(row.is_range for row in used))
    return Fitted(LogNormal(math.exp(middle), spread), basis)


def _source(row: Row) -> str:
    return f"assumption: {row.conditions}" if row.source == _UNSOURCED else f"{row.source} ({row.date})"


def _stated(logs: Sequence[float], has_range: bool) -> float:
    spread = (max(logs) - min(logs)) / (2 * P95)
    return spread if has_range else max(spread, math.log(UNKNOWN_SPREAD) / P95)


def _prediction(logs: Sequence[float], middle: float) -> float:
    count = len(logs)
    deviation = math.sqrt(sum((each - middle) ** 2 for each in logs) / (count - 1))
    student = _STUDENT[min(count - 1, len(_STUDENT)) - 1]
    return deviation * math.sqrt(1 + 1 / count) * student / P95


@cache
def rows() -> Sequence[Row]:
    """Every line of the data."""
    return [_row(line) for line in Catalog().rows("recovery_terms.csv")]


def _row(line: Mapping[str, str]) -> Row:
    seconds, sizes = _numbers(line["seconds"]), _numbers(line["gb"]) or (1.0,)
    # A range of seconds over a range of sizes: the smallest with the smallest.
    figures = tuple(each / sizes[min(place, len(sizes) - 1)] for place, each in enumerate(seconds))
    return Row(
        line["term"], figures, "-" in line["seconds"], line["loader"], line["storage"], line["conditions"],
        line["source"], line["date"], line["kind"],
    )  # fmt: skip


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(each) for each in text.replace("-", " ").split())
