"""Monte Carlo over a graph of steps. Sampled by Latin hypercube: a step's draws are spread evenly over its quantiles.

The one module of the models that imports numpy: import it where it is used.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache, reduce
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from haven.model.durations.graph import Node, Parallel, Step, steps

DRAWS, SEED = 20_000, 1
_WIDEST = 8.0
"""Standard deviations up to which the normal distribution is tabulated."""
_SAMPLED = 32
"""One of how many draws is looked at to find where a quantile is."""
_MARGIN = 2.0
"""Square roots of the sample's size that a rank in it may be off: four standard deviations at the median."""

Draws = NDArray[np.float64]


@dataclass(frozen=True)
class Summary:
    """What a graph takes, in seconds."""

    mean: float
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True)
class Effect:
    """What one step contributes, in seconds."""

    step: Step
    p50: float
    p95: float
    """Of the step itself."""
    low: float
    """Median of the whole with the step at its own p5."""
    high: float
    """Median of the whole with the step at its own p95."""
    saves: float
    """By how much the whole's p95 is shorter without the step."""


class Simulation:
    """Draws of every step that is asked for, by the step's name.

    Args:
        draws: how many.
        seed: the same seed gives the same draws.
    """

    def __init__(self, draws: int = DRAWS, seed: int = SEED) -> None:
        self._draws, self._seed = draws, seed
        self._taken: dict[Step, Draws] = {}
        self._totals: dict[Node, Draws] = {}
        self._saved: dict[Node, Mapping[str, float]] = {}

    def total(self, node: Node) -> Draws:
        """What the graph takes in each draw. Not to be written to: equal graphs share it."""
        if isinstance(node, Step):
            return self._step(node)
        total = self._totals.get(node)
        if total is None:
            total = np.zeros(self._draws)
            for part in node.parts:
                (np.maximum if isinstance(node, Parallel) else np.add)(total, self.total(part), out=total)
            self._totals[node] = total
        return total

    def summary(self, node: Node) -> Summary:
        """Mean and quantiles of the graph."""
        return summarised(self.total(node))

    def saved(self, node: Node) -> Mapping[str, float]:
        """Step -> by how much the graph's p95 is shorter without it."""
        if node not in self._saved:
            p95 = quantile(self.total(node), 0.95)
            names = dict.fromkeys(each.name for each in steps(node))
            self._saved[node] = {name: p95 - quantile(self._held(node, name, 0.0), 0.95) for name in names}
        return self._saved[node]

    def tornado(self, node: Node) -> list[Effect]:
        """What each step contributes, the one whose absence shortens p95 the most first."""
        saved = self.saved(node)
        effects = [self._effect(node, each, saved) for each in {each.name: each for each in steps(node)}.values()]
        return sorted(effects, key=lambda each: (-each.saves, each.step.name))

    def _held(self, node: Node, name: str, seconds: float) -> Draws:
        """What the graph takes in each draw if a step of it always takes the same; only its branch is added anew."""
        if isinstance(node, Step):
            return np.full(1, seconds)
        own = [any(each.name == name for each in steps(part)) for part in node.parts]
        taken = [
            self._held(part, name, seconds) if holds else self.total(part)
            for part, holds in zip(node.parts, own, strict=True)
        ]
        if isinstance(node, Parallel):
            return reduce(np.maximum, taken)
        total = self.total(node)
        for part, held, holds in zip(node.parts, taken, own, strict=True):
            if holds:
                total = total - self.total(part)
                total += held
        return total

    def schedule(self, node: Node) -> Mapping[str, tuple[float, float]]:
        """Step -> its median start and median end, for a timeline."""
        found: dict[str, tuple[float, float]] = {}
        self._schedule(node, np.zeros(self._draws), found)
        return found

    def _schedule(self, node: Node, start: Draws, found: dict[str, tuple[float, float]]) -> Draws:
        if isinstance(node, Step):
            end = start + self._step(node)
            found[node.name] = (quantile(start, 0.5), quantile(end, 0.5))
            return end
        if isinstance(node, Parallel):
            return reduce(np.maximum, [self._schedule(part, start, found) for part in node.parts], start)
        return reduce(lambda latest, part: self._schedule(part, latest, found), node.parts, start)

    def _effect(self, node: Node, step: Step, saved: Mapping[str, float]) -> Effect:
        own = step.duration.quantile
        if _is_added(node, step.name):
            without = quantile(self._held(node, step.name, 0.0), 0.5)
            low, high = (without + own(share) for share in (0.05, 0.95))
        else:
            low, high = (quantile(self._held(node, step.name, own(share)), 0.5) for share in (0.05, 0.95))
        return Effect(step, own(0.5), own(0.95), low, high, saved[step.name])

    def _step(self, step: Step) -> Draws:
        taken = self._taken.get(step)
        if taken is None:
            numbers = _named(step.name, self._draws, self._seed)
            taken = self._taken[step] = np.asarray(step.duration.quantile(numbers.share, numbers))
        return taken


def _is_added(node: Node, name: str) -> bool:
    """Whether a step of the graph is beside no other one: then the whole takes longer by what it takes longer."""
    if isinstance(node, Step):
        return True
    others = [part for part in node.parts if any(steps(part))]
    if isinstance(node, Parallel) and len(others) > 1:
        return False
    own = [part for part in others if any(each.name == name for each in steps(part))]
    return len(own) == 1 and _is_added(own[0], name)


def summarised(draws: Draws) -> Summary:
    """Mean and quantiles of draws."""
    return Summary(float(draws.mean()), *(quantile(draws, share) for share in (0.5, 0.95, 0.99)))


def quantile(draws: Draws, share: float) -> float:
    """The value that a share of the draws stays below, between the two that are nearest to it: numpy's `percentile`.

    Sorted out of a few of the draws instead of all: a sample of them bounds where the two are, and the count of those
    below the bound proves it.

    Args:
        draws: one or more, in any order.
        share: from 0 to 1.
    """
    place = share * (draws.size - 1)
    first = int(place)
    second = min(first + 1, draws.size - 1)
    near, below = _near(draws, first, second)
    ranked = np.partition(near, (first - below, second - below))
    low, high = float(ranked[first - below]), float(ranked[second - below])
    return low + (high - low) * (place - first)


def _near(draws: Draws, first: int, second: int) -> tuple[Draws, int]:
    """The draws around two ranks, and how many are smaller than all of them; all draws where the sample misleads."""
    sample = draws[::_SAMPLED]
    margin = math.ceil(_MARGIN * math.sqrt(sample.size)) + 1
    low, high = max(0, first // _SAMPLED - margin), min(sample.size - 1, second // _SAMPLED + margin)
    bounds = np.partition(sample, (low, high))
    near = draws[(draws >= bounds[low]) & (draws <= bounds[high])]
    below = int(np.count_nonzero(draws < bounds[low]))
    return (near, below) if below <= first and second < below + near.size else (draws, 0)


class _Arrays:
    """A step's draws of a uniform number, and the functions that a quantile needs, for arrays."""

    def __init__(self, name: str, draws: int, seed: int) -> None:
        numbers = np.random.default_rng([seed, crc32(name.encode())])
        self._places = numbers.permutation(draws)
        self.share = (self._places + numbers.random(draws)) / draws
        self._deviates = self._interpolated(self.share)

    def deviate(self, share: Draws) -> Draws:
        """The standard normal quantile, by interpolation in a table."""
        return self._deviates if share is self.share else self._interpolated(share)

    def _interpolated(self, share: Draws) -> Draws:
        """In the order of the draws' places: a table is read through several times faster than here and there."""
        ordered = np.empty_like(share)
        ordered[self._places] = share
        return np.interp(ordered, *_table())[self._places]

    def exponential(self, value: Draws) -> Draws:
        """e to the power of each."""
        return np.exp(value)

    def larger(self, value: Draws, least: float) -> Draws:
        """Each, or `least` where that is larger."""
        return np.maximum(value, least)


@lru_cache(maxsize=64)
def _named(name: str, draws: int, seed: int) -> _Arrays:
    """The draws of a name, once for every tier and environment that has a step of it."""
    return _Arrays(name, draws, seed)


@cache
def _table() -> tuple[Draws, Draws]:
    deviations = np.linspace(-_WIDEST, _WIDEST, 8001)
    return np.array([math.erfc(-each / math.sqrt(2)) / 2 for each in deviations]), deviations
