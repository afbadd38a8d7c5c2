"""`haven failover` as the on-call engineer runs it: the real process against the emulator, with the primary lost."""

import json
import os
import pty
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from haven.base.exits import BAD_INPUT, FINDINGS, INTERRUPTED, MISSING_DEPENDENCY, OK
from haven.base.problems import Problems
from haven.model.drills import DrillRecord, Place
from haven.runbooks.failover.assembly import operator
from haven.runbooks.manifest import read_file
from tests.gateway import Call, Fault
from tests.haven.runbooks.failover.ground import MUTATING, Ground, new_ground, to_the_lost_region
from tests.haven.runbooks.failover.of_each_tier.test_one_place_control_planes import trace
from tests.simulation.model import P, R

pytestmark = [pytest.mark.timeout(300), pytest.mark.emulator]


@pytest.mark.parametrize("fault", [Fault.REFUSE, pytest.param(Fault.BLACKHOLE, marks=pytest.mark.exhaustive)])
def test_a_lost_region_is_left_with_a_reason_and_another_run_changes_nothing(ground: Ground, fault: Fault) -> None:
    ground.beat(seconds_ago=60)
    ground.gateway.faults[P, "*"] = fault
    code, refused, _ = ground.haven("failover", "--to", R, "--confirm", "sim")
    assert (code, ground.writer) == (FINDINGS, P)
    assert "1 of 2 independent observations report its loss; this machine sees it unreachable from here" in refused
    assert "next: needs a reason, given with --force, for taking the Region for lost" in refused
    typed = f"haven failover {ground.named} --to {R} {ground.kept} --force REASON"
    assert f"next: whoever decides that types: {typed}" in refused
    assert "--accept-loss" not in refused
    reason = ("--force", "the provider's status page confirms the loss")
    code, text, progress = ground.haven("failover", "--to", R, "--confirm", "sim", "--json", *reason)
    document = json.loads(text)
    jsonschema.validate(document, json.loads(files("haven.cli").joinpath("schemas", "failover.v1.json").read_text()))
    assert (code, document["state"], ground.writer) == (OK, "done", R), document
    assert document["divergence"].startswith("possible: the old writer couldn't be closed")
    assert document["divergence"].endswith("; RDS says: nothing about the old writer yet")
    assert f"> Promote the database in {R}: done" in progress
    assert " of 1800 s, predicted 294 to 480 s" in progress
    assert document["predicted"]["until verified"]["p95"] > document["predicted"]["promote-database"]["p95"]
    (kept,) = (ground.folder / "records" / "drills").iterdir()
    record = DrillRecord.model_validate_json(kept.read_text())
    assert (record.kind, record.place, record.lost_region) == ("failover", "emulator", P)
    assert document["measured"] == record.measured.steps
    assert any(each.startswith(f"copy {kept}") for each in document["next"])
    asked = to_the_lost_region(ground)
    assert [each for each in asked if each.startswith(MUTATING)] == []
    before = len(ground.gateway.calls)
    code, text, _ = ground.haven("failover", "--to", R, "--confirm", "sim", "--json")
    assert (code, json.loads(text)["state"]) == (OK, "nothing to do")
    changed = [each for each in ground.gateway.calls[before:] if each.service not in ("dynamodb", "s3")]
    assert [each for each in changed if each.operation.startswith(MUTATING)] == []
    assert ground.haven("audit verify", "--in", R)[0] == OK
    audit = ground.folder / "records" / "audit.jsonl"
    audit.write_text(audit.read_text().replace("confirms", "denies"))
    local = ("--records", str(ground.folder / "records"))
    code, text, _ = ground.haven("audit verify", "--in", R, *local)
    assert (code, "no record, or not as it was written" in text) == (FINDINGS, True)


@pytest.mark.exhaustive
def test_who_is_dead_and_what_may_be_lost_are_two_flags_and_a_refusal_names_both_at_once(ground: Ground) -> None:
    ground.beat(seconds_ago=1800)
    ground.gateway.faults[P, "*"] = Fault.REFUSE
    code, text, _ = ground.haven("failover", "--to", R, "--confirm", "sim")
    assert (code, ground.writer) == (FINDINGS, P)
    assert "next: needs --accept-loss, for losing more than the objective allows (40m or more)" in text
    assert "--force REASON --accept-loss 40m" in text
    reason = ("--force", "the provider's status page confirms the loss")
    code, text, error = ground.haven("failover", "--to", R, "--confirm", "sim", *reason)
    assert (code, ground.writer) == (FINDINGS, P)
    assert "as of now it needs --accept-loss" in error
    assert "sim: undone" in text
    assert "database: up to 18" in text
    assert "--accept-loss 40m (--force doesn't)" in text
    code, text, _ = ground.haven("failover", "--to", R, "--confirm", "sim", *reason, "--accept-loss", "40m")
    assert (code, ground.writer) == (OK, R), text
    assert "judge-loss: accepted (40m): " in text, text
    audit = (ground.folder / "records" / "audit.jsonl").read_text()
    assert '"acceptLoss":"40m"' in audit
    assert "confirms the loss" in audit


@pytest.mark.exhaustive
def test_planned_there_and_back_closes_the_old_writer_and_opens_it_again(ground: Ground) -> None:
    with ground.beating():
        code, text, _ = ground.haven("failover", "--to", R, "--planned", "--confirm", "sim")
        assert (code, ground.writer) == (OK, R), text
        assert f"written in {P}" in text
        names = [each.operation for each in ground.gateway.calls]
        order = ("CreateNetworkAclEntry", "SwitchoverGlobalCluster", "PutMetricData", "DeleteNetworkAclEntry")
        places = [next(i for i, name in enumerate(names) if name.endswith(each)) for each in order]
        assert places == sorted(places)
        code, text, _ = ground.haven("failback", "--confirm", "sim")
        assert (code, ground.writer) == (FINDINGS, R)
        assert "needs an acknowledgement" in text
        code, text, _ = ground.haven("failback", "--confirm", "sim", "--acknowledge")
        assert (code, ground.writer) == (OK, P), text


@pytest.mark.exhaustive
def test_a_process_that_is_killed_is_followed_by_one_that_ends_it(ground: Ground) -> None:
    ground.beat(seconds_ago=60)
    ground.gateway.faults[P, "*"] = Fault.REFUSE
    words = ("--to", R, "--confirm", "sim", "--force", "the provider confirms the loss")
    for seconds in (3, 4, 5, 6):
        with subprocess.Popen(ground.command("failover", *words), env=ground.variables) as process:
            time.sleep(seconds)
            process.kill()
        ground.expire_lease()
    code, text, _ = ground.haven("failover", *words, "--json")
    assert (code, json.loads(text)["state"], ground.writer) in ((OK, "done", R), (OK, "nothing to do", R))
    promotions = [each for each in ground.gateway.calls if each.operation == "FailoverGlobalCluster"]
    assert len(promotions) == 1


@pytest.mark.exhaustive
def test_ctrl_c_ends_it_with_what_was_under_way_and_how_to_go_on(ground: Ground) -> None:
    ground.beat(seconds_ago=60)
    ground.gateway.faults[P, "*"] = Fault.REFUSE
    ground.gateway.faults[R, "elasticloadbalancing"] = Fault.BLACKHOLE
    words = ("--to", R, "--confirm", "sim", "--force", "the provider confirms the loss")
    with subprocess.Popen(
        ground.command("failover", *words), env=ground.variables, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith(f"> Wait until {R} serves: running"):
                break
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == INTERRUPTED
    assert f"  Wait until {R} serves: running" in rest
    assert "closed to clients" not in rest
    assert "To go on, run the same command once more" in rest
    assert "Traceback" not in rest
    assert "never awaited" not in rest


@pytest.mark.exhaustive
def test_ctrl_c_before_the_journal_has_anything_ends_the_audit_and_gives_the_lease_back(ground: Ground) -> None:
    words, before = ("--to", R, "--confirm", "sim", "--planned"), len(ground.gateway.calls)
    with (
        ground.beating(),
        subprocess.Popen(
            ground.command("failover", *words), env=ground.variables, stderr=subprocess.PIPE, text=True
        ) as process,
    ):
        while not any(each.service == "s3" and each.region == R for each in ground.gateway.calls[before:]):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)  # it looks at both Regions for two seconds now
        rest = process.communicate()[1]
    assert (process.returncode, "Nothing was changed." in rest) == (INTERRUPTED, True), rest
    key = {"id": {"S": "lease"}, "entry": {"S": "0"}}
    item = ground.aws.of("dynamodb", R).get_item(TableName="operations", Key=key)["Item"]
    assert item["state"]["S"] == "free"
    code, text, error = ground.haven("audit verify", "--in", R)
    assert code == OK, text + error


def test_what_is_wrong_with_the_words_is_one_error_and_nothing_is_asked(ground: Ground) -> None:
    for words, expected in (
        (("--to", "eu-west-9"), '--to: got "eu-west-9"; allowed: "eu-west-1", "eu-central-1"'),
        (("--to", R, "--force", "because"), '--force: got "because"; allowed: a reason of 10 characters or more'),
        (("--to", R, "--accept-loss", "15"), '--accept-loss: got "15"; allowed: a number with s, m or h'),
    ):
        code, _, error = ground.haven("failover", *words)
        assert (code, expected in error) == (BAD_INPUT, True), error
    assert [each for each in ground.gateway.calls if each.operation.startswith(MUTATING)] == []
    code, text, _ = ground.haven("audit verify", "--in", P)
    assert (code, text.startswith(f"There is no record of a runbook in {P}: ")) == (OK, True), text
    code, _, error = ground.haven("audit verify", "--in", "us-west-2")
    assert (code, '--in: got "us-west-2"; allowed: "eu-west-1", "eu-central-1"' in error) == (BAD_INPUT, True), error


def test_credentials_of_another_account_are_refused_before_anything_is_asked_of_its_tables(ground: Ground) -> None:
    located = read_file(ground.folder / "manifest.json")
    asked: list[str] = []

    def client(service: str, region: str) -> Any:
        asked.append(service)
        return ground.aws.of(service, region)

    with pytest.raises(Problems, match="the credentials: got account 000000000000; allowed: account 111122223333"):
        operator(located, R, client, ground.folder / "records", lambda _: None, place=Place.AWS)
    assert asked == ["sts"]


def test_without_the_name_nothing_begins_and_a_dry_run_needs_none(ground: Ground) -> None:
    ground.beat(seconds_ago=0)
    code, text, _ = ground.haven("failover", "--to", R, "--planned", "--dry-run")
    assert (code, "sim: previewed" in text) == (OK, True), text
    assert "promote-database: Promote the database in eu-central-1" in text
    code, _, error = ground.haven("failover", "--to", R, "--planned", "--confirm", "smi")
    assert (code, 'the confirmation: got "smi"; allowed: "sim"' in error) == (BAD_INPUT, True)
    assert not (ground.folder / "records").exists()
    assert ground.writer == P


def test_a_table_that_is_missing_is_named(ground: Ground) -> None:
    ground.aws.of("dynamodb", R).delete_table(TableName="operations")
    code, _, error = ground.haven("failover", "--to", R, "--planned")
    assert (code, "dynamodb:query in eu-central-1" in error) == (MISSING_DEPENDENCY, True), error


@pytest.mark.exhaustive
def test_records_that_the_bucket_did_not_take_are_published_by_the_machine_that_has_them(ground: Ground) -> None:
    ground.beat(seconds_ago=60)
    ground.gateway.faults[P, "*"] = Fault.REFUSE
    puts: list[Call] = []

    def chosen(call: Call) -> Fault | None:
        if call.service == "s3" and call.operation.startswith("PUT"):
            puts.append(call)
        return Fault.DENY if len(puts) > 3 and call.service == "s3" else None

    ground.gateway.chosen = chosen
    words = ("--to", R, "--confirm", "sim", "--force", "the provider confirms the loss")
    code, text, _ = ground.haven("failover", *words)
    typed = f"haven audit publish {ground.named} --in {R} {ground.kept}"
    assert (code, f"{typed}: the bucket lacks " in text) == (OK, True), text
    ground.gateway.chosen = lambda _: None
    code, text, _ = ground.haven("audit verify", "--in", R)
    assert code == FINDINGS
    assert "records are missing at the end: 3 records, and the journal knows" in text
    assert f"if they are there: haven audit publish {ground.named} --in {R}" in text
    code, text, _ = ground.haven("audit publish", "--in", R)
    assert (code, ground.haven("audit verify", "--in", R)[0]) == (OK, OK), text
    assert ground.haven("audit publish", "--in", R)[1].startswith("0 records written")
    ground.machine = "another"
    (ground.folder / "another").mkdir()
    code, _, error = ground.haven("audit publish", "--in", R)
    assert (code, "run it on the machine of the failover" in error) == (BAD_INPUT, True), error


Made = tuple[list[tuple[str, str, str]], set[tuple[str, str, str]]]
"""Changing calls in the order of each Region's service (no Region waits for the other), and every kind of call: how
often something is read, the time decides."""


def there_and_back(folder: Path, *words: str, typed: str) -> list[Made]:
    """The calls of a planned failover, and of the failback after it.

    The environment's name is typed into a terminal, or nothing is.
    """
    folder.mkdir()
    found: list[Made] = []
    with new_ground(folder) as ground, ground.beating():
        ground.beat(seconds_ago=0)
        for command in (("failover", "--to", R, "--planned"), ("failback", "--acknowledge")):
            begin = len(ground.gateway.calls)
            master, slave = pty.openpty()
            os.write(master, typed.encode())
            process = ground.command(*command, *words)
            done = subprocess.run(
                process, stdin=slave, capture_output=True, text=True, check=False, env=ground.variables
            )
            os.close(slave)
            os.close(master)
            assert done.returncode == OK, done.stdout + done.stderr
            assert ("Type sim to do it" in done.stderr) is bool(typed)
            changing = sorted(trace(ground, begin), key=lambda each: each[:2])
            found.append((changing, {_kind(each) for each in ground.gateway.calls[begin:]}))
        assert ground.writer == P
    return found


def _kind(call: Call) -> tuple[str, str, str]:
    """Of S3 the method and the bucket: keys have the process in their names."""
    path = call.operation.partition("?")[0]
    return call.region, call.service, "/".join(path.split("/")[:2]) if call.service == "s3" else call.operation


@pytest.mark.exhaustive
@pytest.mark.timeout(900)
def test_a_drill_and_a_failover_that_somebody_confirms_make_the_same_calls_there_and_back(tmp_path: Path) -> None:
    """A drill is the same command, with the name given beforehand: nothing else of the run knows about it."""
    with ThreadPoolExecutor() as both:  # they wait most of the time
        typing = both.submit(there_and_back, tmp_path / "typed", typed="sim\n")
        giving = both.submit(there_and_back, tmp_path / "given", "--confirm", "sim", typed="")
        confirmed, drill = typing.result(), giving.result()
    for (changed, asked), (of_drill, asked_by_drill) in zip(confirmed, drill, strict=True):
        assert changed == of_drill
        assert asked == asked_by_drill
        assert [name for _, _, name in of_drill].count("SwitchoverGlobalCluster") == 1
