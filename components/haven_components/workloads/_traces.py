"""Where pods send their traces."""

from typing import TypedDict

from haven_components.shared.traces import SAMPLED_PERCENT


class TracesArgs(TypedDict):
    endpoint: str
    """Address of an OTLP collector over gRPC, such as the `otlp_endpoint` of a `ClusterTelemetry`."""
    service: str
    """Name of the service in the traces, `<environment>-<system>` for the sampling rule of an `Observability`."""


def traces_environment(args: TracesArgs) -> dict[str, str]:
    """The variables that OpenTelemetry's SDKs read (OpenTelemetry, environment variable specification; vLLM,
    OpenTelemetry example; read 2026-11-26). Whoever calls has decided whether its request is traced; others are sampled
    as by the default of an `Observability`."""
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": args["endpoint"],
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        # Within the cluster, to a collector without TLS.
        "OTEL_EXPORTER_OTLP_TRACES_INSECURE": "true",
        "OTEL_SERVICE_NAME": args["service"],
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": f"{SAMPLED_PERCENT / 100:g}",
    }
