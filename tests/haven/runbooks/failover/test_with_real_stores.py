"""A failover by the real process with PostgreSQL and Redis behind it: promoted, fenced, and loss counted in rows."""

from collections.abc import Callable, Iterator

import pytest

from haven.base.exits import OK
from tests.gateway import Call, Fault
from tests.haven.runbooks.failover.ground import Ground
from tests.haven.runbooks.failover.ground_stores import Stores, stores
from tests.haven.runbooks.failover.test_kills import HURRIED
from tests.simulation.model import P, R
from tests.stores.redis_pair import RedisError, ask
from tests.stores.writing import Writer, wait_for

pytestmark = [pytest.mark.timeout(1800), pytest.mark.emulator, pytest.mark.exhaustive]
ROUNDS, ROWS = 20, 10_000
Figure = Callable[[str, object], None]


@pytest.fixture
def real(ground: Ground) -> Iterator[Stores]:
    ground.python = HURRIED
    with stores(ground) as made:
        yield made


def written(real: Stores, region: str, rows: int) -> set[int]:
    """Rows that a client in a Region wrote and got acknowledged."""
    member = real.database.members[region]
    with Writer(member.server, member.door) as writer:
        return set(writer.write(rows))


def test_an_unplanned_failover_promotes_both_stores_and_names_what_is_missing(
    real: Stores, record_property: Figure
) -> None:
    ground = real.ground
    before = written(real, P, 500)
    ask(real.cache.members[P].door.port, "SET", "a", "arrived")
    wait_for(lambda: real.database.rows(R) >= before and ask(real.cache.members[R].port, "GET", "a") == "arrived")
    real.lose(P)
    late = written(real, P, 100)
    ground.beat(seconds_ago=60)
    ground.gateway.faults[P, "*"] = Fault.BLACKHOLE
    words = ("--to", R, "--confirm", "sim", "--force", "the provider confirms the loss")
    code, text, error = ground.haven("failover", *words)
    assert (code, ground.writer) == (OK, R), text + error
    assert (real.database.is_copy(R), real.cache.is_copy(R)) == (False, False)
    afterwards = written(real, R, 100)
    still = written(real, P, 50)  # alive and unreachable: its clients go on writing
    assert (len(late), len(afterwards), len(still)) == (100, 100, 50)
    assert (before | late | still) - real.database.rows(R) == late | still
    assert "divergence: possible: the old writer couldn't be closed" in text
    real.database.members[P].feed.mend()
    real.database.rejoin(P)
    assert real.database.rows(P) == real.database.rows(R) == before | afterwards
    assert len(real.database.kept) == 1
    record_property(
        "figure",
        f"unplanned: of {len(before | late | still)} acknowledged rows {len(late | still)} are missing, exactly those"
        " written after the cut; the old data is kept",
    )


def test_a_fence_really_refuses_what_clients_write(real: Stores) -> None:
    """Tried when the promotion arrives at AWS: after the fence, and before it goes."""
    ground = real.ground
    closed: list[tuple[int, bool]] = []

    def attempt() -> None:
        rows = len(written(real, P, 5))
        try:
            ask(real.cache.members[P].door.port, "SET", "a", "b")
            closed.append((rows, False))
        except OSError:
            closed.append((rows, True))

    def chosen(call: Call) -> None:
        if call.operation == "SwitchoverGlobalCluster":
            attempt()

    ground.gateway.chosen = chosen
    assert len(written(real, P, 5)) == 5
    with ground.beating():
        code, text, error = ground.haven("failover", "--to", R, "--planned", "--confirm", "sim")
    assert code == OK, text + error
    assert closed == [(0, True)]
    with pytest.raises(RedisError, match="READONLY"):
        ask(real.cache.members[P].door.port, "SET", "a", "b")


def test_twenty_planned_failovers_there_and_back_lose_no_acknowledged_row(
    real: Stores, record_property: Figure
) -> None:
    acknowledged: set[int] = set()
    writer = P
    with real.ground.beating():
        for _ in range(ROUNDS):
            for to in (R, P):
                acknowledged |= written(real, writer, ROWS // (2 * ROUNDS) + 1)
                words = ("--to", to, "--planned", "--acknowledge", "--confirm", "sim")
                real.ground.beat(seconds_ago=0)  # the one before may just have opened what was closed
                code, text, error = real.ground.haven("failover", *words)
                assert code == OK, text + error
                assert real.database.is_copy(writer)
                assert not real.database.is_copy(to)
                writer = to
    lost = acknowledged - real.database.rows(P)
    record_property(
        "figure", f"{ROUNDS} times there and back: {len(lost)} of {len(acknowledged)} acknowledged rows lost"
    )
    assert len(acknowledged) >= ROWS
    assert lost == set()
