"""`haven failover` as the on-call engineer runs it: the real process against the emulator, with the primary lost.

The emulator has neither a Global Datastore nor `UpdateNodegroupConfig`, so the cache starts empty and the node groups
have one size.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from haven.base.exits import BAD_INPUT, FINDINGS, INTERRUPTED, MISSING_DEPENDENCY, OK
from haven.emulator.clients import Clients
from haven.emulator.ministack import Emulator
from tests.environments import ROOT
from tests.gateway import Fault, Gateway, gateway
from tests.simulation.model import THIRD, P, R
from tests.simulation.operators import manifest_document

pytestmark = [pytest.mark.timeout(300), pytest.mark.emulator]
MUTATING = ("Create", "Delete", "Update", "Put", "Modify", "Set", "Failover", "Switchover", "Register")


@dataclass
class Ground:
    """An emulator with a small environment, and the gateway before it."""

    gateway: Gateway
    aws: Clients
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def haven(self, *words: str) -> tuple[int, str, str]:
        """Exit code, output and standard error of one command."""
        done = subprocess.run(self.command(*words), capture_output=True, text=True, check=False, env=self.variables)
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout, done.stderr

    def command(self, command: str, *words: str) -> list[str]:
        """The words of a process."""
        manifest, records = str(self.folder / "manifest.json"), str(self.folder / "records")
        return [
            *(sys.executable, "-m", "haven", *command.split(), "sim", "--manifest", manifest),
            *([] if command == "audit verify" else ["--records", records]),
            *words,
        ]

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a process."""
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": self.gateway.url}
        return {**os.environ, **keys, "NO_COLOR": "1"}

    def beat(self, *, seconds_ago: float) -> None:
        """Let the newest heartbeats that arrived be this old."""
        for store in ("database", "cache"):
            for region in (P, R):
                item = {
                    "id": {"S": "heartbeat"},
                    "entry": {"S": store},
                    "newest": {"N": str((time.time() - seconds_ago) * 1000)},
                    "interval": {"N": "10000"},
                }
                self.aws.of("dynamodb", region).put_item(TableName="operations", Item=item)

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Let heartbeats arrive all the time."""
        ended = threading.Event()

        def beat() -> None:
            while not ended.is_set():
                self.beat(seconds_ago=0)
                ended.wait(5)

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def expire_lease(self) -> None:
        """As if a minute had passed since a process was killed."""
        for region in (P, R, THIRD):
            key = {"id": {"S": "lease"}, "entry": {"S": "0"}}
            self.aws.of("dynamodb", region).delete_item(TableName="operations", Key=key)

    @property
    def writer(self) -> str:
        """The Region that the database is written in."""
        clusters = self.aws.of("rds", R).describe_global_clusters(GlobalClusterIdentifier="db-global")["GlobalClusters"]
        (arn,) = [each["DBClusterArn"] for each in clusters[0]["GlobalClusterMembers"] if each["IsWriter"]]
        return str(arn.split(":")[3])


def manifest() -> Mapping[str, Any]:
    """The simulator's environment, with node groups of one size."""
    document = json.loads(json.dumps(manifest_document(rpo_minutes=15)))
    for region, side in document["sides"].items():
        side["cluster"]["nodeGroups"] = {f"{region}-gpu": {"full": [1, 1, 4], "standby": [1, 1, 4]}}
    document["operations"]["audit"] = {region: f"audit-{region}" for region in (P, R)}
    return document  # type: ignore[no-any-return]


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    (tmp_path / "manifest.json").write_text(json.dumps(manifest()))
    with Emulator(ROOT / ".haven" / "emulator", tmp_path / "emulator") as running, gateway(running.url) as before:
        aws = Clients(running.url)
        _fill(aws)
        yield Ground(before, aws, tmp_path)


def _fill(aws: Clients) -> None:
    document = manifest()
    aws.of("rds", P).create_global_cluster(GlobalClusterIdentifier="db-global", Engine="aurora-postgresql")
    for region in (P, R):
        _side(aws, region, document["sides"][region])
    for switch in document["traffic"].values():
        aws.of("cloudwatch", switch["writeIn"]).put_metric_alarm(
            AlarmName=switch["alarm"],
            Namespace=switch["namespace"],
            MetricName=switch["metric"],
            Statistic="Maximum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
        )
    for region in (P, R, THIRD):
        aws.of("dynamodb", region).create_table(
            TableName="operations",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("id", "entry")],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "entry", "KeyType": "RANGE"}],
            BillingMode="PAY_PER_REQUEST",
        )


def _side(aws: Clients, region: str, side: Mapping[str, Any]) -> None:
    ec2, rds = aws.of("ec2", region), aws.of("rds", region)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    rds.create_db_subnet_group(
        DBSubnetGroupName=side["database"]["subnetGroup"], DBSubnetGroupDescription="data", SubnetIds=[subnet]
    )
    password = {"MasterUsername": "root", "MasterUserPassword": "not-a-secret-1"} if region == P else {}
    cluster = side["database"]["cluster"]
    rds.create_db_cluster(
        DBClusterIdentifier=cluster, Engine="aurora-postgresql", GlobalClusterIdentifier="db-global", **password
    )
    for instance in side["database"]["instances"]:
        rds.create_db_instance(
            DBInstanceIdentifier=instance,
            DBClusterIdentifier=cluster,
            DBInstanceClass="db.r6g.large",
            Engine="aurora-postgresql",
        )
    balancers = aws.of("elbv2", region)
    (group,) = balancers.create_target_group(
        Name=side["balancer"]["targetGroup"], Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip"
    )["TargetGroups"]
    balancers.register_targets(TargetGroupArn=group["TargetGroupArn"], Targets=[{"Id": "10.0.1.9", "Port": 80}])
    aws.of("s3", region).create_bucket(
        Bucket=f"audit-{region}", CreateBucketConfiguration={"LocationConstraint": region}
    )


def to_the_lost_region(ground: Ground) -> list[str]:
    """What was asked of it."""
    return [each.operation.rsplit(".", 1)[-1] for each in ground.gateway.calls if each.region == P]


@pytest.mark.parametrize("fault", [Fault.REFUSE, pytest.param(Fault.BLACKHOLE, marks=pytest.mark.exhaustive)])
def test_a_lost_region_is_left_with_a_reason_and_another_run_changes_nothing(ground: Ground, fault: Fault) -> None:
    ground.beat(seconds_ago=60)
    ground.gateway.faults[P, "*"] = fault
    code, refused, _ = ground.haven("failover", "--to", R, "--confirm", "sim")
    assert (code, ground.writer) == (FINDINGS, P)
    assert "1 of 2 independent observations report its loss; this machine sees it unreachable from here" in refused
    reason = ("--force", "the provider's status page confirms the loss")
    code, text, progress = ground.haven("failover", "--to", R, "--confirm", "sim", "--json", *reason)
    document = json.loads(text)
    jsonschema.validate(document, json.loads(files("haven.cli").joinpath("schemas", "failover.v1.json").read_text()))
    assert (code, document["state"], ground.writer) == (OK, "done", R), document
    assert document["divergence"].startswith("possible: the old writer couldn't be closed")
    assert f"> Promote the database in {R}: done" in progress
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
    assert "To go on, run the same command once more" in rest
    assert "Traceback" not in rest
    assert "never awaited" not in rest


def test_what_is_wrong_with_the_words_is_one_error_and_nothing_is_asked(ground: Ground) -> None:
    for words, expected in (
        (("--to", "eu-west-9"), '--to: got "eu-west-9"; allowed: "eu-west-1", "eu-central-1"'),
        (("--to", R, "--force", "because"), '--force: got "because"; allowed: a reason of 10 characters or more'),
    ):
        code, _, error = ground.haven("failover", *words)
        assert (code, expected in error) == (BAD_INPUT, True), error
    assert [each for each in ground.gateway.calls if each.operation.startswith(MUTATING)] == []


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
