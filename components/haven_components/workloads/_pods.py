"""What the pods of every workload share: restricted, spread over zones and nodes, disrupted a share at a time."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from haven_components.names import POOL_LABEL
from haven_components.shared.support import Checks

ZONE = "topology.kubernetes.io/zone"
NODE = "kubernetes.io/hostname"
GPU_RESOURCE = "nvidia.com/gpu"
TOLERATION_SECONDS = 30
"""How long a pod stays bound to a node that is gone; Kubernetes' default is 300."""
SKIP_AWAIT = {"pulumi.com/skipAwait": "true"}
"""Pulumi waits up to ten minutes for a Deployment's pods; a failover must not."""
PATCH_FORCE = {"pulumi.com/patchForce": "true"}
"""Pulumi takes over fields that others own (pulumi-kubernetes, provider/pkg/await/await.go; read 2026-11-26)."""
USER_ID = 1000
"""Pods run as this user and group unless their image asks for another one."""


class WorkloadScaleArgs(TypedDict):
    minimum: int
    """Replicas that always run; 0 where nothing runs on standby. Without room to scale, the number of replicas."""
    maximum: int
    """Replicas to which autoscaling may go; equal to `minimum`: no autoscaler."""
    force: NotRequired[bool]
    """Whether these numbers replace what an autoscaler or a runbook has set since (`pulumi.com/patchForce`), for a
    Region that is brought down on purpose. Where `minimum` is 0 and `maximum` above 1, KEDA's ScaledObject stays,
    paused: until it went, it would start the servers once more. Omitted: false, and such a change is refused (409)."""


def labels(name: str, component: str, **more: str) -> dict[str, str]:
    """The labels that select the pods of one workload.

    Args:
        name: the workload's name.
        component: its part, such as `server` or `worker`.
        more: further labels.
    """
    own = {"app.kubernetes.io/name": name, "app.kubernetes.io/component": component}
    return own | {"app.kubernetes.io/managed-by": "haven", **more}


def selecting(pod_labels: Mapping[str, str]) -> dict[str, str]:
    """The part of a workload's labels that never changes: selectors can't be edited."""
    return {key: pod_labels[key] for key in ("app.kubernetes.io/name", "app.kubernetes.io/component")}


def spread(pod_labels: Mapping[str, str], zones: Sequence[str]) -> list[dict[str, Any]]:
    """Evenly over zones and nodes, as far as there is room: see `evenly`, and `apart`, which goes with it."""
    return [{**each, "node_affinity_policy": "Honor"} for each in evenly(selecting(pod_labels), zones)]


def evenly(match_labels: Mapping[str, str], zones: Sequence[str]) -> list[dict[str, Any]]:
    """The same for pods that somebody else declares, by whatever labels select them.

    Never at the price of a pod without a node: a rule with `DoNotSchedule` leaves room idle where zones have unequal
    room, as after the loss of one. A lost zone's nodes are tainted: they no longer count.
    """
    over_zones = {
        "max_skew": 1,
        "topology_key": ZONE,
        "when_unsatisfiable": "ScheduleAnyway",
        "node_taints_policy": "Honor",
        "label_selector": {"match_labels": dict(match_labels)},
        "match_label_keys": ["pod-template-hash"],
    }
    over_nodes = over_zones | {"topology_key": NODE}
    return [over_zones, over_nodes] if len(zones) > 1 else [over_nodes]


def apart(pod_labels: Mapping[str, str], zones: Sequence[str]) -> dict[str, Any]:
    """The affinity by which pods of one workload take the zone that has the fewest of them, while it has room.

    A soft rule of spread counts for less, the more pods and nodes there are: on nodes with four GPUs each the scheduler
    put 3, 1 and 2 of six pods where the zones had 3, 1 and 1 nodes. Preferred anti-affinity is weighed by the
    difference between the zones alone (kube-scheduler 1.35.4, tried in `tests/kubernetes/living/`, 2026-11-26).
    """
    if len(zones) < 2:
        return {}
    term = {
        "topology_key": ZONE,
        "label_selector": {"match_labels": selecting(pod_labels)},
        "match_label_keys": ["pod-template-hash"],
    }
    preferred = [{"weight": 100, "pod_affinity_term": term}]
    return {"pod_anti_affinity": {"preferred_during_scheduling_ignored_during_execution": preferred}}


def in_pools(pools: Sequence[str], others: Sequence[str] = ()) -> dict[str, Any]:
    """The affinity of pods that run on some node groups.

    Args:
        pools: names of the groups.
        others: further groups, which are taken where the first have no room.
    """
    if not pools:
        return {}

    def of(names: Sequence[str]) -> dict[str, Any]:
        return {"match_expressions": [{"key": POOL_LABEL, "operator": "In", "values": list(names)}]}

    required = {"node_selector_terms": [of([*pools, *others])]}
    affinity: dict[str, Any] = {"required_during_scheduling_ignored_during_execution": required}
    if others:
        affinity["preferred_during_scheduling_ignored_during_execution"] = [{"weight": 100, "preference": of(pools)}]
    return {"node_affinity": affinity}


def region_environment(region: str) -> dict[str, str]:
    """What names the Region to AWS's SDKs: boto3 reads the second one alone, and EKS sets neither where one is set
    (amazon-eks-pod-identity-webhook, its handler; read 2026-11-26)."""
    return {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}


def tolerations(*more: Mapping[str, str]) -> list[dict[str, Any]]:
    """Leave a node that is gone sooner than by default; `more` are tolerations of one's own, such as of GPU nodes."""
    gone = [
        {
            "key": f"node.kubernetes.io/{reason}",
            "operator": "Exists",
            "effect": "NoExecute",
            "toleration_seconds": TOLERATION_SECONDS,
        }
        for reason in ("not-ready", "unreachable")
    ]
    return [*gone, *(dict(each) for each in more)]


def restricted_pod(user_id: int = USER_ID) -> dict[str, Any]:
    """The pod's part of the Pod Security Standard `restricted`."""
    return {
        "run_as_non_root": True,
        "run_as_user": user_id,
        "run_as_group": user_id,
        "fs_group": user_id,
        "seccomp_profile": {"type": "RuntimeDefault"},
    }


def restricted_container() -> dict[str, Any]:
    """The container's part of the Pod Security Standard `restricted`, with a read-only root file system."""
    return {
        "allow_privilege_escalation": False,
        "read_only_root_filesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def disruption_budget(
    logical: str, namespace: str, pod_labels: Mapping[str, str], zones: Sequence[str], opts: pulumi.ResourceOptions
) -> kubernetes.policy.v1.PodDisruptionBudget:
    """A drain may take `disrupted_share` of the pods at a time. Pods that aren't ready hold up no drain."""
    return kubernetes.policy.v1.PodDisruptionBudget(
        logical,
        metadata={"name": logical, "namespace": namespace, "labels": dict(pod_labels)},
        spec={
            "max_unavailable": disrupted_share(zones),
            "selector": {"match_labels": selecting(pod_labels)},
            "unhealthy_pod_eviction_policy": "AlwaysAllow",
        },
        opts=opts,
    )


def disrupted_share(zones: Sequence[str]) -> str:
    """One zone's share of the pods; in a single zone half of them.

    A share follows an autoscaler, which a fixed number doesn't; it is rounded up, so a drain is always possible.
    """
    return f"{100 // max(len(zones), 2)}%"


def in_api_spelling(value: Any) -> Any:
    """What is declared here, as Kubernetes' API spells it: for values of charts and for texts, which Pulumi passes on
    as they are. It spells every key anew, so no label among them may have an underscore."""
    if isinstance(value, Mapping):
        return {_camel_case(key): in_api_spelling(each) for key, each in value.items()}
    return [in_api_spelling(each) for each in value] if isinstance(value, list) else value


def _camel_case(key: str) -> str:
    first, *others = key.split("_")
    return first + "".join(each.capitalize() for each in others)


def replicas(scale: WorkloadScaleArgs) -> int | None:
    """What a Deployment declares: nothing where an autoscaler decides, which owns the field then."""
    return None if is_autoscaled(scale) else int(scale["minimum"])


def forced(scale: WorkloadScaleArgs) -> dict[str, str]:
    """Annotations of what a runbook or an autoscaler changes."""
    return PATCH_FORCE if scale.get("force") else {}


def is_autoscaled(scale: WorkloadScaleArgs) -> bool:
    """Whether there is room to scale; at 0 there is no autoscaler, which would raise it."""
    return 0 < scale["minimum"] < scale["maximum"]


IMAGE_BY_DIGEST = r"[^\s@]+@sha256:[0-9a-f]{64}"


def require_image(checks: Checks, image: pulumi.Input[str], path: str = "image") -> None:
    """An image by digest: a tag may mean another image tomorrow, and in the other Region. What is known after the
    deployment only isn't checked."""
    checks.require(
        not isinstance(image, str) or re.fullmatch(IMAGE_BY_DIGEST, image) is not None,
        path,
        got=image,
        allowed="REPOSITORY@sha256:DIGEST with 64 hexadecimal digits",
        fix="name the image by its digest: aws ecr describe-images shows it as imageDigest",
    )


def require_scale(checks: Checks, scale: WorkloadScaleArgs, path: str = "scale") -> None:
    """Whole numbers in order; 0 at the least."""
    least, most = scale["minimum"], scale["maximum"]
    checks.require(
        0 <= least <= most and most > 0,
        path,
        got=f"minimum {least}, maximum {most}",
        allowed="0 <= minimum <= maximum, maximum at least 1",
        fix="set both to the same number for a fixed count, minimum to 0 where nothing runs on standby",
    )
