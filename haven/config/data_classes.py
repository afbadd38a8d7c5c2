"""Data classes of a stack's config: the Regions of each, and what is wrong with them."""

from collections.abc import Collection, Iterator

from haven.base.problems import Problem, choices, nearest, shown
from haven.config import presets
from haven.config.policy import DataClass, Residency


def regions_of(chosen: DataClass) -> frozenset[str] | None:
    """Regions that a class allows: those that its list and all of its presets have in common; None for any Region."""
    lists: list[Collection[str]] = [presets.preset(each).regions for each in chosen.presets or ()]
    if chosen.regions is not None:
        lists.append(chosen.regions)
    return frozenset.intersection(*(frozenset(each) for each in lists)) if lists else None


def check(residency: Residency) -> Iterator[Problem]:
    """Every problem that the config of data classes has by itself."""
    for name, chosen in residency.classes.items():
        yield from _class(f"haven:residency.classes.{name}", chosen)
    given = {f"haven:residency.stores.{store}": name for store, name in residency.stores.items()}
    if residency.default is not None:
        given["haven:residency.default"] = residency.default
    for what, name in given.items():
        if name not in residency.classes:
            allowed = choices(residency.classes) or "a class of haven:residency.classes"
            near = nearest(name, residency.classes)
            fix = f"{f'write {near}, or ' if near else ''}add haven:residency.classes.{name}"
            yield Problem(what, shown(name), allowed, fix)


def _class(what: str, chosen: DataClass) -> Iterator[Problem]:
    unknown = [each for each in chosen.presets or () if each not in presets.names()]
    for each in unknown:
        near = nearest(each, presets.names())
        fix = f"write {near}" if near else "write one of these, or regions: with a list of Regions"
        yield Problem(f"{what}.presets", shown(each), choices(presets.names()), fix)
    if not unknown and regions_of(chosen) == frozenset():
        yield Problem(
            what,
            "no Region that all of it allows",
            "at least one Region that every preset and the list of Regions have in common",
            "delete a preset, or write other Regions",
        )
