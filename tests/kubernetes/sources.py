"""Everything that declares Kubernetes objects: the stacks, each with writes in either Region, and the examples."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from haven.program.recording import Recording
from tests.environments import ALL_EXAMPLES, PRIMARY, RECOVERY, TIERS, environment, example
from tests.kubernetes.objects import Sent, objects

STACKS = tuple(f"{tier}, {active} active" for tier in TIERS for active in (PRIMARY, RECOVERY))
SOURCES = (*STACKS, *ALL_EXAMPLES)


def recorded(source: str) -> Recording:
    """The recording of a source, which is made once in a run."""
    if source not in STACKS:
        return example(source)
    tier, _, active = source.removesuffix(" active").partition(", ")
    return environment(tier) if active == PRIMARY else environment(tier, active=active)


def by_cluster(source: str) -> Iterator[tuple[str, list[Sent]]]:
    """The objects of each cluster, with its provider's name."""
    sent = sorted(objects(recorded(source)), key=lambda each: each.record.provider)
    for provider, members in groupby(sent, key=lambda each: each.record.provider):
        yield provider.rpartition("::")[2], list(members)


def of_kind(sent: Sequence[Sent], *kinds: str) -> list[Sent]:
    """The objects of these kinds."""
    return [each for each in sent if each.kind in kinds]


def selected(sent: Sequence[Sent], namespace: str, pod_labels: Mapping[str, Any]) -> list[Sent]:
    """The PodDisruptionBudgets that count a pod."""
    budgets = (each for each in of_kind(sent, "PodDisruptionBudget") if each.namespace == namespace)
    return [each for each in budgets if each.body["spec"]["selector"]["matchLabels"].items() <= pod_labels.items()]


def scalers(sent: Sequence[Sent], workload: Sent) -> list[Sent]:
    """The autoscalers of a workload: HorizontalPodAutoscalers, and KEDA's ScaledObjects, which make one."""
    return [
        each
        for each in of_kind(sent, "HorizontalPodAutoscaler", "ScaledObject")
        if each.namespace == workload.namespace and each.body["spec"]["scaleTargetRef"]["name"] == workload.name
    ]


def least(sent: Sequence[Sent], workload: Sent) -> int:
    """The replicas of a workload that always run: its autoscaler's minimum, or its own count."""
    for each in scalers(sent, workload):
        spec = each.body["spec"]
        return int(spec.get("minReplicas", spec.get("minReplicaCount", 1)))
    return int(workload.body["spec"].get("replicas", 1))
