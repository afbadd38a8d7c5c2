"""One living environment, moved from tier to tier and back, in the emulator through the AWS provider.

What it declares is what `haven plan --compare` shows; what is protected is told by the same stack without `ephemeral`,
which nobody could take down again.
"""

import json
from collections.abc import Iterator, Sequence, Set
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from haven.emulator import managed_keys
from haven.emulator.ministack import Emulator
from haven.plan.difference import Difference, difference
from haven.program import aws_types as aws
from haven.program.recording import Recording, Resource
from haven.program.removal_steps import held
from haven.terraform import cli
from tests.conformance.live_environment import Change, Living
from tests.environments import PRIMARY, RECOVERY, ROOT, TIERS, environment

pytestmark = [pytest.mark.emulator, pytest.mark.timeout(1800)]

ZONES = {region: [f"{region}{zone}" for zone in "ab"] for region in (PRIMARY, RECOVERY)}
SERVING = {"name": "serving", "minSize": 1, "desiredSize": 2, "maxSize": 3, "instanceTypes": ["g6.xlarge", "g5.xlarge"]}
TUNING = {**SERVING, "name": "tuning", "instanceTypes": ["g6e.xlarge", "g6e.2xlarge"]}
SMALL: dict[str, Any] = {
    "objectives": {},
    "storage": {"buckets": {"models": {}}},
    "zones": ZONES,
    "cluster": {"systemNodes": {"minSize": 2, "desiredSize": 2, "maxSize": 3}, "gpuNodeGroups": [SERVING]},
}
"""What is deployed of the demo's stack: one of everything."""

NODE_GROUP, SUBNET = aws.EKS_NODE_GROUP, aws.EC2_SUBNET


@cache
def at(tier: str, *, kept: bool = False, **changes: str) -> Recording:
    """What is declared in this tier."""
    small = {key: json.dumps(value) for key, value in SMALL.items()}
    return environment("demo", **{**small, "tier": tier, "ephemeral": str(not kept).lower(), **changes})


@pytest.fixture(scope="module")
def living(provider: cli.Terraform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    place = tmp_path_factory.mktemp("moves")
    with Emulator(ROOT / ".haven" / "emulator", place / "emulator") as emulator:
        managed_keys.create(emulator.url, (PRIMARY, RECOVERY))
        yield Living(provider, emulator.url, place / "deployed")


def shown(before: str, after: str) -> Difference:
    """What `haven plan --compare` shows of a move."""
    return difference(at(before, kept=True), at(after, kept=True))


def there(living: Living, records: Sequence[Resource]) -> Set[str]:
    """URNs of what of these the emulator can have."""
    return {each.urn for each in records if each.type.startswith("aws:")} - living.left_out


def touched(changes: Sequence[Change], *actions: str) -> Set[str]:
    """URNs of what a plan does this to."""
    return {each.urn for each in changes if each.action in actions}


def test_on_the_way_up_nothing_is_replaced_and_only_records_of_another_routing_go(living: Living) -> None:
    living.move(at(TIERS[0]))
    for before, after in pairwise(TIERS):
        move = shown(before, after)
        assert held(move.removed) == []
        changes = living.plan(at(after))
        assert touched(changes, "replace") == set()
        assert touched(changes, "create") == there(living, move.added)
        assert touched(changes, "delete") == there(living, move.removed)
        assert {each.type for each in move.removed} <= {aws.ROUTE53_RECORD}
        assert touched(changes, "update") <= {each.record.urn for each in move.changed}
        living.apply()


def test_a_third_zone_moves_no_subnet_and_replaces_only_node_groups(living: Living) -> None:
    living.move(at("active-active"))
    zones = {region: [*two, f"{region}c"] for region, two in ZONES.items()}
    changes = living.plan(at("active-active", zones=json.dumps(zones)))
    assert {each.type for each in changes if each.action in ("replace", "delete")} == {NODE_GROUP}
    subnets = [each for each in changes if each.type == SUBNET]
    assert {each.action for each in subnets} == {"create"}
    assert len(subnets) == 2 * 3


def test_another_type_of_gpus_touches_only_its_own_node_group(living: Living) -> None:
    living.move(at("active-active"))
    cluster = {**SMALL["cluster"], "gpuNodeGroups": [SERVING, TUNING]}
    changes = living.plan(at("active-active", cluster=json.dumps(cluster)))
    assert {(each.name.rpartition("-")[2], each.action) for each in changes if "tuning" in each.name} == {
        ("tuning", "create")
    }
    others = [each for each in changes if "tuning" not in each.name]
    assert {(each.type, each.action) for each in others} == {(aws.SSM_PARAMETER, "update")}
    cluster = {**SMALL["cluster"], "gpuNodeGroups": [{**SERVING, "instanceTypes": ["g6.2xlarge", "g5.2xlarge"]}]}
    changes = living.plan(at("active-active", cluster=json.dumps(cluster)))
    assert {(each.type, each.action) for each in changes} == {
        (NODE_GROUP, "replace"),
        (aws.SSM_PARAMETER, "update"),
    }
    assert {each.name.rpartition("-")[2] for each in changes if each.type == NODE_GROUP} == {"serving"}


def test_other_tags_change_only_tags(living: Living) -> None:
    living.move(at("active-active"))
    changes = living.plan(at("active-active", tags=json.dumps({"owner": "somebody-else"})))
    assert {each.action for each in changes} == {"update"}
    assert {path.partition(".")[0] for each in changes for path in each.arguments} <= {"tags", "tags_all"}


def test_on_the_way_down_goes_what_was_shown_and_what_is_protected_is_named(living: Living) -> None:
    living.move(at("active-active"))
    for before, after in pairwise(reversed(TIERS)):
        move = shown(before, after)
        changes = living.plan(at(after))
        gone = touched(changes, "delete", "replace")
        assert gone == there(living, move.removed)
        lasting = at(before, kept=True).real()
        kept = {each.urn for each in lasting if each.options.protect or each.options.retain_on_delete}
        assert {each.record.urn for each in held(move.removed)} - living.left_out == gone & kept
        assert all(each.record.urn in each.unprotect for each in held(move.removed))
        if after != TIERS[0]:
            living.apply()
