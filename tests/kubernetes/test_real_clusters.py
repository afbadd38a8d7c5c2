"""What the API server takes and a real cluster's programs stumble over."""

from collections.abc import Mapping
from typing import Any

import pytest

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
