"""How long EKS supports a Kubernetes version, what that costs, and which add-on versions run on it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from haven.model.catalog import Catalog
from haven.model.prices import PriceBook

VERSIONS, ADDONS = "kubernetes_versions.csv", "kubernetes_addons.csv"

DAYS_AHEAD = 90
"""From how many days before the end of standard support on a plan warns."""

_PRICES = ("control-plane", "control-plane-extended-support")
"""An hour of a cluster, and what extended support adds to it, in the price book."""

STANDARD, EXTENDED = "STANDARD", "EXTENDED"
"""What EKS does when standard support ends: upgrade the control plane, or keep the version at a higher price (EKS API
Reference, UpgradePolicyRequest.supportType; read 2026-11-26)."""


@dataclass(frozen=True)
class Support:
    """Until when EKS supports a Kubernetes version; from the first day on, UTC, it counts as ended."""

    version: str
    standard_until: date
    extended_until: date
    read: str
    """`AWS page`, or `second hand`."""


@cache
def calendar() -> Mapping[str, Support]:
    """Kubernetes version -> its support, for the versions of the data."""
    return {
        row["version"]: Support(
            row["version"],
            date.fromisoformat(row["standard_until"]),
            date.fromisoformat(row["extended_until"]),
            row["read"],
        )
        for row in Catalog().rows(VERSIONS)
    }


@cache
def addon_versions() -> Mapping[str, Mapping[str, str]]:
    """Kubernetes version -> add-on -> version, for the versions of the data."""
    found: dict[str, dict[str, str]] = {}
    for row in Catalog().rows(ADDONS):
        found.setdefault(row["kubernetes"], {})[row["addon"]] = row["version"]
    return found


def support_notes(clusters: Mapping[str, int], upgrade_policy: str, today: date) -> Iterator[str]:
    """What somebody should know of the support of the clusters' Kubernetes versions.

    Args:
        clusters: Kubernetes version -> how many clusters run it.
        upgrade_policy: what EKS does at the end of standard support, `STANDARD` or `EXTENDED`.
        today: the day, UTC.
    """
    for version, count in sorted(clusters.items()):
        support = calendar().get(version)
        oldest = min(calendar(), key=_minor)
        if support is None and _minor(version) < _minor(oldest):
            yield (
                f"Kubernetes {version} is older than {oldest}, the oldest in the support calendar of"
                f" {Catalog().source(VERSIONS).retrieved_on}: EKS creates no new cluster with it and upgrades existing"
                f" ones without asking; {_UPGRADE}"
            )
        elif support is None:
            yield (
                f"Kubernetes {version} is not in the support calendar of {Catalog().source(VERSIONS).retrieved_on}:"
                f" aws eks describe-cluster-versions --cluster-versions {version} has its dates"
            )
        elif today >= support.extended_until:
            yield (
                f"EKS ended extended support of Kubernetes {version} on {support.extended_until}: it creates no new"
                f" cluster with it and upgrades existing ones without asking; {_UPGRADE}"
            )
        elif today >= support.standard_until:
            yield _ended(support, count, upgrade_policy)
        elif (support.standard_until - today).days <= DAYS_AHEAD:
            yield _ending(support, count, upgrade_policy, today)


def _minor(version: str) -> int:
    return int(version.partition(".")[2])


_UPGRADE = "upgrade before: docs/engine-upgrades.md"


def _ended(support: Support, count: int, upgrade_policy: str) -> str:
    began = f"EKS ended standard support of Kubernetes {support.version} on {support.standard_until}"
    if upgrade_policy == STANDARD:
        return (
            f"{began}: with haven:cluster.upgradePolicy STANDARD it upgrades the control plane by itself; {_UPGRADE},"
            f" or write EXTENDED: {_price(support, count)}"
        )
    return f"{began}: {_price(support, count)}; docs/engine-upgrades.md has the way to a newer version"


def _ending(support: Support, count: int, upgrade_policy: str, today: date) -> str:
    days = (support.standard_until - today).days
    ends = (
        f"EKS ends standard support of Kubernetes {support.version} on {support.standard_until}, in"
        f" {days} day{'' if days == 1 else 's'}"
    )
    if upgrade_policy == STANDARD:
        return (
            f"{ends}, and then upgrades the control plane by itself; {_UPGRADE}, or write haven:cluster.upgradePolicy:"
            f" EXTENDED, with which {_price(support, count)}"
        )
    return f"{ends}; from then on {_price(support, count)}; {_UPGRADE}"


def _price(support: Support, count: int) -> str:
    # The same in every commercial Region that the book has.
    standard, surcharge = (PriceBook().known(each, "us-east-1") for each in _PRICES)
    more = surcharge.monthly * count
    return (
        f"a cluster costs {standard.usd + surcharge.usd:.2f} instead of {standard.usd:.2f} USD an hour until"
        f" {support.extended_until}, here {more:.0f} USD a month more"
    )
