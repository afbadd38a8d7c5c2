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
        if node not in self._totals:
            total = np.zeros(self._draws)
            for part in node.parts:
                (np.maximum if isinstance(node, Parallel) else np.add)(total, self.total(part), out=total)
            self._totals[node] = total
        return self._totals[node]

    def summary(self, node: Node) -> Summary:
        """Mean and quantiles of the graph."""
        return summarised(self.total(node))

    def saved(self, node: Node) -> Mapping[str, float]:
        """Step -> by how much the graph's p95 is shorter without it."""
        if node not in self._saved:
            p95 = _p95(self.total(node))
            names = dict.fromkeys(each.name for each in steps(node))
            self._saved[node] = {name: p95 - _p95(self._held(node, name, 0.0)) for name in names}
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
        before = (self.total(part) for part, holds in zip(node.parts, own, strict=True) if holds)
        after = (each for each, holds in zip(taken, own, strict=True) if holds)
        return reduce(np.add, after, reduce(np.subtract, before, self.total(node)))

    def schedule(self, node: Node) -> Mapping[str, tuple[float, float]]:
        """Step -> its median start and median end, for a timeline."""
        found: dict[str, tuple[float, float]] = {}
        self._schedule(node, np.zeros(self._draws), found)
        return found

    def _schedule(self, node: Node, start: Draws, found: dict[str, tuple[float, float]]) -> Draws:
        if isinstance(node, Step):
            end = start + self._step(node)
            found[node.name] = (float(np.median(start)), float(np.median(end)))
            return end
        latest = start
        for part in node.parts:
            begun = start if isinstance(node, Parallel) else latest
            latest = np.maximum(latest, self._schedule(part, begun, found))
        return latest

    def _effect(self, node: Node, step: Step, saved: Mapping[str, float]) -> Effect:
        own = step.duration.quantile
        low, high = (float(np.median(self._held(node, step.name, own(share)))) for share in (0.05, 0.95))
        return Effect(step, own(0.5), own(0.95), low, high, saved[step.name])

    def _step(self, step: Step) -> Draws:
        if step not in self._taken:
            numbers = _named(step.name, self._draws, self._seed)
            self._taken[step] = np.asarray(step.duration.quantile(numbers.share, numbers))
        return self._taken[step]


def _p95(draws: Draws) -> float:
    return float(np.percentile(draws, 95))


def summarised(draws: Draws) -> Summary:
    """Mean and quantiles of draws."""
    p50, p95, p99 = np.percentile(draws, [50, 95, 99])
    return Summary(float(draws.mean()), float(p50), float(p95), float(p99))


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
