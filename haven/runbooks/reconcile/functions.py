"""Asks the heartbeats' functions about rows: for all of what they tell in parts, however much it is."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from haven.runbooks.clients import Client
from haven.runbooks.observation import ask_all

WITHIN_SECONDS = 300.0
"""For an answer of both sides."""
_RANGES = 8
"""Whose rows are asked for at once: some 3 MB, and Lambda answers with up to 6 (Lambda quotas; read 2026-11-27). The
length of a key is an assumption."""
EARLIER = "the function is of an earlier version: deploy it with pulumi up"

Found = Mapping[str, Any]
Rows = Mapping[str, str]
"""Primary key to the digest of its row."""
Listed = tuple[Rows, bool]
"""The rows of some ranges, and whether these are all."""


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


Ask = Callable[[Member, Mapping[str, Any]], Found]
"""A member and a request to the answer."""


def asked(functions: Mapping[str, str], client: Client, member: Member, request: Mapping[str, Any]) -> Found:
    """What a Region's function answers.

    Args:
        functions: Region to its function.
        client: makes the clients.
        member: whom it asks.
        request: as the function takes it (haven_components/resilience/heartbeat_function/comparison.py).

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
        raise OSError(f"{name}: {EARLIER}")
    if "error" in found:
        raise OSError(f"{name}: {found['error']}")
    return found  # type: ignore[no-any-return]


def look(ask: Ask, old: Member, new: Member, suspects: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Table to the rows of its suspected ranges, of the old side and of the new one; None: they aren't known.

    Args:
        ask: asks a function.
        old: the old side.
        new: the one that writes.
        suspects: table to ranges.
    """
    answers = ask_all({each: partial(_listed, ask, each, suspects) for each in (old, new)}, WITHIN_SECONDS)
    there, here = (answers[each].value if answers[each].known else {} for each in (old, new))
    return {name: (there.get(name), here.get(name)) for name in suspects}


def _listed(ask: Ask, member: Member, suspects: Mapping[str, Any]) -> dict[str, Listed]:
    found: dict[str, Listed] = {}
    for name, ranges in suspects.items():
        rows: dict[str, str] = {}
        complete = True
        try:
            for each, end in _pages(ask, member, name, ranges):
                rows |= {str(key): str(digest) for key, digest in each}
                complete = complete and end != []
        except KeyError:
            continue  # it is gone, or can't be read
        found[name] = rows, complete
    return found


def _pages(ask: Ask, member: Member, name: str, ranges: Sequence[Any]) -> Iterator[tuple[Sequence[Any], Any]]:
    """Each list of rows, and the key to go on from: none at a range's end, an empty one where no key leads on."""
    left = list(ranges)
    while left:
        following = []
        for begin in range(0, len(left), _RANGES):
            some = left[begin : begin + _RANGES]
            table = ask(member, {"ranges": {name: some}, "rows": True})["tables"][name]
            ends = table["ends"]
            yield from zip(table["rows"], ends, strict=True)
            following += [[end, high] for end, (_, high) in zip(ends, some, strict=True) if end]
        left = following
