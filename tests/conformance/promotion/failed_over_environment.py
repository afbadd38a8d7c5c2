"""The data of an environment in the embedded emulator, deployed by the AWS provider and failed over behind its back."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_random

from haven.base.problems import Problem
from haven.emulator import drift, gap_handling, gaps
from haven.emulator.clients import Clients
from haven.emulator.drift import ResourceDrift
from haven.program.recorder import record
from haven.runbooks import check_destroy
from haven.runbooks.clients import clients
from haven.terraform import cli
from haven.terraform.export import Export, export
from haven_components.data._database_args import DatabaseSideArgs
from haven_components.data.global_database import GlobalDatabase
from haven_components.data.global_table import GlobalTable
from haven_components.data.replicated_bucket import ReplicatedBucket
from haven_components.names import bucket_name, cluster_name, global_cluster_name
from tests.environments import PRIMARY, RECOVERY

NAME = "haven-test"
DATABASE, BUCKET, TABLE = f"{NAME}-db", f"{NAME}-models", f"{NAME}-features"
ACCOUNT = "000000000000"
"""The emulator's own, which the ARNs that it makes up name."""
REGIONS = (PRIMARY, RECOVERY)
INSTANCE_CLASS = "db.r6g.large"
ROLES = {PRIMARY: {PRIMARY: True, RECOVERY: False}, RECOVERY: {PRIMARY: False, RECOVERY: True}}
"""The Region that writes -> which members of the global cluster there are, and whether each of them writes."""
UNCHANGED = ("auto_minor_version_upgrade", "performance_insights_enabled")
"""What the emulator's ModifyDBInstance leaves as it is."""


def arn(region: str) -> str:
    """The ARN of the database's member in a Region."""
    return f"arn:aws:rds:{region}:{ACCOUNT}:cluster:{cluster_name(DATABASE, region)}"


def program(url: str, active: str, *, headless: bool) -> None:
    """A database, a pair of buckets and a global table, in the networks that the emulator brings along.

    Args:
        url: the emulator's.
        active: the Region that writes.
        headless: whether the recovery Region's member has no instance.
    """
    providers = {region: aws.Provider(f"aws-{region}", region=region) for region in REGIONS}
    here = pulumi.ResourceOptions(providers=[providers[PRIMARY], pulumi_random.Provider("random")])
    GlobalDatabase(
        DATABASE,
        {
            "account_id": ACCOUNT,
            "primary": _side(url, PRIMARY, 1),
            "recovery": _side(url, RECOVERY, 0 if headless else 1),
            "recovery_provider": providers[RECOVERY],
            "recovery_secret": {"region": RECOVERY, "kms_key_arn": _key(RECOVERY)},
            "active_region": active,
            "engine_version": "16.11",
            "instance_class": INSTANCE_CLASS,
            "database_name": "haven",
            "master_username": "haven_admin",
            "write_forwarding": False,
            "backup_retention_days": 14,
            "ephemeral": True,
        },
        here,
    )
    ReplicatedBucket(
        BUCKET,
        {
            "primary": {"region": PRIMARY, "kms_key_arn": _key(PRIMARY)},
            "recovery": {"region": RECOVERY, "kms_key_arn": _key(RECOVERY)},
            "recovery_provider": providers[RECOVERY],
            "bucket_name": BUCKET,
            "replication_time_control": False,
            "ephemeral": True,
        },
        here,
    )
    GlobalTable(
        TABLE,
        {
            "account_id": ACCOUNT,
            "home": {"region": PRIMARY, "kms_key_arn": _key(PRIMARY)},
            "replica": {"region": RECOVERY, "kms_key_arn": _key(RECOVERY)},
            "recovery_provider": providers[RECOVERY],
            "hash_key": {"name": "entity"},
            "ephemeral": True,
        },
        here,
    )


def _side(url: str, region: str, instances: int) -> DatabaseSideArgs:
    subnets = Clients(url).of("ec2", region).describe_subnets()["Subnets"]
    return {
        "region": region,
        "vpc_id": str(subnets[0]["VpcId"]),
        "subnet_ids": [str(each["SubnetId"]) for each in subnets],
        "kms_key_arn": _key(region),
        "client_cidrs": ["10.40.0.0/16"],
        "instances": instances,
    }


def _key(region: str) -> str:
    return f"arn:aws:kms:{region}:{ACCOUNT}:key/mrk-1"


@dataclass(frozen=True)
class Environment:
    """That program, deployed by Terraform as often as a test asks for it."""

    provider: cli.Terraform
    url: str
    folder: Path

    def declare(self, active: str, *, headless: bool = False) -> Export:
        """Write down what the program declares while this Region is the active one.

        What the emulator is known to get wrong is left out, so that a second plan has nothing to say.
        """
        recording = record(lambda: program(self.url, active, headless=headless), stack="test")
        exported = export(
            gap_handling.adapt(recording).recording,
            self.provider.schema(),
            emulator=self.url,
            leave_out=gap_handling.leave_out,
        )
        assert list(exported.left_out) == []
        for defect in gaps.DEFECTS:
            for body in exported.document["resource"].get(defect.type, {}).values():
                for argument in defect.arguments:
                    _drop(body, argument)
        for body in exported.document["resource"]["aws_rds_cluster_instance"].values():
            for argument in UNCHANGED:
                _drop(body, argument)
        self.provider.prepare(exported, self.folder)
        return exported

    def plan(self, exported: Export, *, refresh: bool = True) -> list[ResourceDrift]:
        """What would be done now."""
        return drift.from_terraform(self.provider.plan(self.folder, refresh=refresh), exported.document)

    def destroy(self) -> None:
        """Take everything away, in the order that was deployed last."""
        self.provider.destroy(self.folder)

    def follow(self, active: str, *, headless: bool = False) -> None:
        """Deploy with this Region as the active one."""
        self.declare(active, headless=headless)
        self.provider.deploy(self.folder)

    def fail_over(self, region: str) -> None:
        """What a runbook does when the other Region is lost."""
        self.rds(region).failover_global_cluster(
            GlobalClusterIdentifier=global_cluster_name(DATABASE),
            TargetDbClusterIdentifier=arn(region),
            AllowDataLoss=True,
        )

    def roles(self) -> Mapping[str, bool]:
        """Region of each member of the global cluster -> whether it writes."""
        (found,) = self.rds(PRIMARY).describe_global_clusters(GlobalClusterIdentifier=global_cluster_name(DATABASE))[
            "GlobalClusters"
        ]
        return {each["DBClusterArn"].split(":")[3]: each["IsWriter"] for each in found["GlobalClusterMembers"]}

    def obstacles(self, active: str) -> list[Problem]:
        """What `haven check-destroy` says while this Region is the active one."""
        manifest = {
            "regions": {"primary": PRIMARY, "recovery": RECOVERY},
            "database": {"globalCluster": global_cluster_name(DATABASE)},
            "sides": {region: {"cache": f"{NAME}-cache"} for region in REGIONS},
        }
        return list(check_destroy.obstacles(manifest, active, check_destroy.read(manifest, clients(self.url))))

    def is_gone(self) -> bool:
        """Whether nothing of the database is left."""
        clusters = [each for region in REGIONS for each in self.rds(region).describe_db_clusters()["DBClusters"]]
        return not (clusters or self.instances() or self.rds(PRIMARY).describe_global_clusters()["GlobalClusters"])

    def instances(self) -> set[str]:
        """Identifiers of the database's instances."""
        found = (each for region in REGIONS for each in self.rds(region).describe_db_instances()["DBInstances"])
        return {each["DBInstanceIdentifier"] for each in found}

    def rds(self, region: str) -> Any:
        """The database's API in a Region."""
        return Clients(self.url).of("rds", region)

    def write(self, region: str, name: str) -> None:
        """Put an object and an item there."""
        clients = Clients(self.url)
        clients.of("s3", region).put_object(Bucket=bucket_name(BUCKET, region), Key=name, Body=name.encode())
        clients.of("dynamodb", region).put_item(TableName=TABLE, Item={"entity": {"S": name}})

    def held(self, region: str) -> tuple[set[str], set[str]]:
        """Names of the objects and of the items that are there."""
        clients = Clients(self.url)
        objects = clients.of("s3", region).list_objects_v2(Bucket=bucket_name(BUCKET, region)).get("Contents", [])
        items = clients.of("dynamodb", region).scan(TableName=TABLE)["Items"]
        return {each["Key"] for each in objects}, {each["entity"]["S"] for each in items}


def _drop(body: Any, path: str) -> None:
    """Take an argument out, wherever its block or blocks have it."""
    name, _, rest = path.partition(".")
    if not rest:
        body.pop(name, None)
        return
    below = body.get(name, [])
    for each in below if isinstance(below, list) else [below]:
        _drop(each, rest)
