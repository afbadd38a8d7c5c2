"""Good Kubernetes objects that tests of rules break, in the place of those that the environments declare."""

from dataclasses import replace
from typing import Any

from haven.program.recording import Recording
from tests.policies.breaking import Change, adding, both

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
STATEFUL_SET = "kubernetes:apps/v1:StatefulSet"
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
AUTOSCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"


def workload(name: str, type_: str = DEPLOYMENT, replicas: int | None = 3) -> Change:
    """Adds a workload that does everything as it should, beside none of the environment's own."""
    added = adding(type_, name, {"metadata": _metadata(name), "spec": {"replicas": replicas, **_pods(name)}})
    return both(_without_own, added)


def _without_own(recording: Recording) -> Recording:
    """What is added belongs to no component."""
    kept = [each for each in recording.resources if not (each.is_kubernetes and each.component)]
    return replace(recording, resources=kept)


def _metadata(name: str) -> dict[str, Any]:
    return {"name": name, "namespace": "serving", "labels": {"app": name}}


def _pods(name: str) -> dict[str, Any]:
    labels = {"app": name}
    return {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": _pod(labels)},
    }


def _pod(labels: dict[str, str]) -> dict[str, Any]:
    return {
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True},
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "topology.kubernetes.io/zone",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": labels},
            }
        ],
        "containers": [
            {
                "name": "server",
                "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/haven-warm-images/serving:1",
                "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True},
                "resources": {"requests": {"cpu": "1", "memory": "4Gi"}, "limits": {"memory": "4Gi"}},
                "ports": [{"containerPort": 8080}],
                "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8080}},
                "livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080}},
            }
        ],
    }


def budget(name: str, app: str, **limits: Any) -> Change:
    """Adds a budget for the pods of a workload."""
    spec = {"selector": {"matchLabels": {"app": app}}, **limits}
    return adding(BUDGET, name, {"metadata": _metadata(name), "spec": spec})


def autoscaler(name: str, app: str, least: int) -> Change:
    """Adds an autoscaler for a Deployment."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": app}
    spec = {"scaleTargetRef": target, "minReplicas": least, "maxReplicas": 12}
    return adding(AUTOSCALER, name, {"metadata": _metadata(name), "spec": spec})


GUARDED = both(workload("serving"), budget("serving-budget", "serving", maxUnavailable=1))
"""A Deployment of three with a budget."""
SCALED = both(
    workload("serving", replicas=None),
    budget("serving-budget", "serving", maxUnavailable=1),
    autoscaler("serving-scaler", "serving", 2),
)
"""A Deployment whose replicas are an autoscaler's, with a budget."""
