"""Alerting rules in PromQL over what `_exported.py` lists, and whom they notify."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from haven_components.names import FLOW_RUN

LATENCY_HISTOGRAM, LATENCY_LABEL = "vllm:e2e_request_latency_seconds", "model_name"
REQUESTS_COUNTER, REQUESTS_LABEL = "haven_front_requests_total", "workload"
ERROR_SELECTOR = 'outcome=~"cut_off|failed|refused"'
"""What ModelServing exports (`_exported.py`): its front counts what clients get, also while the model server is dead.
The label `workload` is the scraper's."""
AVAILABILITY_PERCENT = 99.9
"""Share of the requests that may expect an answer: an assumption."""
ROUTINE_JOBS = f"{FLOW_RUN}-.+|.+-check-[0-9]+"
"""Jobs whose failure is looked at elsewhere: Prefect starts a flow run again, and the golden prompts of one check may
fail by accident (`GoldenCheckFails`). A CronJob's Jobs end with a number, their minute."""
LATENCY_PERCENT = 99.0
"""Share of the answers that are to come within `latency_p99_milliseconds`: that is what p99 means."""


@dataclass(frozen=True)
class Latency:
    """The histogram in which answers are counted by their time."""

    histogram: str
    """Its name, without `_bucket`; in seconds if it ends with that unit, else in milliseconds."""
    label: str
    """The label that distinguishes them."""


@dataclass(frozen=True)
class Requests:
    """The counter of answered requests, and which of them failed."""

    counter: str
    errors: str
    """A label matcher, such as `response_code=~"5.."`."""
    label: str
    """The label that distinguishes services."""
    available_percent: float
    """Share of the requests that must not fail."""


@dataclass(frozen=True)
class _Burn:
    """How fast an error budget of 30 days is used up, seen over a long and a short window."""

    name: str
    long: str
    short: str
    rate: float
    left: str


BURNS = (
    _Burn("Fast", "1h", "5m", 14.4, "two days"),
    _Burn("Steady", "6h", "30m", 6.0, "five days"),
    _Burn("Slow", "3d", "6h", 1.0, "a month"),
)
"""Windows and rates of multi-window, multi-burn-rate alerts (Google, The Site Reliability Workbook, alerting on SLOs;
read 2026-11-26). The short window ends the alert soon after the trouble."""


@dataclass(frozen=True)
class _Rule:
    alert: str
    expression: str
    minutes: int
    summary: str
    severity: str = "page"


def rules(limits: Mapping[str, int], latency: Latency, requests: Requests, *, collected: bool) -> str:
    """The rule groups, as a Prometheus rules file has them; silence is an alert only where somebody collects."""
    return _file(
        {
            **({"collection": _collection()} if collected else {}),
            "gpus": _gpus(limits["gpu_percent"]),
            "workloads": _workloads(limits["restarts"]),
            "queues": _queues(limits["queue_age_seconds"]),
            "availability": [*(_errors(each, requests) for each in BURNS), _degraded()],
            "latency": [_slow(each, limits["latency_p99_milliseconds"], latency) for each in BURNS],
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
    return [
        _Rule(
            "PodsRestart",
            f"sum by (cluster, namespace, pod) (increase(kube_pod_container_status_restarts_total[5m])) >= {restarts}",
            0,
            "{{ $labels.namespace }}/{{ $labels.pod }} has restarted {{ $value }} times in five minutes.",
        ),
        _Rule(
            "JobFailed",
            f'kube_job_failed{{condition="true",job_name!~"{ROUTINE_JOBS}"}} > 0',
            0,
            "Job {{ $labels.namespace }}/{{ $labels.job_name }} has failed.",
        ),
        _Rule(
            "NodeNotReady",
            'kube_node_status_condition{condition="Ready",status="true"} == 0',
            5,
            "Node {{ $labels.node }} isn't ready.",
        ),
        _Rule(
            "PodsFindNoNode",
            "sum by (cluster, namespace) (kube_pod_status_unschedulable) > 0",
            10,
            "{{ $value }} pods of {{ $labels.namespace }} find no node: GPUs are refused, or a quota is reached.",
        ),
        _Rule(
            "ReplicasMissing",
            "kube_deployment_status_replicas_available < kube_deployment_spec_replicas",
            15,
            "{{ $labels.namespace }}/{{ $labels.deployment }} has {{ $value }} replicas, fewer than asked for.",
        ),
    ]


def _queues(seconds: int) -> list[_Rule]:
    waited = "sum by (le, cluster, model_name) (rate(vllm:request_queue_time_seconds_bucket[5m]))"
    return [
        _Rule(
            "RequestsWait",
            f"histogram_quantile(0.99, {waited}) >= {seconds}",
            5,
            f"One of a hundred requests to {{{{ $labels.model_name }}}} waits {seconds} s or more for its turn.",
        ),
        _Rule(
            "EngineStalled",
            "min_over_time(vllm:num_requests_running[2m]) > 0 and rate(vllm:generation_tokens_total[2m]) == 0",
            1,
            "{{ $labels.namespace }}/{{ $labels.pod }} has requests and has generated no token for two minutes.",
        ),
    ]


def _errors(burn: _Burn, requests: Requests) -> _Rule:
    budget = 1 - requests.available_percent / 100
    per = f"sum by (cluster, {requests.label})"
    parts = [
        f"{per} (rate({requests.counter}{{{requests.errors}}}[{window}])) / "
        f"{per} (rate({requests.counter}[{window}])) > {burn.rate * budget:.6g}"
        for window in (burn.long, burn.short)
    ]
    return _Rule(
        f"{burn.name}ErrorBudgetBurn",
        f"{parts[0]} and {parts[1]}",
        0,
        f"{{{{ $labels.{requests.label} }}}} fails so often that its error budget of 30 days lasts {burn.left}.",
        _severity(burn),
    )


def _degraded() -> _Rule:
    return _Rule(
        "AnswersDegraded",
        "max by (cluster, workload) (haven_front_degraded) > 0",
        2,
        "{{ $labels.workload }} answers in degraded mode: its servers don't answer, the fallback or the cache does.",
        "ticket",
    )


def _slow(burn: _Burn, milliseconds: int, latency: Latency) -> _Rule:
    """That more than a share of the answers is slow means that the quantile of the rest is: no bucket has to have the
    threshold as its limit."""
    most = milliseconds / 1000 if latency.histogram.endswith("_seconds") else milliseconds
    quantile = 1 - burn.rate * (1 - LATENCY_PERCENT / 100)
    per = f"sum by (le, cluster, {latency.label})"
    parts = [
        f"histogram_quantile({quantile:.6g}, {per} (rate({latency.histogram}_bucket[{window}]))) >= {most:g}"
        for window in (burn.long, burn.short)
    ]
    return _Rule(
        f"{burn.name}LatencyBudgetBurn",
        f"{parts[0]} and {parts[1]}",
        0,
        f"More than {100 * (1 - quantile):.3g} % of the answers of {{{{ $labels.{latency.label} }}}} take "
        f"{milliseconds} ms or more: the latency budget of 30 days lasts {burn.left}.",
        _severity(burn),
    )


def _severity(burn: _Burn) -> str:
    return "ticket" if burn is BURNS[-1] else "page"


def _file(groups: Mapping[str, Sequence[_Rule]]) -> str:
    lines = ["groups:"]
    for name, members in groups.items():
        lines += [f"  - name: {name}", "    rules:"]
        for rule in members:
            lines += [
                f"      - alert: {rule.alert}",
                f"        expr: {_quoted(rule.expression)}",
                f"        for: {rule.minutes}m",
                "        labels:",
                f"          severity: {rule.severity}",
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
