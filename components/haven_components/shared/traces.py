"""What senders and collectors of traces agree on."""

from collections.abc import Mapping

from haven_components.names import OTLP_PORT

OTLP_PORTS: Mapping[str, int] = {"grpc": OTLP_PORT, "http": 4318}
"""Ports of OTLP (OpenTelemetry protocol specification; read 2026-11-26)."""
SAMPLED_PERCENT = 5
"""What X-Ray's own rule samples, beyond the first request of each second (X-Ray Developer Guide, sampling rules; read
2026-11-21)."""
