"""The network ACL of the data subnets, as a failover finds it: by the name that the manifest has."""

import json

import pytest

from haven.program import aws_types as aws
from tests.environments import PRIMARY, RECOVERY, environment, of_type
from tests.infra.config.test_network_rules import EXISTING, ZONES


@pytest.mark.parametrize("region", [PRIMARY, RECOVERY])
def test_the_manifest_names_the_acl_of_a_data_subnet_in_each_zone(region: str) -> None:
    recording = environment("warm")
    side = recording.outputs["manifest"]["sides"][region]
    (acl,) = of_type(recording, aws.EC2_NETWORK_ACL, region)
    assert acl.inputs["tags"]["Name"] == side["database"]["networkAcl"]
    associations = of_type(recording, "aws:ec2/networkAclAssociation:NetworkAclAssociation", region)
    assert len(associations) == len(side["zones"])


def test_the_manifest_names_no_acl_of_a_network_that_was_there_before() -> None:
    recording = environment("warm", network=json.dumps({"existing": EXISTING}), zones=json.dumps(ZONES))
    sides = recording.outputs["manifest"]["sides"]
    assert [region for region in (PRIMARY, RECOVERY) if "networkAcl" in sides[region]["database"]] == []
