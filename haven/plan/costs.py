"""What an environment costs a month, now and while the standby Region runs at full scale."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from haven.base.terminal import Style, plural
from haven.model.cost import Bill, Line, bill, moved
from haven.model.prices import HOURS_A_MONTH, STALE_DAYS, PriceBook
from haven.plan.cost_items import USAGE, cost_items
from haven.plan.text import ASSUMED
from haven.program.queries import standby_region
from haven.program.recording import Recording


@dataclass(frozen=True)
class Costs:
    """What an environment costs a month, in USD at list prices."""

    now: Bill
    failover: Bill
    """The standby Region alone, while it runs what the active one runs now."""
    active: str
    standby: str

    @property
    def standby_now(self) -> float:
        """The standby Region's share of `now`."""
        return self.now.by(lambda item: item.region).get(self.standby, 0.0)


def costs(recording: Recording, book: PriceBook) -> Costs:
    """The costs of an environment.

    Args:
        recording: what it declares.
        book: the prices.
    """
    active = str(recording.outputs["active"])
    standby = standby_region(recording)
    items = cost_items(recording)
    there = moved((each for each in items if each.region == active), standby)
    return Costs(bill(items, book), bill(there, book), active, standby)


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
        "unknown": unknown(made.now),
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
        "assumed": line.item.assumed or bool(line.price and line.price.assumed),
        "usd": line.price.usd if line.price else None,
        "unit": line.price.unit if line.price else None,
        "monthly": round(line.monthly, 2) if line.price else None,
        "source": line.price.source if line.price else None,
        "asOf": line.price.as_of if line.price else None,
    }


def screen(made: Costs, style: Style) -> list[str]:
    """The costs in a few lines."""
    regions = made.now.by(lambda item: item.region)
    rows = [["USD a month, list prices", "now", "at full scale"]]
    rows.append([f"{made.active} (active)", _usd(regions.get(made.active, 0)), ""])
    rows.append([f"{made.standby} (standby)", _usd(made.standby_now), _usd(made.failover.total)])
    rows.append(["both", _usd(made.now.total), ""])
    systems = ", ".join(f"{name} {_usd(usd)}" for name, usd in made.now.by(lambda item: item.system).items())
    assumed = sum(each.monthly for each in made.now.lines if each.item.assumed)
    return [
        style.paint("What it costs", "bold"),
        *style.table(rows, 2, header=True),
        *style.wrapped(f"by system: {systems}; of it use {ASSUMED} {_usd(assumed)}", 2),
        *(line for each in _gaps(made.now) for line in style.wrapped(each, 2)),
    ]


def _gaps(made: Bill) -> list[str]:
    missing, old = unknown(made), stale(made, _today())
    lines = [f"unknown and not in it: {plural(len(missing), 'price')} (names in --detail)"] if missing else []
    return [*lines, f"{old}: put newer ones in data/prices.csv"] if old else lines


def stale(made: Bill, today: date) -> str:
    """How many prices are old; empty: none."""
    old = len(made.stale(today))
    return f"{old} of {len(made.lines)} prices are older than {STALE_DAYS} days or of an unknown day" if old else ""


def unknown(made: Bill) -> list[str]:
    """What has no price and is in no sum, by name."""
    return sorted({f"{each.item.what} in {each.item.region} ({each.item.component})" for each in made.unknown})


def render(made: Costs, style: Style) -> list[str]:
    """Every component, what has no price, and the assumptions about use."""
    components = list(made.now.by(lambda item: item.component).items())
    rows = [["component", "USD a month"], *([name, _usd(usd)] for name, usd in components)]
    used = ", ".join(f"{what} {quantity:g}" for what, quantity in USAGE.items())
    missing = ", ".join(unknown(made.now)) or "none"
    return [
        *screen(made, style),
        "",
        *style.table(rows, 2, header=True),
        *style.wrapped(f"prices unknown, and what depends on them: {missing}", 2),
        *style.wrapped(f"use, assumed, for each resource: {used}", 2),
        *style.wrapped(_TERMS, 2),
    ]


_TERMS = (
    f"{HOURS_A_MONTH} hours a month; on demand; without taxes, discounts, Savings Plans, free tier, price steps and "
    "backups; reserved capacity costs the price of its type, used or not; China bills in CNY and has no prices here"
)


def _usd(usd: float) -> str:
    return f"{usd:,.0f}"


def _today() -> date:
    return datetime.now(UTC).date()
