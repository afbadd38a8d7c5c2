"""What copying an Aurora database into the other Region costs, and what a replicated member costs instead."""

from dataclasses import dataclass
from math import ceil

from haven.model import sources

_MINUTES_A_DAY, _MINUTES_AN_HOUR = 1440, 60


@dataclass(frozen=True)
class CopyCost:
    """A month of copies of one backup rule, in USD at list prices. A copy of an Aurora snapshot into another Region is
    always full (AWS Backup Developer Guide, feature availability by resource; read 2026-11-26)."""

    copies: int
    """Copies a month."""
    transfer: float
    storage: float
    """Of all copies that are kept at a time."""

    @property
    def total(self) -> float:
        """Transfer and storage."""
        return self.transfer + self.storage


def copy_cost(*, size_gb: float, interval_minutes: int, kept_days: int) -> CopyCost:
    """What the copies of a rule cost a month.

    Args:
        size_gb: the database's size.
        interval_minutes: from one copy to the next.
        kept_days: for how many days a copy is kept.
    """
    copies = sources.HOURS_A_MONTH * _MINUTES_AN_HOUR / interval_minutes
    kept = kept_days * _MINUTES_A_DAY / interval_minutes
    return CopyCost(
        round(copies),
        copies * size_gb * sources.REGION_TRANSFER_USD.value,
        kept * size_gb * sources.AURORA_SNAPSHOT_USD.value,
    )


def headless_member_cost(size_gb: float) -> float:
    """What a member without instances in the other Region costs a month: storage, and the assumed writes."""
    writes = sources.REPLICATED_WRITES_A_MONTH.value * sources.AURORA_REPLICATED_WRITES_USD.value
    return size_gb * sources.AURORA_STORAGE_USD.value + writes


def break_even_gb(*, interval_minutes: int, kept_days: int) -> int | None:
    """The size, in whole GB, from which a rule's copies cost more than a headless member; None where they never do."""
    per_gb = copy_cost(size_gb=1, interval_minutes=interval_minutes, kept_days=kept_days).total
    more = per_gb - sources.AURORA_STORAGE_USD.value
    return ceil(headless_member_cost(0) / more) if more > 0 else None
