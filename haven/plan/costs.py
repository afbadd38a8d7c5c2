"""What an environment costs a month, now and while the standby Region runs at full scale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from haven.base.terminal import Style, plural
from haven.model.cost import GLOBAL, USAGE, Bill, Difference, Item, Line, bill, difference, moved
from haven.model.prices import HOURS_A_MONTH, STALE_DAYS, PriceBook
from haven.model.recovery_time import RecoveryInputs
from haven.plan import cost_items
from haven.plan.billing.backups import KEPT
from haven.plan.stated import Stated
from haven.plan.text import ASSUMED
from haven.program.queries import standby_region
from haven.program.recording import Recording


@dataclass(frozen=True)
class Costs:
    """What an environment costs a month, in USD at list prices."""

    now: Bill
    failover: Bill
    """The standby Region alone, while it runs what the active one runs now."""
    once: Bill
    """What one failover and its failback cost beside the hours at full scale."""
    active: str
    standby: str
    stated: Stated

    @property
    def extra_an_hour(self) -> float | None:
        """USD of each hour in which the standby Region runs at full scale, over what it costs anyway. None: too much of
        it has no price."""
        more = self.failover_more
        return more.known / HOURS_A_MONTH if more.is_sure else None

    @property
    def failover_more(self) -> Difference:
        """What the standby Region costs more a month at full scale than now."""
        return difference(self.failover, Bill([each for each in self.now.lines if each.item.region == self.standby]))

    @property
    def unknown(self) -> list[str]:
        """What has no price and is in no sum, by name, of all three bills."""
        return sorted({*unknown(self.now), *unknown(self.failover), *unknown(self.once)})

    @property
    def standby_now(self) -> float:
        """The standby Region's share of `now`."""
        return self.now.by(lambda item: item.region).get(self.standby, 0.0)


def costs(recording: Recording, book: PriceBook, stated: Stated | None = None) -> Costs:
    """The costs of an environment.

    Args:
        recording: what it declares.
        book: the prices.
        stated: use, discount and the cost of an outage, as its stack file has them. Omitted: the defaults.
    """
    known = stated or Stated()
    active = str(recording.outputs["active"])
    standby = standby_region(recording)
    items = cost_items.cost_items(recording, known.usage)
    there = [
        *moved((each for each in items if each.region == active and each.what not in GLOBAL), standby),
        *(each for each in items if each.region == standby and each.what in KEPT),
    ]
    percent = known.savings_plan_percent
    once = bill(cost_items.moves(recording, standby, known.usage), book)
    return Costs(bill(items, book, percent), bill(there, book, percent), once, active, standby, known)


@dataclass(frozen=True)
class Remedy:
    """What shortening a term of the recovery costs."""

    monthly: float | None
    """USD a month. None: unknown."""
    lines: Sequence[Line]
    words: str
    """The same for people."""


def remedies(recording: Recording, inputs: RecoveryInputs, book: PriceBook) -> Mapping[str, Remedy]:
    """Term -> what shortening it costs; terms that nothing in a stack file shortens are left out.

    Args:
        recording: what is declared.
        inputs: of the recovery's model.
        book: the prices.
    """
    needed = cost_items.remedies(recording, inputs, standby_region(recording))
    return {term: _remedy(each, book) for term, each in needed.items()}


def _remedy(needed: str | Sequence[Item], book: PriceBook) -> Remedy:
    if isinstance(needed, str):
        return Remedy(0.0 if needed == cost_items.FREE else None, [], needed)
    made = bill(needed, book)
    if missing := made.unknown:
        return Remedy(None, made.lines, f"the price of {', '.join(each.item.what for each in missing)} is unknown")
    return Remedy(made.total, made.lines, f"{_usd(made.total)} USD a month")


def as_json(made: Costs) -> dict[str, Any]:
    """The costs as JSON: USD a month, by Region, component and system; what has no price; and every line."""
    return {
        "currency": "USD",
        "hoursAMonth": HOURS_A_MONTH,
        "total": round(made.now.total, 2),
        "regions": _rounded(made.now.by(lambda item: item.region)),
        "components": _rounded(made.now.by(lambda item: item.component)),
        "systems": _rounded(made.now.by(lambda item: item.system)),
        "standbyAtFullScale": round(made.failover.total, 2),
        "failoverExtraAnHour": None if made.extra_an_hour is None else round(made.extra_an_hour, 2),
        "failoverAndFailbackOnce": round(made.once.total, 2),
        "savingsPlanPercent": made.stated.savings_plan_percent,
        "outageUsdPerHour": made.stated.outage_usd_per_hour,
        "unknown": made.unknown,
        "stale": len(made.now.stale(_today())),
        "lines": [_line(each) for each in made.now.lines],
    }


def _rounded(sums: dict[str, float]) -> dict[str, float]:
    return {name: round(usd, 2) for name, usd in sums.items()}


def _line(line: Line) -> dict[str, Any]:
    return {
        "what": line.item.what,
        "quantity": line.item.quantity,
        "region": line.item.region,
        "component": line.item.component,
        "system": line.item.system,
        "to": line.item.to or None,
        "assumed": line.item.assumed or bool(line.price and line.price.assumed),
        "usd": line.price.usd if line.price else None,
        "unit": line.price.unit if line.price else None,
        "discountPercent": round(line.discount * 100, 2),
        "monthly": round(line.monthly, 2) if line.price else None,
        "source": line.price.source if line.price else None,
        "asOf": line.price.as_of if line.price else None,
    }


def screen(made: Costs, style: Style) -> list[str]:
    """The costs in a few lines."""
    regions = made.now.by(lambda item: item.region)
    now = {region: at_least(regions.get(region, 0), made.now, region) for region in (made.active, made.standby)}
    full = at_least(made.failover.total, made.failover)
    total = at_least(made.now.total, made.now)
    rows = [[f"What it costs, USD a month at list prices: {total}", "now", "at full scale"]]
    rows.append([f"  {made.active} (active)", now[made.active], ""])
    rows.append([f"  {made.standby} (standby)", now[made.standby], full])
    systems = ", ".join(f"{name} {_usd(usd)}" for name, usd in made.now.by(lambda item: item.system).items())
    assumed = sum(each.monthly for each in made.now.lines if each.item.assumed)
    return [
        *style.table(rows, 0, header=True),
        *style.wrapped(f"by system: {systems}; of it use {ASSUMED} {_usd(assumed)}", 2),
        *style.wrapped(_failover(made), 2),
        *style.wrapped(_gaps(made), 2),
    ]


def at_least(usd: float, made: Bill, region: str = "") -> str:
    """A sum in words: at least so much, where something in it has no price.

    Args:
        usd: the sum.
        made: the bill that it is of.
        region: whose share of the bill it is. Omitted: all of it.
    """
    lacking = any(region in ("", each.item.region) for each in made.unknown)
    return f"at least {_usd(usd)}" if lacking else _usd(usd)


def _failover(made: Costs) -> str:
    """What a failover costs, and what a Savings Plan takes off."""
    once = f"{at_least(made.once.total, made.once)} once for restore and failback {ASSUMED}"
    percent = made.stated.savings_plan_percent
    plan = f"; instances less {percent:g} % of a Savings Plan" if percent else ""
    extra = made.extra_an_hour
    unsure = f"an hour more at full scale {lacking(made.failover_more.unknown)}"
    more = "less" if extra is not None and extra < 0 else "more"
    hourly = unsure if extra is None else f"{abs(extra):,.2f} an hour {more} at full scale"
    return f"a failover: {hourly}, {once}{plan}"


def lacking(count: int) -> str:
    """What stands in the place of a figure that unknown prices could turn.

    Args:
        count: how many prices these are.
    """
    return f"unknown for want of {plural(count, 'price')}"


def _gaps(made: Costs) -> str:
    missing, old = made.unknown, stale(made.now, _today())
    gaps = [f"{plural(len(missing), 'price')} unknown and not in it"] if missing else []
    return "; ".join([*gaps, f"{old}: haven data refresh --prices"] if old else gaps)


def stale(made: Bill, today: date) -> str:
    """How many prices are old; empty: none."""
    old = len(made.stale(today))
    return f"{old} of {len(made.lines)} prices older than {STALE_DAYS} days or undated" if old else ""


def unknown(made: Bill) -> list[str]:
    """What has no price and is in no sum, by name."""
    return sorted({f"{each.item.what} in {each.item.region} ({each.item.component})" for each in made.unknown})


def render(made: Costs, style: Style) -> list[str]:
    """Every component, what has no price, and the assumptions about use."""
    components = list(made.now.by(lambda item: item.component).items())
    rows = [["component", "USD a month"], *([name, _usd(usd)] for name, usd in components)]
    used = ", ".join(f"{what} {quantity:g}" for what, quantity in {**USAGE, **made.stated.usage}.items())
    missing = ", ".join(made.unknown) or "none"
    return [
        *screen(made, style),
        "",
        *style.table(rows, 2, header=True),
        *style.wrapped(f"prices unknown, and what depends on them: {missing}", 2),
        *style.wrapped(f"use for each resource, assumed where haven:cost.usage has nothing: {used}", 2),
        *style.wrapped(TERMS, 2),
    ]


TERMS = (
    f"{HOURS_A_MONTH} hours a month; on demand; without taxes, free tier, price steps, backups that Aurora makes by "
    "itself, custom metrics, kept logs, what restore tests and experiments run, requests to buckets, queues, keys, "
    "secrets and DNS, and discounts but for haven:cost.savingsPlanPercent; reserved capacity costs the price of its "
    "type, used or not; China bills in CNY and has no prices here"
)
"""What a bill is made of, and what isn't in it."""


def _usd(usd: float) -> str:
    return f"{usd:,.0f}"


def _today() -> date:
    return datetime.now(UTC).date()
