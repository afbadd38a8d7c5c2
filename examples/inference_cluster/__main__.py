"""A private cluster with GPU nodes, in a network of its own."""

import pulumi
import pulumi_aws as aws

from haven_components import ClusterAccessPolicy, InferenceCluster, RegionalNetwork
from haven_components.names import target_group_name

config = pulumi.Config()
account = config.get("account") or "123456789012"
region = "eu-west-1"
zones = [f"{region}a", f"{region}b"]
name = "example-gpu-euw1"

provider = aws.Provider(
    f"aws-{region}",
    region=region,
    skip_credentials_validation=True,
    skip_metadata_api_check=True,
    skip_region_validation=True,
    skip_requesting_account_id=True,
)
here = pulumi.ResourceOptions(providers=[provider])

network = RegionalNetwork(
    name, {"region": region, "account_id": account, "zones": zones, "cidr": "10.20.0.0/16", "nat": True}, here
)
cluster = InferenceCluster(
    name,
    {
        "region": region,
        "account_id": account,
        "kubernetes_version": "1.36",
        "vpc_id": network.vpc_id,
        "subnet_ids": network.private_subnet_ids,
        "zones": zones,
        # A key whose policy lets EBS volumes of Auto Scaling groups and CloudWatch Logs use it.
        "kms_key_arn": config.get("key") or f"arn:aws:kms:{region}:{account}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "addons": {
            "aws-ebs-csi-driver": "v1.63.1-eksbuild.1",
            "coredns": "v1.14.3-eksbuild.23",
            "eks-node-monitoring-agent": "v1.6.4-eksbuild.1",
            "eks-pod-identity-agent": "v1.3.10-eksbuild.3",
            "kube-proxy": "v1.36.0-eksbuild.25",
            "metrics-server": "v0.9.0-eksbuild.5",
            "vpc-cni": "v1.22.4-eksbuild.3",
        },
        # Outside the network, and outside every network that pods talk to.
        "service_cidr": "172.20.0.0/16",
        "private_access_cidrs": ["10.200.0.0/16"],  # a VPN's clients
        # An EdgeBalancer of this name: the AWS Load Balancer Controller registers pods in its target group.
        "target_groups": [target_group_name(name)],
        "access_entries": [
            {
                "principal_arn": f"arn:aws:iam::{account}:role/platform-engineers",
                "policy": ClusterAccessPolicy.CLUSTER_ADMIN,
            }
        ],
        "system_nodes": {
            "instance_types": ["m6i.large", "m5.large", "m6a.large"],
            "min_size": 2,
            "desired_size": 2,
            "max_size": 6,
            "disk_gib": 80,
        },
        "gpu_node_groups": [
            {
                "name": "inference",
                "instance_types": ["g6e.2xlarge", "g6.2xlarge"],
                "min_size": 2,
                "desired_size": 2,
                "max_size": 8,
                "disk_gib": 300,
            },
            {
                "name": "reserved-a",
                "instance_types": ["p5.48xlarge"],
                "min_size": 0,
                "desired_size": 0,
                "max_size": 2,
                "disk_gib": 1000,
                "capacity_reservation": {
                    "id": "cr-0123456789abcdef0",
                    "zone": f"{region}a",
                    "instance_type": "p5.48xlarge",
                },
            },
        ],
    },
    here,
)

pulumi.export("cluster", cluster.cluster_name)
pulumi.export("node groups", cluster.node_group_names)
