"""Whether both members of the database have the same rows, asked of the heartbeats' functions: they are in the network.

A function answers with counts, with digests of sampled ranges, and with primary keys and digests of single rows
(docs/decisions/0012-rows-are-compared-by-the-heartbeat-function.md). A difference is one only when a second look, once
replication has had its time, finds the same rows different in the same way.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from haven.base.terminal import plural
from haven.runbooks.clients import Client
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.observation import ask_all
from haven.runbooks.reconcile.checks import EVERY_ROW_SECONDS, Check, unknown
from haven.runbooks.reconcile.functions import EARLIER, WITHIN_SECONDS, Ask, Found, Listed, Member, asked, look
from haven.runbooks.status.readings import State

AREA = "data"
_SETTLE_SECONDS, _SHOWN = 3.0, 3
_UNLISTED = "its rows can't be listed"
_WITHOUT_MEMBER = "backup"
"""A tier in which the other Region has no member."""
_WHOLE = (None, None)
"""The range that is all of a table."""


@dataclass(frozen=True)
class Difference:
    """What differs in one table."""

    table: str
    only_old: list[str] = field(default_factory=list)
    """Primary keys of rows that the old side alone has."""
    only_new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    counts: tuple[int, int] | None = None
    """Of the old side and the new one, where they stay different."""


@dataclass
class Compared:
    """What was found."""

    old: Member
    new: Member
    follows: bool
    """Whether the old side has the new one's volume, so that it should have the same rows."""
    differences: list[Difference] = field(default_factory=list)
    unknown: dict[str, str] = field(default_factory=dict)
    """Table to why it wasn't compared."""
    missing: dict[str, str] = field(default_factory=dict)
    """Table to the side that lacks it."""
    tables: int = 0
    rows: int = 0
    """Compared ones of the new side."""
    every_row: bool = True
    """Whether no row was left out."""


def checks(
    manifest: RecoveryManifest,
    client: Client,
    writer: str,
    instances: Mapping[str, str],
    *,
    answers: bool,
    cluster: str,
    every_row: bool,
) -> Iterator[Check]:
    """Compare, and list what differs.

    Args:
        manifest: the environment's.
        client: makes the clients.
        writer: the Region that writes.
        instances: name of each database instance to its Region.
        answers: whether RDS in the other Region has answered.
        cluster: a cluster in the other Region that was restored from the old volume's snapshot; empty: the member.
        every_row: whether every row is compared, however long it takes, rather than a sample.
    """
    old = Member(manifest.other(writer), cluster)
    if manifest.tier == _WITHOUT_MEMBER:
        return
    functions = manifest.operations.heartbeats.functions if manifest.operations else {}
    if without := [each for each in manifest.both if each not in functions]:
        where = f"{' and '.join(without)} {'has' if len(without) == 1 else 'have'}"
        description = f"rows of the database: {where} no heartbeat function to compare them: deploy it with pulumi up"
        yield Check(AREA, "", State.UNKNOWN, description)
    elif not cluster and not answers:
        yield Check(AREA, old.region, State.UNKNOWN, "rows of the database: the Region doesn't answer")
    elif not cluster and old.region not in instances.values():
        description = "rows of the database: the member has no instance that could be read, and so had no writer"
        yield Check(AREA, old.region, State.OK, description)
    else:
        compare = partial(_every_row if every_row else _sample, partial(asked, functions, client), old, Member(writer))
        answer = ask_all({AREA: compare}, EVERY_ROW_SECONDS if every_row else WITHIN_SECONDS)[AREA]
        if answer.known:
            yield from _checks(answer.value, f"haven reconcile {manifest.named} --every-row")
        else:
            yield unknown(AREA, old.region, "rows of the database", answer)


def _checks(found: Compared, command: str) -> Iterator[Check]:
    region = found.old.region
    cluster = f" --old-volume {found.old.cluster}" if found.old.cluster else ""
    commands = [] if found.every_row else [f"{command}{cluster}"]
    for each in found.differences:
        yield _of_table(found, each, commands)
    for name, side in found.missing.items():
        state = State.WRONG if found.follows or side == found.new.where else State.OK
        yield Check(AREA, region, state, f"table {name} isn't in {side}")
    for name, why in found.unknown.items():
        yield Check(AREA, region, State.UNKNOWN, f"table {name} wasn't compared: {why}")
    differing = {each.table for each in found.differences}
    rest = found.tables - len(found.unknown.keys() | found.missing.keys() | differing)
    if rest:
        what = "difference" if found.follows else f"row that only {found.old.where} has, or has otherwise,"
        description = f"rows of {plural(rest, 'table')}: no {what} in {plural(found.rows, _row(found))}"
        yield Check(AREA, region, State.OK, description, commands)


def _row(found: Compared) -> str:
    return "row" if found.every_row else "sampled row"


def _of_table(found: Compared, difference: Difference, commands: Sequence[str]) -> Check:
    old, new = found.old.where, found.new.where
    named = partial(_named, _row(found))
    parts = [named(difference.only_old, f"only in {old}"), named(difference.changed, f"differ in {old} and {new}")]
    if found.follows:
        parts.append(named(difference.only_new, f"only in {new}"))
    if difference.counts:
        parts.append(f"{difference.counts[0]} rows in {old}, {difference.counts[1]} in {new}")
    wrong = bool(difference.only_old or difference.changed or (found.follows and any(parts)))
    newer = "only newer rows differ" if found.every_row else "of the sampled rows only newer ones differ"
    description = f"table {difference.table}: {'; '.join(each for each in parts if each) or newer}"
    names = [*difference.only_old, *difference.changed]
    return Check(AREA, found.old.region, State.WRONG if wrong else State.OK, description, commands, names)


def _named(row: str, keys: Sequence[str], how: str) -> str:
    if not keys:
        return ""
    more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    return f"{plural(len(keys), row)} {how}: {', '.join(keys[:_SHOWN])}{more}"


def _sample(ask: Ask, old: Member, new: Member) -> Compared:
    """Two looks at everything that differs in the first one."""
    here = ask(new, {"ranges": None})
    chosen = {name: each["ranges"] for name, each in here["tables"].items() if "ranges" in each}
    there = ask(old, {"ranges": chosen})
    found = _of_names(old, new, here, there)
    found.every_row = all([tuple(each) for each in ranges] == [_WHOLE] for ranges in chosen.values())
    for side in (here, there):
        found.unknown |= {name: each["unknown"] for name, each in side["tables"].items() if "unknown" in each}
    both = {name: (each, there["tables"][name]) for name, each in here["tables"].items() if name in there["tables"]}
    both = {name: pair for name, pair in both.items() if name not in found.unknown}
    found.rows = sum(int(digest[0]) for each, _ in both.values() for digest in each["digests"])
    suspects = {name: _differing(*pair) for name, pair in both.items() if _differs(*pair)}
    if suspects:
        looks = _two_looks(ask, old, new, suspects)
        answers = ask_all({each: partial(ask, each, {"ranges": suspects}) for each in (old, new)}, WITHIN_SECONDS)
        again = [answers[each].value["tables"] if answers[each].known else {} for each in (old, new)]
        for name in suspects:
            counts = [tuple(each["count"] for each in reversed(both[name]))]
            counts.append(tuple(each.get(name, {}).get("count") for each in again))
            _add(found, name, [each[name] for each in looks], counts)
    return found


def _every_row(ask: Ask, old: Member, new: Member) -> Compared:
    """One part of a table after the other, each looked at as a sample is."""
    here, there = (ask(each, {"ranges": {}}) for each in (new, old))
    found = _of_names(old, new, here, there)
    for name in sorted(set(here["names"]) & set(there["names"])):
        difference = Difference(name)
        walk = partial(_walk, ask, found, difference)
        answer = ask_all({name: walk}, EVERY_ROW_SECONDS)[name]
        if why := answer.unknown or answer.value:
            found.unknown[name] = why
        if difference.only_old or difference.only_new or difference.changed:
            found.differences.append(difference)
    return found


def _walk(ask: Ask, found: Compared, difference: Difference) -> str:
    """Add what differs in a table; returns why some of it isn't known."""
    name, low = difference.table, None
    while True:
        here = ask(found.new, {"after": {name: low}})["tables"].get(name, {"unknown": "it is gone"})
        if "unknown" in here:
            return str(here["unknown"])
        if "next" not in here:
            return EARLIER
        asked_for = {"ranges": {name: here["ranges"]}, "counts": False}
        there = ask(found.old, asked_for)["tables"].get(name, {"unknown": "it is gone"})
        if "unknown" in there:
            return str(there["unknown"])
        found.rows += sum(int(digest[0]) for digest in here["digests"])
        if suspects := _differing(here, there):
            looks = _two_looks(ask, found.old, found.new, {name: suspects})
            kept = _in_both([each[name] for each in looks])
            if kept is None:
                return _UNLISTED
            for mine, keys in zip((difference.only_old, difference.only_new, difference.changed), kept, strict=True):
                mine.extend(keys)
        low = here["next"]
        if low is None:
            return ""


def _of_names(old: Member, new: Member, here: Found, there: Found) -> Compared:
    """What the sides' lists of tables say."""
    found = Compared(old, new, follows=not old.cluster and not there["writes"])
    found.missing = dict.fromkeys(set(here["names"]) - set(there["names"]), old.where)
    found.missing |= dict.fromkeys(set(there["names"]) - set(here["names"]), new.where)
    found.tables = len({*here["names"], *there["names"]})
    return found


def _two_looks(ask: Ask, old: Member, new: Member, suspects: Mapping[str, Any]) -> list[dict[str, tuple[Any, Any]]]:
    one = look(ask, old, new, suspects)
    time.sleep(_SETTLE_SECONDS)
    return [one, look(ask, old, new, suspects)]


def _differs(here: Found, there: Found) -> bool:
    return bool(_differing(here, there)) or here["count"] != there["count"]


def _differing(here: Found, there: Found) -> list[Any]:
    """The ranges whose count or digest isn't the same."""
    pairs = zip(here["ranges"], here["digests"], there["digests"], strict=True)
    return [bounds for bounds, one, other in pairs if one != other]


def _add(found: Compared, name: str, looks: Sequence[tuple[Any, Any]], counts: Sequence[tuple[Any, ...]]) -> None:
    """What both looks have found."""
    kept = _in_both(looks)
    if kept is None:
        found.unknown[name] = _UNLISTED
        return
    old, new = counts[0]
    settled = counts[0] == counts[1] and new is not None and old is not None and new != old
    if any(kept) or settled:
        found.differences.append(Difference(name, *kept, (old, new) if settled else None))


def _in_both(looks: Sequence[tuple[Any, Any]]) -> tuple[list[str], list[str], list[str]] | None:
    """Rows of the old side alone, of the new side alone, and those that differ, as both looks have them; None: a look
    couldn't be had."""
    if any(side is None for each in looks for side in each):
        return None
    first, second = (_sorted_out(*each) for each in looks)
    only_old, only_new, changed = (
        [key for key, _ in sorted(one.items() & other.items())] for one, other in zip(first, second, strict=True)
    )
    return only_old, only_new, changed


def _sorted_out(old: Listed, new: Listed) -> tuple[dict[str, str], ...]:
    """Rows of the old side alone, of the new one alone, and those that differ; a list that isn't all proves no lack."""
    (there, all_old), (here, all_new) = old, new
    return (
        {key: digest for key, digest in there.items() if key not in here and all_new},
        {key: digest for key, digest in here.items() if key not in there and all_old},
        {key: f"{digest} {here[key]}" for key, digest in there.items() if key in here and here[key] != digest},
    )
