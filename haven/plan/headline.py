"""The figures by which two versions of an environment are compared: RTO, RPO, cost, availability.

Imports numpy: import it where it is used.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from haven.model.availability import Availability
from haven.model.data_loss import DataLoss, LossInput, lost
from haven.model.drills import records
from haven.model.durations.simulation import Simulation, Summary
from haven.model.prices import PriceBook
from haven.model.recovery_time import RecoveryInputs, graphs
from haven.plan.costs import Costs, costs
from haven.plan.model_inputs import model_inputs
from haven.plan.prediction import Outcome, expected_availability, outcomes
from haven.plan.stated import Stated
from haven.program.recording import Recording


@dataclass(frozen=True)
class Headline:
    """What the models predict for one environment, without the terms behind it."""

    rto: Summary
    rpo: Summary | None
    """None without a store that keeps anything."""
    costs: Costs
    availability: Availability
    outcomes: Sequence[Outcome]
    """Each objective of the environment, in the order RTO, RPO, availability."""

    @property
    def missed(self) -> Sequence[Outcome]:
        """The objectives that are missed."""
        return [each for each in self.outcomes if not each.met]


def headline(recording: Recording, project: Path | None = None, stated: Stated | None = None) -> Headline:
    """The headline of an environment, compared with its own objectives.

    Args:
        recording: of an environment.
        project: whose `data/prices.csv` has prices. Omitted: the shipped ones.
        stated: what the stack file states beside the recording. Omitted: sizes and use are assumed.
    """
    found = records(project, recording.stack)
    inputs = model_inputs(recording, stated)
    rto, loss = _times(inputs.recovery, tuple(inputs.stores))
    made = expected_availability(inputs, rto, found)
    wanted: Mapping[str, Any] = recording.outputs.get("objectives", {})
    return Headline(
        rto, loss.overall, costs(recording, PriceBook(project), stated), made, outcomes(wanted, rto, loss.overall, made)
    )


@cache
def _times(recovery: RecoveryInputs, stores: tuple[LossInput, ...]) -> tuple[Summary, DataLoss]:
    """Of equal inputs once: most stacks of a project, and most changes of one, have the same."""
    simulation = Simulation()
    return simulation.summary(graphs(recovery).environment), lost(stores, simulation)
