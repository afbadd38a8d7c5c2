"""The alarms themselves: deployed by the AWS provider into the embedded emulator, and fed with numbers.

The emulator judges alarms on one metric, sums them up and publishes, as AWS does; alarms on several metrics it leaves
as they are.
"""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from haven.emulator import drift, gap_handling
from haven.emulator.clients import Clients
from haven.emulator.ministack import Emulator
from haven.program.recorder import record
from haven.terraform import cli
from haven.terraform.export import Export, export
from haven_components import Observability
from tests.environments import PRIMARY, RECOVERY, ROOT

pytestmark = [pytest.mark.emulator, pytest.mark.timeout(1800)]

NAME = "haven-test-watch"
ACCOUNT = "000000000000"
"""The emulator's own."""
CODES = {PRIMARY: "euw1", RECOVERY: "euc1"}
PATIENCE_SECONDS = 60


def program() -> None:
    """A database and a cache that are watched in both Regions."""
    providers = {region: aws.Provider(f"aws-{region}", region=region) for region in CODES}
    sides: dict[str, Any] = {
        region: {
            "region": region,
            "kms_key_arn": f"arn:aws:kms:{region}:{ACCOUNT}:key/mrk-1",
            "database": {"cluster_id": f"db-{code}"},
            "cache": {"group_id": f"cache-{code}", "shards": 1, "replicas_per_shard": 1},
        }
        for region, code in CODES.items()
    }
    Observability(
        NAME,
        {
            "account_id": ACCOUNT,
            "environment": "test",
            "primary": sides[PRIMARY],
            "recovery": sides[RECOVERY],
            "recovery_provider": providers[RECOVERY],
            "systems": ["serving"],
            "ephemeral": True,
        },
        pulumi.ResourceOptions(providers=[providers[PRIMARY]]),
    )


@dataclass(frozen=True)
class Deployed:
    """The component in the emulator."""

    provider: cli.Terraform
    exported: Export
    clients: Clients
    folder: Path

    def states(self, region: str) -> Mapping[str, str]:
        """Last part of each alarm's name -> its state."""
        cloudwatch = self.clients.of("cloudwatch", region)
        found = cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        alarms = [*found["MetricAlarms"], *found["CompositeAlarms"]]
        return {each["AlarmName"].removeprefix(f"{NAME}-{CODES[region]}-"): each["StateValue"] for each in alarms}

    def listen(self, region: str) -> str:
        """Subscribe a new queue to the Region's topic; returns its URL."""
        queue = f"{NAME}-listener"
        url = str(self.clients.of("sqs", region).create_queue(QueueName=queue)["QueueUrl"])
        self.clients.of("sns", region).subscribe(
            TopicArn=f"arn:aws:sns:{region}:{ACCOUNT}:{NAME}-{CODES[region]}-alarms",
            Protocol="sqs",
            Endpoint=f"arn:aws:sqs:{region}:{ACCOUNT}:{queue}",
        )
        return url

    def heard(self, region: str, url: str) -> list[tuple[str, str]]:
        """Names of alarms and the states that the topic has received."""
        messages = self.clients.of("sqs", region).receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        bodies = [json.loads(json.loads(each["Body"])["Message"]) for each in messages.get("Messages", [])]
        return [(each["AlarmName"], each["NewStateValue"]) for each in bodies]

    def lag(self, region: str, milliseconds: int) -> None:
        """Report this lag of the database for each of the last five minutes."""
        now = datetime.now(UTC)
        self.clients.of("cloudwatch", region).put_metric_data(
            Namespace="AWS/RDS",
            MetricData=[
                {
                    "MetricName": "AuroraGlobalDBReplicationLag",
                    "Dimensions": [{"Name": "DBClusterIdentifier", "Value": f"db-{CODES[region]}"}],
                    "Value": milliseconds,
                    "Timestamp": now - timedelta(minutes=minute),
                }
                for minute in range(5)
            ],
        )


@pytest.fixture(scope="module")
def deployed(provider: cli.Terraform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    place = tmp_path_factory.mktemp("alarms")
    with Emulator(ROOT / ".haven" / "emulator", place / "emulator") as emulator:
        fitted = gap_handling.adapt(record(program, stack="test")).recording
        exported = export(fitted, provider.schema(), emulator=emulator.url, leave_out=gap_handling.leave_out)
        folder = place / "deployed"
        provider.prepare(exported, folder)
        provider.deploy(folder)
        yield Deployed(provider, exported, Clients(emulator.url), folder)


def wait_for(deployed: Deployed, region: str, expected: Mapping[str, str]) -> Mapping[str, str]:
    """The states of these alarms, once they are as expected, or as they are when patience ends."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        states = deployed.states(region)
        found = {name: states[name] for name in expected}
        if found == expected or time.monotonic() > end:
            return found
        time.sleep(0.5)


def test_what_is_deployed_is_what_is_read_back(deployed: Deployed) -> None:
    assert list(deployed.exported.left_out) == []
    plan = deployed.provider.plan(deployed.folder)
    differences = drift.from_terraform(plan, deployed.exported.document)
    assert [each.resource for each in drift.explain(differences) if each.is_wrong] == []
    for region in CODES:
        watched = {"database-lag", "database-rpo-lag", "cache-0001-cpu", "trouble", "replication"}
        assert set(deployed.states(region)) == watched


def test_a_lag_sets_off_the_alarms_of_its_own_region_alone(deployed: Deployed) -> None:
    queues = {region: deployed.listen(region) for region in CODES}
    behind = {"database-lag": "ALARM", "replication": "ALARM", "trouble": "ALARM"}
    deployed.lag(RECOVERY, 20)
    assert "ALARM" not in deployed.states(RECOVERY).values()
    deployed.lag(RECOVERY, 9000)
    assert wait_for(deployed, RECOVERY, behind) == behind
    assert "ALARM" not in deployed.states(PRIMARY).values()
    received = {region: deployed.heard(region, url) for region, url in queues.items()}
    assert (f"{NAME}-euc1-database-lag", "ALARM") in received[RECOVERY]
    assert received[PRIMARY] == []
