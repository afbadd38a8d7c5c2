"""The ground of the living tests: an emulator with a small environment behind the gateway, and the real process.

The emulator has neither a Global Datastore nor `UpdateNodegroupConfig`, so the cache starts empty and the node groups
have one size, unless the gateway answers for it (`stores.py`).
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from haven.emulator.clients import Clients
from haven.emulator.ministack import Emulator
from haven.runbooks.failover.consumers import queues
from haven.runbooks.failover.fence import RULES
from tests.environments import ROOT
from tests.gateway import Call, Fault, Gateway, gateway
from tests.haven.runbooks.traffic import switch_alarm
from tests.simulation.model import THIRD, P, R
from tests.simulation.operators import manifest_document
from tests.simulation.regions import OF_ITS_OWNER

HAVEN = (sys.executable, "-m", "haven")
MUTATING = ("Create", "Delete", "Update", "Put", "Modify", "Set", "Failover", "Switchover", "Register")


@dataclass
class Ground:
    """An emulator with a small environment, and the gateway before it."""

    gateway: Gateway
    aws: Clients
    emulator: str
    """Its URL, behind the gateway."""
    folder: Path
    python: Sequence[str] = HAVEN
    credentials: Mapping[str, str] = field(
        default_factory=lambda: {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    )
    stores: Sequence[str] = ("database", "cache")
    """Those with a heartbeat."""
    machine: str = "records"
    """The folder of records of the machine that commands run on."""

    def haven(self, *words: str) -> tuple[int, str, str]:
        """Exit code, output and standard error of one command."""
        done = subprocess.run(self.command(*words), capture_output=True, text=True, check=False, env=self.variables)
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout, done.stderr

    def command(self, command: str, *words: str) -> list[str]:
        """The words of a process."""
        manifest, records = str(self.folder / "manifest.json"), str(self.folder / self.machine)
        return [
            *(*self.python, *command.split(), self.document["environment"], "--manifest", manifest),
            *([] if command == "audit verify" else ["--records", records]),
            *words,
        ]

    def kill_at(self, operation: str, *words: str, done: bool) -> None:
        """Kill a planned failover at a call, which AWS does or never gets."""
        command = self.command("failover", "--to", R, "--planned", "--confirm", self.document["environment"], *words)
        quiet = subprocess.DEVNULL
        with subprocess.Popen(command, env=self.variables, stdout=quiet, stderr=quiet) as process:

            def chosen(call: Call) -> Fault | None:
                if call.operation != operation:
                    return None
                process.kill()
                return None if done else Fault.REFUSE

            self.gateway.chosen = chosen
        self.gateway.chosen = lambda _: None
        assert process.returncode == -signal.SIGKILL
        self.expire_lease()

    def rebuild(self, once_it_waits: Callable[[], None], *words: str) -> tuple[int, str, str]:
        """Exit code, output and standard error of a rebuild, which waits until the lost Region is free for it."""
        command = self.command("failback", "--rebuild", "--confirm", self.document["environment"], *words)
        pipe = subprocess.PIPE
        with subprocess.Popen(command, env=self.variables, stdout=pipe, stderr=pipe, text=True) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if line.startswith(f"> Wait until {P} answers and the names are free there: running"):
                    break
            once_it_waits()
            text, error = process.communicate(timeout=600)
        return process.returncode, text, error

    @property
    def named(self) -> str:
        """The words that name the environment in commands that a process prints."""
        return f"{self.document['environment']} --manifest {self.folder / 'manifest.json'}"

    @property
    def kept(self) -> str:
        """The words that name the copies of the records there."""
        return f"--records {self.folder / self.machine}"

    @property
    def document(self) -> Mapping[str, Any]:
        """The recovery manifest."""
        found: Mapping[str, Any] = json.loads((self.folder / "manifest.json").read_text())
        return found

    @property
    def _tables(self) -> Mapping[str, str]:
        found: Mapping[str, str] = self.document["operations"]["tables"]
        return found

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a process."""
        return {**os.environ, **self.credentials, "AWS_ENDPOINT_URL": self.gateway.url, "NO_COLOR": "1"}

    def beat(self, *, seconds_ago: float) -> None:
        """Let the newest heartbeats be this old; both Regions have the same one, for it was replicated."""
        newest, tables = (time.time() - seconds_ago) * 1000, self._tables
        for store in self.stores:
            for region in (P, R):
                item = {
                    "id": {"S": "heartbeat"},
                    "entry": {"S": store},
                    "newest": {"N": str(newest)},
                    "interval": {"N": "10000"},
                    "seen": {"N": str(time.time() * 1000)},
                }
                self.aws.of("dynamodb", region).put_item(TableName=tables[region], Item=item)

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Let heartbeats arrive all the time, except while the old writer is closed: nobody writes any then."""
        ended = threading.Event()

        def beat() -> None:
            while not ended.is_set():
                if not self.closed():
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
        """As if a minute had passed since a process was killed: the next one may take the lease."""
        for region, name in self._tables.items():
            table, key = self.aws.of("dynamodb", region), {"id": {"S": "lease"}, "entry": {"S": "0"}}
            if "Item" in table.get_item(TableName=name, Key=key):
                table.update_item(
                    TableName=name,
                    Key=key,
                    UpdateExpression="SET #state = :free",
                    ExpressionAttributeNames={"#state": "state"},
                    ExpressionAttributeValues={":free": {"S": "free"}},
                )

    def closed(self) -> list[str]:
        """The Regions with a network ACL that a fence has closed."""
        return [region for region in (P, R) for _ in self._denials(region)]

    def _denials(self, region: str) -> Iterator[object]:
        for acl in self.aws.of("ec2", region).describe_network_acls()["NetworkAcls"]:
            yield from (each for each in acl["Entries"] if not each["Egress"] and each["RuleNumber"] in RULES)

    def stopped(self) -> list[str]:
        """The Regions whose queue a failover has closed to consumers."""
        return [region for region in (P, R) if self.policy(region).marked]

    def policy(self, region: str) -> queues.Policy:
        """That of a Region's queue."""
        sqs, wanted = self.aws.of("sqs", region), list(queues.ATTRIBUTES)
        url = sqs.get_queue_url(QueueName=f"jobs-{region}-queue")["QueueUrl"]
        return queues.read(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"])

    @property
    def writer(self) -> str:
        """The Region that the database is written in."""
        named = {"GlobalClusterIdentifier": self.document["database"]["globalCluster"]}
        clusters = self.aws.of("rds", R).describe_global_clusters(**named)["GlobalClusters"]
        (arn,) = [each["DBClusterArn"] for each in clusters[0]["GlobalClusterMembers"] if each["IsWriter"]]
        return str(arn.split(":")[3])


def manifest(tier: str = "warm") -> Mapping[str, Any]:
    """The simulator's environment, with node groups of one size and nothing on its clusters."""
    standby = 0 if tier == "pilot-light" else 1
    document = json.loads(json.dumps({**manifest_document(standby=standby, rpo_minutes=15), "tier": tier}))
    for region, side in document["sides"].items():
        del side["workloads"], side["inference"]
        side["cluster"]["nodeGroups"] = {f"{region}-gpu": {"full": [1, 1, 4], "standby": [1, 1, 4]}}
    document["operations"]["heartbeats"]["stores"] = {"database": True, "cache": True}
    document["operations"]["audit"] = {region: f"audit-{region}" for region in (P, R)}
    return document  # type: ignore[no-any-return]


@contextmanager
def new_ground(folder: Path, tier: str = "warm", emulator: type[Emulator] = Emulator) -> Iterator[Ground]:
    """A small environment of a tier in an emulator of its own."""
    with ground_of(folder, manifest(tier), emulator) as made:
        yield made


@contextmanager
def ground_of(folder: Path, document: Mapping[str, Any], emulator: type[Emulator] = Emulator) -> Iterator[Ground]:
    """What a recovery manifest names, in an emulator of its own."""
    (folder / "manifest.json").write_text(json.dumps(document))
    with emulator(ROOT / ".haven" / "emulator", folder / "emulator") as running, gateway(running.url) as before:
        aws = Clients(running.url)
        _fill(aws, document)
        yield Ground(before, aws, running.url, folder, stores=list(document["operations"]["heartbeats"]["stores"]))


def _fill(aws: Clients, document: Mapping[str, Any]) -> None:
    aws.of("rds", P).create_global_cluster(GlobalClusterIdentifier="db-global", Engine="aurora-postgresql")
    for region in (P, R):
        _side(aws, region, document["sides"][region])
    for switch in document["traffic"].values():
        switch_alarm(aws.of("cloudwatch", switch["writeIn"]), switch)
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
    instances = sorted(side["database"]["instances"])
    for instance in instances if region == P else instances[: side["database"]["standby"]]:
        rds.create_db_instance(
            DBInstanceIdentifier=instance,
            DBClusterIdentifier=cluster,
            DBInstanceClass="db.r6g.large",
            Engine="aurora-postgresql",
        )
    aws.of("ssm", region).put_parameter(Name="/haven/sim/write-mode", Value="read-write", Type="String")
    for queue in side["queues"].values():
        aws.of("sqs", region).create_queue(QueueName=queue, Attributes={"Policy": OF_ITS_OWNER})
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
