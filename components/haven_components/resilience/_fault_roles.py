"""What the role of each kind of experiment may do: the fault itself, to what carries the tag, and to undo it.

An action that needs two kinds of resources, such as a subnet and its route table, has a statement for each, because
each kind has a condition of its own; a linter that looks at one statement alone misses the other kind.

The actions are those that AWS lists for each fault (FIS User Guide, actions reference; policies of its resilience
tests; read 2026-11-21).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from haven_components.names import resource_arn
from haven_components.resilience._fault_templates import FaultTagArgs

MANAGED = {"managedByFIS": "true"}
"""FIS marks with this tag what it makes for the time of an experiment."""

Statement = Mapping[str, Any]


@dataclass(frozen=True)
class Scope:
    """What the faults of one component are confined to."""

    region: str
    account_id: str
    kms_key_arn: pulumi.Input[str]
    tag: FaultTagArgs
    instance_tag: FaultTagArgs
    volume_tag: FaultTagArgs
    cache: bool
    """Whether nodes of caches lose their power too."""

    def arn(self, service: str, resource: str) -> str:
        """ARN of something here."""
        return resource_arn(service, self.region, self.account_id, resource)


def statements(kind: str, scope: Scope) -> list[Statement]:
    """What a kind of experiments needs, logging included."""
    own = {
        "zone": _zone,
        "volumes": _volumes,
        "nodes": _nodes,
        "isolation": _isolation,
        "database": _database,
    }[kind](scope)
    return [*own, _resolving(), _logging()]


def _tagged(tag: FaultTagArgs) -> Mapping[str, Any]:
    return {"StringEquals": {f"aws:ResourceTag/{tag['key']}": tag["value"]}}


def _made() -> Mapping[str, Any]:
    return {"StringEquals": {f"aws:RequestTag/{key}": value for key, value in MANAGED.items()}}


def _own() -> Mapping[str, Any]:
    return {"StringEquals": {f"aws:ResourceTag/{key}": value for key, value in MANAGED.items()}}


def _allow(
    sid: str, actions: Sequence[str], resources: Sequence[pulumi.Input[str]], condition: Mapping[str, Any] | None = None
) -> Statement:
    statement: dict[str, Any] = {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    return {**statement, "Condition": condition} if condition else statement


def _seeing(*actions: str) -> Statement:
    """Describing takes no resource, in any of these services' actions (Service Authorization Reference, EC2 and Auto
    Scaling; read 2026-11-21)."""
    return _allow("See", actions, ["*"])


def _resolving() -> Statement:
    """Finding resources by tag takes no resource (Service Authorization Reference, Resource Groups Tagging)."""
    return _allow("FindByTag", ["tag:GetResources"], ["*"])


def _logging() -> Statement:
    """Deliveries of logs are no resources (CloudWatch Logs User Guide, logs sent to CloudWatch Logs; read 2026-11-21).
    The log group's policy is there already, so nothing may write one."""
    actions = ("CreateLogDelivery", "DeleteLogDelivery", "GetLogDelivery", "ListLogDeliveries", "UpdateLogDelivery")
    seeing = ("DescribeLogGroups", "DescribeResourcePolicies")
    return _allow("Log", [f"logs:{each}" for each in (*actions, *seeing)], ["*"])


def _zone(scope: Scope) -> list[Statement]:
    return [
        _allow(
            "StopAndStart",
            ["ec2:StartInstances", "ec2:StopInstances"],
            [scope.arn("ec2", "instance/*")],
            _tagged(scope.instance_tag),
        ),
        _allow(
            "StartOnEncryptedVolumes",
            ["kms:CreateGrant"],
            [scope.kms_key_arn],
            {
                "StringEquals": {"kms:ViaService": f"ec2.{scope.region}.amazonaws.com"},
                "Bool": {"kms:GrantIsForAWSResource": "true"},
            },
        ),
        _allow(
            "RefuseInstances",
            ["ec2:InjectApiError"],
            # The fault's own targets are Auto Scaling groups, whose ARNs hold an id that is unknown before they are
            # made; what FIS may inject is narrowed to this one fault.
            ["*"],
            {"ForAnyValue:StringEquals": {"ec2:FisActionId": ["aws:ec2:asg-insufficient-instance-capacity-error"]}},
        ),
        *(_cache(scope) if scope.cache else []),
        *_walls(scope),
        _seeing(
            "autoscaling:DescribeAutoScalingGroups",
            "ec2:DescribeInstances",
            "ec2:DescribeManagedPrefixLists",
            "ec2:DescribeNetworkAcls",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
        ),
    ]


def _cache(scope: Scope) -> list[Statement]:
    groups = [scope.arn("elasticache", "replicationgroup:*")]
    return [
        _allow("CacheOff", ["elasticache:InterruptClusterAzPower"], groups, _tagged(scope.tag)),
        _allow("SeeCache", ["elasticache:DescribeReplicationGroups"], groups),
    ]


def _walls(scope: Scope) -> list[Statement]:
    """FIS replaces the network ACL of the subnets with its own, and restores it afterwards."""
    acls, vpcs = [scope.arn("ec2", "network-acl/*")], [scope.arn("ec2", "vpc/*")]
    return [
        _allow("BuildWalls", ["ec2:CreateNetworkAcl", "ec2:CreateTags"], acls, _made()),
        _allow("BuildWallsInVpcs", ["ec2:CreateNetworkAcl"], vpcs),
        _allow("WorkOnWalls", ["ec2:CreateNetworkAclEntry", "ec2:DeleteNetworkAcl"], acls, _own()),
        _allow("PutWallsUp", ["ec2:ReplaceNetworkAclAssociation"], [scope.arn("ec2", "subnet/*")], _tagged(scope.tag)),
        # The ACL that a subnet had, to which it returns, needn't carry any tag.
        _allow("ExchangeWalls", ["ec2:ReplaceNetworkAclAssociation"], acls),
        _allow("SeePrefixes", ["ec2:GetManagedPrefixListEntries"], [scope.arn("ec2", "prefix-list/*")]),
    ]


def _volumes(scope: Scope) -> list[Statement]:
    volumes = [scope.arn("ec2", "volume/*")]
    return [_allow("Pause", ["ec2:PauseVolumeIO"], volumes, _tagged(scope.volume_tag)), _seeing("ec2:DescribeVolumes")]


def _nodes(scope: Scope) -> list[Statement]:
    instances = [scope.arn("ec2", "instance/*")]
    return [
        _allow("Terminate", ["ec2:TerminateInstances"], instances, _tagged(scope.instance_tag)),
        _allow("SeeNodeGroups", ["eks:DescribeNodegroup"], [scope.arn("eks", "nodegroup/*")], _tagged(scope.tag)),
        _seeing("ec2:DescribeInstances"),
    ]


def _isolation(scope: Scope) -> list[Statement]:
    """FIS gives the subnets route tables of its own, in which the other Region's addresses lead nowhere."""
    tables, lists = [scope.arn("ec2", "route-table/*")], [scope.arn("ec2", "prefix-list/*")]
    interfaces, subnets = [scope.arn("ec2", "network-interface/*")], [scope.arn("ec2", "subnet/*")]
    swap = ["ec2:AssociateRouteTable", "ec2:DisassociateRouteTable", "ec2:ReplaceRouteTableAssociation"]
    made = [*tables, *lists, *interfaces]
    return [
        _allow("SwapTables", swap, subnets, _tagged(scope.tag)),
        # The table that a subnet had, to which it returns, needn't carry any tag.
        _allow("SwapTablesOfSubnets", swap, tables),
        _allow("MakeTables", ["ec2:CreateRouteTable"], tables, _made()),
        _allow("MakeTablesInVpcs", ["ec2:CreateRouteTable"], [scope.arn("ec2", "vpc/*")]),
        _allow("WorkOnTables", ["ec2:CreateRoute", "ec2:DeleteRouteTable"], tables, _own()),
        _allow("MakePrefixes", ["ec2:CreateManagedPrefixList"], lists, _made()),
        _allow("WorkOnPrefixes", ["ec2:DeleteManagedPrefixList", "ec2:ModifyManagedPrefixList"], lists, _own()),
        _allow("MakeDeadEnds", ["ec2:CreateNetworkInterface"], interfaces, _made()),
        _allow(
            "MakeDeadEndsInSubnets", ["ec2:CreateNetworkInterface"], [*subnets, scope.arn("ec2", "security-group/*")]
        ),
        _allow("RemoveDeadEnds", ["ec2:DeleteNetworkInterface"], interfaces, _own()),
        _allow("Mark", ["ec2:CreateTags"], made, _made()),
        _allow(
            "LeadEndpointsAlong",
            ["ec2:ModifyVpcEndpoint"],
            [scope.arn("ec2", "vpc-endpoint/*")],
            _tagged(scope.tag),
        ),
        _allow("LeadEndpointsOverOwnTables", ["ec2:ModifyVpcEndpoint"], tables, _own()),
        _allow("SeePrefixes", ["ec2:GetManagedPrefixListEntries"], lists),
        _seeing(
            "ec2:DescribeManagedPrefixLists",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeRouteTables",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcEndpoints",
            "ec2:DescribeVpcPeeringConnections",
            "ec2:DescribeVpcs",
        ),
    ]


def _database(scope: Scope) -> list[Statement]:
    clusters = [scope.arn("rds", "cluster:*")]
    return [
        _allow("FailOver", ["rds:FailoverDBCluster"], clusters, _tagged(scope.tag)),
        _allow("SeeClusters", ["rds:DescribeDBClusters"], clusters),
    ]
