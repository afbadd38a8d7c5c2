"""Availability: what SLAs add up to over the dependency graph, and the downtime that losses of a Region lead to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from haven.model.outages import Losses, OutageModel
from haven.model.sources import SourcedFigure

MINUTES_A_YEAR = 365.25 * 24 * 60
BETA = 0.1
"""Share of a Region's failures that hit both Regions: a common cause. An assumption."""

SLAS: Mapping[str, SourcedFigure] = {
    "EKS": SourcedFigure(99.95, "%", "Amazon EKS control plane", "Amazon EKS SLA", "2026-11-25"),
    "EC2": SourcedFigure(99.99, "%", "Amazon EC2, a Region", "Amazon Compute SLA", "2026-11-25"),
    "ELB": SourcedFigure(99.99, "%", "Elastic Load Balancing", "Elastic Load Balancing SLA", "2026-11-25"),
    "Aurora": SourcedFigure(99.99, "%", "Amazon Aurora in two zones or more", "Amazon Aurora SLA", "2026-11-25"),
    "ElastiCache": SourcedFigure(99.99, "%", "ElastiCache Multi-AZ", "Amazon ElastiCache SLA", "2026-11-25"),
    "S3": SourcedFigure(99.9, "%", "S3 Standard", "Amazon S3 SLA", "2026-11-25"),
    "DynamoDB": SourcedFigure(99.99, "%", "DynamoDB, a Region", "Amazon DynamoDB SLA", "2026-11-25"),
    "Route 53": SourcedFigure(100, "%", "Route 53's answers, not its API", "Amazon Route 53 SLA", "2026-11-25"),
}


def series(percents: Iterable[float]) -> float:
    """Availability of hard dependencies one behind another, each counted once: an upper bound, in percent."""
    return 100 * prod(each / 100 for each in percents)


def in_two_regions(percent: float, beta: float = BETA) -> float:
    """Availability of two Regions that both serve, in percent. A beta of 0 takes them for independent."""
    unavailable = 1 - percent / 100
    return 100 * (1 - beta * unavailable - ((1 - beta) * unavailable) ** 2)


def minutes_down(percent: float) -> float:
    """Minutes a year that an availability leaves: the error budget of an objective."""
    return (1 - percent / 100) * MINUTES_A_YEAR


def percent_up(minutes: float) -> float:
    """The availability that minutes of downtime a year leave."""
    return 100 * (1 - minutes / MINUTES_A_YEAR)


def drill_success(succeeded: int, drills: int) -> float:
    """Probability that a failover works: (k + 1) / (n + 2) after k of n drills that did; one half without any."""
    return (succeeded + 1) / (drills + 2)


def downtime(outages: OutageModel, rto_minutes: float, success: float, beta: float = BETA) -> float:
    """Expected minutes a year of losses of the active Region.

    Args:
        outages: how often and how long.
        rto_minutes: how long a failover takes.
        success: the probability that it works.
        beta: share of the losses that hit both Regions.
    """
    return sum(each.rate * _minutes(each, rto_minutes, success, beta) for each in outages.kinds)


def _minutes(losses: Losses, rto_minutes: float, success: float, beta: float) -> float:
    """Expected minutes of downtime of one loss."""
    whole, cut = losses.length.mean * 60, losses.hours_below(rto_minutes / 60) * 60
    return beta * whole + (1 - beta) * (success * cut + (1 - success) * whole)


@dataclass(frozen=True)
class Availability:
    """What an environment's availability is made of."""

    expected_percent: float
    """With losses of a Region alone: own faults and losses of a zone come on top."""
    downtime_minutes: float
    downtime_low: float
    downtime_high: float
    """With both rates of outages at their p5 and at their p95."""
    independent_minutes: float
    """As if no outage ever hit both Regions."""
    without_failover_minutes: float
    sla_percent: float
    """What the SLAs of one Region's services add up to."""
    sla_two_regions_percent: float
    services: Sequence[str]
    success: float
    beta: float
    why: str
    """What the rate of outages rests on."""


def availability(
    services: Sequence[str], outages: OutageModel, rto_minutes: float, success: float, beta: float = BETA
) -> Availability:
    """The availability of an environment.

    Args:
        services: names in `SLAS` on which every request depends.
        outages: losses of the active Region.
        rto_minutes: how long a failover takes, on average.
        success: the probability that it works.
        beta: share of the losses that hit both Regions.
    """
    expected = downtime(outages, rto_minutes, success, beta)
    each_loss = [(kind, _minutes(kind, rto_minutes, success, beta)) for kind in outages.kinds]
    sla = series(SLAS[each].value for each in dict.fromkeys(services))
    return Availability(
        expected_percent=percent_up(expected),
        downtime_minutes=expected,
        downtime_low=sum(kind.rate_low * minutes for kind, minutes in each_loss),
        downtime_high=sum(kind.rate_high * minutes for kind, minutes in each_loss),
        independent_minutes=downtime(outages, rto_minutes, success, beta=0),
        without_failover_minutes=sum(kind.rate * kind.length.mean for kind in outages.kinds) * 60,
        sla_percent=sla,
        sla_two_regions_percent=in_two_regions(sla, beta),
        services=tuple(dict.fromkeys(services)),
        success=success,
        beta=beta,
        why=outages.why,
    )


@dataclass(frozen=True)
class ServiceLevels:
    """An objective (SLO) beside what AWS agrees to (SLA) and what is predicted, in percent of a year."""

    objective: float | None
    """None: the stack has none."""
    agreed: float
    """What the SLAs of what one Region needs add up to."""
    correlated: float
    """Predicted, with the share of losses that hit both Regions."""
    independent: float
    """Predicted as if no loss ever hit both."""
    downtime_minutes: float
    """Predicted a year, correlated."""

    @property
    def budget_minutes(self) -> float | None:
        """The error budget: downtime a year that the objective leaves."""
        return None if self.objective is None else minutes_down(self.objective)

    @property
    def spent_percent(self) -> float | None:
        """How much of the error budget the predicted downtime is. None without one, and for an objective of 100 %."""
        return 100 * self.downtime_minutes / self.budget_minutes if self.budget_minutes else None

    @property
    def covered(self) -> bool:
        """Whether the SLAs add up to the objective; without one they do."""
        return self.objective is None or self.objective <= self.agreed


def service_levels(made: Availability, objective: float | None) -> ServiceLevels:
    """The service levels of an environment.

    Args:
        made: its availability.
        objective: percent. None: it has none.
    """
    return ServiceLevels(
        objective, made.sla_percent, made.expected_percent, percent_up(made.independent_minutes), made.downtime_minutes
    )
