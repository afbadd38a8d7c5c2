"""Who reaches a cluster's API, the block of its services, and the identity that registers its pods."""

import json
from typing import Any

import pulumi
import pytest

from tests.components.cluster.test_inference_cluster import _all, _control_plane, _declare


def test_networks_that_are_listed_reach_the_private_api_and_no_other() -> None:
    assert not _all(_declare(), "SecurityGroupRule")
    recording = _declare(private_access_cidrs=["10.200.0.0/16"])
    (rule,) = _all(recording, "SecurityGroupRule").values()
    plane = _control_plane(recording)
    assert rule.inputs["cidrBlocks"] == ["10.200.0.0/16"]
    assert (rule.inputs["fromPort"], rule.inputs["toPort"], rule.inputs["protocol"]) == (443, 443, "tcp")
    assert rule.inputs["type"] == "ingress"
    assert rule.inputs["securityGroupId"] == f"@@{plane.key}.vpcConfig.clusterSecurityGroupId@@"
    assert plane.inputs["vpcConfig"]["endpointPublicAccess"] is False


def test_a_principal_belongs_to_groups_of_kubernetes_with_or_without_a_policy() -> None:
    arn = "arn:aws:iam::123456789012:role/operators"
    recording = _declare(access_entries=[{"principal_arn": arn, "groups": ["operators"]}])
    (entry,) = _all(recording, "AccessEntry").values()
    assert entry.inputs["kubernetesGroups"] == ["operators"]
    assert not _all(recording, "AccessPolicyAssociation")


def test_services_have_the_block_that_is_given() -> None:
    assert "kubernetesNetworkConfig" not in _control_plane(_declare()).inputs
    given = _control_plane(_declare(service_cidr="172.20.0.0/16")).inputs["kubernetesNetworkConfig"]
    assert given == {"ipFamily": "ipv4", "serviceIpv4Cidr": "172.20.0.0/16"}


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"service_cidr": "100.64.0.0/16"}, "service_cidr"),
        ({"service_cidr": "10.0.0.0/8"}, "service_cidr"),
        ({"service_cidr": "172.20.0.1/16"}, "service_cidr"),
        ({"private_access_cidrs": ["0.0.0.0/0"]}, "private_access_cidrs"),
        ({"private_access_cidrs": ["10.0.0.0/16", "10.0.0.0/16"]}, "private_access_cidrs"),
        ({"access_entries": [{"principal_arn": "arn:aws:iam::123456789012:role/a"}]}, "access_entries[0]"),
        (
            {"access_entries": [{"principal_arn": "arn:aws:iam::123456789012:role/a", "groups": ["system:masters"]}]},
            "access_entries[0].groups[0]",
        ),
        ({"target_groups": ["arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/a/1"]}, "target_groups[0]"),
    ],
)
def test_access_that_aws_would_refuse_is_refused_first(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(**changes)
    assert f"  {path}: got" in str(refused.value)


def test_the_balancer_controller_registers_pods_in_the_named_target_groups_and_creates_nothing() -> None:
    assert "ai-euw1-targets" not in _all(_declare(), "PodIdentityAssociation")
    recording = _declare(target_groups=["ai-euw1-tg"])
    association = _all(recording, "PodIdentityAssociation")["ai-euw1-targets"].inputs
    assert (association["namespace"], association["serviceAccount"]) == ("kube-system", "aws-load-balancer-controller")
    policy = json.loads(_all(recording, "RolePolicy")["ai-euw1-targets"].inputs["policy"])
    actions = {action for each in policy["Statement"] for action in each["Action"]}
    writes = {each for each in actions if not each.partition(":")[2].startswith("Describe")}
    assert writes == {"elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"}
    (resources,) = (each["Resource"] for each in policy["Statement"] if writes & {*each["Action"]})
    assert resources == ["arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/ai-euw1-tg/*"]
