"""Newer engines reach every member in place, as `docs/engine-upgrades.md` says: in the emulator, with the provider."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pulumi_random
import pytest

from haven.emulator.clients import Clients
from haven.emulator.ministack import Emulator
from haven.model.kubernetes import addon_versions
from haven.program import aws_types
from haven.program.recorder import record
from haven.program.recording import Recording
from haven.terraform import cli
from haven_components import GlobalDatabase, InferenceCluster
from haven_components.data._database_args import DatabaseSideArgs
from haven_components.names import cluster_name, global_cluster_name, subnet_group_name
from tests.conformance.importing.adoption import Adoption, Planned
from tests.conformance.importing.existing_resources import ACCOUNT, Existing
from tests.environments import PRIMARY, RECOVERY, ROOT

pytestmark = [pytest.mark.emulator, pytest.mark.exhaustive, pytest.mark.timeout(1800)]

DATABASE = "haven-test-db"
CLUSTER = "haven-test-euw1"
OLDER, NEWER = "16.11", "16.13"
GLOBAL_CLUSTER = f"aws_rds_global_cluster.{global_cluster_name(DATABASE)}"
GLOBAL = aws_types.RDS_GLOBAL_CLUSTER


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Emulator(ROOT / ".haven" / "emulator", tmp_path_factory.mktemp("emulator")) as emulator:
        yield emulator.url


def key(region: str) -> str:
    return f"arn:aws:kms:{region}:{ACCOUNT}:key/mrk-1"


def subnets(url: str, region: str) -> Mapping[str, str]:
    """Id of a subnet of the emulator's own -> id of its VPC, in two zones."""
    found = Clients(url).of("ec2", region).describe_subnets()["Subnets"][:2]
    return {str(each["SubnetId"]): str(each["VpcId"]) for each in found}


def database(url: str, version: str) -> Recording:
    """A database with an instance in each of two Regions."""

    def side(region: str) -> DatabaseSideArgs:
        found = subnets(url, region)
        return {
            "region": region,
            "vpc_id": next(iter(found.values())),
            "subnet_ids": list(found),
            "kms_key_arn": key(region),
            "client_cidrs": ["10.40.0.0/16"],
            "instances": 1,
        }

    def program() -> None:
        here, there = (aws.Provider(f"aws-{region}", region=region) for region in (PRIMARY, RECOVERY))
        GlobalDatabase(
            DATABASE,
            {
                "account_id": ACCOUNT,
                "primary": side(PRIMARY),
                "recovery": side(RECOVERY),
                "recovery_provider": there,
                "recovery_secret": {"region": RECOVERY, "kms_key_arn": key(RECOVERY)},
                "engine_version": version,
                "instance_class": "db.r6g.large",
                "database_name": "haven",
                "master_username": "haven_admin",
                "write_forwarding": False,
                "backup_retention_days": 14,
            },
            pulumi.ResourceOptions(providers=[here, pulumi_random.Provider("random")]),
        )

    return record(program, stack="test")


def versions(url: str) -> Mapping[str, str]:
    """Region -> version of its member."""
    return {
        region: Clients(url)
        .of("rds", region)
        .describe_db_clusters(DBClusterIdentifier=cluster_name(DATABASE, region))["DBClusters"][0]["EngineVersion"]
        for region in (PRIMARY, RECOVERY)
    }


def raised(planned: Mapping[str, Planned]) -> set[str]:
    """Whose version a plan would raise."""
    return {
        address for address, each in planned.items() if each.arguments & {"engine_version", "version", "addon_version"}
    }


def test_a_minor_version_reaches_both_members_through_the_global_cluster(
    provider: cli.Terraform, url: str, tmp_path: Path
) -> None:
    primary, recovery = Existing(url, PRIMARY), Existing(url, RECOVERY)
    primary.database(
        cluster_name(DATABASE, PRIMARY),
        list(subnets(url, PRIMARY)),
        key=key(PRIMARY),
        subnet_group=subnet_group_name(DATABASE, PRIMARY),
        user="haven_admin",
    )
    recovery.second_member(cluster_name(DATABASE, RECOVERY), list(subnets(url, RECOVERY)), key=key(RECOVERY))
    whole = Adoption(provider, url, tmp_path / "whole")

    # By hand, as the guide's rehearsal does it: a member may be ahead of what is declared.
    assert versions(url) == {PRIMARY: OLDER, RECOVERY: OLDER}
    Clients(url).of("rds", RECOVERY).modify_db_cluster(
        DBClusterIdentifier=cluster_name(DATABASE, RECOVERY), EngineVersion=NEWER, ApplyImmediately=True
    )
    assert versions(url) == {PRIMARY: OLDER, RECOVERY: NEWER}
    planned = whole.plan(database(url, NEWER), {**primary.ids, **recovery.ids})
    assert {address: each.forced_by for address, each in planned.items() if each.action != "update"} == {}
    assert raised(planned) == {GLOBAL_CLUSTER}

    alone = Adoption(provider, url, tmp_path / "alone")
    planned = alone.plan(without_members(database(url, NEWER)), {GLOBAL_CLUSTER: global_cluster_name(DATABASE)})
    assert raised(planned) == {GLOBAL_CLUSTER}
    alone.apply()
    assert versions(url) == {PRIMARY: NEWER, RECOVERY: NEWER}
    assert alone.drift() == {}


def without_members(recording: Recording) -> Recording:
    """The providers and the global cluster, which is what raises the members' version."""
    kept = [each for each in recording.resources if each.is_provider or each.type == GLOBAL]
    return replace(recording, resources=kept)


def kubernetes(url: str, version: str, addons: Mapping[str, str]) -> Recording:
    found = subnets(url, PRIMARY)

    def program() -> None:
        InferenceCluster(
            CLUSTER,
            {
                "region": PRIMARY,
                "account_id": ACCOUNT,
                "kubernetes_version": version,
                "vpc_id": next(iter(found.values())),
                "subnet_ids": list(found),
                "zones": [f"{PRIMARY}a", f"{PRIMARY}b"],
                "kms_key_arn": key(PRIMARY),
                "addons": dict(addons),
                "system_nodes": {
                    "instance_types": ["m6i.large"],
                    "min_size": 2,
                    "desired_size": 2,
                    "max_size": 4,
                    "disk_gib": 80,
                },
                "gpu_node_groups": [
                    {
                        "name": "gpu",
                        "instance_types": ["g5.4xlarge", "g5.8xlarge"],
                        "min_size": 1,
                        "desired_size": 1,
                        "max_size": 2,
                        "disk_gib": 300,
                    }
                ],
                "ephemeral": True,
            },
            pulumi.ResourceOptions(providers=[aws.Provider("aws", region=PRIMARY)]),
        )

    return record(program, stack="test")


def test_a_newer_kubernetes_would_change_control_plane_add_ons_and_nodes_in_place(
    provider: cli.Terraform, url: str, tmp_path: Path
) -> None:
    adoption = Adoption(provider, url, tmp_path / "cluster")
    adoption.plan(kubernetes(url, "1.33", addon_versions()["1.33"]))
    adoption.apply()
    newer = {name: version.replace("v1.33.", "v1.34.") for name, version in addon_versions()["1.33"].items()}
    planned = adoption.plan(kubernetes(url, "1.34", newer))
    assert planned == {
        f"aws_eks_cluster.{CLUSTER}-cluster-eksCluster": Planned("update", {"version"}, set()),
        f"aws_eks_addon.{CLUSTER}-kube-proxy": Planned("update", {"addon_version"}, set()),
        **{f"aws_eks_node_group.{CLUSTER}-{each}": Planned("update", {"version"}, set()) for each in ("system", "gpu")},
    }
