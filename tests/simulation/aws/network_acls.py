"""EC2's network ACL of the data subnets of a Region: the rules that close it to clients."""

from haven.runbooks.failover.fence import RULES
from haven.runbooks.workflow.requests import Answer, Call, RefusedError
from tests.simulation.regions import Region

DATA_ACL = "haven-sim-data"
"""Tag of the one ACL of a Region's only data subnet."""


class NetworkAcls:
    """Answers for a simulated EC2, one ACL in each Region."""

    def _describe_network_acls(self, call: Call, region: Region) -> Answer:
        entries = [
            {
                "RuleNumber": number,
                "Egress": False,
                "RuleAction": "deny",
                "PortRange": {"From": RULES[number], "To": RULES[number]},
            }
            for number in sorted(region.closed)
        ]
        subnets = [{"SubnetId": each} for each in region.data_subnets]
        return {"NetworkAcls": [{"NetworkAclId": "acl-1", "Entries": entries, "Associations": subnets}]}

    def _create_network_acl_entry(self, call: Call, region: Region) -> Answer:
        if call.arguments["RuleNumber"] in region.closed:
            raise RefusedError("NetworkAclEntryAlreadyExists")
        region.closed.add(call.arguments["RuleNumber"])
        return {}

    def _delete_network_acl_entry(self, call: Call, region: Region) -> Answer:
        if call.arguments["RuleNumber"] not in region.closed:
            raise RefusedError("InvalidNetworkAclEntry.NotFound")
        region.closed.remove(call.arguments["RuleNumber"])
        return {}
