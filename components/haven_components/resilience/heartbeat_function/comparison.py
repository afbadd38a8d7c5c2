"""Counts and digests of a database's tables, for `haven reconcile`: what is answered is enough to compare two members.

Rows never leave the database, only their primary keys and digests do. Everything runs in read-only transactions of the
master user; identifiers come from the database's own catalog, values are quoted.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

from .database import Database, takes_writes
from .postgres import Connection, Login, PostgresError, Rows, literal

EVENT = "compare"
"""Key of an event that asks for a comparison; every other event is the schedule's."""
RESTORED = "haven-compare-"
"""What names of restored clusters begin with. No other cluster is logged in to."""
WHOLE_ROWS, RANGE_ROWS, RANGES = 2000, 500, 8
"""Rows of a table that is one range, rows of a range of a larger one on the writing side, and how many of those."""
PART_ROWS, PARTS = 2000, 50
"""Where every row is compared: rows of a range on the writing side, and ranges of one answer."""
LISTED_ROWS = 4000
"""Of a range, in one answer."""
_WITHIN_SECONDS, _STATEMENT_SECONDS = 45.0, 10
_SETTINGS = {
    "statement_timeout": f"{_STATEMENT_SECONDS}s",
    "search_path": "pg_catalog",
    "standard_conforming_strings": "on",
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
}
"""A row's text depends on them."""
_BEGIN = "BEGIN READ ONLY; " + "".join(f"SET LOCAL {name} = '{value}'; " for name, value in _SETTINGS.items())
_ROW = "haven_row"
"""The alias of a table in every statement."""
_NAME = re.compile(rf"{RESTORED}[a-z0-9-]{{1,49}}")
_DATABASES = (
    "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate AND datname <> 'rdsadmin' ORDER BY 1"
)
_TABLES = """
SELECT n.nspname, c.relname, format('%I.%I', n.nspname, c.relname),
  has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'), greatest(c.reltuples, 0)::bigint,
  (SELECT json_agg(json_build_array(format('%I', a.attname), format_type(a.atttypid, a.atttypmod)) ORDER BY k.place)
    FROM pg_index i,
    unnest(i.indkey) WITH ORDINALITY AS k(number, place), pg_attribute a
    WHERE i.indrelid = c.oid AND i.indisprimary AND a.attrelid = c.oid AND a.attnum = k.number)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence = 'p'
  AND n.nspname NOT IN ('information_schema', 'haven') AND n.nspname NOT LIKE 'pg\\_%'
ORDER BY 1, 2
"""
"""Unlogged and temporary tables aren't replicated; a partition's rows are its table's."""

Bound = Sequence[str | None] | None
"""A primary key; None: the end of the table."""


@dataclass(frozen=True)
class Table:
    """One table."""

    database: str
    identifier: str
    """Quoted."""
    readable: bool
    rows: int
    """As of the last ANALYZE."""
    key: Sequence[tuple[str, str]] = ()
    """Columns of the primary key, quoted, each with its type; empty: it has none."""

    @property
    def name(self) -> str:
        """For people and requests."""
        return f"{self.database}/{self.identifier}"

    @property
    def columns(self) -> str:
        """The primary key, in a statement. With the table's alias, or ORDER BY would take the texts of a SELECT."""
        return ", ".join(f"{_ROW}.{name}" for name, _ in self.key)

    @property
    def texts(self) -> str:
        """The primary key as texts."""
        return ", ".join(f"{_ROW}.{name}::text" for name, _ in self.key)

    def between(self, low: Bound, high: Bound) -> str:
        """The condition for a range: from its first key to before its last."""
        limits = [(low, ">="), (high, "<")]
        conditions = [f"({self.columns}) {sign} ({self._values(each)})" for each, sign in limits if each is not None]
        return f"WHERE {' AND '.join(conditions)}" if conditions else ""

    def _values(self, bound: Sequence[str | None]) -> str:
        pairs = zip(bound, self.key, strict=True)
        return ", ".join(f"CAST({literal(str(value))} AS {kind})" for value, (_, kind) in pairs)


@dataclass
class Comparison:
    """One member's part of a comparison."""

    database: Database
    end: float = field(default_factory=lambda: time.monotonic() + _WITHIN_SECONDS)

    def answer(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """What is asked of this member.

        Args:
            request: `ranges`, table to its ranges or null for ranges that this member chooses; `rows`, whether the keys
                and digests of all rows of these ranges are wanted rather than a count and a digest of each. Or `after`:
                table to the key from which on this member chooses ranges that leave no row out, null for the beginning;
                `next` in the answer is the key to go on from, null at the table's end. `counts`, false: tables aren't
                counted.
        """
        wanted, after = request.get("ranges"), request.get("after")
        with self._connect(self.database.name) as connection:
            writes = takes_writes(connection)
            names = [str(each[0]) for each in connection.query(_DATABASES)]
        tables = {each.name: each for name in names for each in self._tables(name)}
        chosen = tables if wanted is None else {name: tables[name] for name in wanted if name in tables}
        found: dict[str, Mapping[str, Any]] = {}
        if after is not None:
            found = {name: self._part(tables[name], low) for name, low in after.items() if name in tables}
            return {"writes": writes, "names": sorted(tables), "tables": found}
        for name, table in chosen.items():
            given = None if wanted is None else wanted[name]
            found[name] = self._of_table(table, given, rows=bool(request.get("rows")))
        if request.get("counts", True) and not request.get("rows"):  # the counts take longest, and come last
            found = {name: {**each, "count": self._count(tables[name])} for name, each in found.items()}
        return {"writes": writes, "names": sorted(tables), "tables": found}

    def _of_table(self, table: Table, ranges: Any, *, rows: bool) -> Mapping[str, Any]:
        if why := self._unread(table):
            return {"unknown": why}
        try:
            if rows:
                listed = [self._rows(table, *each) for each in ranges]
                return {"rows": [each for each, _ in listed], "ends": [end for _, end in listed]}
            chosen = list(self._ranges(table)) if ranges is None else ranges
            return {"ranges": chosen, "digests": self._digests(table, chosen)}
        except (OSError, PostgresError) as error:
            return {"unknown": str(error)}

    def _part(self, table: Table, low: Bound) -> Mapping[str, Any]:
        """Ranges that leave no row out, up to so many, and where the next ones begin."""
        if why := self._unread(table):
            return {"unknown": why}
        try:
            bounds = self._bounds(table, low)
            more = bounds[-1] if len(bounds) == PARTS else None
            ranges = list(pairwise([low, *bounds, *([] if more else [None])]))
            return {"ranges": ranges, "digests": self._digests(table, ranges), "next": more}
        except (OSError, PostgresError) as error:
            return {"unknown": str(error)}

    def _unread(self, table: Table) -> str:
        """Why a table isn't read; empty: it is."""
        if not table.readable:
            return "the master user has no right to read it: its owner may GRANT SELECT ON it TO that user"
        return "" if time.monotonic() <= self.end else f"no time was left of {_WITHIN_SECONDS:.0f} s"

    def _bounds(self, table: Table, low: Bound) -> Rows:
        """The keys of every so many rows from one on.

        Raises:
            PostgresError: a table without a primary key has too many rows to be one range.
        """
        if not table.key:
            if self._is_large(table):
                raise PostgresError(f"it has no primary key and more than {WHOLE_ROWS} rows, which can only be counted")
            return []
        numbered = (
            f"SELECT {table.columns}, row_number() OVER (ORDER BY {table.columns}) AS haven_number"  # noqa: S608  quoted
            f" FROM {table.identifier} AS {_ROW} {table.between(low, None)}"
            f" ORDER BY {table.columns} LIMIT {PARTS * PART_ROWS + 1}"
        )
        every = f"haven_number > 1 AND haven_number % {PART_ROWS} = 1"
        return self._query(
            table,
            f"SELECT {table.texts} FROM ({numbered}) AS {_ROW} WHERE {every} ORDER BY haven_number",  # noqa: S608
        )

    def _count(self, table: Table) -> int | None:
        """All rows; None: they can't be counted in time."""
        if not table.readable or time.monotonic() > self.end:
            return None
        try:
            return int(self._one(table, f"SELECT count(*) FROM {table.identifier}")[0] or 0)  # noqa: S608  quoted
        except (OSError, PostgresError):
            return None

    def _ranges(self, table: Table) -> Iterator[Sequence[Bound]]:
        """Both ends of a table and random places between; a small one as a whole."""
        if not self._is_large(table):
            yield None, None
        elif table.key:
            yield from self._samples(table)

    def _is_large(self, table: Table) -> bool:
        return bool(self._query(table, f"SELECT 1 FROM {table.identifier} OFFSET {WHOLE_ROWS} LIMIT 1"))  # noqa: S608

    def _samples(self, table: Table) -> Iterator[Sequence[Bound]]:
        select = f"SELECT {table.texts} FROM {table.identifier} AS {_ROW}"  # noqa: S608  both are quoted
        order = f"ORDER BY {table.columns} OFFSET {RANGE_ROWS} LIMIT 1"
        first = self._query(table, f"{select} {order}")
        yield None, first[0] if first else None
        percent = min(100.0, 100.0 * 20 * RANGE_ROWS / max(1, table.rows))
        some = (
            f"SELECT {table.texts} FROM (SELECT * FROM {table.identifier} TABLESAMPLE SYSTEM ({percent:.6f})"  # noqa: S608
            f" LIMIT {20 * RANGE_ROWS}) AS {_ROW} ORDER BY random() LIMIT {RANGES - 2}"
        )
        for low in self._query(table, some):
            high = self._query(table, f"{select} {table.between(low, None)} {order}")
            yield low, high[0] if high else None
        backwards = ", ".join(f"{_ROW}.{name} DESC" for name, _ in table.key)
        last = self._query(table, f"{select} ORDER BY {backwards} OFFSET {RANGE_ROWS - 1} LIMIT 1")
        yield last[0], None

    def _rows(self, table: Table, low: Bound, high: Bound) -> tuple[list[Sequence[str]], Bound]:
        """Key and digest of each row, and the key to go on from where there are more. Without a key the digest is both,
        and nothing leads on from there."""
        texts = f"{table.texts}, " if table.key else ""
        statement = f"SELECT {texts}md5({_ROW}::text) FROM {table.identifier} AS {_ROW}"  # noqa: S608  quoted
        order = f"ORDER BY {table.columns}" if table.key else ""
        rows = self._query(table, f"{statement} {table.between(low, high)} {order} LIMIT {LISTED_ROWS + 1}")
        end = rows.pop()[:-1] if len(rows) > LISTED_ROWS else None
        return [(", ".join(map(str, row[:-1])) or str(row[-1]), str(row[-1])) for row in rows], end

    def _tables(self, database: str) -> list[Table]:
        try:
            with self._connect(database) as connection:
                found = connection.query(_BEGIN + _TABLES)
        except PostgresError as error:
            if error.code == "42501":  # no right to connect: nothing of Haven's or of the master user's
                return []
            raise
        return [
            Table(database, str(name), readable == "t", int(rows or 0), json.loads(key or "[]"))
            for _, _, name, readable, rows, key in found
        ]

    def _one(self, table: Table, statement: str) -> Sequence[str | None]:
        return self._query(table, statement)[0]

    def _digests(self, table: Table, ranges: Sequence[Any]) -> Rows:
        """Count and digest of each range."""
        selects = [_digest(table, number, *each) for number, each in enumerate(ranges)]
        return [row[1:] for row in self._query(table, " UNION ALL ".join(selects) + " ORDER BY 1")] if selects else []

    def _query(self, table: Table, statement: str) -> Rows:
        """Each statement has a connection of its own: one that was cancelled is of no use any more."""
        with self._connect(table.database) as connection:
            return connection.query(_BEGIN + statement)

    def _connect(self, name: str) -> Connection:
        return self._answering.connect(lambda _: self._master, name, timeout=_STATEMENT_SECONDS + 2)

    @cached_property
    def _master(self) -> Login:
        return self.database.master()

    @cached_property
    def _answering(self) -> Database:
        """The endpoint that answers, found once: a secondary's writer endpoint leads nowhere, which takes its time."""
        *others, last = [replace(self.database, hosts=[each]) for each in self.database.hosts]
        for each in others:
            try:
                each.connect(lambda _: self._master).close()
            except OSError:
                continue
            return each
        return last


def _digest(table: Table, number: int, low: Bound, high: Bound) -> str:
    """A range's number, count and digest; the order of its rows doesn't matter."""
    each = f"('x' || left(md5({_ROW}::text), 15))::bit(60)::bigint"
    rows = f"{table.identifier} AS {_ROW} {table.between(low, high)}"
    return f"SELECT {number}, count(*), coalesce(sum({each}), 0) FROM {rows}"  # noqa: S608  all of it is quoted


def answer(database: Database, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the function returns.

    Args:
        database: the Region's member.
        request: as of `Comparison.answer`; `cluster` names a restored cluster in this Region to ask instead.
    """
    cluster = str(request.get("cluster") or "")
    if cluster and not _NAME.fullmatch(cluster):
        return {"error": f"{cluster!r} isn't the name of a cluster to compare with: it begins with {RESTORED}"}
    if cluster:
        # One account's clusters differ in a Region by the first label alone (Aurora User Guide, endpoints; 2026-11-26).
        domain = database.hosts[0].partition(".")[2]
        database = replace(database, hosts=[f"{cluster}.{domain}"])
    try:
        return Comparison(database).answer(request)
    except (OSError, PostgresError) as error:
        return {"error": str(error)}
