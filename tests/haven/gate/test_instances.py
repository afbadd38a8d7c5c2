"""EC2 instances, which hold data on volumes that may outlive them."""

import pytest

from haven.gate.findings import GateRule
from haven.program import aws_types as aws
from tests.haven.gate.change_sets import Made, Values, digest, plan, rules

KEPT, LOST = {"deleteOnTermination": False}, {"deleteOnTermination": True}


@pytest.mark.parametrize("operation", ["delete", "replace"])
@pytest.mark.parametrize(
    ("before", "lost"),
    [
        ({}, True),
        ({"rootBlockDevice": LOST}, True),
        ({"rootBlockDevice": {"volumeSize": 500}}, True),
        ({"rootBlockDevice": KEPT, "ebsBlockDevices": [KEPT, {"deviceName": "/dev/sdb"}]}, True),
        ({"ebsBlockDevices": [KEPT]}, True),
        ({"rootBlockDevice": KEPT, "ephemeralBlockDevices": [{"virtualName": "ephemeral0"}]}, True),
        ({"rootBlockDevice": KEPT}, False),
        ({"rootBlockDevice": KEPT, "ebsBlockDevices": [KEPT, KEPT]}, False),
        ({"rootBlockDevice": KEPT, "disableApiTermination": True}, True),
    ],
)
def test_an_instance_must_stay_unless_all_of_its_volumes_outlive_it(operation: str, before: Values, lost: bool) -> None:
    instance = Made(aws.EC2_INSTANCE, operation, before, before)
    listed = {f"{name}s" if name == "rootBlockDevice" else name: value for name, value in before.items()}
    as_lists = {name: value if isinstance(value, list | bool) else [value] for name, value in listed.items()}
    terraform = {name.removesuffix("s"): value for name, value in as_lists.items()}
    documents = [digest(instance), plan(Made(aws.EC2_INSTANCE, operation, terraform, terraform))]
    rule = GateRule.DELETION if operation == "delete" else GateRule.REPLACEMENT
    assert [rules(each) for each in documents] == [[("it", rule)] if lost else []] * 2
