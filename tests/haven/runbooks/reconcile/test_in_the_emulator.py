"""`haven reconcile` after real failovers of the real process in the emulator, with previews made by hand.

The emulator neither takes a snapshot of an old volume nor copies one, so both are the test's own here.
"""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from haven.base.exits import BAD_INPUT, FINDINGS, INTERRUPTED, MISSING_DEPENDENCY, OK
from tests.gateway import Answer, Call, Fault
from tests.haven.cli.test_schemas import check
from tests.haven.gate.change_sets import Made, digest
from tests.haven.runbooks.failover.ground import Ground, manifest, new_ground
from tests.simulation.model import P, R

pytestmark = [pytest.mark.timeout(900), pytest.mark.emulator, pytest.mark.exhaustive]
SNAPSHOT = "rds:unplanned-global-failover-db-1"
FUNCTIONS = {region: f"heartbeat-{region}" for region in (P, R)}


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[Ground]:
    """For `reconcile` of tier pilot-light, with tables, buckets and caches alike in both Regions, and a stack file.

    The failovers have the simulator's manifest: no heartbeat is written into the table and the buckets.
    """
    with new_ground(tmp_path) as ground:
        fill(ground)
        for name in FUNCTIONS.values():
            ground.gateway.answers["lambda", f"POST /2015-03-31/functions/{name}/invocations"] = no_tables
        yield ground


def no_tables(_: Call) -> Answer:
    """What the heartbeat's function answers of an empty database."""
    return 200, "application/json", '{"writes": true, "names": [], "tables": {}}'


def fill(ground: Ground) -> None:
    """What `reconcile` looks at, beside what a failover does."""
    document = json.loads(json.dumps(manifest()))
    document["tier"], document["replicatedTables"] = "pilot-light", ["sessions"]
    document["operations"]["heartbeats"]["functions"] = FUNCTIONS
    for region in (P, R):
        document["sides"][region]["buckets"] = {"models": f"models-{region}"}
        ground.aws.of("elasticache", region).create_replication_group(
            ReplicationGroupId=f"cache-{region}", ReplicationGroupDescription="a cache", Engine="valkey"
        )
        ground.aws.of("dynamodb", region).create_table(
            TableName="sessions",
            AttributeDefinitions=[{"AttributeName": "session", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "session", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        ground.aws.of("s3", region).create_bucket(
            Bucket=f"models-{region}", CreateBucketConfiguration={"LocationConstraint": region}
        )
        write(ground, region, "everywhere")
    (ground.folder / "whole.json").write_text(json.dumps(document))
    (ground.folder / "Pulumi.yaml").write_text("name: haven\nmain: program/\nruntime: python\n")
    stack_file(ground).write_text("config:\n  # edited by hand\n  haven:tier: pilot-light\n")


def write(ground: Ground, region: str, name: str) -> None:
    """An item and an object, in one Region alone."""
    ground.aws.of("dynamodb", region).put_item(TableName="sessions", Item={"session": {"S": name}})
    ground.aws.of("s3", region).put_object(Bucket=f"models-{region}", Key=name, Body=b"weights")


def stack_file(ground: Ground) -> Path:
    return ground.folder / "Pulumi.sim.yaml"


def command_of(ground: Ground, *words: str, changes: Any = ()) -> list[str]:
    """The words of one run, with a preview of these changes."""
    preview = ground.folder / "preview.json"
    preview.write_text(json.dumps(digest(*changes)))
    command = [sys.executable, "-m", "haven", "reconcile", str(stack_file(ground)), "--json"]
    return [*command, "--manifest", str(ground.folder / "whole.json"), "--preview", str(preview), *words]


def reconcile(ground: Ground, *words: str, changes: Any = ()) -> tuple[int, Any]:
    """Exit code and document of one run, with a preview of these changes."""
    command = command_of(ground, *words, changes=changes)
    done = subprocess.run(command, cwd=ground.folder, capture_output=True, text=True, check=False, env=ground.variables)
    assert "Traceback" not in done.stderr, done.stderr
    if done.returncode > FINDINGS:
        return done.returncode, done.stderr
    document = json.loads(done.stdout)
    check(document, "reconcile.v1")
    assert document["clean"] is (done.returncode == OK)
    return done.returncode, document


def wrong(document: Any) -> dict[str, str]:
    """Area -> what isn't as it should be."""
    return {each["area"]: each["description"] for each in document["checks"] if each["state"] != "ok"}


def activated(region: str, before: str) -> Made:
    """The environment's Stash in a preview that moves the active Region."""
    return Made("pulumi:index:Stash", "update", {"input": {"active": before}}, {"input": {"active": region}})


def test_after_a_planned_failover_and_its_failback_everything_is_clean_once_the_config_follows(
    environment: Ground,
) -> None:
    with environment.beating():
        for to, before, words in (
            (R, P, ("failover", "--to", R, "--planned")),
            (P, R, ("failback", "--acknowledge")),
        ):
            code, text, _ = environment.haven(*words, "--confirm", "sim")
            assert (code, environment.writer) == (OK, to), text
            moved = activated(to, before)
            code, document = reconcile(environment, "--write", changes=[moved])
            assert (code, list(wrong(document))) == (FINDINGS, ["config"]), wrong(document)
            code, document = reconcile(environment)
            assert (code, wrong(document)) == (OK, {})
    text = stack_file(environment).read_text()
    assert "# edited by hand" in text
    assert yaml.safe_load(text)["config"] == {
        "haven:tier": "pilot-light",
        "haven:active": P,
        "haven:demote": P,
    }
    assert document["afterwards"]["yaml"] == [f"haven:demote: {R}"]


def test_on_a_machine_without_the_project_everything_but_stack_file_and_preview_is_checked(
    environment: Ground, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "whole.json").write_bytes((environment.folder / "whole.json").read_bytes())
    (environment.folder / "Pulumi.yaml").unlink()
    command = [sys.executable, "-m", "haven", "reconcile", "sim", "--manifest", "whole.json"]

    def asked(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *words], cwd=bare, capture_output=True, text=True, check=False, env=environment.variables
        )

    with environment.beating():
        code, text, _ = environment.haven("failover", "--to", R, "--planned", "--confirm", "sim")
        assert code == OK, text
        done = asked("--json")
    assert done.returncode == FINDINGS, done.stderr
    document = json.loads(done.stdout)
    check(document, "reconcile.v1")
    assert wrong(document).keys() == {"config", "preview"}
    assert f"haven:active has to be {R}" in wrong(document)["config"]
    assert "no Pulumi.yaml in" in wrong(document)["preview"]
    assert {"database", "journal", "data"} <= {each["area"] for each in document["checks"]}
    assert asked().returncode == FINDINGS
    refused = asked("--write")
    assert refused.returncode == BAD_INPUT
    assert "--write: got no project" in refused.stderr
    assert "-C DIR" in refused.stderr


def test_after_a_failover_that_was_killed_and_gone_on_with_everything_is_clean(environment: Ground) -> None:
    with environment.beating():
        environment.kill_at("SwitchoverGlobalCluster", done=True)
        code, text, _ = environment.haven("failover", "--to", R, "--planned", "--confirm", "sim")
        assert (code, environment.writer) == (OK, R), text
        code, document = reconcile(environment, "--write", changes=[activated(R, P)])
        assert (code, list(wrong(document))) == (FINDINGS, ["config"]), wrong(document)
        code, document = reconcile(environment)
        assert (code, wrong(document)) == (OK, {})


def test_after_a_failover_that_was_killed_behind_the_fence_and_called_off_everything_is_clean(
    environment: Ground,
) -> None:
    with environment.beating():
        environment.kill_at("SwitchoverGlobalCluster", done=False)
        code, document = reconcile(environment)
        assert (code, "fence" in wrong(document)) == (FINDINGS, True), wrong(document)
        reason = ("--force", "the trouble is over, nobody has to move")
        code, text, _ = environment.haven("failover", "--to", P, "--planned", "--confirm", "sim", *reason)
        assert (code, environment.writer) == (OK, P), text
        code, document = reconcile(environment)
        assert (code, wrong(document)) == (OK, {})


def test_after_an_unplanned_failover_what_only_the_old_side_has_is_found_and_kept(environment: Ground) -> None:
    environment.beat(seconds_ago=60)
    environment.gateway.faults[P, "*"] = Fault.REFUSE
    reason = ("--force", "the provider's status page confirms the loss")
    assert environment.haven("failover", "--to", R, "--confirm", "sim", *reason)[0] == OK
    code, document = reconcile(environment, changes=[activated(R, P)])
    assert code == FINDINGS
    assert {"divergence", "fence", "data", "config"} <= wrong(document).keys()

    environment.gateway.faults.clear()
    write(environment, P, "only-there")
    code, document = reconcile(environment, "--write", changes=[activated(R, P)])
    found = {(each["area"], each["description"]) for each in document["checks"] if each["state"] == "wrong"}
    assert ("data", f"table sessions: 1 of 2 sampled items of {P} not in {R}") in found
    missing = f"bucket models: without an equal replica in {R}: only-there (no replication status)"
    assert ("data", missing) in found
    assert "Aurora kept no snapshot" in wrong(document)["divergence"]

    environment.aws.of("rds", P).create_db_cluster_snapshot(
        DBClusterIdentifier=f"db-{P}", DBClusterSnapshotIdentifier=SNAPSHOT
    )
    code, document = reconcile(environment)
    assert "nobody has copied it" in wrong(document)["divergence"]
    code, document = reconcile(environment, "--keep")  # the emulator has no CopyDBClusterSnapshot; the simulator has
    assert "nobody has copied it" in wrong(document)["divergence"]
    audit = (environment.folder / ".haven" / "recovery" / "sim" / "audit.jsonl").read_text()
    assert "copy_db_cluster_snapshot" in audit
    environment.aws.of("rds", P).create_db_cluster_snapshot(
        DBClusterIdentifier=f"db-{P}", DBClusterSnapshotIdentifier="haven-kept-db-1"
    )

    write(environment, R, "only-there")
    code, document = reconcile(environment)
    assert (code, wrong(document)) == (OK, {})


@pytest.mark.parametrize("answers", [True, False], ids=["the bucket answers", "the bucket is silent"])
def test_ctrl_c_while_snapshots_are_kept_says_the_state_and_closes_the_audit(
    environment: Ground, answers: bool, record_property: Callable[[str, object], None]
) -> None:
    source = {"DBClusterIdentifier": f"db-{R}", "DBClusterSnapshotIdentifier": SNAPSHOT}
    environment.aws.of("rds", R).create_db_cluster_snapshot(**source)
    asked = threading.Event()

    def copied(call: Call) -> Answer:
        if not answers:
            environment.gateway.faults[P, "s3"] = Fault.BLACKHOLE
        asked.set()
        body = "<CopyDBClusterSnapshotResult><DBClusterSnapshot/></CopyDBClusterSnapshotResult>"
        return 200, "text/xml", f"<CopyDBClusterSnapshotResponse>{body}</CopyDBClusterSnapshotResponse>"

    environment.gateway.answers["rds", "CopyDBClusterSnapshot"] = copied
    command = command_of(environment, "--keep")
    with subprocess.Popen(
        command, cwd=environment.folder, env=environment.variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        assert asked.wait(60)
        time.sleep(1)
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        error = process.communicate()[1].decode()
    record_property("figure", f"Ctrl-C in reconcile --keep: ended after {time.monotonic() - begin:.2f} s")
    assert process.returncode == INTERRUPTED, error
    assert f"a copy of {SNAPSHOT} was asked for" in error
    assert "run the same command once more" in error
    assert (f"--manifest {environment.folder / 'whole.json'} --in eu-west-1" in error) is not answers, error
    environment.gateway.faults.clear()
    records = str(environment.folder / ".haven" / "recovery" / "sim")
    if not answers:
        code, text, error = environment.haven("audit publish", "--in", P, "--records", records)
        assert code == OK, text + error
    code, text, error = environment.haven("audit verify", "--in", P)
    assert (code, "Nothing is wrong" in text) == (OK, True), text + error


def test_what_cannot_be_asked_or_read_is_one_error_each(environment: Ground) -> None:
    code, error = reconcile(environment, "--without-snapshot", "none")
    assert (code, "--without-snapshot" in error) == (BAD_INPUT, True)
    for region in (P, R):
        environment.gateway.faults[region, "*"] = Fault.REFUSE
    code, error = reconcile(environment)
    assert (code, "neither Region answers who writes the database" in error) == (MISSING_DEPENDENCY, True), error
