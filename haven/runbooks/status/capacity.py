"""What each Region runs on, against what the tier keeps there."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from haven.runbooks.clients import Client
from haven.runbooks.manifest import NodeGroup, RecoveryManifest
from haven.runbooks.observation import Answer
from haven.runbooks.status.readings import Answers, Questions, Reading, State, unknown

AREA = "capacity"
_INSTANCES = "instances"


def questions(manifest: RecoveryManifest, client: Client) -> Questions:
    """Node groups with what runs of them, and the database's instances."""

    def nodes(region: str, group: str) -> Mapping[str, Any]:
        cluster = manifest.sides[region].cluster.name
        found = client("eks", region).describe_nodegroup(clusterName=cluster, nodegroupName=group)["nodegroup"]
        names = [each["name"] for each in (found.get("resources") or {}).get("autoScalingGroups", [])]
        return {**found, "inService": _in_service(client("autoscaling", region), names) if names else None}

    def instances(region: str) -> list[Mapping[str, Any]]:
        named = {"Name": "db-cluster-id", "Values": [manifest.sides[region].database.cluster]}
        return list(client("rds", region).describe_db_instances(Filters=[named])["DBInstances"])

    return {
        **{
            (group, region): partial(nodes, region, group)
            for region in manifest.both
            for group in manifest.sides[region].cluster.node_groups
        },
        **{(_INSTANCES, region): partial(instances, region) for region in manifest.both},
    }


def _in_service(autoscaling: Any, names: list[str]) -> int:
    groups = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=names)["AutoScalingGroups"]
    return sum(each["LifecycleState"] == "InService" for group in groups for each in group.get("Instances", []))


def readings(manifest: RecoveryManifest, answers: Answers, writer: str | None) -> Iterator[Reading]:
    """Per Region.

    Args:
        writer: the Region that is written, which has the full scale; None: nobody knows, and the roles of the first
            deployment are assumed.
    """
    active = writer or manifest.regions.primary
    for region in manifest.both:
        for name, sizes in manifest.sides[region].cluster.node_groups.items():
            yield _group(region, name, sizes, answers[name, region], full=region == active)
        yield _instances(manifest, region, answers[_INSTANCES, region], full=region == active)


def _group(region: str, name: str, sizes: NodeGroup, answer: Answer, *, full: bool) -> Reading:
    least, wanted, _ = sizes.full if full else sizes.standby
    scale = "full" if full else "standby"
    if not answer.known:
        return unknown(AREA, region, answer)
    if answer.value is None:
        return Reading(AREA, region, State.OK if wanted == 0 else State.WRONG, f"{name}: no such node group")
    running = answer.value["inService"]
    issues = [each.get("code", "") for each in (answer.value.get("health") or {}).get("issues", [])]
    asked = answer.value["scalingConfig"]["desiredSize"]
    count = f"{asked} nodes asked for" if running is None else f"{running} of {asked} nodes in service"
    trouble = f", {', '.join(issues)}" if issues else ""
    enough = (asked if running is None else running) >= least
    state = State.OK if enough and not issues else State.WRONG
    return Reading(AREA, region, state, f"{name}: {count}{trouble}; {scale} scale: {wanted}, at least {least}")


def _instances(manifest: RecoveryManifest, region: str, answer: Answer, *, full: bool) -> Reading:
    side = manifest.sides[region].database
    wanted = len(side.instances) if full else side.standby or 0
    scale = "full" if full else "standby"
    if not answer.known:
        return unknown(AREA, region, answer)
    available = sum(each["DBInstanceStatus"] == "available" for each in answer.value)
    description = f"{side.cluster}: {available} of {len(answer.value)} instances available; {scale} scale: {wanted}"
    return Reading(AREA, region, State.OK if available >= wanted else State.WRONG, description)
