"""How many servers run: as many as the queue asks for, within the scale."""

import pulumi
import pulumi_kubernetes as kubernetes

from haven_components.workloads import _pods
from haven_components.workloads.serving._args import WAITING_PER_REPLICA, ModelServingArgs
from haven_components.workloads.serving._metadata import metadata

WAITING = "vllm:num_requests_waiting"
"""vLLM's name (vLLM, Production Metrics, read 2026-11-26)."""
POLLING_SECONDS = 15
SHRINK_AFTER_SECONDS = 600
"""[assumption] A server that is started again has to load its weights: it stays for a while after the last peak."""


def scale(parent: pulumi.Resource, name: str, args: ModelServingArgs) -> None:
    """An autoscaler, where there is room for one. At 0 there is none: KEDA would raise it to its minimum."""
    if not _pods.is_autoscaled(args["scale"]):
        return
    metric = args.get("autoscaling", {}).get("external_metric")
    if metric is not None:
        _plain(parent, name, args, metric)
    else:
        _keda(parent, name, args, args["prometheus"]["endpoint"])


def waiting_query(name: str, args: ModelServingArgs) -> str:
    """Requests in the queues of all servers."""
    metric = args.get("engine", {}).get("metrics", {}).get("waiting", WAITING)
    return f'sum({{__name__="{metric}",{server_pods(name, args)}}})'


def server_pods(name: str, args: ModelServingArgs) -> str:
    """Matchers of the servers' pods: not of the canary's and the fallback's, whose names have one part more."""
    return f'namespace="{args["namespace"]}",pod=~"{name}-[0-9a-z]+-[0-9a-z]{{5}}"'


def _threshold(args: ModelServingArgs) -> int:
    return int(args.get("autoscaling", {}).get("waiting_per_replica", WAITING_PER_REPLICA))


def _plain(parent: pulumi.Resource, name: str, args: ModelServingArgs, metric: str) -> None:
    kubernetes.autoscaling.v2.HorizontalPodAutoscaler(
        f"{name}-scaling",
        metadata=metadata(name, args, "scaling", name),
        spec={
            "scale_target_ref": {"api_version": "apps/v1", "kind": "Deployment", "name": name},
            "min_replicas": args["scale"]["minimum"],
            "max_replicas": args["scale"]["maximum"],
            "metrics": [
                {
                    "type": "External",
                    "external": {
                        "metric": {"name": metric, "selector": {"match_labels": {"app": name}}},
                        "target": {"type": "AverageValue", "average_value": str(_threshold(args))},
                    },
                }
            ],
            "behavior": {"scale_down": {"stabilization_window_seconds": SHRINK_AFTER_SECONDS}},
        },
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _keda(parent: pulumi.Resource, name: str, args: ModelServingArgs, endpoint: pulumi.Input[str]) -> None:
    """KEDA asks the own Region's managed Prometheus, with its operator's own pod identity."""
    named = metadata(name, args, "scaling", name)
    authentication = kubernetes.apiextensions.CustomResource(
        f"{name}-scaling-authentication",
        api_version="keda.sh/v1alpha1",
        kind="TriggerAuthentication",
        metadata=named,
        spec={"podIdentity": {"provider": "aws"}},
        opts=pulumi.ResourceOptions(parent=parent),
    )
    kubernetes.apiextensions.CustomResource(
        f"{name}-scaling",
        api_version="keda.sh/v1alpha1",
        kind="ScaledObject",
        metadata=named,
        spec={
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicaCount": args["scale"]["minimum"],
            "maxReplicaCount": args["scale"]["maximum"],
            "pollingInterval": POLLING_SECONDS,
            # Without an answer from Prometheus as many replicas stay as there are, and never fewer than the minimum.
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
            "triggers": [
                {
                    "type": "prometheus",
                    "metricType": "AverageValue",
                    "metadata": {
                        "serverAddress": pulumi.Output.from_input(endpoint).apply(lambda known: known.rstrip("/")),
                        "query": waiting_query(name, args),
                        "threshold": str(_threshold(args)),
                        "awsRegion": args["region"],
                        "ignoreNullValues": "false",
                    },
                    "authenticationRef": {"name": name},
                }
            ],
        },
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[authentication]),
    )
