"""The operators' Kubernetes role and the runbooks' calls: each call is allowed, and each right is used."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from haven.runbooks.manifest import Workload
from haven.runbooks.serving.workloads import KINDS, Scale, list_path, next_patch
from haven_components.workloads.access._namespace import OPERATOR_RULES
from tests.haven.runbooks.serving.test_workloads import (
    NOTHING,
    SHARE,
    autoscaler,
    deployment,
    job,
    keda,
    objects,
    queue,
    workload,
)

VIEW = ("deployments", "horizontalpodautoscalers", "jobs")
"""Of the kinds that the runbooks list, those that Kubernetes' role `view` has (Kubernetes documentation, user-facing
roles; read 2026-11-26)."""
JOBS = Workload(system="chat", kind="training", jobs=["chat/tune"])


def calls() -> Iterator[tuple[str, str]]:
    """Verb and path of what the runbooks call: every kind that they list, and every change that they make."""
    yield from (("list", list_path("chat", kind)) for kind in KINDS)
    cases = [
        ([workload(NOTHING)], [deployment(0)]),
        ([workload(SHARE)], [deployment(4), autoscaler(2)]),
        ([workload(SHARE)], [deployment(4), keda(2)]),
        ([JOBS], [job(suspended=True)]),
        ([JOBS], [job(suspended=True, queue="gpus"), queue("HoldAndDrain")]),
    ]
    for workloads, found in cases:
        patch = next_patch(workloads, objects(*found), Scale.FULL)
        assert patch is not None
        yield "patch", patch.path


def right(verb: str, path: str) -> tuple[str, str, str]:
    """API group, resource and verb of a call on a namespace's objects."""
    _, _, group, _, _, _, resource, *rest = path.split("/")
    return group, "/".join([resource, *rest[1:]]), verb


def granted(rules: Sequence[Mapping[str, Any]]) -> set[tuple[str, str, str]]:
    return {
        (group, resource, verb)
        for rule in rules
        for group in rule["api_groups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_operators_may_do_what_the_runbooks_call_and_nothing_else() -> None:
    called = {right(*each) for each in calls()}
    assert granted(OPERATOR_RULES) == {each for each in called if (each[1] not in VIEW or each[2] != "list")}
