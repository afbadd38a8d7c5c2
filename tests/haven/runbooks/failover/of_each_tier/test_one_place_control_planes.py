"""A failover of each tier with the primary Region and every control plane that is in one place blackholed."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from haven.base.exits import OK
from haven.emulator.clients import Clients
from haven.runbooks.observation import WITHIN_SECONDS
from haven.runbooks.workflow.threads import ONCE_SECONDS
from tests.gateway import Call, Fault
from tests.haven.runbooks.failover.ground import MUTATING, Ground
from tests.haven.runbooks.failover.ground_stores import stores
from tests.haven.runbooks.failover.of_each_tier.planned import planned_ground
from tests.simulation.model import P, R
from tests.simulation.silent.test_one_place import ONE_PLACE

pytestmark = [pytest.mark.timeout(900), pytest.mark.emulator, pytest.mark.exhaustive]
LOST = ("--to", R, "--confirm", "sim", "--json", "--force", "the provider confirms the loss")


def failed_over(folder: Path, tier: str, *, blackholed: bool) -> tuple[float, Ground]:
    """Seconds of a failover, and its ground."""
    folder.mkdir()
    with planned_ground(folder, tier) as ground, stores(ground):
        if blackholed:
            ground.gateway.faults |= {(P, "*"): Fault.BLACKHOLE, ("us-east-1", "*"): Fault.BLACKHOLE}
        ground.beat(seconds_ago=60)
        begin = time.monotonic()
        code, text, error = ground.haven("failover", *LOST)
        seconds = time.monotonic() - begin
        assert (code, json.loads(text)["state"], ground.writer) == (OK, "done", R), text + error
        assert_at_full_scale(ground)
    return seconds, ground


def assert_at_full_scale(ground: Ground) -> None:
    """Nodes as the manifest has them, and as many instances as the tier has on standby, or the first one."""
    aws, side = Clients(ground.gateway.url), json.loads((ground.folder / "manifest.json").read_text())["sides"][R]
    for name, sizes in side["cluster"]["nodeGroups"].items():
        group = aws.of("eks", R).describe_nodegroup(clusterName=side["cluster"]["name"], nodegroupName=name)
        assert group["nodegroup"]["scalingConfig"]["desiredSize"] == sizes["full"][1], name
    instances = aws.of("rds", R).describe_db_instances()["DBInstances"]
    made = {each["DBInstanceIdentifier"] for each in instances}
    assert len(made) == max(1, side["database"]["standby"])
    assert made <= side["database"]["instances"].keys()


def observing_seconds(ground: Ground) -> float:
    """How long requests to the lost Region were open, those at the same time counted once."""
    total, until = 0.0, 0.0
    for call, seconds in sorted(ground.gateway.held, key=lambda each: each[0].at):
        begin, end = max(call.at, until), call.at + seconds
        total, until = total + max(0.0, end - begin), max(until, end)
    return total


def is_bucket_setting(call: Call) -> bool:
    """Whether a call to S3 is about a bucket rather than an object."""
    method, _, path = call.operation.partition(" ")
    return call.service == "s3" and method != "GET" and path.partition("?")[0].strip("/").count("/") == 0


@pytest.mark.parametrize("tier", ["pilot-light", "warm", "active-active"])
def test_a_failover_of_each_tier_completes_and_needs_none_of_them(
    tmp_path: Path, tier: str, record_property: Callable[[str, object], None]
) -> None:
    healthy, _ = failed_over(tmp_path / "healthy", tier, blackholed=False)
    lost, ground = failed_over(tmp_path / "lost", tier, blackholed=True)
    to_one_place = [each for each in ground.gateway.calls if each.region == "us-east-1" or each.service in ONE_PLACE]
    assert to_one_place == []
    assert [each for each in ground.gateway.calls if is_bucket_setting(each)] == []
    to_the_lost = [each.operation.rpartition(".")[2] for each in ground.gateway.calls if each.region == P]
    assert [each for each in to_the_lost if each.startswith(MUTATING)] == []
    # The preview asks all beside each other; each is sent once, and given up after its time-outs.
    assert sorted(to_the_lost) == ["DescribeDBClusters", "DescribeNetworkAcls", "GetItem", "Query"]
    begun = [each.at for each in ground.gateway.calls if each.region == P]
    assert max(begun) - min(begun) < ONCE_SECONDS <= WITHIN_SECONDS
    record_property(
        "figure",
        f"{tier}, primary and one-place control planes blackholed: {lost:.1f} s, healthy {healthy:.1f} s; "
        f"{len(to_the_lost)} observing calls in {observing_seconds(ground):.1f} s, 0 changing, 0 to one-place planes",
    )


def trace(ground: Ground, begin: int) -> list[tuple[str, str, str]]:
    """The calls that change something, in order, without what differs in every run."""
    made = [(each.region, each.service, each.operation.rpartition(".")[2]) for each in ground.gateway.calls[begin:]]
    return [each for each in made if each[2].startswith(MUTATING) and each[1] not in ("dynamodb", "s3")]


def test_a_second_and_a_third_failover_change_nothing(ground: Ground) -> None:
    with stores(ground):
        ground.beat(seconds_ago=60)
        ground.gateway.faults[P, "*"] = Fault.REFUSE
        assert ground.haven("failover", *LOST)[0] == OK
        for _ in range(2):
            begin = len(ground.gateway.calls)
            code, text, _ = ground.haven("failover", *LOST)
            assert (code, json.loads(text)["state"], trace(ground, begin)) == (OK, "nothing to do", [])
