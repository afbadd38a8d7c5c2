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
from haven_components.workloads.access._namespace import InNamespace, people
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

    def permit(self, leave_out: str = "") -> None:
        """The operators' role and bindings, as a `ClusterAccess` declares them."""

        def program() -> None:
            people(InNamespace("chat", NAMESPACE, {}, pulumi.ResourceOptions()), [], [OPERATORS])

        for each in record(program, stack="test").real():
            body = dict(each.inputs)
            if "rules" in body:
                body["rules"] = [rule for rule in body["rules"] if leave_out not in rule["resources"]]
            self.plane.api.apply(body, force=True)


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


def test_each_of_the_operators_rules_is_needed_and_another_cluster_s_token_is_worth_nothing(region: Region) -> None:
    api = region.api()
    changes: Mapping[str, tuple[str, Any]] = {
        "deployments/scale": (SCALE, {"spec": {"replicas": 0}}),
        "jobs": ("/apis/batch/v1/namespaces/chat/jobs/tune", {"spec": {"suspend": True}}),
    }
    for resource, (path, body) in changes.items():
        region.permit(leave_out=resource)
        with pytest.raises(ClientError, match=r"Forbidden.*haven:operations\.operatorArns"):
            api.patch(cluster=region.access, path=path, body=body)
    region.permit()
    for path, body in changes.values():
        api.patch(cluster=region.access, path=path, body=body)
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
