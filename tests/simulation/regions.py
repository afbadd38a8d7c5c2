"""What the simulator's AWS has in one Region, and how far the copy of one store is."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.simulation.tables import Tables
from tests.simulation.workloads import Workloads

DATABASE, CACHE = "database", "cache"
_RULE = {DATABASE: 1, CACHE: 2}
"""Store to the number of the network ACL entry that closes it."""


OF_ITS_OWNER = (
    '{"Version":"2012-10-17","Id":"of-its-owner","Statement":[{"Sid":"EventsOfTheBus","Effect":"Allow",'
    '"Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}]}'
)
"""A queue's policy that no failover has changed."""


@dataclass
class Queue:
    """What requests wait in; an application in the Region takes them as soon as it may."""

    policy: str = OF_ITS_OWNER
    """Empty: it has none."""
    denied: bool = False
    """Whether nobody gets a message from it."""

    def heed(self) -> None:
        """Let the policy hold."""
        statements = json.loads(self.policy)["Statement"] if self.policy else []
        self.denied = any(
            each["Effect"] == "Deny" and each["Action"] == "sqs:ReceiveMessage" and "Condition" not in each
            for each in statements
        )


@dataclass
class Region:
    """One Region."""

    alive: bool = True
    """Whether it runs at all."""
    reachable: Callable[[float], bool] = lambda _: True
    """Whether operators and AWS's other Regions reach it, at a time."""
    writer: dict[str, bool] = field(default_factory=dict)
    """Store to whether this Region's member takes writes."""
    out: set[str] = field(default_factory=set)
    """Services whose API doesn't answer; what runs goes on running."""
    database_writes: bool = True
    """False: the database answers and takes no writes."""
    status: str = "available"
    """Of the database's cluster; one that has failed takes no writes either."""
    closed: set[int] = field(default_factory=set)
    """Numbers of network ACL entries."""
    data_subnets: tuple[str, ...] = ("subnet-1",)
    """Whose network ACL has the environment's name."""
    nodes: tuple[int, int, int] = (1, 1, 4)
    running: int = 1
    instances: int = 1
    off: bool = False
    """Whether its switch is thrown."""
    snapshots: list[str] = field(default_factory=list)
    mode: str = "read-write"
    """What applications read before they write."""
    queue: Queue = field(default_factory=Queue)
    tables: Tables = field(default_factory=Tables)
    workloads: Workloads = field(default_factory=Workloads)

    def answers(self, service: str, now: float) -> bool:
        """Whether a service's API answers operators."""
        return self.reachable(now) and service not in self.out

    def fail(self) -> None:
        """Let the database fail, and nothing else."""
        self.status, self.database_writes = "failed", False

    def accepts(self, store: str) -> bool:
        """Whether a client in the Region can write to a store."""
        return _RULE[store] not in self.closed and self._takes(store)

    def accepts_forwarded(self, now: float) -> bool:
        """Whether the database takes what the other Region's readers forward to it, which meets no network ACL."""
        return self.reachable(now) and self._takes(DATABASE)

    def _takes(self, store: str) -> bool:
        return self.alive and self.writer[store] and (self.database_writes or store != DATABASE)


@dataclass
class Replication:
    """How far one store's copy is."""

    cut_at: float | None = None
    position: float = 0.0
    """What was written until then has arrived, while it is cut."""
    last_write: float = 0.0
    """The newest write that a client got acknowledged."""
    last_beat: float = 0.0
    """The newest one of the function that writes heartbeats, which connects to the writer itself."""
