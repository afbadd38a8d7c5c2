"""A cluster's Kubernetes API and the entrance of its models, as far as runbooks ask them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from haven.runbooks.workflow.requests import Answer, Call, RefusedError, UnansweredError

SERVER, JOB = "chat/server", "training/tune"
QUESTION, RIGHT, WRONG = "Capital of France?", "Paris.", "I am a teapot."
FULL, STANDBY = 3, 1


@dataclass
class Workloads:
    """What runs on one Region's cluster: pods are ready where nodes are."""

    replicas: int = STANDBY
    minimum: int = STANDBY
    """Of its autoscaler."""
    suspended: bool = True
    silent: bool = False
    """Whether the API is out of the operators' reach."""
    wrong_since: float | None = None
    """Since when models answer nonsense; None: they don't."""

    def read(self, path: str, nodes: int) -> Answer:
        """A list."""
        self._require()
        namespace, kind = path.split("/")[-2:]
        items: Mapping[str, list[Any]] = {
            "chat/deployments": [
                {
                    "metadata": {"name": "server"},
                    "spec": {"replicas": self.replicas},
                    "status": {"readyReplicas": min(self.replicas, nodes)},
                }
            ],
            "chat/horizontalpodautoscalers": [
                {
                    "metadata": {"name": "server"},
                    "spec": {"minReplicas": self.minimum, "maxReplicas": 9, "scaleTargetRef": {"name": "server"}},
                }
            ],
            "training/jobs": [{"metadata": {"name": "tune"}, "spec": {"suspend": self.suspended}}],
        }
        if kind in ("scaledobjects", "localqueues"):
            raise RefusedError("NotFound")
        return {"items": items[f"{namespace}/{kind}"]}

    def patch(self, path: str, body: Mapping[str, Any]) -> Answer:
        """One change."""
        self._require()
        if path.endswith("/scale"):
            self.replicas = body["spec"]["replicas"]
        elif "/jobs/" in path:
            self.suspended = body["spec"]["suspend"]
        else:
            self.minimum = body["spec"]["minReplicas"]
        return {}

    def ask(self, nodes: int) -> Answer:
        """What the model answers."""
        if not min(self.replicas, nodes):
            return {"status": 503, "answer": "", "seconds": 0.1, "degraded": ""}
        answer = RIGHT if self.wrong_since is None else WRONG
        return {"status": 200, "answer": answer, "seconds": 0.1, "degraded": ""}

    def _require(self) -> None:
        if self.silent:
            raise UnansweredError("the Kubernetes API can't be reached")


def described(call: Call) -> Answer:
    """EKS's answer about a cluster."""
    name = call.arguments["name"]
    return {"cluster": {"name": name, "endpoint": f"https://{name}.eks", "certificateAuthority": {"data": ""}}}


def manifest(region: str) -> Mapping[str, Any]:
    """What the manifest has of it."""
    sizes = {"full": [FULL, 9], "standby": [STANDBY, 9]}
    return {
        "workloads": [
            {"system": "chat", "kind": "model-serving", "deployments": {SERVER: sizes}},
            {"system": "training", "kind": "training", "jobs": [JOB]},
        ],
        "inference": {
            "url": f"https://{region}.example.com/v1/chat/completions",
            "model": "chat",
            "system": "chat",
            "prompts": [{"prompt": QUESTION, "expect": "(?i)paris", "withinSeconds": 5}],
        },
    }
