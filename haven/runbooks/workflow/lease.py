"""One operator at a time: a lease with a fencing token, won in a majority of small tables.

The tables are in different Regions and know nothing of each other. A token is one more than the highest of a majority,
and each table takes a token once, so that no two operators have the same. Nobody compares clocks of two machines: a
lease has expired when somebody else has watched it unchanged for as long as it lasts.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from haven.runbooks.credentials import CredentialsError
from haven.runbooks.workflow.requests import (
    Branches,
    CallError,
    Clock,
    Pause,
    Runbook,
    UnansweredError,
    failure,
    require_calls,
)
from haven.runbooks.workflow.table import Table

SECONDS = 60.0
"""How long a lease lasts after its last confirmation. An assumption: four calls in their worst case."""
MARGIN_SECONDS = 1.0
"""What two clocks may differ in a minute's pace, and more."""
WATCH_SECONDS = 5.0
"""Between two looks at somebody else's lease."""
_ROUNDS = 8
ID, ENTRY = "lease", "0"
"""Its key in each table."""
HELD, FREE = "held", "free"
Waits = Callable[[float, str], None]
"""Gets for how many seconds somebody else's lease is watched by now, and whose it is until when; empty: it is free."""


class LeaseError(Exception):
    """This operator has no lease, so it changes nothing more."""


class HeldError(LeaseError):
    """Somebody else has it."""

    def __init__(self, who: str, token: int) -> None:
        self.who, self.token = who, token
        super().__init__(
            f"{who} has the lease (token {token}) and is at work; ask there, and once they have stopped run the same"
            f" command once more: the lease of a process that died ends after {SECONDS:.0f} s"
        )


class LostError(LeaseError):
    """It was this operator's, and isn't any more, or nobody can confirm it."""


class NoMajorityError(LeaseError):
    """Too few of its tables answer."""


@dataclass(frozen=True)
class Seen:
    """The lease as one table has it."""

    token: int = 0
    renewals: int = 0
    holder: str = ""
    who: str = ""
    state: str = FREE
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def condition(self) -> Mapping[str, Any] | None:
        """What must still be so when the table is taken; None: it has no lease yet."""
        if self.token == 0:
            return None
        return {"token": self.token, "renewals": self.renewals, "state": self.state}


class Lease:
    """One operator's hold on an environment."""

    def __init__(self, tables: Sequence[Table], holder: str, who: str, clock: Clock) -> None:
        """
        Args:
            tables: three of one Region each, or one that is strongly consistent over Regions; always in the same order.
            holder: this process, and no other one ever.
            who: the operator, for others to read.
            clock: this machine's.
        """
        self.tables, self.holder, self.who, self.clock = list(tables), holder, who, clock
        self.majority = len(self.tables) // 2 + 1
        self.token = 0
        self.notes: Mapping[str, Any] = {}
        """What the holder before left for the next one."""
        self.unread: dict[str, str] = {}
        """Regions whose table couldn't be read, and why. It says nothing of the Region."""
        self._until = 0.0
        """On this machine's monotonic clock: when nobody may rely on the lease any more."""
        self._won: set[int] = set()

    async def acquire(self, waits: Waits = lambda *_: None) -> int:
        """Win it.

        Args:
            waits: called while somebody else's is watched. Omitted: nobody is.

        Returns:
            The fencing token.

        Raises:
            HeldError: somebody else is at work.
            NoMajorityError: too few tables answer.
            CredentialsError: AWS takes none of this machine's.
        """
        for attempt in range(_ROUNDS):
            seen = await self._read()
            if any(each.state == HELD for each in seen.values()):
                begin = self.clock.monotonic()
                seen = await self._watch(seen, waits)
                waits(self.clock.monotonic() - begin, "")
            if await self._take(seen):
                return self.token
            await self._give_back()
            await Pause(1 + self._share(attempt) * 4)
        raise NoMajorityError(f"the lease wasn't won in {_ROUNDS} rounds: others want it at the same time")

    async def confirm(self) -> float:
        """Make sure that it is still this operator's, and renew it.

        Returns:
            Until when a call must have ended, on this machine's monotonic clock.

        Raises:
            LostError: it isn't, or has expired meanwhile.
            UnansweredError: too few tables answer, but it still lasts: ask again.
        """
        begin = self.clock.monotonic()
        tables = sorted(self._won)
        outcomes = await Branches([self._renew(self.tables[each]) for each in tables])
        require_calls(outcomes)
        confirmed = [table for table, outcome in zip(tables, outcomes, strict=True) if outcome is True]
        taken = [table for table, outcome in zip(tables, outcomes, strict=True) if outcome is False]
        self._won -= set(taken)
        if len(confirmed) >= self.majority:
            self._until = begin + SECONDS - MARGIN_SECONDS
            self._won = set(confirmed)  # a silent one would make each confirmation wait
        elif len(taken) > len(tables) - self.majority:
            raise LostError("somebody else has taken the lease over")
        if self.clock.monotonic() > self._until:
            raise LostError("the lease has expired: too few of its tables answered in time")
        if len(confirmed) < self.majority:
            raise UnansweredError("too few tables of the lease answered")
        return self._until

    async def keep(self) -> None:
        """Renew it if a third of its time has passed; call this while waiting."""
        if self.clock.monotonic() > self._until - SECONDS * 2 / 3:
            with suppress(UnansweredError):
                await self.confirm()

    async def leave(self, notes: Mapping[str, Any], *, release: bool) -> None:
        """Leave notes for the next holder, and give the lease back if wanted; silent tables expire by themselves."""
        to = {"notes": json.dumps(notes, sort_keys=True), **({"state": FREE} if release else {})}
        mine = {"token": self.token, "holder": self.holder}
        tables = [self.tables[each] for each in sorted(self._won)]
        outcomes = await Branches([each.update(ID, ENTRY, where=mine, to=to, add="renewals") for each in tables])
        require_calls(outcomes)
        self.notes = notes
        if sum(outcome is True for outcome in outcomes) < self.majority and not release:
            raise LostError("the lease's notes weren't written in a majority of its tables")

    async def giving_back(self, runbook: Runbook) -> Any:
        """What a runbook under the lease results in. The lease is free afterwards, after an error too: whoever comes
        next needn't watch for a minute what nobody holds any more.

        Args:
            runbook: what is done under it.

        Raises:
            Exception: the runbook's.
        """
        try:
            result = await runbook
        except Exception:
            with suppress(CallError, LeaseError, CredentialsError):
                await self.leave(self.notes, release=True)
            raise
        await self.leave(self.notes, release=True)
        return result

    async def left_notes(self) -> Mapping[str, Any]:
        """The notes of whoever held it last, without taking it; none where too few tables answer to know."""
        outcomes = await Branches([each.get(ID, ENTRY, observes=True) for each in self.tables])
        require_calls(outcomes)
        return _last_notes([lease_in(each) for each in outcomes if not failure(each)], self.majority)

    async def _read(self) -> dict[int, Seen]:
        """What the tables have; one that couldn't be read once isn't asked any more."""
        places = [place for place, each in enumerate(self.tables) if each.region not in self.unread]
        outcomes = await Branches([self.tables[each].get(ID, ENTRY, observes=True) for each in places])
        require_calls(outcomes)
        answers = dict(zip(places, outcomes, strict=True))
        self.unread |= {self.tables[place].region: str(each) for place, each in answers.items() if failure(each)}
        if len(self.tables) - len(self.unread) < self.majority:
            unread = "; ".join(f"{region}: {why}" for region, why in self.unread.items())
            raise NoMajorityError(f"the lease needs {self.majority} of {len(self.tables)} tables; {unread}")
        return {place: lease_in(each) for place, each in answers.items() if not failure(each)}

    async def _watch(self, first: Mapping[int, Seen], waits: Waits) -> dict[int, Seen]:
        """Wait until nobody holds it, or whoever does hasn't touched it for as long as it lasts."""
        began = self.clock.monotonic()
        expires = began + SECONDS + MARGIN_SECONDS
        holder = next(each for each in first.values() if each.state == HELD)
        while True:
            left = max(0.0, expires - self.clock.monotonic())
            why = f"free in {left:.0f} s at the latest, unless they renew it"
            waits(expires - began - left, f"{holder.who} has it (token {holder.token}); {why}")
            await Pause(min(WATCH_SECONDS, left))
            now = await self._read()
            if all(each.state == FREE for each in now.values()):
                return now
            touched = [place for place in now if place in first and now[place].condition != first[place].condition]
            at_work = [now[place] for place in touched if now[place].state == HELD]
            if at_work:
                raise HeldError(at_work[0].who, at_work[0].token)
            if self.clock.monotonic() >= expires:
                return {place: each for place, each in now.items() if place in first and place not in touched}

    async def _take(self, seen: Mapping[int, Seen]) -> bool:
        """One table after the other, so that racers meet at the first and don't each win one."""
        begin = self.clock.monotonic()
        self._won = set()
        if len(seen) < self.majority:
            return False
        self.token = max(each.token for each in seen.values()) + 1
        self.notes = _last_notes(seen.values(), self.majority)
        for place, was in sorted(seen.items()):
            if await self._take_one(self.tables[place], was):
                self._won.add(place)
            elif not self._won:
                return False
        self._until = begin + SECONDS - MARGIN_SECONDS
        return len(self._won) >= self.majority and self.clock.monotonic() < self._until

    async def _take_one(self, table: Table, was: Seen) -> bool:
        mine = {"token": self.token, "holder": self.holder, "who": self.who, "state": HELD, "renewals": was.renewals}
        notes = {"notes": json.dumps(self.notes, sort_keys=True)}
        try:
            return await table.update(ID, ENTRY, where=was.condition, to={**mine, **notes})
        except UnansweredError:
            pass
        except CallError:
            return False
        try:  # it may have been done: only the table knows
            now = lease_in(await table.get(ID, ENTRY, observes=True))
        except CallError:
            return False
        return (now.token, now.holder, now.state) == (self.token, self.holder, HELD)

    async def _renew(self, table: Table) -> bool:
        mine = {"token": self.token, "holder": self.holder, "state": HELD}
        return await table.update(ID, ENTRY, where=mine, to={"who": self.who}, add="renewals")

    async def _give_back(self) -> None:
        mine = {"token": self.token, "holder": self.holder}
        free = {"state": FREE}
        await Branches([self.tables[each].update(ID, ENTRY, where=mine, to=free) for each in sorted(self._won)])
        self._won = set()

    def _share(self, attempt: int) -> float:
        """Between 0 and 1, another one for each holder and attempt."""
        return hashlib.sha256(f"{self.holder} {attempt}".encode()).digest()[0] / 256


def _last_notes(seen: Collection[Seen], majority: int) -> Mapping[str, Any]:
    if len(seen) < majority:
        return {}
    return max(seen, key=lambda each: (each.token, each.renewals)).notes


def lease_in(item: Mapping[str, Any] | None) -> Seen:
    """The lease as an item of a table has it; None: there is no item."""
    if item is None:
        return Seen()
    return Seen(
        int(item["token"]),
        int(item.get("renewals", 0)),
        str(item["holder"]),
        str(item["who"]),
        str(item["state"]),
        json.loads(item.get("notes") or "{}"),
    )
