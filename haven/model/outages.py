"""How often a Region is lost and for how long, from AWS's public post-event summaries (`data/outages.csv`).

None of it has an authoritative source: AWS publishes no rate, and its summaries cover what it chose to summarise. Every
figure here is an assumption with a range, and is shown as one.
"""

import math
from dataclasses import dataclass
from functools import cache

from haven.model.catalog import Catalog
from haven.model.durations.distributions import NORMAL, P95, LogNormal

OBSERVED_YEARS = 15.9
"""2011-01 to 2026-11, the years that the list covers."""
OTHER_REGION_YEARS = 250.0
"""Years that all Regions but us-east-1 ran in that time, taken together: about 20, 12 years each. An assumption."""
LONG_MEDIAN_HOURS, LONG_P95_HOURS = 14 * 24.0, 90 * 24.0
"""Length of a loss for days, such as that of me-central-1 in 2026, whose end is not public. Assumptions."""
_BUSIEST = "us-east-1"


@dataclass(frozen=True)
class Outage:
    """One event."""

    date: str
    region: str
    whole_region: bool
    hours: float
    longer: bool
    """Whether it lasted longer than `hours`."""
    source: str


@dataclass(frozen=True)
class OutageModel:
    """Losses of one Region."""

    rate: float
    """A year."""
    rate_low: float
    rate_high: float
    """p5 and p95 of the rate."""
    usual: LogNormal
    """Length of most of them, hours."""
    long: LogNormal
    """Length of those that last for days, hours: the second tail."""
    long_share: float
    """Share of those."""
    why: str

    @property
    def mean_hours(self) -> float:
        """Mean length."""
        return (1 - self.long_share) * self.usual.mean + self.long_share * self.long.mean

    def mean_hours_below(self, hours: float) -> float:
        """Mean of the shorter one of the length and a bound."""
        usual, long = (each.mean + hours - each.mean_of_larger(hours) for each in (self.usual, self.long))
        return (1 - self.long_share) * usual + self.long_share * long


def outage_model(region: str) -> OutageModel:
    """The losses of a Region: its own rate where the list has enough of it, else that of all other Regions together."""
    events = [each for each in outages() if each.whole_region]
    own = [each for each in events if each.region == _BUSIEST]
    busiest = region == _BUSIEST
    count = len(own) if busiest else len(events) - len(own)
    years = OBSERVED_YEARS if busiest else OTHER_REGION_YEARS
    usual = [math.log(each.hours) for each in events if not each.longer]
    middle = sum(usual) / len(usual)
    spread = math.sqrt(sum((each - middle) ** 2 for each in usual) / (len(usual) - 1))
    long = sum(each.longer for each in events)
    of = f"{count} losses of {region if busiest else 'the other Regions'} in {years:g} Region-years"
    return OutageModel(
        rate=(count + 0.5) / years,
        rate_low=_gamma(count + 0.5, 0.05) / years,
        rate_high=_gamma(count + 0.5, 0.95) / years,
        usual=LogNormal(math.exp(middle), spread),
        long=LogNormal(LONG_MEDIAN_HOURS, math.log(LONG_P95_HOURS / LONG_MEDIAN_HOURS) / P95),
        long_share=(long + 0.5) / (len(events) + 1),
        why=f"{of}, from AWS's post-event summaries; AWS publishes no rate",
    )


@cache
def outages() -> list[Outage]:
    """Every event of the list."""
    return [
        Outage(
            row["date"], row["region"], row["scope"].startswith("region"), float(row["hours"]), row["longer"] == "yes",
            row["source"],
        )
        for row in Catalog().rows("outages.csv")
    ]  # fmt: skip


def _gamma(shape: float, share: float) -> float:
    """Quantile of a gamma distribution of scale 1, by Wilson and Hilferty's approximation."""
    ninth = 1 / (9 * shape)
    return shape * max(1 - ninth + NORMAL.inv_cdf(share) * math.sqrt(ninth), 0.0) ** 3
