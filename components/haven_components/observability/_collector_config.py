"""Configuration of the AWS Distro for OpenTelemetry: traces in over OTLP, out to X-Ray."""

from typing import Any

from haven_components.shared.traces import OTLP_PORTS

HEALTH_PORT = 13133
"""The port of the extension health_check (OpenTelemetry collector; read 2026-11-26)."""
INDEXED = ["deployment.environment", "service.name", "http.response.status_code"]
"""Attributes by which traces are found: annotations in X-Ray, with underscores instead of dots."""


def collector_config(region: str, environment: str, cluster: str, otlp_endpoint: str | None) -> dict[str, Any]:
    """The configuration, as the collector reads it.

    Args:
        region: where X-Ray is.
        environment: attribute `deployment.environment` of every trace.
        cluster: attribute `k8s.cluster.name`.
        otlp_endpoint: a further receiver of all traces; None for none.
    """
    exporters: dict[str, Any] = {"awsxray": {"region": region, "indexed_attributes": INDEXED}}
    if otlp_endpoint is not None:
        exporters["otlphttp"] = {"endpoint": otlp_endpoint}
    attributes = {
        "cloud.region": region,
        "deployment.environment": environment,
        "k8s.cluster.name": cluster,
    }
    return {
        "extensions": {"health_check": {"endpoint": f"0.0.0.0:{HEALTH_PORT}"}},
        "receivers": {
            "otlp": {"protocols": {each: {"endpoint": f"0.0.0.0:{port}"} for each, port in OTLP_PORTS.items()}}
        },
        "processors": {
            # First: it refuses what would end the process for want of memory, and senders try again.
            "memory_limiter": {"check_interval": "1s", "limit_percentage": 75, "spike_limit_percentage": 20},
            "resource": {
                "attributes": [{"key": key, "value": value, "action": "upsert"} for key, value in attributes.items()]
            },
            "batch": {"timeout": "5s"},
        },
        "exporters": exporters,
        "service": {
            "extensions": ["health_check"],
            "pipelines": {
                "traces": {
                    "receivers": ["otlp"],
                    "processors": ["memory_limiter", "resource", "batch"],
                    "exporters": list(exporters),
                }
            },
        },
    }
