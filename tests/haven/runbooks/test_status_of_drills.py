"""What `haven status` says of the newest failover, from an audit that a failover's own code wrote; and `--watch`."""

import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from haven.cli.main import main
from haven.emulator.clients import Clients
from haven.emulator.ministack import Emulator
from haven.model.drills import DrillRecord
from haven.runbooks.clients import clients
from haven.runbooks.failover.times.measured import MEASURED, as_data
from haven.runbooks.manifest import RecoveryManifest, parse
from haven.runbooks.observation import ask_all
from haven.runbooks.status import drills
from haven.runbooks.status.readings import Reading, State
from haven.runbooks.workflow.audit import Audit, Bucket, key
from haven.runbooks.workflow.journal import CLOSED, END, Journal
from haven.runbooks.workflow.local_file import LocalFile
from haven.runbooks.workflow.table import Table
from haven.runbooks.workflow.threads import MachineClock, Threads
from tests.environments import ROOT
from tests.gateway import Call, Fault, Gateway, gateway
from tests.haven.runbooks.failover.ground import manifest as document
from tests.simulation.model import P, R

pytestmark = pytest.mark.timeout(300)


_NUMBERS = itertools.count()


def bucket(region: str, number: int) -> str:
    """The audit bucket of one test."""
    return f"audit-{number}-{region}"


def table(number: int) -> str:
    """The operations table of one test."""
    return f"operations-{number}"


def manifest(number: int, objectives: Mapping[str, float]) -> RecoveryManifest:
    """The simulator's environment, with audit buckets of one test."""
    audit = {region: bucket(region, number) for region in (P, R)}
    tables = {**document()["operations"]["tables"], **{region: table(number) for region in (P, R)}}
    operations = {**document()["operations"], "audit": audit, "tables": tables}
    return parse(json.dumps({**document(), "operations": operations, "objectives": objectives}), "a test")


@dataclass
class Ground:
    """Audit buckets of both Regions in an emulator, behind a gateway."""

    gateway: Gateway
    folder: Path
    number: int
    sessions: int = 0

    def run(self, region: str, record: DrillRecord | None) -> None:
        """One run towards a Region, as its audit has it; None: it was refused."""
        self.sessions += 1
        own = f"session{self.sessions}"
        lines = LocalFile(self.folder / f"{own}.jsonl")
        audit = Audit(own, "me", lines, Bucket(region, bucket(region, self.number)), MachineClock())

        copy = LocalFile(self.folder / f"{own}-journal.jsonl")
        journal = Journal(Table(region, table(self.number)), copy, MachineClock(), "me", own)

        async def write() -> None:
            await journal.read()
            await audit.open("", goal={})
            if record is not None:
                audit.record(MEASURED, **as_data(record))
            await audit.close(state="refused" if record is None else "done")
            journal.head = audit.head.as_data()
            if record is None:
                await journal.append(CLOSED)
            else:
                await journal.append(END, state="done", divergence="", notes={})

        client = clients(self.gateway.url)
        Threads(client, client).run(write())
        lines.close()
        copy.close()

    def readings(self, **objectives: float) -> list[Reading]:
        """The readings of drills."""
        found = manifest(self.number, objectives)
        answers = ask_all(drills.questions(found, clients(self.gateway.url)), 60)
        return list(drills.readings(found, answers))


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Emulator(ROOT / ".haven" / "emulator", tmp_path_factory.mktemp("emulator")) as running:
        yield running.url


@pytest.fixture
def ground(emulator: str, tmp_path: Path) -> Iterator[Ground]:
    number = next(_NUMBERS)
    for region in (P, R):
        Clients(emulator).of("s3", region).create_bucket(
            Bucket=bucket(region, number), CreateBucketConfiguration={"LocationConstraint": region}
        )
        Clients(emulator).of("dynamodb", region).create_table(
            TableName=table(number),
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("id", "entry")],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "entry", "KeyType": "RANGE"}],
            BillingMode="PAY_PER_REQUEST",
        )
    with gateway(emulator) as before:
        yield Ground(before, tmp_path, number)


def made(kind: str = "failover", *, days: float = 3, seconds: float | None = 600) -> DrillRecord:
    """A record of AWS."""
    return DrillRecord.model_validate(
        {
            "schema": "drill.v1",
            "stack": "sim",
            "tier": "warm",
            "kind": kind,
            "started": datetime.now(UTC) - timedelta(days=days),
            "place": "aws",
            "lostRegion": P,
            "succeeded": True,
            "measured": {"environment": seconds},
        }
    )


def shown(found: list[Reading]) -> list[tuple[str, State, str]]:
    return [(each.region, each.state, each.description) for each in found]


def test_the_newest_failover_is_held_against_the_objective_and_a_failback_is_not(ground: Ground) -> None:
    ground.run(R, made(days=40, seconds=60))
    ground.run(R, made())
    ground.run(P, made("failback", days=2))
    for _ in range(3):  # refused ones after it hide nothing
        ground.run(R, None)
    failback = (P, State.OK, "newest failback, 2 d ago: served after 10 min")
    failover = "newest failover, 3 d ago: served after 10 min"
    assert shown(ground.readings(rtoMinutes=15)) == [
        failback,
        (R, State.OK, f"{failover}; objective: 15 min"),
    ]
    assert shown(ground.readings(rtoMinutes=9)) == [
        failback,
        (R, State.WRONG, f"{failover}; objective: 9 min"),
    ]
    assert shown(ground.readings()) == [failback, (R, State.OK, failover)]


def test_a_failover_whose_end_was_not_measured_leaves_the_objective_unknown(ground: Ground) -> None:
    ground.run(R, made(seconds=None))
    (reading,) = ground.readings(rtoMinutes=15)
    assert (reading.state, "when it served isn't known" in reading.description) == (State.UNKNOWN, True)


def test_a_recovery_region_that_nobody_has_failed_over_to_is_unknown(ground: Ground) -> None:
    ground.run(R, None)
    (reading,) = ground.readings(rtoMinutes=15)
    assert (reading.region, reading.state) == (R, State.UNKNOWN)
    assert "isn't measured" in reading.description


def test_an_audit_that_may_not_be_read_is_unknown_and_named(ground: Ground) -> None:
    ground.run(R, made())
    ground.gateway.faults[R, "s3"] = Fault.DENY
    (reading,) = ground.readings()
    refused = "GetObject is refused: AccessDenied"
    assert (reading.region, reading.state, reading.description) == (R, State.UNKNOWN, refused)


def test_however_many_runs_there_were_the_newest_failover_takes_three_requests(ground: Ground) -> None:
    for days in (9, 7, 5, 3):
        ground.run(R, made(days=days))
        ground.run(R, None)
    begin = len(ground.gateway.calls)
    assert shown(ground.readings())[-1][2].startswith("newest failover, 3 d ago")
    asked = [each.operation.partition("?")[0] for each in ground.gateway.calls[begin:]]
    assert len(asked) == 3, asked  # both Regions' journals, and one record of the audit


def test_a_record_that_the_bucket_lacks_hides_no_earlier_failover(ground: Ground) -> None:
    ground.run(R, made(days=9))
    ground.run(R, made())
    name = bucket(R, ground.number)
    s3 = Clients(ground.gateway.url).of("s3", R)
    s3.delete_object(Bucket=name, Key=key("session2", 1))
    (reading,) = ground.readings()
    assert reading.description.startswith("newest failover, 9 d ago")


class EndedError(Exception):
    """The test has seen enough."""


Watching = Callable[[Sequence[str], Callable[[], object]], Sequence[str]]
"""Words of the command, and what happens after each screen; returns the screens."""


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """AWS, which refuses every connection."""
    with gateway("http://127.0.0.1:9") as aws:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
        aws.chosen = lambda _: Fault.REFUSE
        yield aws


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Watching:
    def watched(words: Sequence[str], between: Callable[[], object]) -> Sequence[str]:
        screens: list[str] = []
        sleep = time.sleep

        def wait(seconds: float) -> None:
            if seconds != 30:  # somebody else's
                sleep(seconds)
                return
            screens.append(capsys.readouterr().out)
            between()
            if len(screens) == 3:
                raise EndedError

        monkeypatch.setattr("haven.cli.status.time.sleep", wait)
        with pytest.raises(EndedError):
            main(["status", "sim", *words, "--watch", "30"])
        return screens

    return watched


def test_a_watch_goes_on_with_the_manifest_that_it_had_and_says_why(refusing: Gateway, watch: Watching) -> None:
    def parameter(_: Call) -> tuple[int, str, str]:
        answer: Mapping[str, Any] = {"Parameter": {"Value": json.dumps(document())}}
        return 200, "application/x-amz-json-1.1", json.dumps(answer)

    def silent() -> None:
        refusing.chosen = lambda _: Fault.REFUSE

    refusing.answers["ssm", "GetParameter"] = parameter
    refusing.chosen = lambda call: None if call.service == "ssm" else Fault.REFUSE
    screens = watch(["--region", P, "--region", R], silent)
    assert "parameter /haven/sim/manifest" not in screens[0]
    for screen in screens[1:]:
        assert screen.startswith("sim, tier warm")
        assert "nobody answers for the manifest of sim: " in screen


def test_a_watch_reads_a_copy_of_the_manifest_anew_each_time(
    refusing: Gateway, watch: Watching, tmp_path: Path
) -> None:
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(document()))
    tiers = iter(["pilot-light", "warm", "warm"])
    screens = watch(["--manifest", str(file)], lambda: file.write_text(json.dumps({**document(), "tier": next(tiers)})))
    assert [each.partition(":")[0] for each in screens] == ["sim, tier warm", "sim, tier pilot-light", "sim, tier warm"]
