"""`haven reconcile` with the AWS provider's plan from tier `pilot-light`: created instances, a rebuilt Region."""

import shlex
from collections.abc import Iterator

import pytest

from haven.base.exits import FINDINGS, OK
from haven.program import aws_types as aws
from haven.terraform import cli
from tests.conformance.live_environment import Change
from tests.gateway import Fault
from tests.haven.runbooks.reconcile.provider_plans.after_runbooks import (
    NOT_KEPT,
    REASON,
    assert_clean,
    bring_home,
    planned,
    wrong,
)
from tests.haven.runbooks.reconcile.provider_plans.deployed import Deployed, deployed
from tests.simulation.model import P, R

pytestmark = [pytest.mark.timeout(1800), pytest.mark.emulator, pytest.mark.exhaustive]


@pytest.fixture(scope="module")
def environment(provider: cli.Terraform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """Tier `pilot-light`: the recovery Region's member has no instance."""
    with deployed(provider, tmp_path_factory.mktemp("pilot-light"), "pilot-light") as made:
        yield made


def test_the_created_instance_is_imported_and_then_everything_is_clean_there_and_back(environment: Deployed) -> None:
    (instance, *_) = sorted(environment.ground.document["sides"][R]["database"]["instances"])
    planned(environment, "failover", "--to", R, "--planned")
    assert environment.ground.writer == R
    environment.plan(**environment.proposed())
    environment.reconcile("--write")
    code, document = environment.reconcile()
    assert (code, set(wrong(document))) == (FINDINGS, {"adoption"}), wrong(document)
    (adoption,) = (each for each in document["checks"] if each["area"] == "adoption")
    assert f"{instance} exists, and the preview creates it" in adoption["description"]
    words = shlex.split(adoption["commands"][0])
    assert words[:2] == ["pulumi", "import"]
    assert words[4:7] == [aws.RDS_CLUSTER_INSTANCE, instance, instance]
    with environment.imported(words[5], words[6]):
        changes = assert_clean(environment)
    (adopted,) = (each for each in changes if each.name == instance)
    assert adopted.action == "update"
    planned(environment, "failback")
    assert environment.ground.writer == P
    assert_clean(environment)


def test_a_lost_region_is_rebuilt_by_the_next_deployment_and_everything_is_clean(environment: Deployed) -> None:
    ground = environment.ground
    bring_home(environment)
    ground.beat(seconds_ago=60)
    ground.gateway.faults[P, "*"] = Fault.REFUSE
    environment.haven("failover", "--to", R, "--acknowledge", *REASON)
    rebuilt: list[Change] = []

    def deployed_anew() -> None:
        lose(environment)
        del ground.gateway.faults[P, "*"]
        environment.write(**environment.proposed(), rebuilt="true")
        rebuilt.extend(environment.up())

    code, text, error = ground.rebuild(deployed_anew, *REASON)
    assert code == OK, text + error
    assert {each.action for each in rebuilt} <= {"create", "update"}, rebuilt
    made = {each.type for each in rebuilt if each.action == "create"}
    assert {aws.RDS_CLUSTER, aws.RDS_CLUSTER_INSTANCE, aws.EKS_CLUSTER, aws.EKS_NODE_GROUP} <= made
    assert made.isdisjoint({aws.RDS_GLOBAL_CLUSTER, aws.DYNAMODB_TABLE})
    assert assert_clean(environment, *NOT_KEPT) == []
    planned(environment, "failback")
    assert ground.writer == P
    assert_clean(environment, *NOT_KEPT)


def lose(environment: Deployed) -> None:
    """The database's member and the cluster of the primary Region are gone."""
    ground, side = environment.ground, environment.ground.document["sides"][P]
    rds, eks, cluster = ground.aws.of("rds", P), ground.aws.of("eks", P), side["cluster"]["name"]
    for instance in rds.describe_db_instances()["DBInstances"]:
        rds.delete_db_instance(DBInstanceIdentifier=instance["DBInstanceIdentifier"], SkipFinalSnapshot=True)
    rds.delete_db_cluster(DBClusterIdentifier=side["database"]["cluster"], SkipFinalSnapshot=True)
    for group in eks.list_nodegroups(clusterName=cluster)["nodegroups"]:
        eks.delete_nodegroup(clusterName=cluster, nodegroupName=group)
    eks.delete_cluster(name=cluster)
