"""Existing resources are imported as `docs/importing.md` describes: in the emulator, through the AWS provider."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_random
import pytest

from haven.emulator.clients import Clients
from haven.emulator.ministack import Emulator
from haven.model.kubernetes import addon_versions
from haven.program.recorder import record
from haven.program.recording import Recording
from haven.terraform import cli
from haven_components import GlobalDatabase, InferenceCluster, RegionalNetwork
from haven_components.network import _subnets
from tests.conformance.importing.adoption import Adoption, Planned
from tests.conformance.importing.existing_resources import ACCOUNT, Existing
from tests.environments import PRIMARY, RECOVERY, ROOT

pytestmark = [pytest.mark.emulator, pytest.mark.timeout(1800)]

CIDR = "10.20.0.0/16"
ZONES = dict(zip("ab", _subnets.subnet_layout(CIDR, 2), strict=True))
NAMED = {"tags.Name", "tags_all.Name"}
"""Nothing had tags before."""
BALANCERS = {
    "public": {"tags.kubernetes.io/role/elb", "tags_all.kubernetes.io/role/elb"},
    "private": {"tags.kubernetes.io/role/internal-elb", "tags_all.kubernetes.io/role/internal-elb"},
    "data": set[str](),
}
NOT_IN_AWS = {
    "apply_immediately",
    "delete_automated_backups",
    "enable_global_write_forwarding",
    "enable_local_write_forwarding",
    "final_snapshot_identifier",
    "skip_final_snapshot",
}
"""What the provider keeps about a database cluster and can't read back, so that an import leaves it open."""
DATABASE = {
    "backup_retention_period",
    "copy_tags_to_snapshot",
    "db_cluster_parameter_group_name",
    "deletion_protection",
    "iam_database_authentication_enabled",
    "master_password",
    "preferred_backup_window",
    "preferred_maintenance_window",
}
"""What Haven changes in an adopted database cluster, beside its security groups, which only have ids later, and its
logs, which the emulator drops."""
INSTANCE = {"apply_immediately", "copy_tags_to_snapshot", "force_destroy", "preferred_maintenance_window"}
CLUSTER = {
    "access_config.authentication_mode",
    "enabled_cluster_log_types",
    "encryption_config",
    "vpc_config.endpoint_private_access",
    "vpc_config.endpoint_public_access",
}


def key(region: str) -> str:
    return f"arn:aws:kms:{region}:{ACCOUNT}:key/mrk-1"


def network_and_database(base: str, opts: pulumi.ResourceOptions) -> None:
    """What the program declares of a primary Region, before a recovery Region is added."""
    zones = [f"{PRIMARY}{letter}" for letter in ZONES]
    network = RegionalNetwork(
        f"{base}-euw1",
        {
            "region": PRIMARY,
            "account_id": ACCOUNT,
            "zones": zones,
            "cidr": CIDR,
            "nat": False,
            "interface_endpoints": False,
        },
        opts,
    )
    GlobalDatabase(
        f"{base}-db",
        {
            "account_id": ACCOUNT,
            "primary": {
                "region": PRIMARY,
                "vpc_id": network.vpc_id,
                "subnet_ids": network.data_subnet_ids,
                "kms_key_arn": key(PRIMARY),
                "client_cidrs": [CIDR],
                "instances": 1,
                "zones": zones,
            },
            "recovery_secret": {"region": RECOVERY, "kms_key_arn": key(RECOVERY)},
            "engine_version": "16.11",
            "instance_class": "db.r6g.large",
            "database_name": "haven",
            "master_username": "haven_admin",
            "write_forwarding": False,
            "backup_retention_days": 14,
        },
        opts,
    )


def cluster(name: str, subnets: Sequence[str], opts: pulumi.ResourceOptions) -> None:
    InferenceCluster(
        name,
        {
            "region": PRIMARY,
            "account_id": ACCOUNT,
            "kubernetes_version": "1.33",
            "vpc_id": "vpc-0123456789abcdef0",
            "subnet_ids": list(subnets),
            "zones": [f"{PRIMARY}{letter}" for letter in ZONES],
            "kms_key_arn": key(PRIMARY),
            "addons": dict(addon_versions()["1.33"]),
            "system_nodes": {
                "instance_types": ["m6i.large"],
                "min_size": 2,
                "desired_size": 2,
                "max_size": 4,
                "disk_gib": 80,
            },
        },
        opts,
    )


def in_place(*arguments: set[str]) -> Planned:
    return Planned("update", NAMED.union(*arguments), set())


def declared(program: Callable[[pulumi.ResourceOptions], None]) -> Recording:
    def whole() -> None:
        providers = [aws.Provider("aws", region=PRIMARY), pulumi_random.Provider("random")]
        program(pulumi.ResourceOptions(providers=providers))

    return record(whole, stack="test")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Emulator(ROOT / ".haven" / "emulator", tmp_path_factory.mktemp("emulator")) as emulator:
        yield emulator.url


@pytest.fixture
def adoption(provider: cli.Terraform, url: str, tmp_path: Path) -> Adoption:
    return Adoption(provider, url, tmp_path / "adopted")


def test_a_network_and_a_database_that_fit_are_adopted_as_they_are(adoption: Adoption, url: str) -> None:
    existing = Existing(url, PRIMARY)
    subnets = existing.network("haven-test-euw1", CIDR, ZONES)
    existing.database(
        "haven-test-db-euw1",
        [subnets["data-a"], subnets["data-b"]],
        key=key(PRIMARY),
        subnet_group="haven-test-db-euw1-subnets",
        user="haven_admin",
    )
    tables = ("public", *(f"{kind}-{letter}" for kind in ("private", "data") for letter in ZONES))
    assert adoption.plan(declared(lambda opts: network_and_database("haven-test", opts)), existing.ids) == {
        "aws_vpc.haven-test-euw1-vpc": in_place({"enable_dns_hostnames"}),
        "aws_internet_gateway.haven-test-euw1-internet": in_place(),
        **{f"aws_route_table.haven-test-euw1-{each}": in_place() for each in tables},
        **{
            f"aws_subnet.haven-test-euw1-{kind}-{letter}": in_place(tags)
            for kind, tags in BALANCERS.items()
            for letter in ZONES
        },
        "aws_db_subnet_group.haven-test-db-euw1-subnets": in_place({"description"}),
        "aws_rds_cluster.haven-test-db-euw1": in_place(NOT_IN_AWS, DATABASE),
        "aws_rds_cluster_instance.haven-test-db-euw1-1": in_place(INSTANCE),
        "aws_rds_global_cluster.haven-test-db-global": in_place(),
    }
    before = there(url, subnets)
    adoption.apply()
    assert adoption.drift() == {}
    assert there(url, subnets) == before


def there(url: str, subnets: Mapping[str, str]) -> Mapping[str, Any]:
    """What distinguishes the imported resources from new ones of the same names, and the database's roles."""
    clients = Clients(url)
    found = clients.of("ec2", PRIMARY).describe_subnets(SubnetIds=list(subnets.values()))["Subnets"]
    rds = clients.of("rds", PRIMARY)
    (database,) = rds.describe_db_clusters(DBClusterIdentifier="haven-test-db-euw1")["DBClusters"]
    (whole,) = rds.describe_global_clusters(GlobalClusterIdentifier="haven-test-db-global")["GlobalClusters"]
    return {
        "subnets": {each["SubnetId"]: (each["VpcId"], each["CidrBlock"]) for each in found},
        "database": database["DbClusterResourceId"],
        "members": [(each["DBClusterArn"], each["IsWriter"]) for each in whole["GlobalClusterMembers"]],
    }


@pytest.mark.exhaustive
def test_what_can_not_be_adopted_is_named_by_the_plan_with_what_stands_against_it(adoption: Adoption, url: str) -> None:
    existing = Existing(url, PRIMARY)
    moved = {
        letter: replace(blocks, data=f"10.20.25{place}.0/24") for place, (letter, blocks) in enumerate(ZONES.items())
    }
    subnets = existing.network("haven-other-euw1", CIDR, moved)
    existing.database(
        "haven-other-db-euw1",
        [subnets["data-a"], subnets["data-b"]],
        key=f"{key(PRIMARY)}2",
        subnet_group="theirs",
        user="theirs",
    )
    private = [subnets["private-a"], subnets["private-b"]]
    for base, role in (("haven-fits-euw1", "haven-fits-euw1-cluster"), ("haven-other-euw1", "theirs")):
        existing.cluster(base, private, role=role)

    def program(opts: pulumi.ResourceOptions) -> None:
        network_and_database("haven-other", opts)
        cluster("haven-fits-euw1", private, opts)
        cluster("haven-other-euw1", private, opts)

    planned = adoption.plan(declared(program), existing.ids)
    assert {address: each.forced_by for address, each in planned.items() if each.action != "update"} == {
        **{f"aws_subnet.haven-other-euw1-data-{letter}": {"cidr_block"} for letter in ZONES},
        **{f"aws_route_table_association.haven-other-euw1-data-{letter}": {"subnet_id"} for letter in ZONES},
        "aws_db_subnet_group.haven-other-db-euw1-subnets": {"name"},
        "aws_rds_cluster.haven-other-db-euw1": {"db_subnet_group_name", "kms_key_id"},
        "aws_rds_cluster_instance.haven-other-db-euw1-1": {"cluster_identifier", "db_subnet_group_name"},
        "aws_iam_role.haven-other-euw1-cluster": {"name"},
        "aws_eks_cluster.haven-other-euw1-cluster-eksCluster": {"role_arn"},
    }
    assert planned["aws_eks_cluster.haven-fits-euw1-cluster-eksCluster"] == in_place(CLUSTER)
