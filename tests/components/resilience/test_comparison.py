"""What the heartbeat's function answers for a comparison, from a real PostgreSQL server and one that follows it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from haven_components.resilience.heartbeat_function import comparison
from haven_components.resilience.heartbeat_function.database import Database
from haven_components.resilience.heartbeat_function.postgres import Login, PostgresError
from tests.stores.postgres_pair import DATABASE, PostgresPair, postgres_pair
from tests.stores.writing import wait_for
from tests.workloads.stores import USER

P, R = "eu-west-1", "eu-central-1"
TABLES = f"""
create table "Odd, names" ("the key" text, n int, b bytea, primary key ("the key", n));
insert into "Odd, names" values ('it''s', 1, 'x'), ('it''s', 2, null), ('ß', 1, 'y');
create table parted (id uuid primary key, at timestamptz) partition by hash (id);
create table parted_0 partition of parted for values with (modulus 2, remainder 0);
create table parted_1 partition of parted for values with (modulus 2, remainder 1);
insert into parted select gen_random_uuid(), now() from generate_series(1, 5000);
create table keyless (a int);
insert into keyless select generate_series(1, 10);
create table many (a int);
insert into many select generate_series(1, {comparison.WHOLE_ROWS + 1});
create unlogged table unlogged (id int primary key);
create table large (id bigint primary key, text text);
insert into large select n, 'row ' || n from generate_series(1, 20000) n;
analyze;
"""
pytestmark = [pytest.mark.exhaustive, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def pair() -> Iterator[PostgresPair]:
    with postgres_pair(P, R) as made:
        made.members[P].server.sql(DATABASE, TABLES)
        end = made.members[P].server.sql(DATABASE, "select pg_current_wal_lsn()")
        behind = f"select pg_last_wal_replay_lsn() >= '{end}'"
        wait_for(lambda: made.members[R].server.sql(DATABASE, behind) == "t")
        yield made


def asked(pair: PostgresPair, region: str, user: str = USER, **request: Any) -> Mapping[str, Any]:
    port = pair.members[region].server.port
    found = Database(region, ["127.0.0.1"], port, DATABASE, lambda _: "", lambda: Login(user, ""), None)
    return comparison.answer(found, {"ranges": None, **request})


def named(table: str) -> str:
    return f"{DATABASE}/public.{table}"


def ranges(pair: PostgresPair) -> dict[str, Sequence[Any]]:
    return {name: each["ranges"] for name, each in asked(pair, P)["tables"].items()}


def test_both_members_answer_the_same_for_every_kind_of_table(pair: PostgresPair) -> None:
    here = asked(pair, P)
    there = asked(pair, R, ranges={name: each["ranges"] for name, each in here["tables"].items()})
    assert (here["writes"], there["writes"]) == (True, False)
    assert here["names"] == there["names"]
    assert here["names"] == sorted(
        [named('"Odd, names"'), *(named(each) for each in ("keyless", "large", "many", "parted", "written"))]
    )
    assert here["tables"] == there["tables"]
    counts = {name.rpartition(".")[2]: each["count"] for name, each in here["tables"].items()}
    assert counts == {'"Odd, names"': 3, "keyless": 10, "large": 20_000, "many": 2001, "parted": 5000, "written": 0}


def test_a_small_table_is_one_range_and_a_large_one_has_both_ends_and_places_between(pair: PostgresPair) -> None:
    found = ranges(pair)
    assert found[named("keyless")] == found[named('"Odd, names"')] == [(None, None)]
    assert found[named("many")] == []  # without a key a range can't be found in the other member
    large = found[named("large")]
    assert len(large) == comparison.RANGES
    assert (large[0], large[-1]) == ((None, ["501"]), (["19501"], None))
    digests = asked(pair, P, ranges={named("large"): large})["tables"][named("large")]["digests"]
    assert {int(count) for count, _ in digests[:1] + digests[-1:]} == {comparison.RANGE_ROWS}
    assert len(found[named("parted")]) == comparison.RANGES


def test_parts_of_a_table_follow_each_other_and_leave_no_row_out(
    pair: PostgresPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "PART_ROWS", 300)
    monkeypatch.setattr(comparison, "PARTS", 4)
    for table, rows in (("large", 20_000), ("parted", 5000), ('"Odd, names"', 3), ("written", 0), ("keyless", 10)):
        found: list[Any] = []
        low: Any = None
        while True:
            part = asked(pair, P, after={named(table): low})["tables"][named(table)]
            there = asked(pair, R, ranges={named(table): part["ranges"]}, counts=False)["tables"][named(table)]
            assert (there["digests"], "count" in there) == (part["digests"], False)
            found += zip(part["ranges"], part["digests"], strict=True)
            low = part["next"]
            if low is None:
                break
            assert len(part["ranges"]) == 4
        assert [high for (_, high), _ in found[:-1]] == [low for (low, _), _ in found[1:]]
        assert (found[0][0][0], found[-1][0][1]) == (None, None)
        counts = [int(digest[0]) for _, digest in found]
        assert (sum(counts), set(counts[:-1]) <= {300}) == (rows, True)
        assert len(found) == max(1, math.ceil(rows / 300))
    many = asked(pair, P, after={named("many"): None})["tables"][named("many")]
    assert many == {"unknown": "it has no primary key and more than 2000 rows, which can only be counted"}


def test_a_list_of_rows_that_is_not_all_says_where_to_go_on(pair: PostgresPair) -> None:
    keys: list[str] = []
    low: Any = None
    while True:
        table = asked(pair, R, ranges={named("large"): [(low, None)]}, rows=True)["tables"][named("large")]
        keys += [key for key, _ in table["rows"][0]]
        (low,) = table["ends"]
        if low is None:
            break
        assert low == [str(int(keys[-1]) + 1)]
    assert keys == [str(each) for each in range(1, 20_001)]
    table = asked(pair, P, ranges={named("many"): [(None, None)]}, rows=True)["tables"][named("many")]
    assert table["ends"] == [None]


def test_every_value_that_is_changed_changes_a_digest_and_the_row_s_own(pair: PostgresPair) -> None:
    wanted = {named("large"): [(["19501"], None)], named('"Odd, names"'): [(None, None)]}
    before = asked(pair, P, ranges=wanted)["tables"]
    listed = asked(pair, P, ranges=wanted, rows=True)["tables"]
    assert [key for key, _ in listed[named('"Odd, names"')]["rows"][0]] == ["it's, 1", "it's, 2", "ß, 1"]
    pair.members[P].server.sql(DATABASE, "update large set text = text || '!' where id = 19777")
    pair.members[P].server.sql(DATABASE, "update \"Odd, names\" set b = '' where n = 2")
    after = asked(pair, P, ranges=wanted)["tables"]
    assert all(after[name]["digests"] != before[name]["digests"] for name in wanted)
    again = asked(pair, P, ranges=wanted, rows=True)["tables"]
    changed = [
        key
        for name in wanted
        for (key, one), (_, other) in zip(listed[name]["rows"][0], again[name]["rows"][0], strict=True)
        if one != other
    ]
    assert changed == ["19777", "it's, 2"]


def test_what_the_master_user_may_not_read_is_named_and_the_rest_is_compared(pair: PostgresPair) -> None:
    server = pair.members[P].server
    server.sql(DATABASE, "create role master login; grant select on keyless to master")
    found = asked(pair, P, user="master")["tables"]
    assert "no right to read it" in found[named("large")]["unknown"]
    assert (found[named("large")]["count"], found[named("keyless")]["count"]) == (None, 10)


def test_nothing_is_written_whatever_the_request_has_in_it(pair: PostgresPair) -> None:
    evil = "0'; drop table large; --"
    found = asked(pair, P, ranges={named("large"): [([evil], None)], f"{DATABASE}/public.large; drop": [(None, None)]})
    assert list(found["tables"]) == [named("large")]
    assert "invalid input syntax" in found["tables"][named("large")]["unknown"]
    with (
        comparison.Comparison(
            Database(
                P, ["127.0.0.1"], pair.members[P].server.port, DATABASE, lambda _: "", lambda: Login(USER, ""), None
            )
        )._connect(DATABASE) as connection,
        pytest.raises(PostgresError, match="read-only transaction"),
    ):
        connection.query(comparison._BEGIN + "delete from public.large")


def test_no_other_cluster_is_logged_in_to_than_one_that_was_restored(pair: PostgresPair) -> None:
    found = Database(P, ["db.cluster-abc.invalid"], 1, DATABASE, lambda _: "", lambda: Login(USER, ""), None)
    answers = {
        name: comparison.answer(found, {"cluster": name})["error"]
        for name in ("haven-compare-db-1", "db-1", "haven-compare-x.example.com", "haven-compare-")
    }
    assert answers.pop("haven-compare-db-1").startswith("haven-compare-db-1.cluster-abc.invalid: ")
    assert all("isn't the name of a cluster to compare with" in each for each in answers.values())
