"""Which metrics exist here, and what exports them: every query of a rule or a dashboard names one of these."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Exporter:
    """Something that runs in a cluster and is scraped."""

    name: str
    """The job of the scraper that collects it."""
    runs: str
    """What puts it into the cluster."""
    source: str
    """Where its metrics are documented."""
    read: str
    """The day on which that was read."""
    metrics: frozenset[str]
    """Names of its metrics, as far as they are used here; of a histogram, without `_bucket`, `_count` and `_sum`."""


KUBE_STATE_METRICS = Exporter(
    name="kube-state-metrics",
    runs="EKS add-on kube-state-metrics",
    source="kube-state-metrics, docs/metrics",
    read="2026-11-26",
    metrics=frozenset(
        {
            "kube_deployment_spec_replicas",
            "kube_deployment_status_replicas_available",
            "kube_job_failed",
            "kube_job_status_active",
            "kube_node_info",
            "kube_node_status_allocatable",
            "kube_node_status_condition",
            "kube_pod_container_resource_requests",
            "kube_pod_container_status_restarts_total",
            "kube_pod_status_unschedulable",
        }
    ),
)
DCGM_EXPORTER = Exporter(
    name="dcgm-exporter",
    runs="ClusterTelemetry, on the DCGM host engine of the EKS add-on eks-node-monitoring-agent",
    source="NVIDIA/dcgm-exporter, etc/default-counters.csv",
    read="2026-11-21",
    metrics=frozenset(
        {
            "DCGM_FI_DEV_FB_FREE",
            "DCGM_FI_DEV_FB_USED",
            "DCGM_FI_DEV_GPU_TEMP",
            "DCGM_FI_DEV_GPU_UTIL",
            "DCGM_FI_DEV_POWER_USAGE",
            "DCGM_FI_DEV_XID_ERRORS",
        }
    ),
)
MODEL_SERVER = Exporter(
    name="pods",
    runs="ModelServing: vLLM",
    source="vLLM, production metrics",
    read="2026-11-26",
    metrics=frozenset(
        {
            "vllm:e2e_request_latency_seconds",
            "vllm:generation_tokens_total",
            "vllm:kv_cache_usage_perc",
            "vllm:num_requests_running",
            "vllm:num_requests_waiting",
            "vllm:request_queue_time_seconds",
            "vllm:time_to_first_token_seconds",
        }
    ),
)
SERVING_FRONT = Exporter(
    name="pods",
    runs="ModelServing: the front of each pod, which passes the model server's metrics on",
    source="haven_components/workloads/serving/front/__main__.py, metrics()",
    read="2026-11-26",
    metrics=frozenset(
        {
            "haven_front_degraded",
            "haven_front_golden_failures_total",
            "haven_front_requests_total",
            "haven_front_started",
        }
    ),
)
MESH = Exporter(
    name="pods",
    runs="ServiceMesh: waypoints",
    source="Istio, standard metrics",
    read="2026-11-21",
    metrics=frozenset({"istio_request_duration_milliseconds", "istio_requests_total"}),
)
EXPORTERS = (KUBE_STATE_METRICS, DCGM_EXPORTER, MODEL_SERVER, SERVING_FRONT, MESH)

CLOUDWATCH: Mapping[str, frozenset[str]] = {
    "AWS/ApplicationELB": frozenset({"HTTPCode_Target_5XX_Count", "RequestCount", "TargetResponseTime"}),
    "AWS/DynamoDB": frozenset({"ReplicationLatency"}),
    "AWS/ElastiCache": frozenset({"GlobalDatastoreReplicationLag"}),
    "AWS/RDS": frozenset({"AuroraGlobalDBReplicationLag"}),
    "AWS/S3": frozenset({"ReplicationLatency"}),
    "AWS/SQS": frozenset({"ApproximateAgeOfOldestMessage"}),
}
"""Namespace -> metrics that AWS publishes there and dashboards read (each service's list of CloudWatch metrics; read
2026-11-21)."""
