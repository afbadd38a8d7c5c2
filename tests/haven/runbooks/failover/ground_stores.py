"""Real stores behind the ground: what a runbook's call promotes or closes in the emulator happens to servers with rows.

The emulator has no Global Datastore, so the gateway answers for it here: states as AWS documents them, without the
minutes that AWS takes. What comes from here is a model, except that Redis really promotes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from haven.runbooks.failover.fence import RULES
from tests.gateway import Answer, Call, Gateway
from tests.haven.runbooks.failover.ground import Ground
from tests.simulation.model import P, R
from tests.stores.postgres_pair import PostgresPair, postgres_pair
from tests.stores.redis_pair import RedisPair, redis_pair
from tests.stores.relay import Relay

_NAMESPACE = "http://elasticache.amazonaws.com/doc/2015-02-02/"
_DATASTORE = "global"


@dataclass
class Stores:
    """The database and the cache of both Regions."""

    ground: Ground
    database: PostgresPair
    cache: RedisPair

    def __post_init__(self) -> None:
        self.ground.gateway.done = self._done
        Datastore(self.cache.is_copy, self._promote_cache).answer_in(self.ground.gateway)

    def lose(self, region: str) -> None:
        """Let nothing of a Region arrive in the other one any more; its own clients still reach it."""
        self.database.members[self.database.other(region)].feed.cut()
        self.cache.members[self.cache.other(region)].feed.cut()

    def _done(self, call: Call) -> None:
        """What the emulator has done to its records happens to the servers too."""
        target = str(call.arguments.get("TargetDbClusterIdentifier", "")).split(":")
        if call.operation == "FailoverGlobalCluster" and self.database.is_copy(target[3]):
            self.database.fail_over(target[3])
        elif call.operation == "SwitchoverGlobalCluster" and self.database.is_copy(target[3]):
            self.database.switch_over(target[3])
        elif call.operation in ("CreateNetworkAclEntry", "DeleteNetworkAclEntry"):
            door = self._door(call.region, RULES[int(call.arguments["RuleNumber"])])
            if call.operation.startswith("Create"):
                door.cut()
            else:
                door.mend()

    def _door(self, region: str, port: int) -> Relay:
        return self.database.members[region].door if port == RULES[1] else self.cache.members[region].door

    def _promote_cache(self, to: str) -> None:
        old = self.cache.other(to)
        self.cache.fail_over(to)
        if not self.cache.members[old].feed.is_cut and not self.cache.members[to].feed.is_cut:
            self.cache.follow(old)


@dataclass(frozen=True)
class Datastore:
    """A Global Datastore that the gateway answers for."""

    is_copy: Callable[[str], bool]
    """Whether a Region's group follows the other one."""
    promote: Callable[[str], None]
    """Makes a Region's group the primary."""

    def answer_in(self, gateway: Gateway) -> None:
        """Answer in the emulator's place."""
        gateway.answers |= {
            ("elasticache", "DescribeReplicationGroups"): self._group,
            ("elasticache", "DescribeGlobalReplicationGroups"): self._datastore,
            ("elasticache", "FailoverGlobalReplicationGroup"): self._promoted,
        }

    def _group(self, call: Call) -> Answer:
        role = "SECONDARY" if self.is_copy(call.region) else "PRIMARY"
        name = call.arguments["ReplicationGroupId"]
        info = _element("GlobalReplicationGroupId", _DATASTORE) + _element("GlobalReplicationGroupMemberRole", role)
        group = (
            _element("ReplicationGroupId", str(name))
            + _element("Status", "available")
            + _element("GlobalReplicationGroupInfo", info)
        )
        return _answer(call, _element("ReplicationGroups", _element("ReplicationGroup", group)))

    def _datastore(self, call: Call) -> Answer:
        found = _element("GlobalReplicationGroupId", _DATASTORE) + _element("Status", "available")
        return _answer(call, _element("GlobalReplicationGroups", _element("GlobalReplicationGroup", found)))

    def _promoted(self, call: Call) -> Answer:
        self.promote(str(call.arguments["PrimaryRegion"]))
        return _answer(call, _element("GlobalReplicationGroup", _element("Status", "modifying")))


def _element(name: str, content: str) -> str:
    return f"<{name}>{content}</{name}>"


def _answer(call: Call, result: str) -> Answer:
    body = f'<{call.operation}Response xmlns="{_NAMESPACE}">{_element(f"{call.operation}Result", result)}'
    return 200, "text/xml", f"{body}</{call.operation}Response>"


@contextmanager
def stores(ground: Ground) -> Iterator[Stores]:
    """Stores behind an environment, written in the primary Region."""
    with postgres_pair(P, R) as database, redis_pair(P, R) as cache:
        yield Stores(ground, database, cache)
