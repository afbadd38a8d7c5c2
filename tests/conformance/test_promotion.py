"""A promotion made behind the engine's back, and what the next deployment makes of it.

The AWS provider plans and applies for real, into the embedded emulator, which fails a global cluster over as a runbook
would ask AWS to. It moves less than AWS does: what AWS may move beyond that is put into the state by hand.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_random
import pytest

from components.global_database import DatabaseSideArgs, GlobalDatabase, cluster_name, global_cluster_name
from haven.local import again, limits, terraform
from haven.local.deployment import Unavailable
from haven.local.emulator import Emulator
from haven.local.export import Export, export
from haven.local.found import Clients
from haven.local.recorder import record
from haven.record import Recording
from tests.environments import PRIMARY, RECOVERY, ROOT

pytestmark = [pytest.mark.emulator, pytest.mark.timeout(1500)]

NAME = "haven-test-db"
ACCOUNT = "000000000000"
"""The emulator's own, which the ARNs that it makes up name."""
REGIONS = (PRIMARY, RECOVERY)
ROLES = {PRIMARY: {PRIMARY: True, RECOVERY: False}, RECOVERY: {PRIMARY: False, RECOVERY: True}}
"""The Region that writes -> which members of the global cluster there are, and whether each of them writes."""
STATE = "terraform.tfstate"


def arn(region: str) -> str:
    """The ARN of the member in a Region."""
    return f"arn:aws:rds:{region}:{ACCOUNT}:cluster:{cluster_name(NAME, region)}"


UPGRADED = {"engine_version": "16.12", "engine_version_actual": "16.12"}
MOVED: Mapping[str, Mapping[str, str]] = {
    arn(PRIMARY): {
        "replication_source_identifier": arn(RECOVERY),
        "global_cluster_identifier": "",
        **UPGRADED,
    },
    arn(RECOVERY): {"replication_source_identifier": "", "global_cluster_identifier": "", **UPGRADED},
}
"""By ARN, what may be read back of each member after a promotion by AWS: the source of its replication turned round
(assumed for both sides; a plan that works against it is hashicorp/terraform-provider-aws#42919), a membership that the
provider doesn't see (cloudposse/terraform-aws-rds-cluster#281), and a minor version that the global cluster gave it."""


def program(active: str, url: str) -> None:
    """A database with two instances in the primary Region and one in the other, in what the emulator brings along."""
    providers = {region: aws.Provider(f"aws-{region}", region=region) for region in REGIONS}
    GlobalDatabase(
        NAME,
        {
            "account_id": ACCOUNT,
            "primary": side(PRIMARY, 2, url),
            "recovery": side(RECOVERY, 1, url),
            "recovery_provider": providers[RECOVERY],
            "recovery_secret": {"region": RECOVERY, "kms_key_arn": key(RECOVERY)},
            "active_region": active,
            "engine_version": "16.11",
            "instance_class": "db.r6g.large",
            "database_name": "haven",
            "master_username": "haven_admin",
            "write_forwarding": False,
            "backup_retention_days": 14,
            "ephemeral": True,
        },
        pulumi.ResourceOptions(providers=[providers[PRIMARY], pulumi_random.Provider("random")]),
    )


def side(region: str, instances: int, url: str) -> DatabaseSideArgs:
    ec2 = Clients(url).of("ec2", region)
    subnets = ec2.describe_subnets()["Subnets"]
    return {
        "region": region,
        "vpc_id": str(subnets[0]["VpcId"]),
        "subnet_ids": [str(each["SubnetId"]) for each in subnets],
        "kms_key_arn": key(region),
        "client_cidrs": ["10.40.0.0/16"],
        "instances": instances,
    }


def key(region: str) -> str:
    return f"arn:aws:kms:{region}:{ACCOUNT}:key/mrk-1"


@dataclass(frozen=True)
class Environment:
    """The database in the emulator, deployed by Terraform as often as a test asks for it."""

    provider: terraform.Terraform
    url: str
    folder: Path

    def declare(self, active: str) -> Export:
        """Write down what the program declares while this Region is the active one."""
        recording: Recording = record(lambda: program(active, self.url), stack="test")
        fitted = limits.fit(recording).recording
        exported = export(fitted, self.provider.schema(), emulator=self.url, leave_out=limits.leave_out)
        assert list(exported.left_out) == []
        self.provider.prepare(exported, self.folder)
        return exported

    def follow(self, active: str) -> None:
        """Deploy with this Region as the active one."""
        self.declare(active)
        self.provider.plan(self.folder)
        self.provider.apply(self.folder)

    def fail_over(self, region: str) -> None:
        """What a runbook does when the other Region is lost."""
        Clients(self.url).of("rds", region).failover_global_cluster(
            GlobalClusterIdentifier=global_cluster_name(NAME),
            TargetDbClusterIdentifier=arn(region),
            AllowDataLoss=True,
        )

    def roles(self) -> Mapping[str, bool]:
        """Region of each member of the global cluster -> whether it writes."""
        rds = Clients(self.url).of("rds", PRIMARY)
        (found,) = rds.describe_global_clusters(GlobalClusterIdentifier=global_cluster_name(NAME))["GlobalClusters"]
        return {each["DBClusterArn"].split(":")[3]: each["IsWriter"] for each in found["GlobalClusterMembers"]}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    place = tmp_path_factory.mktemp("promotion")
    try:
        provider = terraform.find(place)
    except Unavailable as missing:
        pytest.skip(str(missing))
    with Emulator(ROOT / ".haven" / "emulator", place / "emulator") as emulator:
        yield Environment(provider, emulator.url, place / "deployed")


@pytest.fixture
def standing(environment: Environment) -> Environment:
    """The environment with both members, the primary Region writing; made or mended where it isn't so."""
    environment.follow(PRIMARY)
    if environment.roles() != ROLES[PRIMARY]:
        environment.fail_over(PRIMARY)
    assert environment.roles() == ROLES[PRIMARY]
    return environment


def assert_harmless(plan: Mapping[str, Any], exported: Export) -> None:
    """Nothing is made, taken away or replaced, and what is changed is what the emulator is known to answer wrongly."""
    differences = again.from_terraform(plan, exported.document)
    assert [each for each in differences if each.action != "update"] == []
    assert [each for each in again.explain(differences) if each.is_wrong] == []
    assert [each for each in differences if each.type == "aws_rds_global_cluster"] == []


def test_a_promotion_and_the_way_back_are_not_undone_by_the_next_deployment(standing: Environment) -> None:
    for region in (RECOVERY, PRIMARY):
        standing.fail_over(region)
        assert standing.roles() == ROLES[region]
        exported = standing.declare(region)
        assert_harmless(standing.provider.plan(standing.folder, refresh=False), exported)
        assert_harmless(standing.provider.plan(standing.folder), exported)
        assert standing.roles() == ROLES[region]
        standing.provider.apply(standing.folder)
        assert standing.roles() == ROLES[region]


def test_what_aws_may_move_in_the_members_beyond_that_stays_where_it_is(standing: Environment, tmp_path: Path) -> None:
    exported = standing.declare(RECOVERY)
    folder = tmp_path / "moved"
    shutil.copytree(standing.folder, folder, symlinks=True)
    move(folder / STATE)
    assert_harmless(standing.provider.plan(folder, refresh=False), exported)


def move(state: Path) -> None:
    """Write into the state what is read back from both members of a global cluster that AWS has failed over."""
    read = json.loads(state.read_text())
    clusters = [each for each in read["resources"] if each["type"] == "aws_rds_cluster"]
    members = [instance["attributes"] for each in clusters for instance in each["instances"]]
    assert {each["arn"] for each in members} == {arn(region) for region in REGIONS}
    for each in members:
        assert MOVED[each["arn"]].keys() <= each.keys()
        each.update(MOVED[each["arn"]])
    state.write_text(json.dumps(read))
