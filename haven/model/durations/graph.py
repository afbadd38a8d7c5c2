"""A recovery as a graph: steps, one after another or at the same time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Union

from haven.model.durations.distributions import Distribution, mean_of_slowest


@dataclass(frozen=True)
class Basis:
    """What a term's distribution rests on."""

    kind: str
    """`measured`, `documented`, `derived`, or `assumed` where one of the figures has no source."""
    sources: tuple[str, ...]
    """Each with its date."""


@dataclass(frozen=True)
class Step:
    """One term."""

    name: str
    """Unique in an environment: the same name has the same draws everywhere."""
    duration: Distribution
    basis: Basis
    shorten: str = ""
    """What makes it shorter; empty if nothing in the stack file does."""


@dataclass(frozen=True)
class Serial:
    """One after another."""

    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Parallel:
    """At the same time; the slowest one decides. Nothing takes no time."""

    parts: tuple["Node", ...]


Node = Union[Step, Serial, Parallel]  # noqa: UP007  refers to itself in quotes


def serial(*parts: Node) -> Serial:
    """Parts one after another."""
    return Serial(parts)


def parallel(*parts: Node) -> Parallel:
    """Parts at the same time."""
    return Parallel(parts)


def steps(node: Node) -> Iterator[Step]:
    """Every step, in the order of the runbook; one that occurs twice is listed twice."""
    if isinstance(node, Step):
        yield node
        return
    for part in node.parts:
        yield from steps(part)


def mean(node: Node) -> float | None:
    """The mean in closed form: sums of means, and the slowest of single independent steps. None where there is none,
    for parallel branches of several steps."""
    if isinstance(node, Step):
        return node.duration.mean
    parts = [part for part in node.parts if next(steps(part), None)]
    if isinstance(node, Parallel) and len(parts) > 1:
        alone = [part.duration for part in parts if isinstance(part, Step)]
        return mean_of_slowest(alone) if len(alone) == len(parts) else None
    means = [mean(part) for part in parts]
    known = [each for each in means if each is not None]
    return sum(known) if len(known) == len(means) else None
