"""Traces of a cluster's pods and metrics of its GPUs."""

import pulumi

from haven_components import ClusterTelemetry, kubernetes_provider

config = pulumi.Config()
account = config.get("account") or "123456789012"
region, cluster = "eu-west-1", "example-euw1"
registry = f"{account}.dkr.ecr.{region}.amazonaws.com"
digest = "sha256:" + "0" * 64

kubernetes = kubernetes_provider("kubernetes", config.get("kubeconfig") or "{}", cluster_name=cluster)
telemetry = ClusterTelemetry(
    "example-telemetry",
    {
        "region": region,
        "environment": "example",
        "cluster_name": cluster,
        "namespace": "observability",
        "zones": [f"{region}{zone}" for zone in "abc"],
        "scale": {"minimum": 2, "maximum": 2},
        "collector_image": f"{registry}/aws-otel-collector@{digest}",
        "gpu_image": f"{registry}/dcgm-exporter@{digest}",
    },
    pulumi.ResourceOptions(providers=[kubernetes]),
)

pulumi.export("OTEL_EXPORTER_OTLP_ENDPOINT", telemetry.otlp_endpoint)
