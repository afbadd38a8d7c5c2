"""`haven failback --rebuild` as the real process against the emulator, in a tier without a Global Datastore."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from haven.base.exits import BAD_INPUT, FINDINGS, OK
from tests.gateway import Fault
from tests.haven.runbooks.failover.ground import Ground, manifest, new_ground
from tests.simulation.model import P, R

pytestmark = [pytest.mark.timeout(600), pytest.mark.emulator, pytest.mark.exhaustive]
REASON = ("--force", "the provider writes that the Region's data is lost")


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    """An environment of tier `pilot-light`."""
    with new_ground(tmp_path, "pilot-light") as made:
        yield made


def members(ground: Ground) -> list[str]:
    """The Regions of the global database's members."""
    (cluster,) = ground.aws.of("rds", R).describe_global_clusters(GlobalClusterIdentifier="db-global")["GlobalClusters"]
    return sorted(each["DBClusterArn"].split(":")[3] for each in cluster["GlobalClusterMembers"])


def deploy(ground: Ground) -> None:
    """What a person does: takes the old cluster out of the way, and lets Pulumi make a copy and the cluster."""
    rds, side = ground.aws.of("rds", P), manifest()["sides"][P]
    for instance in side["database"]["instances"]:
        rds.delete_db_instance(DBInstanceIdentifier=instance, SkipFinalSnapshot=True)
    rds.delete_db_cluster(DBClusterIdentifier=f"db-{P}", SkipFinalSnapshot=True)
    shared = {"Engine": "aurora-postgresql", "DBClusterIdentifier": f"db-{P}"}
    rds.create_db_cluster(**shared, GlobalClusterIdentifier="db-global")
    for instance in side["database"]["instances"]:
        rds.create_db_instance(**shared, DBInstanceIdentifier=instance, DBInstanceClass="db.r6g.large")
    role = "arn:aws:iam::000000000000:role/cluster"
    ground.aws.of("eks", P).create_cluster(name=f"c-{P}", roleArn=role, resourcesVpcConfig={"subnetIds": ["a", "b"]})


def test_a_lost_region_is_given_up_and_rebuilt_and_a_living_one_is_not(ground: Ground) -> None:
    ground.beat(seconds_ago=0)
    code, text, _ = ground.haven("failback", "--rebuild", "--confirm", "sim", *REASON)
    assert (code, "eu-central-1 isn't lost: it has database" in text, members(ground)) == (FINDINGS, True, [R, P])
    ground.gateway.faults[P, "*"] = Fault.REFUSE
    code, text, error = ground.haven("failover", "--to", R, "--confirm", "sim", *REASON, "--accept-loss", "unknown")
    assert (code, ground.writer) == (OK, R), text + error
    code, text, _ = ground.haven("failback", "--rebuild", "--dry-run", *REASON)
    assert (code, "the first release is the point of no return" in text, members(ground)) == (OK, True, [R, P]), text

    def deployed() -> None:
        assert members(ground) == [R]
        del ground.gateway.faults[P, "*"]
        deploy(ground)

    code, text, error = ground.rebuild(deployed, "--json", *REASON)
    assert (code, json.loads(text)["state"]) == (OK, "done"), text + error
    assert members(ground) == [R, P]
    assert [each.operation for each in ground.gateway.calls].count("RemoveFromGlobalCluster") == 1
    code, text, _ = ground.haven("failback", "--rebuild", "--confirm", "sim", "--json")
    assert (code, json.loads(text)["state"]) == (OK, "nothing to do"), text
    assert ground.haven("audit verify", "--in", R)[0] == OK


def test_what_contradicts_a_rebuild_is_one_error(ground: Ground) -> None:
    code, _, error = ground.haven("failback", "--rebuild", "--unplanned", "--confirm", "sim")
    assert (code, "--unplanned: got given with --rebuild" in error) == (BAD_INPUT, True), error
    code, _, error = ground.haven("failback", "--rebuild", "--accept-loss", "15m", "--confirm", "sim")
    assert (code, "--accept-loss: got given with --rebuild" in error) == (BAD_INPUT, True), error
