"""The namespace of one system, what its pods may use in AWS, and who may operate it."""

import pulumi
import pulumi_aws as aws

from haven_components import ClusterAccess, kubernetes_provider

config = pulumi.Config()
account = config.get("account") or "123456789012"
region = "eu-west-1"
cluster = "example-gpu-euw1"  # an InferenceCluster, whose output `kubeconfig` it is

provider = aws.Provider(
    f"aws-{region}",
    region=region,
    skip_credentials_validation=True,
    skip_metadata_api_check=True,
    skip_region_validation=True,
    skip_requesting_account_id=True,
)
kubernetes = kubernetes_provider("kubernetes", config.get("kubeconfig") or "{}", cluster_name=cluster)

access = ClusterAccess(
    "example-chat-euw1",
    {
        "region": region,
        "account_id": account,
        "cluster_name": cluster,
        "namespace": "chat",
        # At full scale, with room for a rollout; the other Region has the same.
        "quota": {"cpu_cores": 96, "memory_gib": 512, "pods": 60, "gpus": 8},
        "network": {
            "vpc_cidrs": ["10.20.0.0/16"],
            "client_cidrs": ["10.20.0.0/20", "10.20.16.0/20"],  # the load balancer's subnets
            "ports": [8000],
            "metrics_cidrs": ["10.20.128.0/20", "10.20.144.0/20"],  # the managed scraper's subnets
        },
        "viewer_groups": ["data-scientists"],
        "operator_groups": ["platform-engineers"],
        "service_accounts": [
            {
                "name": "server",
                "uses": {
                    "buckets": [{"bucket": "example-models-euw1", "prefix": "chat/"}],
                    "tables": [{"table": "example-sessions", "write": True}],
                    "secrets": ["example-database-secret"],
                    "kms_key_arns": [config.get("key") or f"arn:aws:kms:{region}:{account}:key/mrk-1234abcd"],
                },
            }
        ],
        "mounted_secrets": [
            {
                "name": "database",
                "secret": "example-database-secret",  # the replica has the same name
                "keys": {"username": "username", "password": "password"},
            }
        ],
    },
    pulumi.ResourceOptions(providers=[provider, kubernetes]),
)

pulumi.export("namespace", access.namespace)
pulumi.export("roles", access.role_arns)
