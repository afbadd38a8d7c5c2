"""Controllers of one cluster, from charts and images in the registry of its own Region."""

import pulumi
import pulumi_aws as aws

from haven_components import ClusterControllers, kubernetes_provider
from haven_components.names import image_reference, registry_host

config = pulumi.Config()
account = config.get("account") or "123456789012"
region = "eu-west-1"
cluster = "example-gpu-euw1"  # an InferenceCluster with `target_groups`, whose output `kubeconfig` it is

provider = aws.Provider(
    f"aws-{region}",
    region=region,
    skip_credentials_validation=True,
    skip_metadata_api_check=True,
    skip_region_validation=True,
    skip_requesting_account_id=True,
)
kubernetes = kubernetes_provider("kubernetes", config.get("kubeconfig") or "{}", cluster_name=cluster)

# What `helm push` and `crane copy` printed when they were copied (docs/charts-and-images.md).
unknown = f"sha256:{'0' * 64}"
charts = f"oci://{registry_host(account, region)}/example-images/charts"


def image(repository: str) -> str:
    """An image of the own Region, by the digest in the configuration."""
    return image_reference(account, region, f"example-images/{repository}", config.get(repository) or unknown)


controllers = ClusterControllers(
    "example-gpu-euw1",
    {
        "region": region,
        "account_id": account,
        "cluster_name": cluster,
        "zones": [f"{region}a", f"{region}b"],
        "load_balancer": {
            "chart": {
                "location": f"{charts}/aws-load-balancer-controller",
                "version": "3.5.0",
                "digest": config.get("balancer-chart") or unknown,
            },
            "image": image("aws-load-balancer-controller"),
            "vpc_id": config.get("vpc") or "vpc-0123456789abcdef0",
        },
        "keda": {
            "chart": {
                "location": f"{charts}/keda",
                "version": "2.21.0",
                "digest": config.get("keda-chart") or unknown,
            },
            "operator_image": image("keda"),
            "metrics_image": image("keda-metrics-apiserver"),
            "webhooks_image": image("keda-admission-webhooks"),
            "workspace_arn": f"arn:aws:aps:{region}:{account}:workspace/ws-example",
        },
    },
    pulumi.ResourceOptions(providers=[provider, kubernetes]),
)

pulumi.export("releases", [controllers.load_balancer_release, controllers.keda_release])
