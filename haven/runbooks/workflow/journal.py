"""What a workflow is about to do and what came of it, written before it happens, where another machine can read it.

The journal is in the Region that survives, as items with numbers without a gap. An item is written only where none has
its number, so of two operators one writes entry N, and the other one learns that it has been displaced.
"""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from haven.base.problems import Problem, Problems, shown
from haven.runbooks.workflow.local_file import Lines
from haven.runbooks.workflow.requests import CallError, Clock, Mutex, Pause
from haven.runbooks.workflow.table import Table

BEGIN, TAKEOVER, DECISION, INTENT, OUTCOME, DONE, ABORT, END, CLOSED = (
    "begin",
    "takeover",
    "decision",
    "intent",
    "outcome",
    "done",
    "abort",
    "end",
    "closed",
)
KINDS = (BEGIN, TAKEOVER, DECISION, INTENT, OUTCOME, DONE, ABORT, END, CLOSED)
"""The last one is of a process that ends before its workflow, or that began none: it has the last head of its audit."""
ACCEPTED, REFUSED, UNKNOWN, UNSENT = "accepted", "refused", "unknown", "unsent"
"""Outcomes of a call."""
ID = "journal"
"""The first part of its keys in the table."""
_TRIES, _EVERY_SECONDS = 5, 2.0
_RESTORE_FIX = "restore the table to the point in time before that"
_VERSION_FIX = "use the version of haven that began the workflow: it names its steps"


class DisplacedError(Exception):
    """Another operator has written the entry that this one wanted to write."""

    def __init__(self, number: int, who: str) -> None:
        super().__init__(f"{who} has taken this workflow over: entry {number} of the journal is theirs")


class UnwrittenError(Exception):
    """The journal can't be written, so nothing more is changed."""


_LINE = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


class Entry(NamedTuple):
    """One line."""

    number: int
    kind: str
    token: int
    who: str
    at: float
    """Seconds since the epoch, by the writer's clock."""
    data: Mapping[str, Any] = {}

    def text(self) -> str:
        """The line."""
        return _LINE.encode(
            {
                "number": self.number,
                "kind": self.kind,
                "token": self.token,
                "who": self.who,
                "at": self.at,
                "data": self.data,
            }
        )


class Journal:
    """One environment's journal in one Region, with a copy on this machine."""

    def __init__(self, table: Table, copy: Lines, clock: Clock, who: str, holder: str) -> None:
        """
        Args:
            table: the operations table of the Region that survives.
            copy: this machine's copy, for people; it never has an entry that the table lacks.
            clock: this machine's.
            who: the operator.
            holder: this process.
        """
        self._table, self._copy, self._clock, self._who, self._holder = table, copy, clock, who, holder
        self._last = 0
        self._mutex = Mutex()
        self.token = 0
        self.head: Mapping[str, Any] = {}
        """The audit's head, which goes into every entry."""
        self.entries: list[Entry] = []

    async def read(self) -> Sequence[Entry]:
        """Every entry.

        Raises:
            CallError: the table doesn't answer.
            Problems: an entry is missing, or is of a kind that this version doesn't know.
        """
        self.entries = await stored(self._table)
        numbers = [each.number for each in self.entries]
        where = f"{self._table.name} in {self._table.region}"
        if numbers != list(range(1, len(numbers) + 1)):
            raise Problems([Problem("the journal", shown(numbers), "numbers without a gap", _RESTORE_FIX)], where)
        odd = [each for each in self.entries if each.kind not in KINDS]
        if odd:
            known = ", ".join(KINDS)
            raise Problems([Problem(f"entry {odd[0].number}", shown(odd[0].kind), known, _VERSION_FIX)], where)
        self._last = len(numbers)
        return self.entries

    async def append(self, kind: str, **data: Any) -> Entry:
        """Write the next entry.

        Args:
            kind: of `KINDS`.
            data: what it has; `audit`, where it isn't given, is the newest head.

        Raises:
            DisplacedError: somebody else has written it.
            UnwrittenError: the table takes nothing.
        """
        async with self._mutex:
            entry = Entry(
                self._last + 1, kind, self.token, self._who, self._clock.wall(), {"audit": dict(self.head), **data}
            )
            text = entry.text()
            await self._write(entry, text)
            self._last += 1
            self.entries.append(entry)
            try:
                self._copy.append(text)
            except OSError as error:
                raise UnwrittenError(f"the journal's copy can't be written: {error.strerror or error}") from error
            return entry

    async def _write(self, entry: Entry, text: str) -> None:
        place = f"{entry.number:09d}"
        item = {"body": text, "holder": self._holder, "number": entry.number}
        problem = ""
        for _ in range(_TRIES):
            try:
                if await self._table.put_new(ID, place, item):
                    return
                found = await self._table.get(ID, place)
            except CallError as error:  # it may be there: whether it is decides what the next try finds
                problem = str(error)
                await Pause(_EVERY_SECONDS)
                continue
            if found is not None and (found["holder"], found["body"]) == (self._holder, text):
                return
            raise DisplacedError(entry.number, entry_of(found).who if found else "somebody")
        raise UnwrittenError(f"{self._table.name} in {self._table.region} doesn't take the journal: {problem}")


async def stored(table: Table) -> list[Entry]:
    """The entries of a table, unchecked.

    Raises:
        CallError: it doesn't answer.
        Problems: an entry can't be read.
    """
    items, _ = await table.query(ID)
    return [*map(entry_of, items[:-1]), *(entry_of(each, table) for each in items[-1:])]


def _removal(table: Table, item: Mapping[str, Any]) -> str:
    """What lets the next run go on without the last entry: what it had the audit has, and looks find the rest out."""
    named = json.dumps({"id": {"S": ID}, "entry": {"S": item["entry"]}})
    typed = ["aws", "dynamodb", "delete-item", "--region", table.region, "--table-name", table.name, "--key", named]
    who = "as somebody who may delete items, which the operators' role may not"
    return f"it is the last one: remove it, {who}, and run the same command once more: {shlex.join(typed)}"


def entry_of(item: Mapping[str, Any], last_of: Table | None = None) -> Entry:
    """An entry as the table has it.

    Args:
        item: its attributes, without DynamoDB's types.
        last_of: the table whose last entry it is: one that can't be read may be removed there. Omitted: it isn't the
            last one, so the table has to be restored.

    Raises:
        Problems: it can't be read.
    """
    try:
        body = json.loads(item["body"])
        return Entry(body["number"], body["kind"], body["token"], body["who"], body["at"], body["data"])
    except (ValueError, KeyError, TypeError):
        got, fix = shown(item.get("body")), _RESTORE_FIX if last_of is None else _removal(last_of, item)
        problem = Problem(f"entry {item.get('entry')} of the journal", got, "an entry as it was written", fix)
        raise Problems([problem], "the operations table") from None


@dataclass
class StepRecord:
    """What the journal knows of one step."""

    intent: Mapping[str, Any] = field(default_factory=dict)
    """The last call that was to be made; empty: none."""
    at: float | None = None
    """When that intent was written, in seconds since the epoch, by the writer's clock. None: there is none."""
    open: bool = False
    """Whether the last intent has no outcome: the call may have been made, or may not."""
    outcome: str = ""
    """The last call's."""
    answer: str = ""
    """What AWS answered to the last call: of a refusal its code and reason."""
    done: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)
    """What was found when it was done."""
    before: Mapping[str, Any] = field(default_factory=dict)
    """What its calls change, by name, as it was before the first of them."""

    @property
    def may_have_happened(self) -> bool:
        """Whether a call of it may have changed something."""
        return self.open or self.outcome in (ACCEPTED, UNKNOWN)


@dataclass
class Workflow:
    """One workflow as its entries describe it."""

    id: str
    goal: Mapping[str, Any]
    steps: dict[str, StepRecord] = field(default_factory=dict)
    decisions: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """The last decision on each question."""
    aborting: str = ""
    """Why it is undone; empty: it goes forward."""
    turns: int = 0
    """How often it went forward once more after it had begun to be undone."""
    end: Mapping[str, Any] | None = None

    def step(self, name: str) -> StepRecord:
        """The record of a step; made where it has none."""
        found = self.steps.get(name)
        if found is None:
            found = self.steps[name] = StepRecord()
        return found


def replay(entries: Sequence[Entry]) -> Workflow | None:
    """The last workflow; None: there never was one."""
    found: Workflow | None = None
    for entry in entries:
        if entry.kind == BEGIN:
            found = Workflow(str(entry.data["workflow"]), entry.data["goal"])
        elif found is not None:
            apply(found, entry)
    return found


def apply(workflow: Workflow, entry: Entry) -> None:
    """Add what an entry reports to a workflow."""
    data = entry.data
    if entry.kind == TAKEOVER:
        # Whoever goes on may give what the first operator had no need of; what was given stays.
        given = {each: data[each] for each in ("force", "acceptLoss") if data.get(each)}
        unplanned = {"planned": False} if data.get("planned") is False else {}
        workflow.goal = {**workflow.goal, **given, **unplanned}
        if data.get("onward"):
            _turn(workflow)
    elif entry.kind == DECISION:
        workflow.decisions[str(data["question"])] = data
        for name in data.get("unread", ()):
            if name in workflow.steps:  # another kind of workflow has no such step
                workflow.steps[name].done = False
    elif entry.kind == ABORT:
        workflow.aborting = str(data["why"])
    elif entry.kind == END:
        workflow.end = data
    elif entry.kind != CLOSED:
        _apply_to_step(workflow.step(str(data["step"])), entry)


def _turn(workflow: Workflow) -> None:
    """Go forward although some of it is undone already: what is there, the looks find out."""
    workflow.aborting = ""
    workflow.turns += 1
    for record in workflow.steps.values():
        record.done, record.data = False, {}


def _apply_to_step(record: StepRecord, entry: Entry) -> None:
    if entry.kind == INTENT:
        record.intent = {name: entry.data.get(name) for name in ("call", "arguments")}
        record.open, record.at = True, entry.at
        record.before = {**entry.data.get("before", {}), **record.before}
        record.data = {}  # what was found before may change now
    elif entry.kind == OUTCOME:
        record.open = False
        record.answer = str(entry.data.get("answer", ""))
        # An unsent repetition doesn't undo what an earlier call may have done.
        if not (record.outcome in (ACCEPTED, UNKNOWN) and entry.data["outcome"] in (UNSENT, REFUSED)):
            record.outcome = str(entry.data["outcome"])
    elif entry.kind == DONE:
        record.done = True
        record.data = entry.data.get("found") or record.data


def require_known_steps(workflow: Workflow, known: Sequence[str], where: str) -> None:
    """Refuse a journal with a step that this version doesn't have.

    Raises:
        Problems: it has one.
    """
    unknown = [each for each in workflow.steps if each not in known]
    if unknown:
        raise Problems(
            [
                Problem(f"step {shown(each)}", f"an open workflow ({workflow.id})", ", ".join(known), _VERSION_FIX)
                for each in unknown
            ],
            where,
        )
