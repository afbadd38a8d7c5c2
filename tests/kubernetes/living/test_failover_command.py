"""`haven failover` with a real API server, scheduler and controllers in the Region that it makes serve.

EKS's check of tokens and the model are the test's own; nodes and pods are kwok's.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pulumi
import pytest
from botocore.exceptions import ClientError

from haven.base.exits import OK
from haven.base.missing_dependency import MissingDependency
from haven.program.recorder import record
from haven.runbooks.endpoints.cluster import Cluster
from haven.runbooks.endpoints.kubernetes import FIELD_MANAGER, KubernetesApi
from haven_components.workloads._pods import WorkloadScaleArgs
from haven_components.workloads.access._namespace import OPERATOR_RULES, InNamespace, people
from tests.gateway import Fault
from tests.haven.runbooks.endpoints.entrances import OPERATORS, SECRET, Model, token_check
from tests.haven.runbooks.failover.ground import Ground, new_ground
from tests.kubernetes import cluster
from tests.kubernetes.api import ApiError
from tests.kubernetes.control_plane import ControlPlane, programs
from tests.simulation.model import P, R

pytestmark = [pytest.mark.exhaustive, pytest.mark.emulator, pytest.mark.timeout(600)]

NAMESPACE, NAME, ZONES = "chat", f"c-{R}", ("a", "b")
NOTHING: WorkloadScaleArgs = {"minimum": 0, "maximum": 6}
FULL: WorkloadScaleArgs = {"minimum": 3, "maximum": 6}
JOB = ("batch/v1", "Job", "tune", NAMESPACE)
SCALE = "/apis/apps/v1/namespaces/chat/deployments/server/scale"


@dataclass
class Region:
    """The cluster of the Region that is failed over to."""

    plane: ControlPlane

    @property
    def access(self) -> Cluster:
        """What `eks:DescribeCluster` gives."""
        authority = base64.b64encode(self.plane.certificate[0].read_bytes()).decode()
        return Cluster(NAME, self.plane.url, authority)

    def api(self) -> KubernetesApi:
        """The runbook's own client, with an operator's credentials."""
        session = boto3.Session(aws_access_key_id="test", aws_secret_access_key=SECRET)
        return KubernetesApi(session, R, connecting=2, reading=20, attempts=1)

    def permit(self, leave_out: tuple[str, str] = ("", "")) -> None:
        """The operators' role and bindings, as a `ClusterAccess` declares them, but one verb on one resource."""

        def program() -> None:
            people(InNamespace("chat", NAMESPACE, {}, pulumi.ResourceOptions()), [], [OPERATORS])

        for each in record(program, stack="test").real():
            body = dict(each.inputs)
            if "rules" in body:
                rules = (_without(rule, *leave_out) for rule in body["rules"])
                body["rules"] = [rule for rule in rules if rule["verbs"]]
            self.plane.api.apply(body, force=True)


def _without(rule: Mapping[str, Any], resource: str, verb: str) -> Mapping[str, Any]:
    verbs = [each for each in rule["verbs"] if (resource, each) != (rule["resources"][0], verb)]
    return {**rule, "verbs": verbs}


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    try:
        programs()
    except MissingDependency as missing:
        pytest.skip(str(missing))
    folder = tmp_path_factory.mktemp("region")
    with token_check(folder, NAME) as arguments, ControlPlane(folder / "plane", *arguments) as plane:
        made = Region(plane)
        cluster.open_namespace(plane.api, NAMESPACE)
        cluster.add_nodes(plane.api, NAMESPACE, ZONES, 2, 2)
        cluster.up(plane.api, cluster.workload(NAMESPACE, ZONES, NOTHING))
        plane.api.apply(_suspended_job())
        made.permit()
        yield made


def _suspended_job() -> dict[str, Any]:
    container = {"name": "it", "image": "registry.example/it"}
    pod = {"restartPolicy": "Never", "containers": [container], "nodeSelector": {"nowhere": "here"}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "tune", "namespace": NAMESPACE},
        "spec": {"suspend": True, "template": {"spec": pod}},
    }


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with new_ground(tmp_path) as made:
        yield made


CHAT = "namespaces/chat"
CALLS: Mapping[tuple[str, str], tuple[str, Any]] = {
    ("deployments/scale", "patch"): (SCALE, {"spec": {"replicas": 0}}),
    ("horizontalpodautoscalers", "patch"): (
        f"/apis/autoscaling/v2/{CHAT}/horizontalpodautoscalers/none",
        {"spec": {"minReplicas": 1}},
    ),
    ("jobs", "patch"): (f"/apis/batch/v1/{CHAT}/jobs/tune", {"spec": {"suspend": True}}),
    ("scaledobjects", "list"): (f"/apis/keda.sh/v1alpha1/{CHAT}/scaledobjects", None),
    ("scaledobjects", "patch"): (f"/apis/keda.sh/v1alpha1/{CHAT}/scaledobjects/none", {}),
    ("localqueues", "list"): (f"/apis/kueue.x-k8s.io/v1beta2/{CHAT}/localqueues", None),
    ("localqueues", "patch"): (f"/apis/kueue.x-k8s.io/v1beta2/{CHAT}/localqueues/none", {}),
}
"""By the right that each takes. Of what doesn't exist in this cluster the API server denies the right first."""


def answer(region: Region, right: tuple[str, str]) -> str:
    """What becomes of the call that takes a right; empty: it is done."""
    path, body = CALLS[right]
    try:
        if body is None:
            region.api().read(cluster=region.access, path=path)
        else:
            region.api().patch(cluster=region.access, path=path, body=body)
    except ClientError as error:
        return str(error)
    return ""


def test_each_of_the_operators_rights_is_needed_and_another_cluster_s_token_is_worth_nothing(region: Region) -> None:
    rights = {(resource, verb) for rule in OPERATOR_RULES for resource in rule["resources"] for verb in rule["verbs"]}
    assert rights == CALLS.keys()
    for right in CALLS:
        region.permit(leave_out=right)
        assert "haven:operations.operatorArns" in answer(region, right), right
    region.permit()
    there = {("deployments/scale", "patch"), ("jobs", "patch")}
    found = {right: answer(region, right) for right in CALLS}
    assert {right for right, text in found.items() if not text} == there
    assert all("NotFound" in text for right, text in found.items() if right not in there), found
    api = region.api()
    template = {"spec": {"template": {"metadata": {"annotations": {"restarted": "now"}}}}}
    for path, body in (
        (SCALE.removesuffix("/scale"), template),
        (f"/apis/apps/v1/{CHAT}/statefulsets/none", template),
        (f"/apis/batch/v1/{CHAT}/cronjobs/none", {"spec": {"suspend": True}}),
    ):
        with pytest.raises(ClientError, match="Forbidden"):
            api.patch(cluster=region.access, path=path, body=body)
    image = {"spec": {"template": {"spec": {"containers": [{"name": "it", "image": "registry.example/other"}]}}}}
    with pytest.raises(ClientError, match="field is immutable"):
        api.patch(cluster=region.access, path=CALLS["jobs", "patch"][0], body=image)
    with pytest.raises(ClientError, match="Forbidden"):
        api.read(cluster=region.access, path="/api/v1/namespaces/chat/secrets")
    other = Cluster("another", region.access.url, region.access.certificate)
    with pytest.raises(ClientError, match=r"Unauthorized.*no access entry"):
        api.read(cluster=other, path="/apis/apps/v1/namespaces/chat/deployments")


def test_an_endpoint_that_cannot_be_reached_is_an_error_that_names_the_way_in(region: Region) -> None:
    closed = Cluster(NAME, "https://127.0.0.1:9", region.access.certificate)
    with pytest.raises(OSError, match=r"no connection; its endpoint is private: .*docs/cluster-access\.md"):
        region.api().read(cluster=closed, path="/api")


def test_a_failover_scales_asks_the_model_and_only_then_moves_traffic(region: Region, ground: Ground) -> None:
    api = region.plane.api
    model = Model(lambda: len(cluster.ready(api, NAMESPACE)) >= 3)
    with model.served():
        _prepare(ground, region, model)
        words = ("failover", "--to", R, "--confirm", "sim", "--json", "--force", "the provider confirms the loss")
        code, text, progress = ground.haven(*words)
        report = json.loads(text)
        assert (code, report["state"], ground.writer) == (OK, "done", R), (report, progress)
        steps = ("start-workloads", "await-workloads", "await-inference", "ask-from-outside")
        assert [report["steps"][each] for each in steps] == ["done"] * 4, report
        assert [each for each in report["why"] if each.partition(":")[0] in steps] == []
        right = min(at for at, status in model.answers if status == 200)
        switched = [each.at for each in ground.gateway.calls if each.operation.endswith("PutMetricData")]
        assert [right < at for at in switched] == [True]
        assert (cluster.wanted(api, NAMESPACE), len(cluster.ready(api, NAMESPACE))) == (3, 3)
        assert api.get(*JOB)["spec"]["suspend"] is False
        code, text, _ = ground.haven(*words)
        assert (code, json.loads(text)["state"]) == (OK, "nothing to do")
    _next_up(region)


def _prepare(ground: Ground, region: Region, model: Model) -> None:
    """The primary Region is lost, and the manifest has what runs on the other one's cluster."""
    ground.beat(seconds_ago=60)
    ground.gateway.faults[P, "*"] = Fault.REFUSE
    found = {"name": NAME, "endpoint": region.access.url, "certificateAuthority": {"data": region.access.certificate}}
    described = json.dumps({"cluster": found})
    ground.gateway.answers["eks", f"GET /clusters/{NAME}"] = lambda _: (200, "application/json", described)
    file = ground.folder / "manifest.json"
    document = json.loads(file.read_text())
    prompt = {"prompt": "Capital of France?", "expect": "(?i)paris", "withinSeconds": 20}
    document["service"] = "localhost"
    document["sides"][R] |= {
        "workloads": [
            {
                "system": "chat",
                "kind": "model-serving",
                "deployments": {f"{NAMESPACE}/server": {"full": [3, 6], "standby": [0, 0]}},
            },
            {"system": "training", "kind": "training", "jobs": [f"{NAMESPACE}/tune"]},
        ],
        "inference": {"url": model.url, "model": "chat", "system": "chat", "prompts": [prompt]},
    }
    file.write_text(json.dumps(document))


def _next_up(region: Region) -> None:
    """The old configuration, which would take the replicas away, is refused; the new one goes through."""
    api = region.plane.api
    fields = cluster.deployment(api, NAMESPACE)["metadata"]["managedFields"]
    owners = {each["manager"] for each in fields if "f:replicas" in each["fieldsV1"].get("f:spec", {})}
    assert owners == {FIELD_MANAGER}
    with pytest.raises(ApiError, match=f'conflict with "{FIELD_MANAGER}"'):
        cluster.up(api, cluster.workload(NAMESPACE, ZONES, NOTHING))
    cluster.up(api, cluster.workload(NAMESPACE, ZONES, {"minimum": 3, "maximum": 3}))
    cluster.up(api, cluster.workload(NAMESPACE, ZONES, FULL))
    assert cluster.wanted(api, NAMESPACE) == 3
