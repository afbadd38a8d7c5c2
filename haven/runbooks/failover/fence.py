"""Closes the old writer to clients, and opens it again: two entries in the network ACL of the data subnets.

A security group's rule that is removed leaves open connections alone; a network ACL is stateless, so it ends them too
(Amazon VPC User Guide, Control subnet traffic with network access control lists; read 2026-11-26). Replication between
Regions doesn't pass through the VPC. Nodes and pods are in other subnets than data, so their traffic meets the ACL.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from haven.runbooks import data_acls
from haven.runbooks.failover.loss import CLOSED, closed_ms
from haven.runbooks.failover.site import Site
from haven.runbooks.manifest import Side
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import Call, UnansweredError
from haven.runbooks.workflow.steps import Done, Impossible, Look, Looking, Missing

RULES = {1: 5432, 2: 6379}
"""Number of an entry to the port that it closes: database and cache. Lower numbers come first."""
_TCP = "6"
_OF_TCP = (_TCP, "tcp", "-1")
"""Protocols of an entry that has TCP among them."""
_EVERYBODY = "0.0.0.0/0"


def closed(site: Site) -> Looking:
    """Done when the old Region's data subnets take no connection of a client."""

    async def look(_: Workflow) -> Look:
        answer = await data_acls.find(site.old, site.old_side)
        for acl in answer["NetworkAcls"]:
            entries = {each["RuleNumber"]: each for each in acl["Entries"] if not each["Egress"]}
            for number, port in RULES.items():
                entry = entries.get(number)
                if entry is None:
                    return Missing(_closing(site.old, acl["NetworkAclId"], number, port))
                if not _is_ours(entry, port):
                    return Impossible(f"{acl['NetworkAclId']} has another rule {number}: give it another number")
        if not answer["NetworkAcls"]:
            return Impossible(f"{site.old}: no network ACL of the subnets of {site.old_side.database.subnet_group}")
        return Done({"closedMs": site.time_ms(answer)})

    return look


async def gone(site: Site, workflow: Workflow) -> str:
    """Why the old writer that this workflow has closed is open again; empty: it isn't, or that can't be read now.

    A Region that stops answering between fence and promotion is taken as it was: closed, as this run has read it.

    Raises:
        CallError: AWS answers that it is busy.
    """
    if closed_ms(workflow) is None or not workflow.step(CLOSED).done:
        return ""
    try:
        found = await closed(site)(workflow)
    except UnansweredError:
        return ""
    return "" if isinstance(found, Done) else f"somebody has opened {site.old} to clients again"


def opened(region: str, side: Side) -> Looking:
    """Done when nothing of `closed` is left in a Region."""

    async def look(_: Workflow) -> Look:
        for acl, number in entries((await data_acls.find(region, side))["NetworkAcls"]):
            arguments = {"NetworkAclId": acl, "RuleNumber": number, "Egress": False}
            return Missing(Call("ec2", region, "delete_network_acl_entry", arguments, changes=True))
        return Done()

    return look


def entries(acls: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, int]]:
    """Network ACL and number of each entry that closes a Region."""
    for acl in acls:
        for entry in acl["Entries"]:
            port = RULES.get(entry["RuleNumber"])
            if port is not None and not entry["Egress"] and _is_ours(entry, port):
                yield acl["NetworkAclId"], entry["RuleNumber"]


def _closing(region: str, acl: str, number: int, port: int) -> Call:
    arguments = {
        "NetworkAclId": acl,
        "RuleNumber": number,
        "Protocol": _TCP,
        "RuleAction": "deny",
        "Egress": False,
        "CidrBlock": _EVERYBODY,
        "PortRange": {"From": port, "To": port},
    }
    return Call("ec2", region, "create_network_acl_entry", arguments, changes=True)


def _is_ours(entry: Mapping[str, Any], port: int) -> bool:
    """An entry for TCP that names no ports closes all of them; the emulator names none. One against somebody alone, or
    against another protocol, closes nothing to everybody."""
    if entry.get("CidrBlock", _EVERYBODY) != _EVERYBODY or entry.get("Protocol", _TCP) not in _OF_TCP:
        return False
    ports = entry.get("PortRange") or {"From": port, "To": port}
    return entry["RuleAction"] == "deny" and (ports["From"], ports["To"]) == (port, port)
