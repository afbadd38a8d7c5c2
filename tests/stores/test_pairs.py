"""The pairs that other tests promote do what they stand for: they follow, refuse, promote, lose and come back."""

import subprocess

import pytest

from tests.stores.postgres_pair import DATABASE, postgres_pair
from tests.stores.redis_pair import RedisError, ask, redis_pair
from tests.stores.writing import Writer, wait_for

pytestmark = [pytest.mark.exhaustive, pytest.mark.timeout(300)]
P, R = "eu-west-1", "eu-central-1"


def test_a_copy_of_the_database_takes_no_writes_and_is_promoted_with_what_has_arrived() -> None:
    with postgres_pair(P, R) as pair:
        old, new = pair.members[P], pair.members[R]
        with pytest.raises(subprocess.CalledProcessError):
            new.server.sql(DATABASE, "insert into written values (0)")
        with Writer(old.server, old.door) as writer:
            acknowledged = writer.write(500)
            wait_for(lambda: pair.rows(R) >= set(acknowledged))
            new.feed.cut()
            late = writer.write(100)
        pair.fail_over(R)
        assert not pair.is_copy(R)
        assert pair.rows(R) == set(acknowledged)
        assert pair.rows(P) - pair.rows(R) == set(late)
        new.feed.mend()
        pair.rejoin(P)
        assert pair.is_copy(P)
        assert pair.rows(P) == pair.rows(R)


def test_a_switchover_of_the_database_loses_no_acknowledged_write() -> None:
    with postgres_pair(P, R) as pair:
        for there, back in ((R, P), (P, R)):
            old = pair.members[back]
            with Writer(old.server, old.door) as writer:
                acknowledged = writer.write(500)
            pair.switch_over(there)
            assert set(acknowledged) <= pair.rows(there)
            assert (pair.is_copy(there), pair.is_copy(back)) == (False, True)


def test_a_door_that_is_closed_ends_open_connections_and_refuses_new_ones() -> None:
    with postgres_pair(P, R) as pair:
        member = pair.members[P]
        with Writer(member.server, member.door) as writer:
            writer.write(5)
            member.door.cut()
            assert writer.write(5) == []
        member.door.mend()
        with Writer(member.server, member.door) as writer:
            assert len(writer.write(5)) == 5


def test_an_injected_delay_is_what_a_promotion_loses() -> None:
    with postgres_pair(P, R) as pair:
        old, new = pair.members[P], pair.members[R]
        with Writer(old.server, old.door) as writer:
            arrived = writer.write(50)
            wait_for(lambda: pair.rows(R) >= set(arrived))
            new.feed.delay = 30.0
            late = writer.write(50)
        pair.fail_over(R)
        assert pair.rows(R) == set(arrived)
        assert pair.rows(P) == {*arrived, *late}


def test_a_copy_of_the_cache_takes_no_writes_and_is_promoted_with_what_has_arrived() -> None:
    with redis_pair(P, R) as pair:
        old, new = pair.members[P], pair.members[R]
        with pytest.raises(RedisError, match="READONLY"):
            ask(new.door.port, "SET", "a", "1")
        ask(old.door.port, "SET", "a", "1")
        wait_for(lambda: ask(new.port, "GET", "a") == "1")
        new.feed.cut()
        ask(old.door.port, "SET", "a", "2")
        pair.fail_over(R)
        assert ask(new.door.port, "GET", "a") == "1"
        ask(new.door.port, "SET", "a", "3")
        new.feed.mend()
        pair.follow(P)
        assert pair.is_copy(P)
        assert ask(old.port, "GET", "a") == "3"
        old.door.cut()
        with pytest.raises(OSError, match=r".*"):
            ask(old.door.port, "GET", "a")
