"""Istio policies for the services of one namespace, in ambient mode with a waypoint."""

import pulumi

from haven_components import ServiceMesh, kubernetes_provider

config = pulumi.Config()
region = "eu-west-1"
cluster = "example-gpu-euw1"  # an InferenceCluster, whose output `kubeconfig` it is
kubernetes = kubernetes_provider("kubernetes", config.get("kubeconfig") or "{}", cluster_name=cluster)

# Its namespace is that of a ClusterAccess with `"labels": mesh_labels()`.
mesh = ServiceMesh(
    "example-chat-euw1",
    {
        "namespace": "chat",
        "zones": [f"{region}a", f"{region}b"],
        "services": [
            {
                "name": "inference",
                "port": 80,
                "pod_labels": {"app.kubernetes.io/name": "inference"},
                "clients": [{"namespace": "chat", "service_account": "gateway"}],
                "plaintext_ports": [8000],  # the load balancer's
            },
            {
                "name": "embeddings",
                "port": 80,
                "pod_labels": {"app.kubernetes.io/name": "embeddings"},
                "clients": [
                    {"namespace": "chat", "service_account": "inference"},
                    {"namespace": "search", "service_account": "indexer"},
                ],
                "timeout_seconds": 10,
                "retries": {"attempts": 2, "per_try_timeout_seconds": 3},
                "limits": {"pending_requests": 16, "active_requests": 128},
                "circuit_breaker": {"consecutive_errors": 3},
            },
        ],
    },
    pulumi.ResourceOptions(providers=[kubernetes]),
)

pulumi.export("waypoint", mesh.waypoint)
