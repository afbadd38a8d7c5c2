"""Prefect on a database and a cache that exist, with a work pool for the training system.

The namespaces exist, each with a Kubernetes secret `prefect-auth`; the orchestrator's has the database's and the
cache's too.
"""

import pulumi
import pulumi_aws as aws

from haven_components import WorkflowOrchestrator, kubernetes_provider

config = pulumi.Config()
account = config.get("account") or "123456789012"
region = "eu-west-1"
registry = f"{account}.dkr.ecr.{region}.amazonaws.com"

provider = aws.Provider(
    f"aws-{region}",
    region=region,
    skip_credentials_validation=True,
    skip_metadata_api_check=True,
    skip_region_validation=True,
    skip_requesting_account_id=True,
)
cluster = kubernetes_provider("cluster", config.get("kubeconfig") or "{}", cluster_name="example-cluster")

workflows = WorkflowOrchestrator(
    "example-workflows",
    {
        "namespace": "workflows",
        "zones": ["eu-west-1a", "eu-west-1b"],
        "scale": {"minimum": 2, "maximum": 10},
        "image": f"{registry}/prefect@sha256:{'a' * 64}",
        "cluster_name": "example-cluster",
        "database": {"host": "database.example.internal", "name": "prefect", "secret_name": "database"},
        "messaging": {"host": "messages.example.internal", "secret_name": "messages"},
        "auth_secret_name": "prefect-auth",
        "network_cidrs": ["10.20.0.0/16"],
        "pools": {
            "training": {
                "namespace": "training",
                "image": f"{registry}/flows@sha256:{'b' * 64}",
                "service_account": "flow-runs",
                "concurrency": 20,
            }
        },
    },
    pulumi.ResourceOptions(providers=[cluster, provider]),
)

pulumi.export("api", workflows.api_url)
pulumi.export("scale up in this order", workflows.deployment_names)
