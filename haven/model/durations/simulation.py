"""Monte Carlo over a graph of steps. Sampled by Latin hypercube: a step's draws are spread evenly over its quantiles.

The one module of the models that imports numpy: import it where it is used.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from haven.model.durations.graph import Node, Parallel, Step, steps, without

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
        self._shares: dict[str, Draws] = {}
        self._taken: dict[Step, Draws] = {}

    def total(self, node: Node, held: Mapping[str, float] | None = None) -> Draws:
        """What the graph takes in each draw.

        Args:
            node: the graph.
            held: steps by name that always take their quantile of this probability.
        """
        if isinstance(node, Step):
            return self._step(node, held or {})
        total = np.zeros(self._draws)
        for part in node.parts:
            taken = self.total(part, held)
            total = np.maximum(total, taken) if isinstance(node, Parallel) else total + taken
        return total

    def summary(self, node: Node) -> Summary:
        """Mean and quantiles of the graph."""
        return summarised(self.total(node))

    def saved(self, node: Node) -> Mapping[str, float]:
        """Step -> by how much the graph's p95 is shorter without it."""
        p95 = _p95(self.total(node))
        names = dict.fromkeys(each.name for each in steps(node))
        return {name: p95 - _p95(self.total(without(node, name))) for name in names}

    def tornado(self, node: Node) -> list[Effect]:
        """What each step contributes, the one whose absence shortens p95 the most first."""
        saved = self.saved(node)
        effects = [self._effect(node, each, saved) for each in {each.name: each for each in steps(node)}.values()]
        return sorted(effects, key=lambda each: (-each.saves, each.step.name))

    def schedule(self, node: Node) -> Mapping[str, tuple[float, float]]:
        """Step -> its median start and median end, for a timeline."""
        found: dict[str, tuple[float, float]] = {}
        self._schedule(node, np.zeros(self._draws), found)
        return found

    def _schedule(self, node: Node, start: Draws, found: dict[str, tuple[float, float]]) -> Draws:
        if isinstance(node, Step):
            end = start + self._step(node, {})
            found[node.name] = (float(np.median(start)), float(np.median(end)))
            return end
        latest = start
        for part in node.parts:
            begun = start if isinstance(node, Parallel) else latest
            latest = np.maximum(latest, self._schedule(part, begun, found))
        return latest

    def _effect(self, node: Node, step: Step, saved: Mapping[str, float]) -> Effect:
        low, high = (float(np.median(self.total(node, {step.name: share}))) for share in (0.05, 0.95))
        own = step.duration.quantile
        return Effect(step, own(0.5), own(0.95), low, high, saved[step.name])

    def _step(self, step: Step, held: Mapping[str, float]) -> Draws:
        if step.name in held:
            return np.full(self._draws, step.duration.quantile(held[step.name]))
        if step not in self._taken:
            self._taken[step] = np.asarray(step.duration.quantile(self._share(step.name), ARRAYS))
        return self._taken[step]

    def _share(self, name: str) -> Draws:
        if name not in self._shares:
            numbers = np.random.default_rng([self._seed, crc32(name.encode())])
            self._shares[name] = (numbers.permutation(self._draws) + numbers.random(self._draws)) / self._draws
        return self._shares[name]


def _p95(draws: Draws) -> float:
    return float(np.percentile(draws, 95))


def summarised(draws: Draws) -> Summary:
    """Mean and quantiles of draws."""
    p50, p95, p99 = np.percentile(draws, [50, 95, 99])
    return Summary(float(draws.mean()), float(p50), float(p95), float(p99))


class _Arrays:
    """The functions that a quantile needs, for arrays."""

    def deviate(self, share: Draws) -> Draws:
        """The standard normal quantile, by interpolation in a table."""
        return np.interp(share, *_table())

    def exponential(self, value: Draws) -> Draws:
        """e to the power of each."""
        return np.exp(value)

    def larger(self, value: Draws, least: float) -> Draws:
        """Each, or `least` where that is larger."""
        return np.maximum(value, least)


ARRAYS = _Arrays()


@cache
def _table() -> tuple[Draws, Draws]:
    deviations = np.linspace(-_WIDEST, _WIDEST, 8001)
    return np.array([math.erfc(-each / math.sqrt(2)) / 2 for each in deviations]), deviations
