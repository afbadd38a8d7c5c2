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


def flow_run_jobs(sent: Sequence[Sent]) -> Iterator[tuple[Sent, int]]:
    """The Job that Prefect makes of a pool's template for one flow run, and how many may run at once.

    Prefect puts values in place of `{{ names }}`, and `args` and `env` into Kubernetes' form (prefect-kubernetes,
    worker; read 2026-11-26).
    """
    for each in of_kind(sent, "ConfigMap"):
        for pool in json.loads(each.body["data"].get("settings.json", "{}")).get("pools", ()):
            template = pool["base_job_template"]
            values = {key: one.get("default") for key, one in template["variables"]["properties"].items()}
            values |= {"labels": {"prefect.io/flow-run-name": "run"}, "command": ["prefect"]}
            values["env"] = [{"name": name, "value": value} for name, value in values["env"].items()]
            job = _filled(template["job_configuration"]["job_manifest"], values)
            job["metadata"]["name"] = f"{pool['name']}-run"
            yield Sent(each.record, job), pool.get("concurrency_limit", UNLIMITED)


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(one, values) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, values) for one in value]
    if not isinstance(value, str):
        return value
    whole = re.fullmatch(r"{{ (\w+) }}", value)
    return values[whole[1]] if whole else re.sub(r"{{ (\w+) }}", lambda found: str(values[found[1]]), value)


def flow_runs(sent: Sequence[Sent]) -> Iterator[tuple[str, Counter[str]]]:
    """Namespace and what all flow runs of a pool request in it."""
    return ((namespace, times(one, count)) for namespace, one, count in flow_run_of_pools(sent))


def flow_run_of_pools(sent: Sequence[Sent]) -> Iterator[tuple[str, Counter[str], int]]:
    """Namespace of each pool, what one of its flow runs requests there, and how many run at a time."""
    for job, count in flow_run_jobs(sent):
        yield job.namespace, requested(job.body["spec"]["template"]["spec"]), count


def times(requests: Mapping[str, Any], count: int) -> Counter[str]:
    """What a number of pods request."""
    return Counter({name: value * count for name, value in requests.items()})
