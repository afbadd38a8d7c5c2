"""Alerting rules in PromQL over metrics of dcgm-exporter, kube-state-metrics and a mesh, and whom they notify."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

LATENCY_HISTOGRAM = "istio_request_duration_milliseconds"
LATENCY_LABEL = "destination_service_name"
"""Istio, standard metrics; read 2026-11-21."""


@dataclass(frozen=True)
class Latency:
    """The histogram in which answers are counted by their time."""

    histogram: str
    """Its name, without `_bucket`; in seconds if it ends with that unit, else in milliseconds."""
    label: str
    """The label that distinguishes them."""


@dataclass(frozen=True)
class _Rule:
    alert: str
    expression: str
    minutes: int
    summary: str


def rules(limits: Mapping[str, int], latency: Latency, *, collected: bool) -> str:
    """The rule groups, as a Prometheus rules file has them; silence is an alert only where somebody collects."""
    return _file(
        {
            **({"collection": _collection()} if collected else {}),
            "gpus": _gpus(limits["gpu_percent"]),
            "workloads": _workloads(limits["restarts"]),
            "latency": _latency(limits["latency_p99_milliseconds"], latency),
        }
    )


def _collection() -> list[_Rule]:
    return [
        _Rule(
            "NothingIsCollected",
            "absent(kube_node_info)",
            10,
            "No metric of kube-state-metrics has arrived: the collector is down, and all other alerts are blind.",
        )
    ]


def _gpus(percent: int) -> list[_Rule]:
    """Fields of dcgm-exporter's default counters (NVIDIA/dcgm-exporter, etc/default-counters.csv; read 2026-11-21)."""
    return [
        _Rule(
            "GpusBusy",
            f"avg by (cluster) (DCGM_FI_DEV_GPU_UTIL) >= {percent}",
            15,
            "The GPUs of {{ $labels.cluster }} are {{ $value }} % busy: no room for a lost zone.",
        ),
        _Rule(
            "GpuFault",
            "DCGM_FI_DEV_XID_ERRORS > 0 and changes(DCGM_FI_DEV_XID_ERRORS[10m]) > 0",
            0,
            "GPU {{ $labels.gpu }} of {{ $labels.Hostname }} reports XID {{ $value }}.",
        ),
    ]


def _workloads(restarts: int) -> list[_Rule]:
    """Metrics of kube-state-metrics (its docs/metrics; read 2026-11-21)."""
    return [
        _Rule(
            "PodsRestart",
            f"sum by (cluster, namespace, pod) (increase(kube_pod_container_status_restarts_total[5m])) >= {restarts}",
            0,
            "{{ $labels.namespace }}/{{ $labels.pod }} has restarted {{ $value }} times in five minutes.",
        ),
        _Rule(
            "JobFailed",
            'kube_job_failed{condition="true"} > 0',
            0,
            "Job {{ $labels.namespace }}/{{ $labels.job_name }} has failed.",
        ),
        _Rule(
            "NodeNotReady",
            'kube_node_status_condition{condition="Ready",status="true"} == 0',
            5,
            "Node {{ $labels.node }} isn't ready.",
        ),
    ]


def _latency(milliseconds: int, latency: Latency) -> list[_Rule]:
    seconds = latency.histogram.endswith("_seconds")
    most = milliseconds / 1000 if seconds else milliseconds
    rate = f"rate({latency.histogram}_bucket[5m])"
    return [
        _Rule(
            "AnswersSlow",
            f"histogram_quantile(0.99, sum by (le, {latency.label}) ({rate})) >= {most}",
            5,
            f"One of a hundred answers of {{{{ $labels.{latency.label} }}}} takes {milliseconds} ms or more.",
        )
    ]


def _file(groups: Mapping[str, Sequence[_Rule]]) -> str:
    lines = ["groups:"]
    for name, members in groups.items():
        lines += [f"  - name: {name}", "    rules:"]
        for rule in members:
            lines += [
                f"      - alert: {rule.alert}",
                f"        expr: {_quoted(rule.expression)}",
                f"        for: {rule.minutes}m",
                "        annotations:",
                f"          summary: {_quoted(rule.summary)}",
            ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def alert_manager(topic_arn: pulumi.Output[str], region: str) -> pulumi.Output[str]:
    """Tells the Region's topic of every alert, gathered by its name, and again every four hours while it lasts.

    The definition holds the alert manager's own configuration as text (Amazon Managed Service for Prometheus User
    Guide, alert manager configuration; read 2026-11-21).
    """
    return topic_arn.apply(lambda arn: _alert_manager(arn, region))


def _alert_manager(topic_arn: str, region: str) -> str:
    return textwrap.dedent(
        f"""\
        alertmanager_config: |
          route:
            receiver: topic
            group_by: ['alertname', 'cluster']
            group_wait: 30s
            group_interval: 5m
            repeat_interval: 4h
          receivers:
            - name: topic
              sns_configs:
                - topic_arn: {topic_arn}
                  send_resolved: true
                  sigv4:
                    region: {region}
        """
    )
