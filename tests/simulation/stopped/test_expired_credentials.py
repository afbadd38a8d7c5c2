"""Credentials that end at any call of a failover: one error, nothing lost, and one promotion of each store in all."""

import pytest

from haven.runbooks.credentials import CredentialsError
from haven.runbooks.workflow.requests import Call
from tests.simulation.clock import Fault
from tests.simulation.stopped.runs import CASES, Case, Run


class Expiring(Run):
    """The first operator's credentials end at a call of a number; the second one has others."""

    def __init__(self, number: int, case: Case) -> None:
        self.number = number
        super().__init__([(0, "")], case)

    def _fault(self, owner: str, call: Call, now: float) -> Fault | None:
        super()._fault(owner, call, now)
        ended = owner == "op0" and self.numbers[owner] >= self.number
        return Fault("expired") if ended else None


@pytest.mark.parametrize("every", [31, pytest.param(1, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("name", ["unplanned", "planned", "way back"])
def test_credentials_that_end_at_any_call_are_one_error_and_the_next_operator_ends_it_with_one_promotion(
    name: str, every: int
) -> None:
    case = CASES[name]
    whole = Run([], case)
    promoting = {each: count for each, count in whole.effects.items() if each[0].startswith(("failover_", "switch"))}
    assert set(promoting.values()) == {1}
    errors = 0
    for number in range(1, whole.numbers["op0"] + 1, every):
        run = Expiring(number, case)
        (first,), (last,) = (each.outcome for each in run.machines)
        if isinstance(first, CredentialsError):  # else what was refused wasn't needed: the release of the lease
            assert "run the same command once more" in str(first)
            errors += 1
        assert last.state in ("done", "nothing to do"), (number, last)
        assert {each: run.effects[each] for each in promoting} == promoting, number
        assert run.final == whole.final, number
    assert errors > 0.9 * len(range(1, whole.numbers["op0"] + 1, every))
