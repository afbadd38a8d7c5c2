"""The objective's edge in a failover: of every kind of store a millisecond decides, in the run that promotes."""

import json
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from haven.runbooks.failover.decision import Request
from haven.runbooks.failover.loss import ALLOWANCE_SECONDS
from haven.runbooks.manifest import parse
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Answer, Call
from tests.simulation.clock import EPOCH, Simulation
from tests.simulation.model import INTERVAL, Model, R, _dated
from tests.simulation.operators import RPO_MINUTES, machine, manifest_document, start

STORES = {"database": True, "cache#0": True, "cache#1": True, "bucket:models": False, "table:sessions": False}
"""Store or shard to whether it is ordered; what has no order is an estimate."""


OBSERVED_AND_JUDGED = 2
"""Looks at heartbeats before a promotion looks once more."""


class AtTheEdge(Model):
    """AWS where what may be lost of one store is the objective, and some milliseconds, whenever it is asked; of the
    others it is little."""

    def __init__(self, store: str, over_ms: int, judged: int) -> None:
        super().__init__()
        self.store, self.over_ms, self.judged = store, over_ms, judged
        self.asked = 0

    def _heartbeats(self, call: Call, now: float) -> Answer | None:
        if super()._heartbeats(call, now) is None:
            return None
        self.asked += 1
        header = _dated(int(EPOCH + now))["HTTPHeaders"]["date"]
        latest = parsedate_to_datetime(header).timestamp() + 1  # it is in whole seconds
        until = (latest + ALLOWANCE_SECONDS) * 1000
        over = self.over_ms if self.asked > self.judged else -1
        edge = until + INTERVAL * 1000 - RPO_MINUTES * 60_000 - over
        return {"Items": [self._beat(each, edge if each == self.store else edge + 60_000, now) for each in STORES]}

    @staticmethod
    def _beat(store: str, newest_ms: float, now: float) -> Mapping[str, Any]:
        given = {"newest": {"N": repr(newest_ms)}, "seen": {"N": repr((EPOCH + now) * 1000)}}
        return {"entry": {"S": store}, "interval": {"N": "10000"}, **given}


def failed_over(store: str, over_ms: int, judged: int = 0) -> tuple[Report, AtTheEdge]:
    """What comes of a failover from a Region that is lost; the edge is reached after so many looks at heartbeats."""
    document = json.loads(json.dumps(manifest_document()))
    document["operations"]["heartbeats"]["stores"] = STORES
    model = AtTheEdge(store, over_ms, judged)
    model.at(100, model.kill)
    simulation = Simulation(model)
    made = machine(simulation, "a", manifest=parse(json.dumps(document), "a test"))
    start(simulation, made, Request(planned=False, force="the provider confirms the loss"), 400)
    simulation.run()
    simulation.abandon()
    (report,) = made.outcome
    assert isinstance(report, Report), report
    return report, model


@pytest.mark.parametrize("over_ms", [-1, 0, 1])
@pytest.mark.parametrize("store", STORES)
def test_a_millisecond_above_the_objective_of_any_kind_of_store_promotes_nothing(store: str, over_ms: int) -> None:
    report, model = failed_over(store, over_ms)
    promotions = [what for _, _, what, _ in model.effects if what.startswith("failover_")]
    assert model.asked >= OBSERVED_AND_JUDGED
    if over_ms > 0:
        assert (report.state, promotions) == (State.UNDONE, []), report
        kind = "a bound" if STORES[store] else "an estimate"
        assert f"{store}: up to 300.0 s may be lost ({kind}), above the objective" in "; ".join(report.why)
    else:
        assert (report.state, len(promotions)) == (State.DONE, 2), report
        assert model.regions[R].writer == {"database": True, "cache": True}


@pytest.mark.parametrize("over_ms", [0, 1])
@pytest.mark.parametrize(("store", "call"), [
    ("database", "failover_global_cluster"),
    ("cache#0", "failover_global_replication_group"),
    ("cache#1", "failover_global_replication_group"),
])  # fmt: skip
def test_a_millisecond_that_passes_between_the_judgement_and_the_promotion_keeps_that_store_from_it(
    store: str, call: str, over_ms: int
) -> None:
    report, model = failed_over(store, over_ms, OBSERVED_AND_JUDGED)
    assert report.endings["judge-loss"] == "done"
    promoted = call in [what for _, _, what, _ in model.effects]
    assert promoted is (over_ms == 0), report
