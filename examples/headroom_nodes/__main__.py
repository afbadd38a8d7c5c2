"""Up to eight more GPUs than a cluster's node group has, which Karpenter adds and removes."""

import pulumi

from haven_components import HeadroomNodes, kubernetes_provider

config = pulumi.Config()
region = "eu-west-1"
cluster = "example-gpu-euw1"  # an InferenceCluster, whose output `kubeconfig` it is; Karpenter 1.15 runs in it
kubernetes = kubernetes_provider("kubernetes", config.get("kubeconfig") or "{}", cluster_name=cluster)

headroom = HeadroomNodes(
    f"{cluster}-headroom",
    {
        "region": region,
        "cluster_name": cluster,
        "zones": [f"{region}a", f"{region}b"],
        "subnet_ids": ["subnet-0a", "subnet-0b"],
        "security_group_id": "sg-0a",  # the cluster's output `cluster_security_group_id`
        "node_role_name": f"{cluster}-node",
        "kms_key_arn": f"arn:aws:kms:{region}:111122223333:key/mrk-0123456789abcdef0123456789abcdef",
        "bottlerocket_version": "1.50.0",
        "pools": [{"group": "serving", "instance_types": ["g5.2xlarge", "g5.4xlarge"], "gpus": 8}],
    },
    pulumi.ResourceOptions(providers=[kubernetes]),
)

pulumi.export("node_pools", headroom.node_pools)
