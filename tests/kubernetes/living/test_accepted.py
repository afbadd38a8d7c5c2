"""The real API server takes every object: strict field validation, Pod Security, CustomResourceDefinitions, CEL rules.

A workload whose pods admission refuses is accepted with a warning, and never gets a pod: so each template is posted as
a Pod too. Everything is a dry run but what others are checked against: namespaces, service accounts, priority classes.
"""

from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.environments import PRIMARY
from tests.infra.network.test_mesh import meshed
from tests.infra.systems.test_by_choice import chosen, mounted
from tests.kubernetes.api import Api, ApiError
from tests.kubernetes.cluster import open_namespace
from tests.kubernetes.control_plane import ControlPlane, installable
from tests.kubernetes.objects import Sent, objects, pods
from tests.kubernetes.requests import flow_run_jobs
from tests.kubernetes.schemas import is_own
from tests.kubernetes.sources import SOURCES, by_cluster, of_kind

pytestmark = pytest.mark.exhaustive


@pytest.mark.parametrize("source", SOURCES)
def test_the_api_server_accepts_every_object_and_pod(source: str, control_plane: ControlPlane) -> None:
    refused = []
    for cluster, sent in by_cluster(source):
        _install(control_plane, sent)
        _prepare(control_plane.api, sent)
        refused += [f"{cluster}: {each}" for each in _refused(control_plane.api, sent)]
    assert refused == []


def test_the_api_server_accepts_every_object_of_an_environment_with_a_mesh(control_plane: ControlPlane) -> None:
    sent = objects(meshed(), PRIMARY)
    assert of_kind(sent, "Gateway")
    _install(control_plane, sent)
    _prepare(control_plane.api, sent)
    assert list(_refused(control_plane.api, sent)) == []


def test_the_api_server_accepts_every_object_of_an_environment_with_queues_and_headroom(
    control_plane: ControlPlane,
) -> None:
    sent = objects(chosen(), PRIMARY)
    assert {each.kind for each in of_kind(sent, "ClusterQueue", "LocalQueue", "NodePool", "EC2NodeClass")} >= {
        "ClusterQueue",
        "NodePool",
    }
    _install(control_plane, sent)
    _prepare(control_plane.api, sent)
    assert list(_refused(control_plane.api, sent)) == []


def test_the_api_server_accepts_every_object_of_an_environment_whose_servers_mount_their_weights(
    control_plane: ControlPlane,
) -> None:
    sent = objects(mounted(), PRIMARY)
    assert len(of_kind(sent, "PersistentVolume", "PersistentVolumeClaim")) == 4
    _install(control_plane, sent)
    _prepare(control_plane.api, sent)
    assert list(_refused(control_plane.api, sent)) == []


def _install(control_plane: ControlPlane, sent: list[Sent]) -> None:
    found = installable()
    kinds = {(each.group, each.kind) for each in sent if not is_own(each)}
    by_kind = {(each["spec"]["group"], each["spec"]["names"]["kind"]): each for each in found.values()}
    if missing := sorted(kind for group, kind in kinds if (group, kind) not in by_kind):
        pytest.skip(f"no definition of {', '.join(missing)}: make kubernetes writes them (needs Go)")
    for each in sorted(kinds):
        control_plane.install(by_kind[each])


def _prepare(api: Api, sent: list[Sent]) -> None:
    for each in of_kind(sent, "PriorityClass"):
        with suppress(ApiError):  # its value can't change, and another source may have another one
            api.delete(each.api_version, each.kind, str(each.name))
    for namespace in sorted({each.namespace for each in sent} - {""}):
        open_namespace(api, namespace)
    for each in of_kind(sent, "Namespace", "ServiceAccount", "PriorityClass"):
        api.apply(each.body, force=True)
    for job, _ in flow_run_jobs(sent):  # a ClusterAccess declares it, which the example has none of
        account = {"name": job.body["spec"]["template"]["spec"]["serviceAccountName"], "namespace": job.namespace}
        api.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account}, force=True)


def _refused(api: Api, sent: list[Sent]) -> Iterator[str]:
    for each in sent:
        try:
            api.apply(each.body, dry_run=True, force=True)
        except (ApiError, LookupError) as error:
            yield f"{each}: {error}"
    runs = [job for job, _ in flow_run_jobs(sent)]
    for each, body in [*pods([*sent, *runs]), *((each, each.body) for each in runs)]:
        try:
            api.create(body, dry_run=True)
        except ApiError as error:
            yield f"a {body['kind']} of {each}: {error}"


def test_what_is_wrong_is_refused(api: Api) -> None:
    """Where this passes, the tests above can fail."""
    open_namespace(api, "strict")
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "root", "namespace": "strict"}}
    with pytest.raises(ApiError, match="violates PodSecurity"):
        api.create({**pod, "spec": {"containers": [{"name": "it", "image": "it"}]}}, dry_run=True)
    with pytest.raises(ApiError, match=r"unknown field|not declared in schema"):
        api.apply({**pod, "spec": {"containers": [{"name": "it", "image": "it", "imagine": 1}]}}, dry_run=True)
