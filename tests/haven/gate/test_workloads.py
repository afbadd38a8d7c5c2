"""Which changes of Kubernetes workloads the gate lets pass in a failover."""

import pytest

from haven.gate.findings import GateRule
from tests.haven.gate.change_sets import HERE, THERE, Made, Values, digest, rules
from tests.haven.gate.test_verdict import STASH


def _deployment(replicas: int | None, image: str = "a", host: str = "reader", unavailable: int = 0) -> Values:
    container = {"image": image, "env": [{"name": "PGHOST", "value": host}]}
    spec = {
        "strategy": {"rollingUpdate": {"maxUnavailable": unavailable}},
        "template": {"spec": {"containers": [container]}},
    }
    return {"spec": spec if replicas is None else {**spec, "replicas": replicas}}


SERVERS, JOB = "kubernetes:apps/v1:Deployment", "kubernetes:batch/v1:Job"
WORKLOADS: tuple[tuple[str, Made, bool], ...] = (
    ("scales up", Made(SERVERS, "update", _deployment(1), _deployment(3), THERE), True),
    ("scales down", Made(SERVERS, "update", _deployment(3), _deployment(1), THERE), False),
    ("gives nothing to an autoscaler", Made(SERVERS, "update", _deployment(0), _deployment(None), THERE), True),
    ("gives a count to an autoscaler", Made(SERVERS, "update", _deployment(2), _deployment(None), THERE), False),
    ("gets the writer's address", Made(SERVERS, "update", _deployment(1), _deployment(1, host="writer"), THERE), True),
    (
        "gets the writer's address, with fewer pods meanwhile",
        Made(SERVERS, "update", _deployment(1), _deployment(1, host="writer", unavailable=1), THERE),
        False,
    ),
    ("gets another image", Made(SERVERS, "update", _deployment(1), _deployment(1, image="b"), THERE), False),
    ("runs", Made(JOB, "update", {"spec": {"suspend": True}}, {"spec": {"suspend": False}}, THERE), True),
    ("is suspended", Made(JOB, "update", {"spec": {"suspend": False}}, {"spec": {"suspend": True}}, THERE), False),
    ("runs here", Made(JOB, "update", {"spec": {"suspend": True}}, {"spec": {"suspend": False}}, HERE), False),
)


@pytest.mark.parametrize(("what", "made", "passes"), WORKLOADS, ids=[row[0] for row in WORKLOADS])
def test_a_workload_may_begin_and_grow_in_a_failover_and_nothing_else(what: str, made: Made, passes: bool) -> None:
    """A count that is no longer declared falls to 1 before an autoscaler raises it, unless it was 0."""
    assert rules(digest(STASH, made)) == ([] if passes else [("it", GateRule.FAILOVER)])
