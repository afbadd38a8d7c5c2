import re
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from haven.program.recorder import record
from haven_components.choices import ClusterAccessPolicy
from haven_components.cluster.inference_cluster import InferenceCluster, InferenceClusterArgs

REGION = "eu-west-1"
ZONES = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
ADDONS = {
    "aws-ebs-csi-driver": "v1.50.1-eksbuild.1",
    "coredns": "v1.12.4-eksbuild.1",
    "eks-node-monitoring-agent": "v1.4.0-eksbuild.2",
    "eks-pod-identity-agent": "v1.3.8-eksbuild.2",
    "kube-proxy": "v1.33.3-eksbuild.6",
    "metrics-server": "v0.8.0-eksbuild.2",
    "vpc-cni": "v1.20.2-eksbuild.1",
}
SYSTEM = {"instance_types": ["m6i.large", "m5.large"], "min_size": 2, "desired_size": 2, "max_size": 4, "disk_gib": 80}
GPU: dict[str, Any] = {
    "name": "inference",
    "instance_types": ["g6e.2xlarge", "g6.2xlarge"],
    "min_size": 1,
    "desired_size": 2,
    "max_size": 8,
    "disk_gib": 300,
}
RESERVATION: dict[str, Any] = {
    "id": "cr-0123456789abcdef0",
    "zone": "eu-west-1b",
    "instance_type": "p5.48xlarge",
}
RESERVED = {**GPU, "name": "reserved-b", "instance_types": ["p5.48xlarge"], "capacity_reservation": RESERVATION}


def _declare(name: str = "ai-euw1", **changes: Any) -> None:
    defaults = {
        "region": REGION,
        "account_id": "123456789012",
        "kubernetes_version": "1.33",
        "vpc_id": "vpc-1",
        "subnet_ids": ["subnet-a", "subnet-b", "subnet-c"],
        "zones": ZONES,
        "kms_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/1",
        "addons": ADDONS,
        "system_nodes": SYSTEM,
    }

    def program() -> None:
        provider = aws.Provider("aws", region=REGION, skip_requesting_account_id=True)
        args = cast("InferenceClusterArgs", defaults | changes)
        InferenceCluster(name, args, pulumi.ResourceOptions(providers=[provider]))

    record(program, stack="test")


def test_everything_wrong_is_reported_at_once() -> None:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(
            "Cluster",
            account_id="12",
            log_retention_days=2,
            kubernetes_version="1.33.1",
            zones=ZONES[:2],
            addons={**ADDONS, "coredns": "latest"},
            public_access_cidrs=["0.0.0.0/0", "office"],
            access_entries=[{"principal_arn": "eng", "policy": "admin"}],
            system_nodes={**SYSTEM, "min_size": 0, "desired_size": 0, "instance_types": []},
            gpu_node_groups=[
                {**GPU, "name": "system", "disk_gib": 5, "labels": {"haven.dev/pool": "mine"}},
                {**GPU, "instance_types": ["g6e.2xlarge"], "zones": ["eu-west-1a"]},
                {**RESERVED, "instance_types": ["p4d.24xlarge"]},
            ],
        )
    paths = re.findall(r"^  (.+): got", str(refused.value), re.MULTILINE)
    assert paths == [
        "name",
        "account_id",
        "log_retention_days",
        "kubernetes_version",
        "subnet_ids",
        "addons['coredns']",
        "public_access_cidrs[0]",
        "public_access_cidrs[1]",
        "access_entries[0].principal_arn",
        "access_entries[0].policy",
        "system_nodes.instance_types",
        "system_nodes.desired_size",
        "gpu_node_groups[0].name",
        "gpu_node_groups[0].disk_gib",
        "gpu_node_groups[0].labels",
        "gpu_node_groups[1].instance_types",
        "gpu_node_groups[1].zones",
        "gpu_node_groups[2].instance_types",
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"zones": ["eu-west-1a"]}, "two or three different zones of eu-west-1"),
        ({"zones": ["eu-west-1a", "eu-west-1b", "eu-central-1a"]}, "two or three different zones of eu-west-1"),
        ({"upgrade_policy": "NEVER"}, "STANDARD, EXTENDED"),
        ({"gpu_node_groups": [GPU, GPU]}, "a name that no other group has"),
        ({"gpu_node_groups": [{**GPU, "name": "g" * 50}]}, "at most 49 lower-case letters"),
        ({"gpu_node_groups": [{**GPU, "min_size": 3}]}, "0 ≤ min_size ≤ desired_size ≤ max_size"),
        ({"gpu_node_groups": [{**GPU, "zones": ["eu-west-1a", "eu-west-1d"]}]}, "two or more of eu-west-1a"),
        (
            {"gpu_node_groups": [{**RESERVED, "capacity_reservation": {**RESERVATION, "zone": "eu-west-1d"}}]},
            "the cluster needs a subnet there",
        ),
        (
            {"gpu_node_groups": [{**RESERVED, "capacity_reservation": {**RESERVATION, "id": "cr-x"}}]},
            "the id of a capacity reservation",
        ),
        (
            {"gpu_node_groups": [{**RESERVED, "capacity_reservation": {**RESERVATION, "market": "spot"}}]},
            "on-demand, capacity-block",
        ),
        ({"gpu_node_groups": [{**RESERVED, "spot": True}]}, "false with a capacity reservation"),
        (
            {
                "access_entries": [
                    {"principal_arn": f"arn:aws:iam::{account}:role/eng", "policy": ClusterAccessPolicy.VIEW}
                    for account in ("123456789012", "210987654321")
                ]
            },
            "eng more than once",
        ),
    ],
)
def test_a_cluster_that_aws_would_refuse_or_a_shortage_would_stop_is_refused(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(pulumi.InputPropertiesError, match=re.escape(words)):
        _declare(**changes)
