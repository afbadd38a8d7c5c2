"""AWS in the Region that is left answers, and doesn't let this machine ask: that is no silence, and it is fenced."""

import pytest

from haven.runbooks.failover.decision import Fence, Request, Seen
from haven.runbooks.failover.judging import Preview
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Call, RefusedError
from tests.simulation.clock import Simulation
from tests.simulation.model import Model, P, R
from tests.simulation.operators import PATIENT, machine, start
from tests.simulation.regions import Region

DENIED = "AccessDenied: not authorized to perform: rds:DescribeDBClusters"


def denied(monkeypatch: pytest.MonkeyPatch) -> Simulation:
    """AWS whose P is read-only and cut off, and tells this machine nothing of its database."""
    asked = Model._describe_db_clusters

    def refused(self: Model, call: Call, region: Region) -> object:
        if call.region == P:
            raise RefusedError(*DENIED.split(": ", 1))
        return asked(self, call, region)

    monkeypatch.setattr(Model, "_describe_db_clusters", refused)
    model = Model()
    model.at(50, model.cut)
    return Simulation(model)


@pytest.mark.parametrize("planned", [True, False])
def test_a_question_that_is_denied_is_named_with_its_fix_and_is_no_silence(
    planned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulation = denied(monkeypatch)
    made = machine(simulation, "a", manifest=PATIENT[1])
    shown: list[Preview] = []
    simulation.run(until=150)
    simulation.now = 150
    simulation.start("a", made.operator.preview(Request(planned)), shown.append)
    simulation.run()
    (found,) = shown
    assert isinstance(found, Preview)
    assert found.observation.seen is Seen.UNKNOWN
    assert found.decision.fence is Fence.CONFIRMED
    (detail,) = [each.detail for each in found.observation.witnesses if each.name == "this machine"]
    assert detail == f"{DENIED}: take the operator's role (haven-STACK-operator), or allow it"
    assert found.decision.allowed is not planned


def test_the_old_writer_is_closed_where_the_question_is_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    simulation = denied(monkeypatch)
    made = machine(simulation, "a", manifest=PATIENT[1])
    start(simulation, made, Request(planned=False), 150)
    simulation.run()
    report = made.outcome[0]
    assert isinstance(report, Report)
    assert (report.state, report.divergence) == (State.DONE, "")
    model = simulation._aws
    assert isinstance(model, Model)
    assert (model.regions[P].closed, model.regions[R].writer["database"]) == ({1, 2}, True)
    assert set(model.both_open.values()) == {0.0}
