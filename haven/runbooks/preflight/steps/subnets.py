"""Whether closing the data subnets of the Region that is left closes the old writer, and nothing else.

A network ACL is that of whole subnets, and sees only what crosses a subnet's border (Amazon VPC User Guide, Control
subnet traffic with network access control lists; read 2026-11-26).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from haven.base.terminal import plural
from haven.runbooks import data_acls
from haven.runbooks.clients import Client
from haven.runbooks.failover import fence
from haven.runbooks.manifest import RecoveryManifest, Side
from haven.runbooks.observation import Answer, first
from haven.runbooks.preflight.checks import Check
from haven.runbooks.preflight.view import REWRITE, Key, Line, Question, Questions, View, asking

_SUBNETS, _ACLS, _NODES = "data subnets", "network ACLs", "subnets of nodes"
_OF_ACLS = "allow ec2:DescribeNetworkAcls, and rds:DescribeDBSubnetGroups where the manifest doesn't name the ACL"
_OF_SUBNETS, _OF_NODES = "allow rds:DescribeDBSubnetGroups", "allow eks:DescribeCluster"


def questions(manifest: RecoveryManifest, client: Client) -> Questions:
    """Each Region is asked for its own."""
    found: dict[Key, Question] = {}
    for region, side in manifest.sides.items():
        if side.database.subnet_group:
            found[_SUBNETS, region] = asking(client, "rds", region, _subnets, side.database.subnet_group)
            found[_ACLS, region] = asking(client, "ec2", region, _acls, client, region, side)
            found[_NODES, region] = asking(client, "eks", region, _nodes, side.cluster.name)
    return found


def _subnets(rds: Any, name: str) -> set[str] | None:
    found = first(rds.describe_db_subnet_groups(DBSubnetGroupName=name)["DBSubnetGroups"])
    return {each["SubnetIdentifier"] for each in found["Subnets"]} if found else None


def _acls(_: Any, client: Client, region: str, side: Side) -> Sequence[Mapping[str, Any]]:
    return data_acls.find_with(client, region, side)


def _nodes(eks: Any, name: str) -> set[str]:
    return set(eks.describe_cluster(name=name)["cluster"].get("resourcesVpcConfig", {}).get("subnetIds", ()))


def checks(view: View) -> Iterator[Check]:
    """A line for what would be closed, of the Region that would be left; two for whom that concerns."""
    name = view.manifest.sides[view.old].database.subnet_group
    line = view.line(
        f"network ACL of {name or 'the data subnets'}",
        view.old,
        f"that of each data subnet, rules {' and '.join(map(str, fence.RULES))} free",
        "give the rule a number from 3 on; a failover takes these to close database and cache, and refuses others'",
    )
    if not name:
        yield line.unknown("the manifest doesn't name them: it was written by an older program", REWRITE)
        return
    subnets, acls, nodes = (view.answers[each, view.old] for each in (_SUBNETS, _ACLS, _NODES))
    if subnets.known and subnets.value is None:
        yield line.problem("no such subnet group", "pulumi up declares it")
        return
    yield line.unknown(acls.unknown, _OF_ACLS) if not acls.known else _closed(line, acls.value or (), subnets)
    yield _alone(view, subnets, acls)
    yield _apart(view, subnets, nodes)


def _closed(line: Line, acls: Sequence[Mapping[str, Any]], subnets: Answer) -> Check:
    """Whether closing these closes the database. Where RDS is silent they are judged as a failover would take them."""
    if not acls:
        return line.problem("none", "pulumi up gives the data subnets their network ACL")
    names = ", ".join(each["NetworkAclId"] for each in acls)
    if taken := sorted(_taken(acls)):
        return line.problem("; ".join(taken))
    if left := sorted((subnets.value or set()).difference(*map(_of, acls))):
        fix = "pulumi up --refresh associates each data subnet with the ACL; a failover closes it alone"
        return line.problem(f"{names}, but that of {', '.join(left)} is another one", fix)
    return line.ok(names)


def _of(acl: Mapping[str, Any]) -> set[str]:
    return {each["SubnetId"] for each in acl.get("Associations", ()) if each.get("SubnetId")}


def _taken(acls: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Rules of others' with the numbers that closing takes."""
    ours = set(fence.entries(acls))
    for acl in acls:
        for entry in acl["Entries"]:
            number = entry["RuleNumber"]
            if number in fence.RULES and not entry["Egress"] and (acl["NetworkAclId"], number) not in ours:
                yield f"{acl['NetworkAclId']} has another rule {number}"


def _alone(view: View, subnets: Answer, acls: Answer) -> Check:
    ports = " and ".join(map(str, fence.RULES.values()))
    line = view.line(
        "other subnets of that network ACL",
        view.old,
        "none: closing the old writer closes its ports in every subnet of the ACL",
        "associate the data subnets with an ACL of their own that lets everything through; else a failover denies ports"
        f" {ports} to the others too, until they are opened again",
        blocker=False,
    )
    if why := acls.unknown or subnets.unknown:
        return line.unknown(why, _OF_ACLS if acls.unknown else _OF_SUBNETS)
    shared = {each["NetworkAclId"]: sorted(_of(each) - subnets.value) for each in acls.value or ()}
    got = "; ".join(f"{acl} is that of {', '.join(others)} too" for acl, others in shared.items() if others)
    return line.judge(got or "none", fine=not got)


def _apart(view: View, subnets: Answer, nodes: Answer) -> Check:
    line = view.line(
        "nodes in the data subnets",
        view.old,
        "none: an ACL doesn't see what stays within a subnet, so clients there are not closed out",
        "a database can't move: name dataSubnetIds in haven:network.existing of the next environment; in this one, stop"
        " the old Region's applications by hand before the failover",
        blocker=False,
    )
    if why := subnets.unknown or nodes.unknown:
        return line.unknown(why, _OF_SUBNETS if subnets.unknown else _OF_NODES)
    both = subnets.value & (nodes.value or set())
    return line.judge(
        f"{plural(len(both), 'subnet')} of the cluster: {', '.join(sorted(both))}" if both else "none", fine=not both
    )
