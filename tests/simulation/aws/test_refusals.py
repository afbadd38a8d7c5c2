"""How many refusals end a step, what they are counted over, and that AWS's words reach whoever has to act."""

from collections.abc import Callable

import pytest
from botocore.retries.standard import ThrottledRetryableChecker

from haven.runbooks.failover.decision import Request
from haven.runbooks.workflow.engine import BUSY, THROTTLED
from haven.runbooks.workflow.report import Report, State
from haven.runbooks.workflow.requests import Answer, Call, RefusedError
from tests.simulation.clock import Simulation
from tests.simulation.model import Model, R
from tests.simulation.operators import PATIENT, machine, start

DENIED = "User: arn:aws:sts::111122223333:assumed-role/o/me is not authorized to perform: rds:FailoverGlobalCluster"


class Refusing(Model):
    """AWS that refuses the calls that somebody chooses."""

    def __init__(self, refuses: Callable[["Refusing", Call], RefusedError | None]) -> None:
        super().__init__()
        self.refuses, self.refused = refuses, 0

    @property
    def promoted(self) -> bool:
        """Whether the point of no return is behind."""
        return any(what.startswith(("failover_global", "switchover")) for _, _, what, _ in self.effects)

    def answer(self, call: Call, now: float, owner: str) -> Answer:
        if (error := self.refuses(self, call)) is not None:
            self.refused += 1
            raise error
        return super().answer(call, now, owner)


def failed_over(model: Model, *, planned: bool = False) -> Report:
    """How one failover to R ends."""
    simulation = Simulation(model)
    if not planned:
        model.at(100, model.kill)
    made = machine(simulation, "a", manifest=PATIENT[1])
    start(simulation, made, Request(planned), 150)
    simulation.run()
    report = made.outcome[0]
    assert isinstance(report, Report)
    return report


def test_what_botocore_takes_for_throttling_is_asked_for_again_and_what_a_quota_refuses_is_not() -> None:
    of_botocore = set(ThrottledRetryableChecker._THROTTLED_ERROR_CODES)
    assert of_botocore - THROTTLED == {"LimitExceededException"}
    assert THROTTLED - of_botocore == {"TooManyUpdates"}
    assert THROTTLED <= BUSY


@pytest.mark.parametrize("code", sorted(THROTTLED))
def test_applications_may_write_again_however_often_the_call_is_throttled_after_the_promotion(code: str) -> None:
    def refuses(model: Refusing, call: Call) -> RefusedError | None:
        is_last = call.operation == "put_parameter" and call.arguments["Value"] == "read-write"
        return RefusedError(code, "slow down") if is_last and model.promoted and model.refused < 5 else None

    model = Refusing(refuses)
    report = failed_over(model)
    assert (report.state, model.refused, model.regions[R].mode) == (State.DONE, 5, "read-write"), report


def test_single_refusals_between_answers_do_not_end_a_step() -> None:
    asked = [0]

    def refuses(model: Refusing, call: Call) -> RefusedError | None:
        if (call.region, call.operation) != (R, "describe_target_health") or model.refused > 5:
            return None
        asked[0] += 1
        return RefusedError("ValidationError", "a moment") if asked[0] % 2 else None

    class Slow(Refusing):
        def answer(self, call: Call, now: float, owner: str) -> Answer:
            found = super().answer(call, now, owner)
            unhealthy = call.operation == "describe_target_health" and self.refused < 6
            return {"TargetHealthDescriptions": []} if unhealthy else found

    model = Slow(refuses)
    report = failed_over(model)
    assert (report.state, model.refused) == (State.DONE, 6), report


@pytest.mark.parametrize("planned", [False, True])
def test_a_node_group_is_scaled_once_its_cluster_is_updated_and_another_service_s_same_code_is_no_reason_to_wait(
    planned: bool,
) -> None:
    asked = {"update_nodegroup_config": 0, "failover_global_replication_group": 0}

    def refuses(_: Refusing, call: Call) -> RefusedError | None:
        if call.operation not in asked:
            return None
        asked[call.operation] += 1
        is_cache = call.operation.startswith("failover")
        return RefusedError("InvalidRequestException", "its state") if is_cache or asked[call.operation] < 8 else None

    report = failed_over(Refusing(refuses), planned=planned)
    scaled = {name: ending for name, ending in report.endings.items() if name.startswith(("scale:", "rest:"))}
    assert set(scaled.values()) == {"done"}, scaled
    assert asked["update_nodegroup_config"] == 8 + planned
    assert (asked["failover_global_replication_group"], report.endings["promote-cache"]) == (3, "failed")


def test_a_call_that_is_refused_for_good_is_made_three_times_and_its_reason_is_named() -> None:
    def refuses(_: Refusing, call: Call) -> RefusedError | None:
        return RefusedError("AccessDenied", DENIED) if call.operation == "failover_global_cluster" else None

    model = Refusing(refuses)
    report = failed_over(model)
    assert (report.state, model.refused) == (State.INCOMPLETE, 3), report
    found = [each for each in report.why if "promote-database" in each]
    assert found == [f"promote-database: rds:failover_global_cluster in {R} is refused: AccessDenied: {DENIED}"]


def test_a_look_that_is_refused_three_times_in_a_row_ends_its_step() -> None:
    def refuses(_: Refusing, call: Call) -> RefusedError | None:
        wanted = (call.region, call.operation) == (R, "describe_target_health")
        return RefusedError("AccessDenied", "no") if wanted else None

    model = Refusing(refuses)
    report = failed_over(model, planned=True)
    assert (report.state, model.refused) == (State.INCOMPLETE, 3), report
    assert "await-serving: AccessDenied: no" in report.why
