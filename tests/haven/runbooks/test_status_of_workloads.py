"""`haven status` of what runs on the clusters: what their APIs and the models' entrances answer, as readings."""

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from haven.runbooks.observation import ask_all
from haven.runbooks.status import workloads
from haven.runbooks.status.readings import Reading, State
from tests.simulation.model import P, R
from tests.simulation.operators import MANIFESTS

RIGHT = {"status": 200, "answer": "It is Paris.", "seconds": 0.4, "degraded": ""}


class Fake:
    """EKS, a cluster's API and the entrance of its model, of one Region."""

    def __init__(self, ready: int, answer: Mapping[str, Any] | Exception) -> None:
        self.ready, self._answer = ready, answer

    def describe_cluster(self, *, name: str) -> Any:
        return {"cluster": {"endpoint": f"https://{name}", "certificateAuthority": {"data": ""}}}

    def read(self, *, cluster: Any, path: str) -> Any:
        if self.ready < 0:
            raise ClientError({"Error": {"Code": "Forbidden"}}, f"GET {path}")
        return {"items": [{"metadata": {"name": "server"}, "spec": {}, "status": {"readyReplicas": self.ready}}]}

    def ask(self, **_: Any) -> Any:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def readings(primary: Fake, recovery: Fake) -> dict[tuple[str, str], Reading]:
    regions = {P: primary, R: recovery}
    answers = ask_all(workloads.questions(MANIFESTS[1], lambda _, region: regions[region]))
    return {(each.area, each.region): each for each in workloads.readings(MANIFESTS[1], answers, P)}


def test_the_written_region_has_full_scale_and_the_other_one_its_share() -> None:
    found = readings(Fake(3, RIGHT), Fake(1, RIGHT))
    assert {each.state for each in found.values()} == {State.OK}
    assert found["workloads", P].description == "1 Deployments have their replicas of full scale ready"
    assert found["inference", R].description == "chat answers 1 golden prompts right, the slowest in 0.4 s"


def test_what_is_not_ready_is_wrong_and_named() -> None:
    found = readings(Fake(2, RIGHT), Fake(0, RIGHT))
    assert [(found["workloads", each].state, found["workloads", each].description) for each in (P, R)] == [
        (State.WRONG, "at full scale: chat/server: 2 of 3 replicas ready"),
        (State.WRONG, "at standby scale: chat/server: 0 of 1 replicas ready"),
    ]


@pytest.mark.parametrize(
    ("answer", "state", "words"),
    [
        ({**RIGHT, "answer": "Rome."}, State.WRONG, "expected a match of '(?i)paris'"),
        ({**RIGHT, "degraded": "cached"}, State.WRONG, "answered by the fallback (cached)"),
        ({**RIGHT, "status": 503, "answer": ""}, State.WRONG, "status 503"),
        ({**RIGHT, "status": 0, "seconds": 5.0}, State.WRONG, "answered after 5.0 s, expected 5 s or less"),
        (OSError("its name can't be resolved"), State.UNKNOWN, "its name can't be resolved"),
    ],
)
def test_an_answer_that_is_wrong_late_or_not_to_be_had_is_reported(answer: Any, state: State, words: str) -> None:
    found = readings(Fake(3, answer), Fake(1, RIGHT))["inference", P]
    assert (found.state, words in found.description) == (state, True), found


def test_a_cluster_that_refuses_is_unknown() -> None:
    assert readings(Fake(-1, RIGHT), Fake(1, RIGHT))["workloads", P].state is State.UNKNOWN
