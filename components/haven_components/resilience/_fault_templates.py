"""What an experiment does to which targets, as AWS FIS has it: actions, targets by tag, nothing else.

Actions, their targets and parameters are AWS's (FIS User Guide, actions reference and targets; read 2026-11-21).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict


class FaultTagArgs(TypedDict):
    key: str
    """Key of the tag, exactly."""
    value: str
    """Value of the tag, exactly: FIS knows no wildcard."""


@dataclass(frozen=True)
class Target:
    """What carries all the tags; in FIS's words a target, and what an action calls it."""

    called: str
    resource_type: str
    tags: Sequence[FaultTagArgs]
    parameters: Mapping[str, str] = field(default_factory=dict)
    filters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FaultAction:
    """One fault."""

    name: str
    action_id: str
    target: Target
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class Template:
    """One experiment. Its actions begin together."""

    suffix: str
    kind: str
    """Whose role it runs with."""
    description: str
    actions: Sequence[FaultAction]


def zone_power(
    zone: str,
    duration: str,
    *,
    tag: FaultTagArgs,
    instance_tag: FaultTagArgs,
    cache: bool,
) -> Template:
    """Instances stop, none can be started in their place, the network is cut, the cache's nodes are off.

    The database's writer is left out, for it is in one zone alone and an experiment that finds no target has
    failed: run that of the database beside this one.
    """
    here = {"availabilityZoneIdentifier": zone}
    filters = {"Placement.AvailabilityZone": zone, "State.Name": "running"}
    actions = [
        FaultAction(
            "stop-instances",
            "aws:ec2:stop-instances",
            Target("Instances", "aws:ec2:instance", [instance_tag], filters=filters),
            # Auto Scaling replaces what was stopped, so there may be nothing to start again.
            {"startInstancesAfterDuration": duration, "completeIfInstancesTerminated": "true"},
        ),
        FaultAction(
            "refuse-instances",
            "aws:ec2:asg-insufficient-instance-capacity-error",
            Target("AutoScalingGroups", "aws:ec2:autoscaling-group", [instance_tag]),
            {"duration": duration, "availabilityZoneIdentifiers": zone, "percentage": "100"},
        ),
        FaultAction(
            "cut-network",
            "aws:network:disrupt-connectivity",
            Target("Subnets", "aws:ec2:subnet", [tag], here),
            {"duration": duration, "scope": "all"},
        ),
    ]
    if cache:
        actions.append(
            FaultAction(
                "cache-power",
                "aws:elasticache:replicationgroup-interrupt-az-power",
                Target("ReplicationGroups", "aws:elasticache:replicationgroup", [tag], here),
                {"duration": duration},
            )
        )
    return Template(f"zone-{zone}", "zone", f"Zone {zone} has no power", actions)


def stuck_volumes(zone: str, duration: str, tag: FaultTagArgs) -> Template:
    """FIS pauses volumes of one zone only."""
    pause = FaultAction(
        "pause-volumes",
        "aws:ebs:pause-volume-io",
        Target("Volumes", "aws:ec2:ebs-volume", [tag], {"availabilityZoneIdentifier": zone}),
        {"duration": duration},
    )
    return Template(f"volumes-{zone}", "volumes", f"Volumes in zone {zone} answer nothing", [pause])


def node_loss(suffix: str, description: str, percent: int, tags: Sequence[FaultTagArgs]) -> Template:
    """Some of the instances of each managed node group are terminated."""
    terminate = FaultAction(
        "terminate-nodes",
        "aws:eks:terminate-nodegroup-instances",
        Target("Nodegroups", "aws:eks:nodegroup", tags),
        {"instanceTerminationPercentage": str(percent)},
    )
    return Template(suffix, "nodes", description, [terminate])


def isolation(region: str, duration: str, tag: FaultTagArgs) -> Template:
    """What leaves the subnets for the other Region is dropped."""
    cut = FaultAction(
        "cut-region",
        "aws:network:route-table-disrupt-cross-region-connectivity",
        Target("Subnets", "aws:ec2:subnet", [tag]),
        {"duration": duration, "region": region},
    )
    return Template("isolation", "isolation", f"{region} can't be reached from here", [cut])


def database_failover(tag: FaultTagArgs) -> Template:
    """Another instance of each Aurora cluster in this Region becomes its writer; a cluster with one instance fails the
    experiment."""
    fail_over = FaultAction(
        "fail-over", "aws:rds:failover-db-cluster", Target("Clusters", "aws:rds:cluster", [tag]), {}
    )
    return Template("database", "database", "The database's writer is lost within the Region", [fail_over])
