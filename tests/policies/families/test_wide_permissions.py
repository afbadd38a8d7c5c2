"""Everything, however it is written: resources of identity policies, roles that are passed, policies of AWS's own."""

import json
from typing import Any

import pytest

from haven.program import aws_types as aws
from tests.policies.third_party.programs import EMPTY, document, found, one

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


def _minded(rule: str, action: str, resource: Any, condition: Any = None) -> bool:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition or {}}
    return found(rule, one(aws.IAM_POLICY, policy=document(statement))(EMPTY)) != []


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:DeleteObject", "**"),
        ("s3:DeleteObject", "?*"),
        ("s3:DeleteObject", "arn:*"),
        ("s3:DeleteObject", "arn:aws:s3*"),
        ("s3:DeleteObject", ["arn:aws:s3:::acme/*", "arn:aws:s3:::*/*"]),
        ("kms:Decrypt", "arn:aws:kms:*:*:key/*"),
        ("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/*"),
        ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:*:111122223333:secret:*"),
        ("dynamodb:DeleteTable", "arn:aws:dynamodb:*:*:table/**"),
        ("sts:AssumeRole", "arn:aws:iam::*:role/*"),
    ],
)
def test_every_resource_is_every_resource_however_it_is_written(action: str, resource: Any) -> None:
    assert _minded("no-all-resources", action, resource)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:DeleteObject", "arn:aws:s3:::acme-*"),
        ("s3:DeleteObject", "arn:aws:s3:::acme/*"),
        ("kms:Decrypt", "arn:aws:kms:*:111122223333:key/mrk-*"),
        ("logs:PutLogEvents", "arn:aws:logs:eu-west-1:111122223333:log-group:*"),
        ("shield:GetSubscriptionState", "*"),
        ("aws-marketplace:MeterUsage", "*"),
        ("sts:GetServiceBearerToken", "*"),
    ],
)
def test_names_that_begin_and_actions_without_resources_are_narrow(action: str, resource: str) -> None:
    assert not _minded("no-all-resources", action, resource)


@pytest.mark.parametrize(
    ("condition", "narrow"),
    [
        ({"StringEquals": {"aws:ResourceTag/team": "ai"}}, True),
        ({"StringEquals": {"aws:ResourceTag/team": "*"}}, True),
        ({"Null": {"aws:ResourceTag/elbv2.k8s.aws/cluster": "false"}}, True),
        ({"StringLike": {"aws:ResourceTag/team": "*"}}, False),
        ({"StringLike": {"aws:ResourceTag/team": "?*"}}, False),
        ({"StringEqualsIfExists": {"aws:ResourceTag/team": "ai"}}, False),
        ({"StringNotEquals": {"aws:ResourceTag/team": "ai"}}, False),
        ({"ForAllValues:StringEquals": {"aws:ResourceTag/team": "ai"}}, False),
        ({"Null": {"aws:ResourceTag/team": "true"}}, False),
        ({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, False),
    ],
    ids=json.dumps,
)
def test_a_condition_narrows_by_its_operator_and_value(condition: Any, narrow: bool) -> None:
    assert _minded("no-all-resources", "ec2:TerminateInstances", "*", condition) is not narrow


@pytest.mark.parametrize("action", ["iam:PassRole", "iam:Pass*", "IAM:passrole"])
@pytest.mark.parametrize("role", ["arn:aws:iam::111122223333:role/*", "arn:aws:iam::*:role/**", "arn:aws:iam::*:*"])
def test_roles_that_are_passed_are_named(action: str, role: str) -> None:
    assert _minded("passed-roles-named", action, role)
    assert not _minded("passed-roles-named", action, "arn:aws:iam::111122223333:role/haven-*")


@pytest.mark.parametrize(
    ("type_", "path", "value"),
    [
        (aws.SSOADMIN_MANAGED_POLICY_ATTACHMENT, "managedPolicyArn", ADMIN),
        (aws.SSOADMIN_MANAGED_POLICY_ATTACHMENTS_EXCLUSIVE, "managedPolicyArns", [ADMIN]),
        (aws.IAM_USER_POLICY_ATTACHMENTS_EXCLUSIVE, "policyArns", [ADMIN]),
        (aws.IAM_GROUP_POLICY_ATTACHMENTS_EXCLUSIVE, "policyArns", [ADMIN]),
        (aws.IAM_ROLE_POLICY_ATTACHMENTS_EXCLUSIVE, "policyArns", [ADMIN]),
        (aws.IAM_ROLE, "managedPolicyArns", [ADMIN]),
    ],
)
def test_administrators_policies_are_seen_however_they_are_attached(type_: str, path: str, value: Any) -> None:
    assert found("no-administrators-policy", one(type_, **{path: value})(EMPTY)) != []


@pytest.mark.parametrize(
    ("ranges", "is_open"),
    [
        (["0.0.0.0/1", "128.0.0.0/1"], True),
        ([f"{part * 16}.0.0.0/4" for part in range(16)], True),
        ([f"{part}.0.0.0/8" for part in range(64, 128)], True),
        (["1.2.3.4/0"], True),
        (["2000::/3"], True),
        (["203.0.113.0/24", "198.51.100.0/24"], False),
        (["10.0.0.0/8", "fd00::/8"], False),
    ],
)
def test_the_internet_is_the_internet_in_however_many_ranges(ranges: list[str], is_open: bool) -> None:
    cluster = {"vpcConfig": {"endpointPrivateAccess": True, "publicAccessCidrs": ranges}}
    group = {"ingress": [{"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": ranges}]}
    assert (found("cluster-endpoint-not-public", one(aws.EKS_CLUSTER, **cluster)(EMPTY)) != []) is is_open
    assert (found("security-group-not-open", one(aws.EC2_SECURITY_GROUP, **group)(EMPTY)) != []) is is_open


@pytest.mark.parametrize(
    ("type_", "inputs"),
    [
        (aws.EC2_LAUNCH_CONFIGURATION, {"rootBlockDevice": {"encrypted": False}}),
        (aws.EC2_LAUNCH_CONFIGURATION, {"ebsBlockDevices": [{"deviceName": "/dev/xvdb"}]}),
        (aws.EC2_SPOT_INSTANCE_REQUEST, {"rootBlockDevice": {"encrypted": True}}),
        (aws.EC2_SPOT_FLEET_REQUEST, {"launchSpecifications": [{"rootBlockDevices": [{"encrypted": False}]}]}),
    ],
)
def test_volumes_are_seen_wherever_they_are_described(type_: str, inputs: dict[str, Any]) -> None:
    assert found("volume-encrypted", one(type_, **inputs)(EMPTY)) != []


def test_a_launch_configuration_can_name_no_key() -> None:
    volume = one(aws.EC2_LAUNCH_CONFIGURATION, rootBlockDevice={"encrypted": True})(EMPTY)
    assert found("volume-encrypted", volume) == []


def test_the_older_search_domain_is_judged_like_the_newer() -> None:
    assert found("search-domain-encrypted", one(aws.ELASTICSEARCH_DOMAIN, domainName="x")(EMPTY)) != []
