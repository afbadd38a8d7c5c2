"""A Prometheus workspace that scrapes a cluster, and in the cluster a collector of traces and metrics of its GPUs."""

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from haven_components import ClusterTelemetry, Observability, kubernetes_provider
from haven_components.images import IMAGES
from haven_components.names import image_reference

config = pulumi.Config()
account = config.get("account") or "123456789012"
region, cluster = "eu-west-1", "example-euw1"


def image(name: str) -> str:
    """An image of the platform, as the Region's own registry has it."""
    return image_reference(account, region, name, IMAGES[name].digest)


provider = aws.Provider(
    f"aws-{region}",
    region=region,
    skip_credentials_validation=True,
    skip_metadata_api_check=True,
    skip_region_validation=True,
    skip_requesting_account_id=True,
)
kubernetes = kubernetes_provider("kubernetes", config.get("kubeconfig") or "{}", cluster_name=cluster)

watch = Observability(
    "example-cluster-watch",
    {
        "account_id": account,
        "environment": "example",
        "primary": {
            "region": region,
            "kms_key_arn": f"arn:aws:kms:{region}:{account}:key/mrk-0123456789abcdef0123456789abcdef",
        },
        "prometheus": {},
        "tracing": {},
        "primary_collector": {
            "cluster_name": cluster,
            "namespace": "observability",
            "service_account": "collector",
        },
        # The cluster's own subnets
        "primary_scraper": {
            "cluster_name": cluster,
            "subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        },
    },
    pulumi.ResourceOptions(providers=[provider]),
)
namespace = k8s.core.v1.Namespace(
    "observability",
    metadata={
        "name": "observability",
        # The exporter of GPU metrics mounts kubelet's socket.
        "labels": {"pod-security.kubernetes.io/enforce": "privileged"},
    },
    opts=pulumi.ResourceOptions(provider=kubernetes),
)
telemetry = ClusterTelemetry(
    "example-telemetry",
    {
        "region": region,
        "environment": "example",
        "cluster_name": cluster,
        "namespace": "observability",
        "zones": [f"{region}{zone}" for zone in "abc"],
        "scale": {"minimum": 2, "maximum": 2},
        "collector_image": image("adot-collector"),
        "gpu_image": image("dcgm-exporter"),
    },
    # Pods take the role only if it was there before them.
    pulumi.ResourceOptions(providers=[kubernetes], depends_on=[namespace, watch]),
)

pulumi.export("OTEL_EXPORTER_OTLP_ENDPOINT", telemetry.otlp_endpoint)
pulumi.export("query metrics at", watch.primary_prometheus_endpoint)
