"""What Prefect holds itself: work pools with the Jobs of their flow runs, and automations."""

import json
from typing import Any

from haven_components.names import FLOW_RUN
from haven_components.workloads._objects import SCRATCH
from haven_components.workloads._pods import in_api_spelling, restricted_container, restricted_pod, tolerations
from haven_components.workloads._requests import SCRATCH_LIMIT, SMALL_DISK_REQUEST
from haven_components.workloads._traces import traces_environment
from haven_components.workloads.workflows._args import (
    HEARTBEAT_SECONDS,
    LOST_AFTER_SECONDS,
    PENDING_SECONDS,
    WorkflowOrchestratorArgs,
    WorkPoolArgs,
    pools,
)

FINISHED_JOB_SECONDS = 3600
"""How long a finished flow run's Job stays for whoever looks at it; its log is in Prefect."""
POD_START_SECONDS = 1800
"""[assumption] How long a worker waits for the pod of a flow run: a node may have to start first."""
GRACE_SECONDS = 120
"""What a flow run has, after SIGTERM, to have itself scheduled again."""
DEFAULT_CPU, DEFAULT_MEMORY = "1", "2Gi"
ANY_EVENT = "prefect.flow-run.*"
PENDING = ["prefect.flow-run.Pending", "prefect.flow-run.InfrastructurePending"]


def document(args: WorkflowOrchestratorArgs) -> str:
    """Work pools and automations as `prefect_settings.py` reads them."""
    declared = {"pools": [_pool(name, each) for name, each in pools(args).items()], "automations": automations(args)}
    return json.dumps(declared, sort_keys=True, indent=1)


def automations(args: WorkflowOrchestratorArgs) -> list[dict[str, Any]]:
    """Flow runs that were lost with their pod, node, zone or Region start again.

    Each is in the database, so in the other Region too: it goes on there with what it had waited for.
    """
    lost, pending = args.get("lost_after_seconds", LOST_AFTER_SECONDS), args.get("pending_seconds", PENDING_SECONDS)
    return [
        _reschedule(
            "haven: flow runs without a heartbeat start again",
            f"No heartbeat for {lost:g} s: the flow run's process is gone.",
            ["prefect.flow-run.heartbeat"],
            lost,
        ),
        _reschedule(
            "haven: flow runs that never started start again",
            f"Pending for {pending:g} s: nothing runs the flow run.",
            PENDING,
            pending,
        ),
    ]


def _reschedule(name: str, message: str, after: list[str], seconds: float) -> dict[str, Any]:
    """Schedule a flow run again when nothing is heard of it; whatever is heard starts the wait from the beginning."""
    return {
        "name": name,
        "description": message,
        "enabled": True,
        "trigger": {
            "type": "event",
            "posture": "Proactive",
            "match": {"prefect.resource.id": ANY_EVENT},
            "for_each": ["prefect.resource.id"],
            "after": after,
            "expect": [ANY_EVENT],
            "threshold": 1,
            "within": seconds,
        },
        "actions": [{"type": "change-flow-run-state", "state": "SCHEDULED", "name": "Rescheduled", "message": message}],
    }


def _pool(name: str, pool: WorkPoolArgs) -> dict[str, Any]:
    declared: dict[str, Any] = {
        "name": name,
        "type": "kubernetes",
        "description": f"Flow runs in namespace {pool['namespace']}",
        "base_job_template": _template(pool),
    }
    return declared | ({"concurrency_limit": int(pool["concurrency"])} if "concurrency" in pool else {})


def _template(pool: WorkPoolArgs) -> dict[str, Any]:
    """What a deployment may choose for its flow runs, and the Job that is made from it."""
    configuration = {
        key: "{{ " + key + " }}"
        for key in ("command", "env", "labels", "namespace", "pod_watch_timeout_seconds", "stream_output")
    }
    return {
        "job_configuration": {**configuration, "job_manifest": _manifest(pool)},
        "variables": {"type": "object", "properties": _variables(pool)},
    }


def _variables(pool: WorkPoolArgs) -> dict[str, Any]:
    def text(default: str) -> dict[str, Any]:
        return {"type": "string", "default": default}

    return {
        "command": {"type": "string"},
        "env": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "default": {
                "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS),
                "PREFECT_HOME": SCRATCH,
                **(traces_environment(pool["traces"]) if "traces" in pool else {}),
            },
        },
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "namespace": {**text(pool["namespace"]), "enum": [pool["namespace"]]},
        "image": text(pool["image"]),
        "cpu": text(pool.get("cpu", DEFAULT_CPU)),
        "memory": text(pool.get("memory", DEFAULT_MEMORY)),
        "pod_watch_timeout_seconds": {"type": "integer", "default": POD_START_SECONDS},
        "stream_output": {"type": "boolean", "default": False},
        "working_dir": text(SCRATCH),
    }


def _manifest(pool: WorkPoolArgs) -> dict[str, Any]:
    """A Job in Kubernetes' own spelling, which alerts know by its name; the flow run's is a label of it. With no
    retries of its own, Prefect schedules an evicted flow run again."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"labels": "{{ labels }}", "namespace": "{{ namespace }}", "generateName": f"{FLOW_RUN}-"},
        "spec": {
            "parallelism": 1,
            "completions": 1,
            "backoffLimit": 0,
            "ttlSecondsAfterFinished": FINISHED_JOB_SECONDS,
            "template": {
                "spec": {
                    "restartPolicy": "Never",
                    "serviceAccountName": pool["service_account"],
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "terminationGracePeriodSeconds": GRACE_SECONDS,
                    "securityContext": in_api_spelling(restricted_pod()),
                    "tolerations": in_api_spelling(tolerations()),
                    "containers": [_container()],
                    "volumes": [{"name": "scratch", "emptyDir": {"sizeLimit": SCRATCH_LIMIT}}],
                }
            },
        },
    }


def _container() -> dict[str, Any]:
    return {
        "name": "prefect-job",
        "image": "{{ image }}",
        "args": "{{ command }}",
        # Steps that pull code write below it, and the image's own is read-only.
        "workingDir": "{{ working_dir }}",
        "env": "{{ env }}",
        "resources": {
            "requests": {"cpu": "{{ cpu }}", "memory": "{{ memory }}", "ephemeral-storage": SMALL_DISK_REQUEST},
            "limits": {"memory": "{{ memory }}"},
        },
        "securityContext": in_api_spelling(restricted_container()),
        "volumeMounts": [{"name": "scratch", "mountPath": SCRATCH}],
    }
