"""The AWS rights of a workload's pods."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components.workloads._identity import pod_identity

BUCKET = "arn:aws:s3:::models-euw1/*"
READS = [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": BUCKET}]
CLUSTER = "arn:aws:eks:eu-west-1:123456789012:cluster/ai-euw1"


def _declare(cluster_name: pulumi.Input[str] = "ai-euw1", **changes: Any) -> Recording:
    def program() -> None:
        provider = aws.Provider("aws", region="eu-west-1")
        parent = pulumi.ComponentResource(
            "test:index:Workload", "workload", {}, pulumi.ResourceOptions(providers=[provider])
        )
        found = pod_identity(
            parent,
            "chat-euw1",
            namespace="chat",
            service_account="server",
            cluster_name=cluster_name,
            region="eu-west-1",
            account_id="123456789012",
            **({"statements": READS} | changes),
        )
        assert all(found.ready)

    return record(program, stack="test")


def _one(recording: Recording, kind: str) -> Resource:
    (found,) = (each for each in recording.resources if each.type.endswith(f":{kind}"))
    return found


@pytest.mark.parametrize("known", [True, False])
def test_pods_of_one_service_account_in_one_cluster_take_the_role(known: bool) -> None:
    recording = _declare("ai-euw1" if known else pulumi.Output.from_input("ai-euw1"))
    (trust,) = json.loads(_one(recording, "Role").inputs["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert trust["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    assert trust["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnLike": {"aws:SourceArn": CLUSTER},
    }
    association = _one(recording, "PodIdentityAssociation").inputs
    assert {key: association[key] for key in ("clusterName", "namespace", "serviceAccount")} == {
        "clusterName": "ai-euw1",
        "namespace": "chat",
        "serviceAccount": "server",
    }


def test_what_refuses_pods_without_credentials_is_there_before_the_association() -> None:
    recording = _declare()
    policy, binding = (
        _one(recording, kind) for kind in ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
    )
    assert policy.inputs["metadata"]["name"] == binding.inputs["spec"]["policyName"] == "chat.server"
    assert binding.inputs["spec"]["validationActions"] == ["Deny"]
    constraints = policy.inputs["spec"]["matchConstraints"]
    assert constraints["namespaceSelector"] == {"matchLabels": {"kubernetes.io/metadata.name": "chat"}}
    assert policy.urn in binding.options.dependencies
    association = _one(recording, "PodIdentityAssociation")
    assert binding.urn in association.options.dependencies
    assert binding.urn not in _one(recording, "Role").options.dependencies


def test_pods_may_do_what_is_named_and_no_more() -> None:
    recording = _declare()
    assert json.loads(_one(recording, "RolePolicy").inputs["policy"])["Statement"] == READS
    assert "permissionsBoundary" not in _one(recording, "Role").inputs
    without = _declare(statements=[])
    assert not any(each.type.endswith(":RolePolicy") for each in without.resources)


def test_a_boundary_limits_the_role() -> None:
    arn = "arn:aws:iam::123456789012:policy/boundary"
    assert _one(_declare(permissions_boundary=arn), "Role").inputs["permissionsBoundary"] == arn
