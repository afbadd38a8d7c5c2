"""Tokens of clusters, and what the entrance of a model answers."""

import base64
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import NoCredentialsError

from haven.runbooks.endpoints.cluster import Cluster
from haven.runbooks.endpoints.inference import Entrance
from haven.runbooks.endpoints.kubernetes import KubernetesApi, token
from tests.haven.runbooks.endpoints.entrances import SECRET, Model, is_signed_for, trickling

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


def before(seconds: float, ask: Callable[[], Any]) -> Any:
    """What a question brings, which has to end before others lose patience."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(ask())
        except OSError as error:
            found.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    assert found, "it still waits"
    return found[0]


def test_an_answer_that_trickles_is_too_late_after_its_time() -> None:
    with trickling(b" ", every=0.1) as url:
        found = before(10, lambda: Entrance(connecting=1).ask(url=url, **QUESTION))
    assert (found["status"], found["answer"]) == (0, "")


def test_an_answer_without_end_is_cut_and_named() -> None:
    with trickling(b"Paris " * 20000, every=0) as url:
        found = before(60, lambda: Entrance(connecting=1).ask(url=url, **{**QUESTION, "within": 50}))
    assert found["answer"] == "(an answer of more than 1 MiB)"


def test_a_kubernetes_api_that_trickles_or_never_ends_is_given_up() -> None:
    api = KubernetesApi(session(), "eu-central-1", connecting=1, reading=0.5, attempts=2)
    patient = KubernetesApi(session(), "eu-central-1", connecting=1, reading=50, attempts=1)
    certificate = base64.b64encode(b"of nobody").decode()
    with trickling(b" ", every=0.1) as url:
        found = before(20, lambda: api.read(cluster=Cluster("one", url, certificate), path="/"))
    assert isinstance(found, OSError)
    assert "no answer in time" in str(found)
    with trickling(b" " * (8 << 20), every=0) as url:
        found = before(60, lambda: patient.read(cluster=Cluster("one", url, certificate), path="/"))
    assert isinstance(found, OSError)
    assert "gives an answer of more than 64 MiB" in str(found)


def test_a_name_whose_resolver_is_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers.wait(60))
    found = before(10, lambda: Entrance(connecting=0.5).resolve(host="inference.example.com"))
    answers.set()
    assert isinstance(found, OSError)
    assert "wasn't resolved within 0.5 s" in str(found)


def test_a_name_has_its_addresses() -> None:
    assert Entrance(connecting=1).resolve(host="127.0.0.1") == {"addresses": ["127.0.0.1"]}
