"""What each Region's load balancer can send requests to."""

from collections.abc import Iterator, Sequence
from functools import partial

from haven.runbooks.clients import Client
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.observation import first
from haven.runbooks.status.readings import Answers, Questions, Reading, State, unknown

AREA = "serving"
_STANDBY_SERVES = ("warm", "active-active")
"""Tiers whose recovery Region has pods that are ready."""


def questions(manifest: RecoveryManifest, client: Client) -> Questions:
    """The targets of each Region's target group, by the state of their health."""

    def targets(region: str, name: str) -> Sequence[str] | None:
        balancers = client("elbv2", region)
        group = first(balancers.describe_target_groups(Names=[name])["TargetGroups"])
        if group is None:
            return None
        found = balancers.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
        return [each["TargetHealth"]["State"] for each in found]

    return {
        (AREA, region): partial(targets, region, side.balancer.target_group)
        for region, side in manifest.sides.items()
        if side.balancer is not None
    }


def readings(manifest: RecoveryManifest, answers: Answers, writer: str | None) -> Iterator[Reading]:
    """Per Region that has a load balancer."""
    active = writer or manifest.regions.primary
    for region in manifest.both:
        balancer = manifest.sides[region].balancer
        if balancer is None:
            continue
        answer, needed = answers[AREA, region], region == active or manifest.tier in _STANDBY_SERVES
        if not answer.known:
            yield unknown(AREA, region, answer)
        elif answer.value is None:
            state = State.WRONG if region == active or manifest.tier != "backup" else State.OK
            yield Reading(AREA, region, state, f"{balancer.target_group}: no such target group")
        else:
            healthy = sum(each == "healthy" for each in answer.value)
            state = State.WRONG if needed and not healthy else State.OK
            yield Reading(
                AREA, region, state, f"{balancer.target_group}: {healthy} of {len(answer.value)} targets healthy"
            )
