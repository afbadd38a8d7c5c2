"""Every Kubernetes object of every stack and example is one that an API server takes, and that a runbook can name."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from tests.kubernetes import schemas
from tests.kubernetes.definitions import GROUPS
from tests.kubernetes.objects import Sent, containers, objects, pods
from tests.kubernetes.requests import flow_run_jobs
from tests.kubernetes.sources import SOURCES, by_cluster, least, of_kind, recorded, scalers, selected

_DIGEST = re.compile(r".+@sha256:[0-9a-f]{64}")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.:]{0,251}[a-z0-9])?")


@pytest.mark.parametrize("source", SOURCES)
def test_every_object_fits_kubernetes_strict_schema(source: str) -> None:
    sent = objects(recorded(source))
    assert {each.group for each in sent if not schemas.is_own(each)} <= GROUPS
    assert [problem for each in sent if schemas.is_own(each) for problem in schemas.problems(each)] == []


def test_the_jobs_of_flow_runs_fit_kubernetes_strict_schema() -> None:
    jobs = [job for job, _ in flow_run_jobs(objects(recorded("workflow_orchestrator")))]
    assert jobs
    assert [problem for each in jobs for problem in schemas.problems(each)] == []


@pytest.mark.parametrize("source", SOURCES)
def test_every_object_has_a_name_of_its_own_and_none_has_it_twice(source: str) -> None:
    for _, sent in by_cluster(source):
        assert [str(each) for each in sent if not _NAME.fullmatch(each.name or "")] == []
        names = Counter((each.api_version, each.kind, each.namespace, each.name) for each in sent)
        assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("source", SOURCES)
def test_every_image_is_named_by_digest(source: str) -> None:
    found = [(each, one["image"]) for each, pod in pods(objects(recorded(source))) for one in containers(pod)]
    assert [f"{each}: {image}" for each, image in found if not _DIGEST.fullmatch(image)] == []


@pytest.mark.parametrize("source", SOURCES)
def test_what_pods_refer_to_is_declared_or_comes_from_a_secret(source: str) -> None:
    for _, sent in by_cluster(source):
        have = {(each.kind, each.namespace, each.name) for each in sent}
        needed = [(each, needs) for each, pod in pods(sent) for needs in _needs(pod, each)]
        assert [f"{each} needs {needs[0]} {needs[2]}" for each, needs in needed if needs not in have] == []


def _needs(pod: Mapping[str, Any], sent: Sent) -> list[tuple[str, str, str]]:
    spec, found = pod["spec"], []
    if name := spec.get("serviceAccountName"):
        found.append(("ServiceAccount", sent.namespace, name))
    name = spec.get("priorityClassName", "")
    if name and not name.startswith("system-"):  # Kubernetes' own
        found.append(("PriorityClass", "", name))
    maps = (volume["configMap"]["name"] for volume in spec.get("volumes", ()) if "configMap" in volume)
    return [*found, *(("ConfigMap", sent.namespace, name) for name in maps)]


@pytest.mark.parametrize("source", SOURCES)
def test_replicas_are_declared_where_nothing_scales_and_only_there(source: str) -> None:
    for _, sent in by_cluster(source):
        for each in of_kind(sent, "Deployment", "StatefulSet"):
            paused = [one for one in scalers(sent, each) if _is_paused(one)]
            scaling = [one for one in scalers(sent, each) if not _is_paused(one)]
            assert len(scaling) <= 1, each
            assert ("replicas" in each.body["spec"]) == (not scaling), each
            assert not paused or each.body["spec"]["replicas"] == 0, each


def _is_paused(scaler: Sent) -> bool:
    annotations = scaler.body["metadata"].get("annotations", {})
    return any(each.startswith("autoscaling.keda.sh/paused") for each in annotations)


@pytest.mark.parametrize("source", SOURCES)
def test_what_runs_more_than_once_has_one_budget_that_a_drain_never_waits_for(source: str) -> None:
    for _, sent in by_cluster(source):
        for each in of_kind(sent, "Deployment", "StatefulSet"):
            runs = least(sent, each)
            budgets = selected(sent, each.namespace, each.body["spec"]["template"]["metadata"]["labels"])
            assert len(budgets) <= 1, each
            if runs > 1:
                assert budgets, f"{each} has {runs} replicas and no budget"
            for budget in budgets:
                spec = budget.body["spec"]
                assert str(spec["maxUnavailable"]).endswith("%"), f"{budget}: a number doesn't follow an autoscaler"
                assert int(str(spec["maxUnavailable"]).rstrip("%")) > 0, budget
                assert spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow", budget


@pytest.mark.parametrize("source", SOURCES)
def test_pods_are_spread_over_zones_whose_nodes_are_alive(source: str) -> None:
    """A lost zone's nodes are tainted; were they counted, the others could not take all pods."""
    for _, sent in by_cluster(source):
        for each, pod in pods(of_kind(sent, "Deployment", "StatefulSet")):
            hard = [
                one
                for one in pod["spec"].get("topologySpreadConstraints", ())
                if one["whenUnsatisfiable"] == "DoNotSchedule"
            ]
            assert [one for one in hard if one.get("nodeTaintsPolicy") != "Honor"] == [], each
            seconds = [one.get("tolerationSeconds") for one in pod["spec"].get("tolerations", ())]
            assert 300 not in seconds, each
            gone = [one["key"] for one in pod["spec"].get("tolerations", ()) if one.get("tolerationSeconds")]
            assert {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"} <= set(gone), each
