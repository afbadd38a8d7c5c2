"""What a failover's checks are made from: the manifest, the direction, and what both Regions answered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from haven.runbooks.clients import Client
from haven.runbooks.manifest import RecoveryManifest, Side
from haven.runbooks.observation import Answer
from haven.runbooks.preflight.checks import Check, Status

Key = tuple[str, str]
"""What is asked and the Region that is asked."""
Answers = Mapping[Key, Answer]
"""What comes back on each."""
REWRITE = "run pulumi up with haven:active as it is, which writes the manifest"


@dataclass(frozen=True)
class Question:
    """What is asked of one service in one Region."""

    client: Client
    service: str
    region: str
    ask: Callable[..., Any]
    arguments: tuple[Any, ...]

    def prepare(self) -> None:
        """Make the client, before the time for answers begins: on this machine that is the slowest part."""
        self.client(self.service, self.region)

    def __call__(self) -> Any:
        """The answer."""
        return self.ask(self.client(self.service, self.region), *self.arguments)


def asking(client: Client, service: str, region: str, ask: Callable[..., Any], *arguments: Any) -> Question:
    """A question to a service.

    Args:
        client: makes the clients.
        service: which one.
        region: where.
        ask: takes the client and the arguments, and returns the answer.
        arguments: further ones.
    """
    return Question(client, service, region, ask, arguments)


Questions = Mapping[Key, Question]


@dataclass(frozen=True)
class Line:
    """One check before its outcome is known."""

    what: str
    region: str
    needed: str
    fix: str
    """What to do unless it is ok."""
    blocks: bool
    """Whether a problem forbids the failover."""
    unknown_blocks: bool

    def ok(self, got: str) -> Check:
        """As it has to be."""
        return Check(self.what, self.region, Status.OK, got, self.needed, "")

    def problem(self, got: str, fix: str = "") -> Check:
        """Not as it has to be; `fix` where the remedy depends on what was found."""
        return Check(self.what, self.region, Status.PROBLEM, got, self.needed, fix or self.fix, self.blocks)

    def unknown(self, why: str, fix: str = "") -> Check:
        """Nobody could find out, which is not fine."""
        return Check(self.what, self.region, Status.UNKNOWN, why, self.needed, fix or self.fix, self.unknown_blocks)

    def judge(self, got: str, *, fine: bool) -> Check:
        """Either of the first two."""
        return self.ok(got) if fine else self.problem(got)


@dataclass(frozen=True)
class View:
    """One direction of one environment at one moment."""

    manifest: RecoveryManifest
    to: str
    """The Region that would become the writing one."""
    answers: Answers
    now: datetime

    @property
    def old(self) -> str:
        """The Region that would be left."""
        return self.manifest.other(self.to)

    @property
    def side(self) -> Side:
        """What is in the Region that would become the writing one."""
        return self.manifest.sides[self.to]

    @property
    def restores(self) -> bool:
        """Whether that Region's stores are restored from backups, for nothing replicates them."""
        return self.side.database.restored

    def both(self, what: str) -> Mapping[str, Answer]:
        """Answers of both Regions, the one that would become the writing one first."""
        return {region: self.answers[what, region] for region in (self.to, self.old)}

    def line(self, what: str, region: str, needed: str, fix: str, *, blocker: bool = True) -> Line:
        """A check.

        Args:
            what: what is checked.
            region: whose it is; empty: the environment's.
            needed: what it has to be.
            fix: what to do otherwise.
            blocker: whether a failover can't go on without it. What is unknown of the Region that would be left forbids
                nothing: it may be the lost one.
        """
        return Line(what, region, needed, fix, blocker, blocker and region != self.old)
