"""What the API server takes and a real cluster's programs stumble over."""

from collections.abc import Mapping
from typing import Any

import pytest

from haven.program import aws_types as aws
from haven.program.recording import Recording
from tests.kubernetes.objects import containers, objects, pods
from tests.kubernetes.sources import SOURCES, by_cluster, of_kind, recorded


def environment_of(container: Mapping[str, Any]) -> dict[str, Any]:
    return {each["name"]: each.get("value") for each in container.get("env", ())}


@pytest.mark.parametrize("source", SOURCES)
def test_no_pod_is_given_the_addresses_of_its_namespace_s_services(source: str) -> None:
    """Programs read `NAME_PORT` as their own: vLLM refuses to start beside a Service called vllm."""
    found = [str(each) for each, pod in pods(objects(recorded(source))) if pod["spec"].get("enableServiceLinks", True)]
    assert found == []


@pytest.mark.parametrize("source", SOURCES)
def test_who_names_the_region_names_it_as_boto3_reads_it(source: str) -> None:
    for each, pod in pods(objects(recorded(source))):
        for one in containers(pod):
            named = environment_of(one)
            if one["name"] == "collector":
                continue  # written in Go, whose SDK reads AWS_REGION
            assert named.get("AWS_DEFAULT_REGION") == named.get("AWS_REGION"), (each, one["name"])


@pytest.mark.parametrize("source", SOURCES)
def test_a_program_with_torch_finds_a_name_for_its_user(source: str) -> None:
    """Only a user whom the image knows has one: `USER` stands in for it."""
    for each, pod in pods(objects(recorded(source))):
        for one in containers(pod):
            named = environment_of(one)
            if "HF_HOME" in named or "HAVEN_CHECKPOINT_LOCATION" in named:
                assert named.get("USER"), (each, one["name"])


@pytest.mark.parametrize("source", SOURCES)
def test_a_service_names_the_port_of_an_init_container_by_its_number(source: str) -> None:
    """The network policies' agent looks for named ports in ordinary containers only."""
    for _, sent in by_cluster(source):
        ordinary = {
            port["name"]
            for _, pod in pods(sent)
            for one in pod["spec"]["containers"]
            for port in one.get("ports", ())
            if "name" in port
        }
        for each in of_kind(sent, "Service"):
            for port in each.body["spec"].get("ports", ()):
                target = port.get("targetPort", port["port"])
                assert isinstance(target, int) or target in ordinary, each


@pytest.mark.parametrize("source", SOURCES)
def test_pods_with_a_role_come_after_its_association_and_after_what_refuses_them_until_it_takes_effect(
    source: str,
) -> None:
    """Of a pod that is there before, no restart makes one with credentials."""
    recording = recorded(source)
    made = {each.urn: each for each in recording.real()}
    for _, sent in by_cluster(source):
        guards = {str(each.name) for each in of_kind(sent, "ValidatingAdmissionPolicyBinding")}
        for each, pod in pods(sent):
            account = pod["spec"].get("serviceAccountName")
            guard = f"{each.namespace}.{account}"
            if account is None or guard not in guards:
                assert (each.namespace, account) not in _associated(recording)
                continue
            before = [made[urn] for urn in each.record.options.dependencies if urn in made]
            if account == "collector":
                continue  # its association is an Observability's, which asks no cluster
            kinds = {one.type.rpartition(":")[2] for one in before}
            assert {"PodIdentityAssociation", "ValidatingAdmissionPolicyBinding"} <= kinds, each


def _associated(recording: Recording) -> set[tuple[str, str]]:
    found = (each.inputs for each in recording.real() if each.type == aws.EKS_POD_IDENTITY_ASSOCIATION)
    return {(each["namespace"], each["serviceAccount"]) for each in found}
