"""MLflow on a database and a bucket that exist.

The namespace exists, with a Kubernetes secret `database`.
"""

import pulumi
import pulumi_aws as aws

from haven_components import ModelRegistry, kubernetes_provider

config = pulumi.Config()
account = config.get("account") or "123456789012"
region = "eu-west-1"

provider = aws.Provider(
    f"aws-{region}",
    region=region,
    skip_credentials_validation=True,
    skip_metadata_api_check=True,
    skip_region_validation=True,
    skip_requesting_account_id=True,
)
cluster = kubernetes_provider("cluster", config.get("kubeconfig") or "{}", cluster_name="example-cluster")

models = ModelRegistry(
    "example-models",
    {
        "region": region,
        "account_id": account,
        "cluster_name": "example-cluster",
        "namespace": "models",
        "zones": ["eu-west-1a", "eu-west-1b"],
        "scale": {"minimum": 2, "maximum": 2},
        "image": f"{account}.dkr.ecr.{region}.amazonaws.com/mlflow@sha256:{'a' * 64}",
        "database": {"host": "database.example.internal", "name": "mlflow", "secret_name": "database"},
        "bucket": {
            "name": "example-artifacts-ew1",
            "kms_key_arn": f"arn:aws:kms:{region}:{account}:key/mrk-00000000000000000000000000000000",
        },
        "network_cidrs": ["10.20.0.0/16"],
        "client_namespaces": ["training", "chat"],
        "allowed_hosts": ["models.example.internal"],
    },
    pulumi.ResourceOptions(providers=[cluster, provider]),
)

pulumi.export("MLFLOW_TRACKING_URI", models.url)
