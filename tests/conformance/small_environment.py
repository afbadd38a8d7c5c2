"""One environment of the demo's stack, small enough to be alive in the emulator, in every tier.

What it declares is what `haven plan --compare` shows; what is protected shows in the same stack without `ephemeral`,
which nobody could take down again.
"""

import json
from collections.abc import Collection, Iterator, Sequence, Set
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from haven.emulator import managed_keys
from haven.emulator.gap_handling import SPARED
from haven.emulator.ministack import Emulator
from haven.plan.difference import RecordingDiff, diff_recordings
from haven.program import aws_types as aws
from haven.program.recording import Recording, Resource
from haven.terraform import cli
from tests.conformance.live_environment import Change, Living
from tests.environments import PRIMARY, RECOVERY, ROOT, environment

ZONES = {region: [f"{region}{zone}" for zone in "ab"] for region in (PRIMARY, RECOVERY)}
SERVING = {
    "name": "serving",
    "minSize": 1,
    "desiredSize": 2,
    "maxSize": 3,
    "instanceTypes": ["g5.xlarge", "g5.2xlarge"],
}
SMALL: dict[str, Any] = {
    "objectives": {},
    "storage": {"buckets": {"models": {}}},
    "zones": ZONES,
    "cluster": {"systemNodes": {"minSize": 2, "desiredSize": 2, "maxSize": 3}, "gpuNodeGroups": [SERVING]},
}
"""What is deployed of the demo's stack: one of everything."""

SLOW = (
    aws.ELASTICACHE_REPLICATION_GROUP,
    aws.KINESIS_STREAM,
    aws.S3_BUCKET_LIFECYCLE_CONFIGURATION,
    aws.WAFV2_WEB_ACL,
)
"""Types after which the AWS provider waits for 18 to 56 seconds whatever answers it (version 5.100 in the emulator,
measured 2026-11-25). No tier and no failover changes how they are declared."""


@cache
def at(tier: str, *, kept: bool = False, **changes: str) -> Recording:
    """What is declared in this tier."""
    small = {key: json.dumps(value) for key, value in SMALL.items()}
    return environment("demo", **{**small, "tier": tier, "ephemeral": str(not kept).lower(), **changes})


@contextmanager
def alive(
    provider: cli.Terraform, place: Path, *, leave_out: Sequence[str] = SLOW, spares: Collection[str] = SPARED
) -> Iterator[Living]:
    """An emulator of its own, in which nothing of the environment is deployed yet.

    Args:
        provider: deploys it.
        place: a directory for the emulator and for Terraform.
        leave_out: types that are not deployed, and with them what needs them.
        spares: types that are left as they are in what the emulator is known to drop of them.
    """
    with Emulator(ROOT / ".haven" / "emulator", place / "emulator") as emulator:
        managed_keys.create(emulator.url, (PRIMARY, RECOVERY))
        yield Living(provider, emulator.url, place / "deployed", leave_out, spares)


def shown(before: str, after: str) -> RecordingDiff:
    """What `haven plan --compare` shows of a move."""
    return diff_recordings(at(before, kept=True), at(after, kept=True))


def there(living: Living, records: Sequence[Resource]) -> Set[str]:
    """URNs of what of these is deployed."""
    return {each.urn for each in records if each.type.startswith("aws:")} - living.left_out


def touched(changes: Sequence[Change], *actions: str) -> Set[str]:
    """URNs of what a plan does this to."""
    return {each.urn for each in changes if each.action in actions}
