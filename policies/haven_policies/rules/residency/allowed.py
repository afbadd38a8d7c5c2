"""Where the data of a store may be, according to the stack file."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from haven.base.problems import choices
from haven.config.data_classes import regions_of
from haven_policies.rules.residency.stores import BACKED_UP, Store
from haven_policies.rules.stack_facts import StackFacts


@dataclass(frozen=True)
class Limit:
    """Regions that one class, or the environment, keeps data in."""

    regions: frozenset[str]
    because: str
    """What sets the limit."""
    fix: str

    @property
    def description(self) -> str:
        """What is allowed, in words."""
        return f"{choices(sorted(self.regions))} ({self.because})"


@dataclass(frozen=True, eq=False)
class Limits:
    """The limits of an environment's stores."""

    facts: StackFacts

    def of(self, store: Store) -> list[Limit]:
        """All limits of a store: none where its data may be anywhere."""
        return [each for name in self._classes(store) for each in self._of_class(name)]

    def _classes(self, store: Store) -> list[str | None]:
        """The classes that a store holds; None for what has none."""
        residency = self.facts.residency
        named = next((residency.stores[key] for key in store.keys if key in residency.stores), None)
        if named is not None:
            return [named]
        if store.kind == "backups":
            held = (each for key, each in residency.stores.items() if key.partition(".")[0] in BACKED_UP)
            return list(dict.fromkeys([residency.default, *held]))
        return [residency.default]

    def _of_class(self, name: str | None) -> list[Limit]:
        chosen = self.facts.residency.classes.get(name) if name is not None else None
        if name is None or chosen is None:
            return [self._own] if self._own.regions else []
        regions = regions_of(chosen)
        if regions is None:
            return []
        by = f", presets {' and '.join(chosen.presets)}" if chosen.presets else ""
        fix = f"or give the store a class that allows it; this one is haven:residency.classes.{name}"
        return [Limit(regions, f"data class {name}{by}", fix)]

    @cached_property
    def _own(self) -> Limit:
        return Limit(
            frozenset(_environment(self.facts)),
            "the Regions that the stack names",
            "or give the store a class in haven:residency that allows it",
        )

    @cached_property
    def accounts(self) -> Collection[str]:
        """The accounts that may be sent data; nothing where the stack doesn't name its own."""
        own = self.facts.config.get("account")
        if not own:
            return ()
        return [str(each) for each in (own, *_isolated(self.facts, 4), *self.facts.residency.accounts) if each]


def _environment(facts: StackFacts) -> Iterator[str]:
    """The Regions that a stack names: its two, third ones that vote on writes or on the runbooks' lease, that of a
    vault elsewhere."""
    if facts.primary is None:
        return
    tables = _part(facts.config, "tables").values()
    witnesses = (each.get("witnessRegion") for each in tables if isinstance(each, Mapping))
    vote = _part(facts.config, "operations").get("witnessRegion")
    named = (facts.primary, facts.recovery, *witnesses, vote, *_isolated(facts, 3))
    yield from (each for each in named if isinstance(each, str) and each)


def _isolated(facts: StackFacts, part: int) -> list[str | None]:
    """One part of the ARNs of the vaults in other accounts."""
    backups = _part(facts.config, "backups")
    return [_arn_part(backups.get(key), part) for key in ("isolatedVaultArn", "recoveryIsolatedVaultArn")]


def _part(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = config.get(name)
    return found if isinstance(found, Mapping) else {}


def _arn_part(value: Any, index: int) -> str | None:
    parts = value.split(":") if isinstance(value, str) else []
    return parts[index] if len(parts) > index else None
