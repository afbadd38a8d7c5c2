"""No pod starts without the credentials that its service account has: real controllers try until EKS gives them."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from haven.program.recorder import record
from haven_components import kubernetes_provider
from haven_components.workloads._identity import pod_identity
from tests.kubernetes import cluster
from tests.kubernetes.api import Api, ApiError, until
from tests.kubernetes.living.identity_webhook import CREDENTIALS, IdentityWebhook
from tests.kubernetes.objects import objects

pytestmark = pytest.mark.exhaustive

NAMESPACE, ACCOUNT = "identity", "server"
KIND = "admissionregistration.k8s.io/v1"
WITHIN = 90.0


@pytest.fixture
def guarded(api: Api) -> Iterator[Api]:
    """A namespace with a node, whose service account has a role; the rule about its pods is in effect."""
    cluster.open_namespace(api, NAMESPACE)
    cluster.add_nodes(api, NAMESPACE, ["a"], 1, 10)
    api.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": NAMESPACE}})
    sent = objects(record(_program, stack="test"))
    for each in sent:
        api.apply(each.body, force=True)
    until(lambda: _refused(api), 30)
    yield api
    for each in sent:
        api.delete(each.api_version, each.kind, str(each.name))
    for version, kind in (("apps/v1", "Deployment"), ("batch/v1", "Job"), ("v1", "Pod"), ("v1", "Event")):
        for found in api.all(version, kind, NAMESPACE):
            with suppress(ApiError):
                api.delete(version, kind, found["metadata"]["name"], NAMESPACE)
    until(lambda: _pods(api) == [], WITHIN)
    api.delete("v1", "Node", f"{NAMESPACE}-a-0")


def _program() -> None:
    providers = [aws.Provider("aws", region="eu-west-1"), kubernetes_provider("k8s", "{}", cluster_name="ai")]
    parent = pulumi.ComponentResource("test:index:It", "it", {}, pulumi.ResourceOptions(providers=providers))
    pod_identity(
        parent,
        "it",
        namespace=NAMESPACE,
        service_account=ACCOUNT,
        cluster_name="ai",
        region="eu-west-1",
        account_id="123456789012",
        statements=[],
    )


def _pod_spec(**more: Any) -> dict[str, Any]:
    security = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    container = {"name": "it", "image": "registry.example/it", "securityContext": security}
    return {"serviceAccountName": ACCOUNT, "containers": [container], "nodeSelector": {cluster.POOL: NAMESPACE}, **more}


def _refused(api: Api, **more: Any) -> bool:
    """Whether a pod of the service account is refused for its credentials."""
    metadata = {"name": "tried", "namespace": NAMESPACE}
    try:
        api.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": _pod_spec(**more)}, dry_run=True)
    except ApiError as error:
        if "no credentials yet" not in str(error):
            raise
        return True
    return False


def _apply(api: Api, kind: str) -> None:
    """A Deployment of two pods, or a Job of one."""
    template = {"metadata": {"labels": {"app": kind.lower()}}, "spec": _pod_spec()}
    if kind == "Deployment":
        spec: dict[str, Any] = {"replicas": 2, "selector": {"matchLabels": {"app": "deployment"}}, "template": template}
    else:
        spec = {"template": {**template, "spec": _pod_spec(restartPolicy="Never")}}
    version = "apps/v1" if kind == "Deployment" else "batch/v1"
    api.apply({"apiVersion": version, "kind": kind, "metadata": {"name": "it", "namespace": NAMESPACE}, "spec": spec})


def _pods(api: Api) -> list[Any]:
    return api.all("v1", "Pod", NAMESPACE)


def _told(api: Api) -> bool:
    """Whether the events say why there are no pods."""
    return any("no credentials yet" in each["message"] for each in api.all("v1", "Event", NAMESPACE))


@pytest.mark.parametrize(("kind", "count"), [("Deployment", 2), ("Job", 1)])
def test_pods_are_created_once_their_association_has_taken_effect_and_with_its_credentials(
    guarded: Api, identities: IdentityWebhook, kind: str, count: int
) -> None:
    _apply(guarded, kind)
    until(lambda: _told(guarded), WITHIN)
    assert _pods(guarded) == []
    identities.effective.add((NAMESPACE, ACCOUNT))
    until(lambda: len(_pods(guarded)) == count, WITHIN)
    for each in _pods(guarded):
        assert CREDENTIALS in each["spec"]["containers"][0]["env"]


def test_pods_of_other_accounts_and_containers_that_others_add_are_no_concern(
    guarded: Api, identities: IdentityWebhook
) -> None:
    assert _refused(guarded)
    assert not _refused(guarded, serviceAccountName="default")
    identities.effective.add((NAMESPACE, ACCOUNT))
    until(lambda: not _refused(guarded), WITHIN)
