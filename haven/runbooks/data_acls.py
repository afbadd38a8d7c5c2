"""Which network ACLs a failover closes to clients, and opens again: those of a Region's data subnets.

Whoever closes them, judges them beforehand or shows what is closed finds them here, so all mean the same ones.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from haven.runbooks.clients import Client
from haven.runbooks.manifest import Side
from haven.runbooks.observation import first
from haven.runbooks.workflow.requests import Answer, Call


async def find(region: str, side: Side) -> Answer:
    """What EC2 has of them, which is none where RDS has no such subnets.

    By the name that the manifest has EC2 alone is asked, so RDS may be silent; where that isn't the one ACL of a data
    subnet in each zone, or the manifest has no name, RDS knows the subnets.

    Args:
        region: where they are.
        side: what the manifest has there.

    Raises:
        CallError: no answer of EC2, or of RDS where it is asked.
    """
    if side.database.network_acl:
        named = {"Name": "tag:Name", "Values": [side.database.network_acl]}
        answer = await Call("ec2", region, "describe_network_acls", {"Filters": [named]})
        found = answer["NetworkAcls"]
        if len(found) == 1 and len(found[0]["Associations"]) == len(side.zones):
            return answer
    asked = {"DBSubnetGroupName": side.database.subnet_group}
    group = first((await Call("rds", region, "describe_db_subnet_groups", asked))["DBSubnetGroups"])
    if group is None:
        return {"NetworkAcls": []}
    subnets = [each["SubnetIdentifier"] for each in group["Subnets"]]
    named = {"Name": "association.subnet-id", "Values": subnets}
    return await Call("ec2", region, "describe_network_acls", {"Filters": [named]})


def find_with(client: Client, region: str, side: Side) -> Sequence[Mapping[str, Any]]:
    """The same, by boto3's clients and one call after another in the calling thread.

    Args:
        client: makes the clients.
        region: where they are.
        side: what the manifest has there.

    Raises:
        BotoCoreError: no answer.
        ClientError: EC2 or RDS refuses, or RDS has no such subnets.
    """
    looking, answer = find(region, side), None
    while True:
        try:
            call = looking.send(answer)
        except StopIteration as ended:
            found: Sequence[Mapping[str, Any]] = ended.value["NetworkAcls"]
            return found
        answer = getattr(client(call.service, call.region), call.operation)(**call.arguments)
