"""What pods request, and how many of a namespace may be there at once, as the quota admission counts them."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import ceil
from typing import Any

from tests.kubernetes.cluster import GPU
from tests.kubernetes.objects import Sent, pods
from tests.kubernetes.sources import of_kind, scalers

UNLIMITED = 20
"""Flow runs at a time of a pool that limits none."""
_UNITS = {"": Fraction(1), "m": Fraction(1, 1000), "Ki": Fraction(2**10), "Mi": Fraction(2**20), "Gi": Fraction(2**30)}
_QUANTITY = re.compile(r"([0-9.]+)([A-Za-z]*)")


def quantity(text: str | int) -> Fraction:
    """A Kubernetes quantity."""
    found = _QUANTITY.fullmatch(str(text))
    assert found, text
    return Fraction(found[1]) * _UNITS[found[2]]


def requested(spec: Mapping[str, Any]) -> Counter[str]:
    """What one pod counts for: its containers together, or the largest of those that run before them (those that stay
    count with both)."""
    total: Counter[str] = Counter()
    largest: Counter[str] = Counter()
    for each in spec.get("initContainers", ()):
        if each.get("restartPolicy") == "Always":
            total += _of(each)
        else:
            largest |= total + _of(each)
    for each in spec["containers"]:
        total += _of(each)
    return (largest | total) + Counter({"pods": Fraction(1)})


def _of(container: Mapping[str, Any]) -> Counter[str]:
    asked = {**container["resources"].get("limits", {}), **container["resources"].get("requests", {})}
    names = {"cpu": "requests.cpu", "memory": "requests.memory", GPU: f"requests.{GPU}"}
    return Counter({name: quantity(asked[key]) for key, name in names.items() if key in asked})


def at_once(sent: Sequence[Sent], zones: int, nodes: int) -> Iterator[tuple[Sent, Mapping[str, Any], int]]:
    """Each workload with its pod, and how many may be there: at its maximum, during a rollout, a zone lost.

    Args:
        sent: the objects of a cluster.
        zones: its zones: the pods of a lost one still end while others replace them.
        nodes: nodes that a DaemonSet may run on.
    """
    for each, pod in pods(list(sent)):
        spec = each.body["spec"]
        if each.kind == "Deployment":
            count = _maximum(sent, each)
            surge = int(spec["strategy"]["rollingUpdate"]["maxSurge"])
            yield each, pod, count + surge + ceil(count / zones) if count else 0
        elif each.kind == "DaemonSet":
            yield each, pod, nodes
        else:
            yield each, pod, int(spec.get("parallelism", 1))


def _maximum(sent: Sequence[Sent], workload: Sent) -> int:
    for each in scalers(sent, workload):
        spec = each.body["spec"]
        return int(spec.get("maxReplicas", spec.get("maxReplicaCount", 0)))
    return int(workload.body["spec"]["replicas"])


def flow_runs(sent: Sequence[Sent]) -> Iterator[tuple[str, Counter[str]]]:
    """Namespace and what all flow runs of a pool request in it."""
    return ((namespace, times(one, limit)) for namespace, one, limit in flow_run_of_pools(sent))


def flow_run_of_pools(sent: Sequence[Sent]) -> Iterator[tuple[str, Counter[str], int]]:
    """Namespace of each pool, what one of its flow runs requests there, and how many run at a time."""
    for each in of_kind(sent, "ConfigMap"):
        for pool in json.loads(each.body["data"].get("settings.json", "{}")).get("pools", ()):
            values = {
                key: one.get("default") for key, one in pool["base_job_template"]["variables"]["properties"].items()
            }
            manifest = pool["base_job_template"]["job_configuration"]["job_manifest"]
            spec = json.loads(json.dumps(manifest["spec"]["template"]["spec"]))
            for container in spec["containers"]:
                for part in container["resources"].values():
                    part.update({key: values.get(value.strip("{} "), value) for key, value in part.items()})
            yield values["namespace"], requested(spec), pool.get("concurrency_limit", UNLIMITED)


def times(requests: Mapping[str, Any], count: int) -> Counter[str]:
    """What a number of pods request."""
    return Counter({name: value * count for name, value in requests.items()})
