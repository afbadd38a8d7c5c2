"""Writes a heartbeat every ten seconds to each store that takes writes here, and records what arrived in this Region.

What arrived goes to the Region's own operations table, where runbooks read it (haven/runbooks/failover/loss.py).
Nothing outside the Region is asked. One invocation a minute makes rounds for two minutes, for the next one may begin up
to 119 s later (haven_components/limits.py, SCHEDULE_PRECISION_SECONDS): what both write is the same, only newer.
"""

import json
import math
import os
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import boto3
from botocore.config import Config

from . import comparison
from .beats import Beat, now_ms
from .cache import Cache
from .comparison import EVENT
from .database import Database
from .keys import CERTIFICATES_FILE, DATABASE_USER, LATE_STORES, NAMESPACE, RECORDS
from .postgres import Login
from .replicas import Bucket, Table

SETTINGS = "HAVEN_HEARTBEAT"
"""Environment variable with the settings, JSON."""
LATE_MS = 60_000
"""A store whose newest heartbeat is older than this is late; a bucket has what S3 promises beside it."""
ROUNDS = 12
"""Of one invocation: the last one is due an interval before two minutes are over."""
_CERTIFICATES = Path(__file__).with_name(CERTIFICATES_FILE)
_WAIT_SECONDS = 8.0
"""For all answers of one round; what comes later counts in the next one."""
_BATCH = 25
"""Items of one BatchWriteItem (DynamoDB API reference)."""
_CONFIG = Config(connect_timeout=2, read_timeout=3, retries={"total_max_attempts": 2})

Look = Callable[[], Sequence[Beat]]


@dataclass
class Rounds:
    """The rounds of one invocation. Stores wait for nobody: each is looked at in a thread of its own."""

    looks: Mapping[str, Look]
    """What is looked at: a store, or a cache with all its shards."""
    record: Callable[[Sequence[Beat], int], None]
    optional: frozenset[str] = frozenset()
    """What may not answer at all: a headless member of the database."""
    within: Mapping[str, float] = field(default_factory=dict)
    """Of stores that have more time than others: how old their newest may be, in milliseconds."""
    emit: Callable[[str], None] = print
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(32, "heartbeat"))
    _open: dict[str, Future[Sequence[Beat]]] = field(default_factory=dict)

    def run(self, interval: float, pause: Callable[[float], None] = time.sleep) -> None:
        """Make all rounds."""
        begin = time.monotonic()
        for index in range(ROUNDS):
            pause(max(0.0, begin + index * interval - time.monotonic()))
            self.round()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def round(self) -> None:
        """Look at everything at once, and record what has been seen."""
        for name, look in self.looks.items():
            if name not in self._open:
                self._open[name] = self._pool.submit(look)
        wait(self._open.values(), _WAIT_SECONDS)
        failures = dict.fromkeys(self._open, "no answer in time")
        seen: list[Beat] = []
        for name, future in list(self._open.items()):
            if not future.done():
                continue
            del self._open[name], failures[name]
            try:
                seen += future.result()
            except Exception as error:  # noqa: BLE001  one store's failure, of any kind, is no other's
                failures[name] = f"{type(error).__name__}: {error}"
        now = now_ms()
        try:
            self.record(seen, now)
        except Exception as error:  # noqa: BLE001  it is reported, and tried in the next round
            failures["operations table"] = f"{type(error).__name__}: {error}"
        self.emit(json.dumps(report(seen, failures, self.optional, now, self.within)))


def report(
    seen: Sequence[Beat],
    failures: Mapping[str, str],
    optional: frozenset[str],
    now: float,
    within: Mapping[str, float] = MappingProxyType({}),
) -> Mapping[str, Any]:
    """A line of the log that CloudWatch makes metrics of (CloudWatch User Guide, embedded metric format)."""
    ages = {each.store: None if each.newest_ms is None else now - each.newest_ms for each in seen}
    known = [each for each in ages.values() if each is not None]
    late = [store for store, age in ages.items() if age is None or age > within.get(store, LATE_MS)]
    late += [store for store in failures if store not in optional]
    metrics = [{"Name": LATE_STORES, "Unit": "Count"}, {"Name": "OldestMilliseconds", "Unit": "Milliseconds"}]
    measured = metrics if known else metrics[:1]
    return {
        "_aws": {
            "Timestamp": int(now),
            "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": [["Function"]], "Metrics": measured}],
        },
        "Function": os.environ.get("AWS_LAMBDA_FUNCTION_NAME", ""),
        LATE_STORES: len(late),
        **({"OldestMilliseconds": max(0, *known)} if known else {}),
        "late": late,
        "ages": ages,
        "wrote": [each.store for each in seen if each.wrote],
        "failures": failures,
    }


def within(settings: Mapping[str, Any]) -> Mapping[str, float]:
    """Buckets have as long as S3 promises, and for ever where it promises nothing.

    Args:
        settings: as the component writes them.
    """
    minutes = settings.get("objectsMinutes")
    return dict.fromkeys(settings["buckets"], math.inf if minutes is None else minutes * 60_000 + LATE_MS)


def recorder(dynamodb: Any, table: str, interval_ms: int) -> Callable[[Sequence[Beat], int], None]:
    """Puts what arrived into the operations table.

    Args:
        dynamodb: a client in this Region.
        table: the Region's operations table.
        interval_ms: between two heartbeats.
    """

    def record(seen: Sequence[Beat], now: int) -> None:
        puts = [{"PutRequest": {"Item": _item(each, now, interval_ms)}} for each in seen if each.newest_ms is not None]
        for begin in range(0, len(puts), _BATCH):
            dynamodb.batch_write_item(RequestItems={table: puts[begin : begin + _BATCH]})

    return record


def _item(beat: Beat, now: int, interval_ms: int) -> Mapping[str, Any]:
    numbers = {"newest": beat.newest_ms, "interval": interval_ms, "seen": now}
    kept = {name: {"N": f"{value:.0f}"} for name, value in numbers.items()}
    return {"id": {"S": RECORDS}, "entry": {"S": beat.store}, **kept}


def looks(settings: Mapping[str, Any], client: Callable[[str], Any]) -> Mapping[str, Look]:
    """What there is to look at.

    Args:
        settings: as the component writes them.
        client: AWS service to its client in this Region.
    """
    region, other = settings["region"], settings["other"]
    found: dict[str, Look] = {}
    if "database" in settings:
        found["database"] = _database(settings["database"], region, client).beat
    if "cache" in settings:
        known = cache(partial(_cache, settings["cache"], client))  # its secret is read once, not in each round
        found["cache"] = lambda: known().beat()
    for store, name in settings["buckets"].items():
        found[store] = Bucket(store, name, region, other, client("s3")).beat
    for store, (name, keys) in settings["tables"].items():
        found[store] = Table(store, name, keys, region, other, client("dynamodb")).beat
    return found


def _database(given: Mapping[str, Any], region: str, client: Callable[[str], Any]) -> Database:
    port = int(given["port"])

    def master() -> Login:
        held = _secret(client, given["secret"])
        return Login(held["username"], held["password"])

    def token(host: str) -> str:
        """Computed here: no service is asked."""
        found = client("rds").generate_db_auth_token(
            DBHostname=host, Port=port, DBUsername=DATABASE_USER, Region=region
        )
        return str(found)

    return Database(region, given["hosts"], port, given["name"], token, master, database_tls(_CERTIFICATES))


def database_tls(certificates: Path) -> ssl.SSLContext:
    """TLS that verifies the database's certificate and the host name in it, as libpq's `verify-full` does. Python's
    default context would ask for more (`VERIFY_X509_STRICT`, from 3.13 on) than RDS promises of its certificates.

    Args:
        certificates: the roots, PEM.
    """
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.load_verify_locations(cafile=str(certificates))
    return tls


def _cache(given: Mapping[str, Any], client: Callable[[str], Any]) -> Cache:
    token = _secret(client, given["secret"])["token"]
    return Cache(given["host"], int(given["port"]), token, ssl.create_default_context())


def _secret(client: Callable[[str], Any], name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])
    return found


def handle(event: object, context: object) -> Mapping[str, Any] | None:
    """What Lambda calls: once a minute by the schedule, and by `haven reconcile` with what to compare."""
    del context
    settings = json.loads(os.environ[SETTINGS])
    clients: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in clients:
            clients[service] = boto3.client(service, region_name=settings["region"], config=_CONFIG)
        return clients[service]

    for service in ("dynamodb", "rds", "s3", "secretsmanager"):  # made here, for making them isn't safe in threads
        client(service)
    if isinstance(event, Mapping) and EVENT in event:
        if "database" not in settings:
            return {"error": "there is no database here"}
        return comparison.answer(_database(settings["database"], settings["region"], client), event[EVENT])
    interval = float(settings["interval"])
    record = recorder(client("dynamodb"), settings["operations"], round(interval * 1000))
    optional = frozenset({"database"} if settings.get("database", {}).get("headless") else ())
    Rounds(looks(settings, client), record, optional, within(settings)).run(interval)
    return None
