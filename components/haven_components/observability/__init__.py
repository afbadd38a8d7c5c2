"""Alarms, dashboards, Prometheus, Grafana and telemetry."""
