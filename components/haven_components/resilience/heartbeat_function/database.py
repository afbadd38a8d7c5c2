"""The heartbeat in Aurora: a row for each Region, written where the database takes writes and read everywhere."""

import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .beats import Beat, now_ms
from .keys import DATABASE_USER as USER
from .postgres import Connection, Login, PostgresError, literal

STORE = "database"
TIMEOUT_SECONDS = 3.0
_TABLE = "haven.haven_heartbeat"
_MISSING = ("28000", "28P01", "3F000", "42501", "42P01")
"""SQLSTATE of a refused login, which is also what a missing user gets, and of a missing schema, right or table."""

_PREPARE = f"""
CREATE SCHEMA IF NOT EXISTS haven;
CREATE TABLE IF NOT EXISTS {_TABLE} (region text PRIMARY KEY, at_ms bigint NOT NULL);
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{USER}') THEN CREATE ROLE {USER} LOGIN; END IF;
END $$;
GRANT rds_iam TO {USER};
GRANT USAGE ON SCHEMA haven TO {USER};
GRANT SELECT, INSERT, UPDATE ON {_TABLE} TO {USER};
"""


@dataclass(frozen=True)
class Database:
    """One Region's member of the global database.

    Every beat connects anew: so it follows a failover within the Region and a promotion, and is cut off with all other
    clients by a fence.
    """

    region: str
    hosts: Sequence[str]
    """The Region's writer endpoint, then its reader endpoint: a secondary has no writer before its promotion."""
    port: int
    name: str
    token: Callable[[str], str]
    """Host name to the token with which `USER` logs in there."""
    master: Callable[[], Login]
    """The master user, who makes table and user where they are missing, on the writing side alone, and reads for a
    comparison (`comparison.py`)."""
    tls: ssl.SSLContext | None

    def beat(self) -> list[Beat]:
        """Write where the database takes writes, and read the newest row.

        A secondary with write forwarding would take a write and pass it on, so what is asked first is whether the
        instance replays somebody else's changes.

        Raises:
            OSError: no instance answers.
            PostgresError: the database refuses.
        """
        try:
            return [self._beat()]
        except PostgresError as error:
            if error.code not in _MISSING or not self._prepare():
                raise
        return [self._beat()]

    def _beat(self) -> Beat:
        with self.connect(lambda host: Login(USER, self.token(host), token=True)) as connection:
            writes = takes_writes(connection)
            if writes:
                connection.query(
                    f"INSERT INTO {_TABLE} VALUES ({literal(self.region)}, {now_ms()})"  # noqa: S608  both are quoted
                    " ON CONFLICT (region) DO UPDATE SET at_ms = EXCLUDED.at_ms"
                )
            newest = connection.query(f"SELECT max(at_ms) FROM {_TABLE}")[0][0]  # noqa: S608  a constant
            return Beat(STORE, None if newest is None else float(newest), writes)

    def _prepare(self) -> bool:
        """Make schema, table and user; whether this is where they can be made."""
        master = self.master()
        with self.connect(lambda _: master) as connection:
            if not takes_writes(connection):
                return False
            connection.query(_PREPARE)
            return True

    def connect(self, login: Callable[[str], Login], name: str = "", *, timeout: float = TIMEOUT_SECONDS) -> Connection:
        """A connection to the first endpoint that answers.

        Args:
            login: host name to who logs in there.
            name: the database. Empty: the heartbeat's.
            timeout: in seconds, of each wait.

        Raises:
            OSError: none answers.
        """
        failures = []
        for host in self.hosts:
            try:
                given = login(host)
                return Connection(host, self.port, name or self.name, given, tls=self.tls, timeout=timeout)
            except OSError as error:
                failures.append(f"{host}: {error}")
        raise OSError("; ".join(failures))


def takes_writes(connection: Connection) -> bool:
    """Whether an instance doesn't replay somebody else's changes."""
    return connection.query("SELECT pg_is_in_recovery()") == [["f"]]
