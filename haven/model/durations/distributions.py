"""What one term of a recovery takes, in seconds: distributions with closed forms for their mean and their quantiles.

Every distribution is an increasing function of one uniform number between 0 and 1: its quantile function. A term's
draws depend on its name only, so two environments that share a term share its draws (common random numbers), and a
distribution that is larger at every quantile is larger in every draw.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import Any, Protocol, TypeAlias

NORMAL = NormalDist()
P95 = NORMAL.inv_cdf(0.95)
"""Standard deviations between the median and the 95th percentile of a normal distribution."""
_SHORTEST = 1e-6
"""Where an integral starts, as a share of its end."""


Number: TypeAlias = Any
"""One number, or an array of them: quantiles are the same formula for both."""


class Numbers(Protocol):
    """The functions that a quantile needs: for one number here, for arrays in `simulation`."""

    def deviate(self, share: "Number") -> "Number":
        """The standard normal quantile."""

    def exponential(self, value: "Number") -> "Number":
        """e to the power of `value`."""

    def larger(self, value: "Number", least: float) -> "Number":
        """`value`, or `least` where that is larger."""


class Single:
    """One number at a time."""

    def deviate(self, share: Number) -> Number:
        """The standard normal quantile."""
        return NORMAL.inv_cdf(share)

    def exponential(self, value: Number) -> Number:
        """e to the power of `value`."""
        return math.exp(value)

    def larger(self, value: Number, least: float) -> Number:
        """`value`, or `least` where that is larger."""
        return max(value, least)


SINGLE = Single()


class Distribution(Protocol):
    """A duration that varies, in seconds."""

    @property
    def mean(self) -> float:
        """Its mean."""

    def quantile(self, share: Number, numbers: Numbers = SINGLE) -> Number:
        """The duration that it stays below with probability `share`."""

    def probability(self, seconds: float) -> float:
        """The probability that it stays below `seconds`."""


@dataclass(frozen=True)
class Fixed:
    """Always the same."""

    seconds: float

    @property
    def mean(self) -> float:
        """Its mean."""
        return self.seconds

    def quantile(self, share: Number, numbers: Numbers = SINGLE) -> Number:  # noqa: ARG002  has no formula
        """The duration itself; an array where `share` is one."""
        return share * 0 + self.seconds

    def probability(self, seconds: float) -> float:
        """0 or 1."""
        return float(seconds >= self.seconds)


@dataclass(frozen=True)
class Uniform:
    """Anything between two durations alike."""

    low: float
    high: float

    @property
    def mean(self) -> float:
        """Its mean."""
        return (self.low + self.high) / 2

    def quantile(self, share: Number, numbers: Numbers = SINGLE) -> Number:  # noqa: ARG002  has no formula
        """The duration that it stays below with probability `share`."""
        return self.low + share * (self.high - self.low)

    def probability(self, seconds: float) -> float:
        """The probability that it stays below `seconds`."""
        if self.high == self.low:
            return float(seconds >= self.low)
        return min(max((seconds - self.low) / (self.high - self.low), 0.0), 1.0)


@dataclass(frozen=True)
class LogNormal:
    """Its logarithm is normal: it can take several times its median, and never less than nothing."""

    median: float
    sigma: float
    """Standard deviation of the logarithm."""

    @property
    def mean(self) -> float:
        """Its mean."""
        return self.median * math.exp(self.sigma**2 / 2)

    def quantile(self, share: Number, numbers: Numbers = SINGLE) -> Number:
        """The duration that it stays below with probability `share`."""
        return self.median * numbers.exponential(self.sigma * numbers.deviate(share))

    def probability(self, seconds: float) -> float:
        """The probability that it stays below `seconds`."""
        return NORMAL.cdf(self._deviations(seconds)) if seconds > 0 else 0.0

    def _deviations(self, seconds: float) -> float:
        return math.log(seconds / self.median) / self.sigma

    def mean_of_larger(self, least: float) -> float:
        """The mean of the larger one of it and a fixed duration."""
        if least <= 0:
            return self.mean
        deviations = self._deviations(least)
        return least * NORMAL.cdf(deviations) + self.mean * NORMAL.cdf(self.sigma - deviations)


@dataclass(frozen=True)
class AtLeast:
    """A duration that can't be shorter than a bound, such as that of a volume's throughput."""

    one: LogNormal
    least: float

    @property
    def mean(self) -> float:
        """Its mean."""
        return self.one.mean_of_larger(self.least)

    def quantile(self, share: Number, numbers: Numbers = SINGLE) -> Number:
        """The duration that it stays below with probability `share`."""
        return numbers.larger(self.one.quantile(share, numbers), self.least)

    def probability(self, seconds: float) -> float:
        """The probability that it stays below `seconds`."""
        return self.one.probability(seconds) if seconds >= self.least else 0.0


@dataclass(frozen=True)
class Slowest:
    """The slowest of several alike that run at once, such as the nodes of a group; none takes no time."""

    one: LogNormal
    count: int

    @property
    def mean(self) -> float:
        """Its mean, integrated over its probability."""
        return mean_of_slowest([self]) if self.count else 0.0

    def quantile(self, share: Number, numbers: Numbers = SINGLE) -> Number:
        """The duration that all of them stay below with probability `share`."""
        return self.one.quantile(share ** (1 / self.count), numbers) if self.count else share * 0

    def probability(self, seconds: float) -> float:
        """The probability that all of them stay below `seconds`."""
        return self.one.probability(seconds) ** self.count if self.count else 1.0


def mean_of_slowest(several: Sequence[Distribution], points: int = 4000) -> float:
    """The mean of the slowest of independent durations, integrated over the product of their probabilities."""
    longest = max(float(each.quantile(1 - 1e-9)) for each in several)
    if longest <= 0:
        return 0.0
    places = [longest * _SHORTEST ** (1 - point / points) for point in range(points + 1)]
    later = [1 - math.prod(each.probability(place) for each in several) for place in places]
    widths = (after - before for before, after in pairwise(places))
    return float(places[0] + sum(width * (a + b) / 2 for width, (a, b) in zip(widths, pairwise(later), strict=True)))
