"""Two PostgreSQL servers, one of which follows the other: what an Aurora global database does, on loopback.

A client reaches a member through its door, a copy its source through its feed: closing the one is a fence, cutting the
other a partition. Aurora replicates by its storage and takes longer to promote; rows that are there, refused or missing
are real.
"""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.stores.relay import Relay
from tests.workloads.stores import USER, Postgres, folder, new_postgres

DATABASE = "app"


@dataclass
class Member:
    """One Region's server."""

    server: Postgres
    door: Relay
    """What its clients connect to."""
    feed: Relay
    """What it replicates from while it is a copy."""


@dataclass
class PostgresPair:
    """Both Regions' servers."""

    members: dict[str, Member]
    kept: list[Path] = field(default_factory=list)
    """Data of members that became copies of another one: what only they had is there."""

    def other(self, region: str) -> str:
        """The Region beside this one."""
        (found,) = set(self.members) - {region}
        return found

    def is_copy(self, region: str) -> bool:
        """Whether a Region's server takes no writes because it follows the other one."""
        return self.members[region].server.sql("postgres", "select pg_is_in_recovery()") == "t"

    def rows(self, region: str) -> set[int]:
        """What a Region's table has, read beside its door."""
        return {int(each) for each in self.members[region].server.sql(DATABASE, "select id from written").split()}

    def fail_over(self, to: str) -> None:
        """Promote a copy with what has arrived, as `FailoverGlobalCluster` does; the other one isn't touched."""
        member = self.members[to]
        member.server.run("pg_ctl", "-D", str(member.server.data), "-w", "promote")

    def switch_over(self, to: str) -> None:
        """Promote a copy once it has everything, as `SwitchoverGlobalCluster` does; the other one becomes a copy."""
        old = self.other(to)
        self.members[old].server.stop("fast")
        self.fail_over(to)
        self._follow(old, keep=False)

    def rejoin(self, region: str) -> None:
        """Make a server that was left a copy of the promoted one; its own data is kept aside."""
        self.members[region].server.stop("fast")
        self._follow(region, keep=True)

    def _follow(self, region: str, *, keep: bool) -> None:
        """Copy the other one, and go on from there."""
        member = self.members[region]
        data = member.server.data
        if keep:
            self.kept.append(data.rename(data.with_name(f"kept-{len(self.kept)}")))
        else:
            shutil.rmtree(data, ignore_errors=True)
        where = ("-h", "127.0.0.1", "-p", str(member.feed.port), "-U", USER)
        member.server.run("pg_basebackup", *where, "-D", str(data), "-R", "-X", "stream", "-c", "fast")
        member.server.start()


@contextmanager
def postgres_pair(primary: str, recovery: str) -> Iterator[PostgresPair]:
    """A server in each of two Regions; the second follows the first. Both have a database with a table `written`.

    Args:
        primary: the Region whose server takes writes.
        recovery: the Region of its copy.
    """
    with ExitStack() as stack:
        servers = {region: new_postgres(stack.enter_context(folder())) for region in (primary, recovery)}
        doors = {region: stack.enter_context(Relay(server.port)) for region, server in servers.items()}
        feeds = {
            region: stack.enter_context(Relay(servers[other].port))
            for region, other in ((primary, recovery), (recovery, primary))
        }
        pair = PostgresPair({region: Member(servers[region], doors[region], feeds[region]) for region in servers})
        first = servers[primary]
        first.run("initdb", "-D", str(first.data), "-U", USER, "--auth=trust", "-E", "UTF8")
        for each in servers.values():
            stack.callback(_end, each)
        first.start()
        first.sql("postgres", f"create database {DATABASE}")
        first.sql(DATABASE, "create table written (id bigint primary key, at timestamptz default clock_timestamp())")
        pair._follow(recovery, keep=False)
        yield pair


def _end(server: Postgres) -> None:
    if (server.data / "postmaster.pid").exists():
        server.stop("immediate")
