"""How many servers run: as many as waiting and running requests ask for, within the scale."""

import re
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from haven_components.workloads import _pods
from haven_components.workloads.serving._args import (
    MAX_NUM_SEQS,
    RUNNING_SHARE,
    WAITING_PER_REPLICA,
    ModelServingArgs,
)
from haven_components.workloads.serving._metadata import metadata

WAITING, RUNNING = "vllm:num_requests_waiting", "vllm:num_requests_running"
"""vLLM's names (vLLM, Production Metrics, read 2026-11-26)."""
PAUSED = {"autoscaling.keda.sh/paused-replicas": "0"}
"""KEDA scales to 0, and rests (KEDA documentation, Pause autoscaling; read 2026-11-26)."""
POLLING_SECONDS = 15
SHRINK_AFTER_SECONDS = 600
"""[assumption] A server that is started again has to load its weights: it stays for a while after the last peak."""


@dataclass(frozen=True)
class Signal:
    """Requests that ask for replicas."""

    metric: str
    """The engine's gauge of them."""
    external: str | None
    """The metric of the external metrics API; None: KEDA asks Prometheus."""
    per_replica: int
    """How many of them one replica is for."""


def scale(parent: pulumi.Resource, name: str, args: ModelServingArgs) -> None:
    """An autoscaler, where there is room for one.

    At 0 there is none, or a paused one: KEDA would raise it to its minimum, also while Pulumi brings a Region down, for
    it deletes what is no longer declared after everything else.
    """
    plain = "external_metric" in args.get("autoscaling", {})
    if not _pods.is_autoscaled(args["scale"]) and (plain or not _is_paused(args)):
        return
    if plain:
        _plain(parent, name, args)
    else:
        _keda(parent, name, args, args["prometheus"]["endpoint"])


def _is_paused(args: ModelServingArgs) -> bool:
    scale = args["scale"]
    return bool(scale.get("force")) and scale["minimum"] == 0 and scale["maximum"] > 1 and "prometheus" in args


def _metadata(name: str, args: ModelServingArgs) -> Any:
    """Of an autoscaler."""
    annotations = _pods.forced(args["scale"]) | (PAUSED if args["scale"]["minimum"] == 0 else {})
    return metadata(name, args, "scaling", name) | ({"annotations": annotations} if annotations else {})


def signals(args: ModelServingArgs) -> list[Signal]:
    """What replicas follow: the most that one of these asks for (Kubernetes, Horizontal Pod Autoscaling, several
    metrics; read 2026-11-26). The queue alone says nothing of a fleet that is full and keeps up: it would shrink."""
    chosen, metrics = args.get("autoscaling", {}), args.get("engine", {}).get("metrics", {})
    waiting = int(chosen.get("waiting_per_replica", WAITING_PER_REPLICA))
    return [
        Signal(metrics.get("waiting", WAITING), chosen.get("external_metric"), waiting),
        Signal(metrics.get("running", RUNNING), chosen.get("external_running_metric"), _running(args)),
    ]


def query(name: str, args: ModelServingArgs, metric: str) -> str:
    """The sum of a gauge over all servers."""
    return f'sum({{__name__="{metric}",{server_pods(name, args)}}})'


def server_pods(name: str, args: ModelServingArgs) -> str:
    """Matchers of the servers' pods: not of the canary's and the fallback's, whose names have one part more."""
    return f'namespace="{args["namespace"]}",pod=~"{name}-[0-9a-z]+-[0-9a-z]{{5}}"'


def _running(args: ModelServingArgs) -> int:
    chosen = args.get("autoscaling", {}).get("running_per_replica")
    if chosen is not None:
        return int(chosen)
    arguments = " ".join(args.get("engine", {}).get("arguments", []))
    most = re.findall(r"--max-num-seqs[= ](\d+)", arguments)
    return max(1, int((int(most[-1]) if most else MAX_NUM_SEQS) * RUNNING_SHARE))


def _plain(parent: pulumi.Resource, name: str, args: ModelServingArgs) -> None:
    kubernetes.autoscaling.v2.HorizontalPodAutoscaler(
        f"{name}-scaling",
        metadata=_metadata(name, args),
        spec={
            "scale_target_ref": {"api_version": "apps/v1", "kind": "Deployment", "name": name},
            "min_replicas": args["scale"]["minimum"],
            "max_replicas": args["scale"]["maximum"],
            "metrics": [
                {
                    "type": "External",
                    "external": {
                        "metric": {"name": each.external, "selector": {"match_labels": {"app": name}}},
                        "target": {"type": "AverageValue", "average_value": str(each.per_replica)},
                    },
                }
                for each in signals(args)
            ],
            "behavior": {"scale_down": {"stabilization_window_seconds": SHRINK_AFTER_SECONDS}},
        },
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _keda(parent: pulumi.Resource, name: str, args: ModelServingArgs, endpoint: pulumi.Input[str]) -> None:
    """KEDA asks the own Region's managed Prometheus, with its operator's own pod identity."""
    authentication = kubernetes.apiextensions.CustomResource(
        f"{name}-scaling-authentication",
        api_version="keda.sh/v1alpha1",
        kind="TriggerAuthentication",
        metadata=metadata(name, args, "scaling", name),
        spec={"podIdentity": {"provider": "aws"}},
        opts=pulumi.ResourceOptions(parent=parent),
    )
    kubernetes.apiextensions.CustomResource(
        f"{name}-scaling",
        api_version="keda.sh/v1alpha1",
        kind="ScaledObject",
        metadata=_metadata(name, args),
        spec={
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicaCount": args["scale"]["minimum"],
            "maxReplicaCount": args["scale"]["maximum"],
            "pollingInterval": POLLING_SECONDS,
            # Without an answer from Prometheus, to one of the queries or to both, as many replicas stay as there are,
            # and never fewer than the minimum.
            "fallback": {
                "failureThreshold": 3,
                "replicas": args["scale"]["minimum"],
                "behavior": "currentReplicasIfHigher",
            },
            "advanced": {
                "horizontalPodAutoscalerConfig": {
                    "name": name,
                    "behavior": {"scaleDown": {"stabilizationWindowSeconds": SHRINK_AFTER_SECONDS}},
                }
            },
            "triggers": [_trigger(name, args, endpoint, each) for each in signals(args)],
        },
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[authentication]),
    )


def _trigger(name: str, args: ModelServingArgs, endpoint: pulumi.Input[str], signal: Signal) -> dict[str, Any]:
    return {
        "type": "prometheus",
        "metricType": "AverageValue",
        "metadata": {
            "serverAddress": pulumi.Output.from_input(endpoint).apply(lambda known: known.rstrip("/")),
            "query": query(name, args, signal.metric),
            "threshold": str(signal.per_replica),
            "awsRegion": args["region"],
            "ignoreNullValues": "false",
        },
        "authenticationRef": {"name": name},
    }
