"""Whether both members of the database have the same rows, asked of the heartbeats' functions: they are in the network.

A function answers with counts, with digests of sampled ranges, and with primary keys and digests of single rows
(docs/decisions/0012-rows-are-compared-by-the-heartbeat-function.md). A difference is one only when a second look, once
replication has had its time, finds the same rows different in the same way.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from haven.base.terminal import plural
from haven.runbooks.clients import Client
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.observation import Answer, ask_all
from haven.runbooks.reconcile.checks import Check, unknown
from haven.runbooks.status.readings import State

AREA = "data"
WITHIN_SECONDS = 300.0
_SETTLE_SECONDS, _SHOWN = 3.0, 3
_FULL = 4000
"""As many rows of a range as a function lists: there may be more."""
_WITHOUT_MEMBER = "backup"
"""A tier in which the other Region has no member."""
_EARLIER = "the function is of an earlier version: deploy it with pulumi up"

Found = Mapping[str, Any]
Rows = Mapping[str, str]
"""Primary key to the digest of its row."""


@dataclass(frozen=True)
class Member:
    """Whom a function asks."""

    region: str
    cluster: str = ""
    """A cluster that was restored from a snapshot of the old volume; empty: the Region's member."""

    @property
    def where(self) -> str:
        """For people."""
        return f"{self.cluster} ({self.region})" if self.cluster else self.region


@dataclass(frozen=True)
class Difference:
    """What differs in one table."""

    table: str
    only_old: Sequence[str] = ()
    """Primary keys of rows that the old side alone has."""
    only_new: Sequence[str] = ()
    changed: Sequence[str] = ()
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
    """Sampled ones of the new side."""


def checks(
    manifest: RecoveryManifest,
    client: Client,
    writer: str,
    instances: Mapping[str, str],
    *,
    answers: bool,
    cluster: str,
) -> Iterator[Check]:
    """Compare, and list what differs.

    Args:
        manifest: the environment's.
        client: makes the clients.
        writer: the Region that writes.
        instances: name of each database instance to its Region.
        answers: whether RDS in the other Region has answered.
        cluster: a cluster in the other Region that was restored from the old volume's snapshot; empty: the member.
    """
    old = Member(manifest.other(writer), cluster)
    if manifest.tier == _WITHOUT_MEMBER:
        return
    functions = manifest.operations.heartbeats.functions if manifest.operations else {}
    if not {writer, old.region} <= functions.keys():
        yield Check(AREA, "", State.UNKNOWN, f"rows of the database: no heartbeat function in both Regions; {_EARLIER}")
    elif not cluster and not answers:
        yield Check(AREA, old.region, State.UNKNOWN, "rows of the database: the Region doesn't answer")
    elif not cluster and old.region not in instances.values():
        description = "rows of the database: the member has no instance that could be read, and so had no writer"
        yield Check(AREA, old.region, State.OK, description)
    else:
        compare = partial(_compare, functions, client, old, Member(writer))
        answer = ask_all({AREA: compare}, WITHIN_SECONDS)[AREA]
        yield from _checks(answer) if answer.known else [unknown(AREA, old.region, "rows of the database", answer)]


def _checks(answer: Answer) -> Iterator[Check]:
    found: Compared = answer.value
    region = found.old.region
    for each in found.differences:
        yield _of_table(found, each)
    for name, side in found.missing.items():
        state = State.WRONG if found.follows or side == found.new.where else State.OK
        yield Check(AREA, region, state, f"table {name} isn't in {side}")
    for name, why in found.unknown.items():
        yield Check(AREA, region, State.UNKNOWN, f"table {name} wasn't compared: {why}")
    rest = found.tables - len(found.unknown) - len(found.differences) - len(found.missing)
    if rest:
        what = "difference" if found.follows else f"row that only {found.old.where} has, or has otherwise,"
        description = f"rows of {plural(rest, 'table')}: no {what} in {plural(found.rows, 'sampled row')}"
        yield Check(AREA, region, State.OK, description)


def _of_table(found: Compared, difference: Difference) -> Check:
    old, new = found.old.where, found.new.where
    parts = [_named(difference.only_old, f"only in {old}"), _named(difference.changed, f"differ in {old} and {new}")]
    if found.follows:
        parts.append(_named(difference.only_new, f"only in {new}"))
    if difference.counts:
        parts.append(f"{difference.counts[0]} rows in {old}, {difference.counts[1]} in {new}")
    wrong = bool(difference.only_old or difference.changed or (found.follows and any(parts)))
    description = f"table {difference.table}: {'; '.join(each for each in parts if each) or 'only newer rows differ'}"
    names = [*difference.only_old, *difference.changed]
    return Check(AREA, found.old.region, State.WRONG if wrong else State.OK, description, names=names)


def _named(keys: Sequence[str], how: str) -> str:
    if not keys:
        return ""
    more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    return f"{plural(len(keys), 'sampled row')} {how}: {', '.join(keys[:_SHOWN])}{more}"


def _compare(functions: Mapping[str, str], client: Client, old: Member, new: Member) -> Compared:
    """Two looks at everything that differs in the first one."""

    def ask(member: Member, request: Mapping[str, Any]) -> Found:
        return _asked(functions, client, member, request)

    here = ask(new, {"ranges": None})
    chosen = {name: each["ranges"] for name, each in here["tables"].items() if "ranges" in each}
    there = ask(old, {"ranges": chosen})
    found = Compared(old, new, follows=not old.cluster and not there["writes"], tables=len(here["tables"]))
    found.missing = dict.fromkeys(set(here["names"]) - set(there["names"]), old.where)
    found.missing |= dict.fromkeys(set(there["names"]) - set(here["names"]), new.where)
    for side in (here, there):
        found.unknown |= {name: each["unknown"] for name, each in side["tables"].items() if "unknown" in each}
    found.tables += len(set(there["names"]) - set(here["names"]))
    both = {name: (each, there["tables"][name]) for name, each in here["tables"].items() if name in there["tables"]}
    both = {name: pair for name, pair in both.items() if name not in found.unknown}
    found.rows = sum(int(digest[0]) for each, _ in both.values() for digest in each["digests"])
    suspects = {name: _differing(*pair) for name, pair in both.items() if _differs(*pair)}
    if suspects:
        looks = [_look(ask, old, new, suspects)]
        time.sleep(_SETTLE_SECONDS)
        looks.append(_look(ask, old, new, suspects))
        again = _of_both(ask, old, new, {"ranges": suspects})
        for name in suspects:
            counts = [tuple(each["count"] for each in reversed(both[name]))]
            counts.append(tuple(each.get(name, {}).get("count") for each in again))
            _add(found, name, [each[name] for each in looks], counts)
    return found


def _differs(here: Found, there: Found) -> bool:
    return bool(_differing(here, there)) or here["count"] != there["count"]


def _differing(here: Found, there: Found) -> list[Any]:
    """The ranges whose count or digest isn't the same."""
    pairs = zip(here["ranges"], here["digests"], there["digests"], strict=True)
    return [bounds for bounds, one, other in pairs if one != other]


def _look(ask: Any, old: Member, new: Member, suspects: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Table to the rows of its suspected ranges, of the old side and of the new one; None: they aren't known."""
    there, here = _of_both(ask, old, new, {"ranges": suspects, "rows": True})
    return {name: (_merged(there.get(name)), _merged(here.get(name))) for name in suspects}


def _of_both(ask: Any, old: Member, new: Member, request: Mapping[str, Any]) -> list[Found]:
    """The tables of the old side and of the new one; none of a side that doesn't answer."""
    answers = ask_all({each: partial(ask, each, request) for each in (old, new)}, WITHIN_SECONDS)
    return [answers[each].value["tables"] if answers[each].known else {} for each in (old, new)]


def _merged(table: Found | None) -> tuple[Rows, bool] | None:
    """The rows of all ranges, and whether they are all that there are."""
    if table is None or "rows" not in table:
        return None
    rows = {str(key): str(digest) for listed in table["rows"] for key, digest in listed}
    return rows, all(len(listed) < _FULL for listed in table["rows"])


def _add(found: Compared, name: str, looks: Sequence[tuple[Any, Any]], counts: Sequence[tuple[Any, ...]]) -> None:
    """What both looks have found."""
    if any(side is None for look in looks for side in look):
        found.unknown[name] = "its rows can't be listed"
        return
    first, second = (_sorted_out(*look) for look in looks)
    kept = [sorted(one.items() & other.items()) for one, other in zip(first, second, strict=True)]
    only_old, only_new, changed = ([key for key, _ in each] for each in kept)
    old, new = counts[0]
    settled = counts[0] == counts[1] and new is not None and old is not None and new != old
    if any(kept) or settled:
        counted = (old, new) if settled else None
        found.differences.append(Difference(name, only_old, only_new, changed, counted))


def _sorted_out(old: tuple[Rows, bool], new: tuple[Rows, bool]) -> tuple[dict[str, str], ...]:
    """Rows of the old side alone, of the new side alone, and those that differ; a list that is full proves no lack."""
    (there, all_old), (here, all_new) = old, new
    return (
        {key: digest for key, digest in there.items() if key not in here and all_new},
        {key: digest for key, digest in here.items() if key not in there and all_old},
        {key: f"{digest} {here[key]}" for key, digest in there.items() if key in here and here[key] != digest},
    )


def _asked(functions: Mapping[str, str], client: Client, member: Member, request: Mapping[str, Any]) -> Found:
    """What a Region's function answers.

    Raises:
        OSError: it can't.
    """
    name = functions[member.region]
    event = json.dumps({"compare": {**request, "cluster": member.cluster}})
    answer = client("lambda", member.region).invoke(FunctionName=name, Payload=event.encode())
    found = json.loads(answer["Payload"].read() or b"null")
    if answer.get("FunctionError"):
        problem = str((found or {}).get("errorMessage", answer["FunctionError"]))
        raise OSError(f"{name}: {problem}")
    if found is None:
        raise OSError(f"{name}: {_EARLIER}")
    if "error" in found:
        raise OSError(f"{name}: {found['error']}")
    return found  # type: ignore[no-any-return]
