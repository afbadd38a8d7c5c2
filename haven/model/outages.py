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
class Losses:
    """Losses of one Region that are alike in length."""

    rate: float
    """A year."""
    rate_low: float
    rate_high: float
    """p5 and p95 of the rate."""
    length: LogNormal
    """Hours."""

    def hours_below(self, hours: float) -> float:
        """Mean of the shorter one of the length and a bound, in hours."""
        return self.length.mean + hours - self.length.mean_of_larger(hours)


@dataclass(frozen=True)
class OutageModel:
    """Losses of one Region: two kinds, each with a rate of its own. Many short ones make no long one more likely."""

    usual: Losses
    """Most of them: hours."""
    long: Losses
    """Those that last for days: the second tail."""
    why: str

    @property
    def kinds(self) -> tuple[Losses, Losses]:
        """Both."""
        return self.usual, self.long


def outage_model(region: str) -> OutageModel:
    """The losses of a Region. The usual ones: its own rate where the list has enough of it, else that of all other
    Regions together. The long ones: one rate for every Region, from all of them, for none has enough of its own."""
    events = [each for each in outages() if each.whole_region]
    usual, long = ([each for each in events if each.longer is longer] for longer in (False, True))
    own = [each for each in usual if each.region == _BUSIEST]
    busiest = region == _BUSIEST
    count = len(own) if busiest else len(usual) - len(own)
    years, all_years = OBSERVED_YEARS if busiest else OTHER_REGION_YEARS, OBSERVED_YEARS + OTHER_REGION_YEARS
    logs = [math.log(each.hours) for each in usual]
    middle = sum(logs) / len(logs)
    spread = math.sqrt(sum((each - middle) ** 2 for each in logs) / (len(logs) - 1))
    of = f"{count} losses for hours of {region if busiest else 'the other Regions'} in {years:g} Region-years"
    days = f"{len(long)} for days of all Regions in {all_years:g}"
    return OutageModel(
        _losses(count, years, LogNormal(math.exp(middle), spread)),
        _losses(len(long), all_years, LogNormal(LONG_MEDIAN_HOURS, math.log(LONG_P95_HOURS / LONG_MEDIAN_HOURS) / P95)),
        f"{of}, {days}, from AWS's post-event summaries; AWS publishes no rate",
    )


def _losses(count: int, years: float, length: LogNormal) -> Losses:
    """With the rate of a Poisson process of which `count` events were seen, by Jeffreys' prior."""
    shape = count + 0.5
    return Losses(shape / years, _gamma(shape, 0.05) / years, _gamma(shape, 0.95) / years, length)


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
