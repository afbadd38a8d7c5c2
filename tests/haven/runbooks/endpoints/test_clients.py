"""Tokens of clusters, and what the entrance of a model answers."""

import socket
import time
from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import NoCredentialsError

from haven.runbooks.endpoints.cluster import Cluster
from haven.runbooks.endpoints.inference import Entrance
from haven.runbooks.endpoints.kubernetes import KubernetesApi, token
from tests.haven.runbooks.endpoints.entrances import SECRET, Model, is_signed_for

QUESTION: Mapping[str, Any] = {"model": "chat", "prompt": "Capital of France?", "within": 0.5}


def session() -> boto3.Session:
    return boto3.Session(aws_access_key_id="test", aws_secret_access_key=SECRET)


def test_a_token_is_signed_for_one_cluster_and_asks_the_region_s_own_sts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_STS_REGIONAL_ENDPOINTS", "legacy")
    found = token(session(), "eu-central-1", "one")
    assert (is_signed_for(found, "one"), is_signed_for(found, "another")) == (True, False)


def test_without_credentials_there_is_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    without = session()
    monkeypatch.setattr(without, "get_credentials", lambda: None)
    with pytest.raises(NoCredentialsError):
        token(without, "eu-central-1", "one")


def test_a_cluster_without_a_certificate_is_no_api() -> None:
    api = KubernetesApi(session(), "eu-central-1", connecting=1, reading=1, attempts=1)
    with pytest.raises(OSError, match="gives no certificate for one at"):
        api.read(cluster=Cluster("one", "https://127.0.0.1:9", "?"), path="/")


def test_an_answer_of_any_kind_is_data() -> None:
    works = True
    with Model(lambda: works).served() as model:
        right = Entrance(connecting=1).ask(url=model.url, **QUESTION)
        works = False
        wrong = Entrance(connecting=1).ask(url=model.url, **QUESTION)
    assert (right["status"], right["answer"], right["degraded"]) == (200, "It is Paris.", "")
    assert wrong["status"] == 503


def test_one_that_comes_too_late_is_data_too_and_no_connection_is_an_error() -> None:
    def slowly() -> bool:
        time.sleep(1)
        return True

    with Model(slowly).served() as slow:
        assert Entrance(connecting=1).ask(url=slow.url, **QUESTION)["status"] == 0
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(OSError, match="no connection"):
            Entrance(connecting=1).ask(url=f"http://127.0.0.1:{closed.getsockname()[1]}/v1", **QUESTION)


def test_a_name_has_its_addresses() -> None:
    assert Entrance(connecting=1).resolve(host="127.0.0.1") == {"addresses": ["127.0.0.1"]}
