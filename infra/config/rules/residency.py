"""What must hold between the config of data classes and the stores that there are."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from haven.base.problems import Problem, choices, nearest, shown
from haven.config import data_classes
from haven.config.policy import Residency
from infra.config.rules.names import RESERVED_SECRETS
from infra.config.rules.validators import as_far_as_known

WHOLE_STORES = (
    "backups",
    "buckets",
    "cache",
    "database",
    "images",
    "keys",
    "logs",
    "notifications",
    "parameters",
    "queues",
    "secrets",
    "state",
    "tables",
    "volumes",
)
"""What a class can be given as a whole."""

_NAMED = {"buckets": "storage", "queues": "queues", "secrets": "secrets", "tables": "tables"}
"""Stores that have names of their own -> the config key that names them."""


def check(values: Mapping[str, Any]) -> list[Problem]:
    """Every problem of data classes, as far as the values are valid by themselves."""
    if "residency" not in values:
        return []
    residency: Residency = values["residency"]
    return list(as_far_as_known(lambda: [*data_classes.check(residency), *_stores(residency, values)]))


def _stores(residency: Residency, values: Mapping[str, Any]) -> Iterator[Problem]:
    for store in residency.stores:
        known = _known(store, values)
        if store not in known:
            near = nearest(store, known)
            fix = f"write {near}" if near else f"delete {store}"
            yield Problem(f"haven:residency.stores.{store}", shown(store), choices(known), fix)


def _known(store: str, values: Mapping[str, Any]) -> Sequence[str]:
    """The stores it can name; the store itself where that is unknown."""
    kind, _, name = store.partition(".")
    if not name or kind not in WHOLE_STORES:
        return WHOLE_STORES
    if kind not in _NAMED:
        return (kind,)
    chosen = values.get(_NAMED[kind])
    if chosen is None:
        return (store,)
    names = {*(chosen.buckets if kind == "buckets" else chosen), *(RESERVED_SECRETS if kind == "secrets" else ())}
    return [f"{kind}.{each}" for each in sorted(names)] or (kind,)
