"""Quantiles of a graph of steps without numpy, for commands that have to start fast: Latin hypercube, a thousand draws.

`simulation` has the same draws many times over, for plans.
"""

from random import Random

from haven.model.durations.graph import Node, Parallel, Step

COUNT, SEED = 1000, 1


class Samples:
    """Draws of every step that is asked for, by the step's name: the same name has the same draws everywhere."""

    def __init__(self, count: int = COUNT, seed: int = SEED) -> None:
        self._count, self._seed = count, seed
        self._taken: dict[Step, list[float]] = {}

    def total(self, node: Node) -> list[float]:
        """What the graph takes in each draw, in seconds."""
        if isinstance(node, Step):
            return self._step(node)
        total = [0.0] * self._count
        for part in node.parts:
            taken = self.total(part)
            total = (
                list(map(max, total, taken)) if isinstance(node, Parallel) else list(map(float.__add__, total, taken))
            )
        return total

    def _step(self, step: Step) -> list[float]:
        if step not in self._taken:
            numbers = Random(f"{self._seed} {step.name}")  # noqa: S311  no secret: the same seed, the same draws
            places = list(range(self._count))
            numbers.shuffle(places)
            shares = ((place + numbers.random()) / self._count for place in places)
            self._taken[step] = [float(step.duration.quantile(share)) for share in shares]
        return self._taken[step]


def quantile(draws: list[float], share: float) -> float:
    """The value that a share of the draws stays below."""
    return sorted(draws)[min(int(share * len(draws)), len(draws) - 1)]
