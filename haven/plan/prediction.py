"""What the models predict for one environment, beside its objectives. Imports numpy: import it where it is used."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from haven.model.availability import (
    Availability,
    ServiceLevels,
    availability,
    drill_success,
    minutes_down,
    service_levels,
)
from haven.model.catalog import Catalog
from haven.model.data_loss import DataLoss, Loss, lost
from haven.model.drills import DrillRecord, records
from haven.model.drills import outcomes as drill_outcomes
from haven.model.durations.graph import Basis, Step, steps
from haven.model.durations.simulation import DRAWS, SEED, Effect, Simulation, Summary
from haven.model.outages import outage_model
from haven.model.prices import PriceBook
from haven.model.recovery_time import Prediction, SystemPrediction, graphs, predict
from haven.plan import costs as plan_costs
from haven.plan import gpu_capacity
from haven.plan.costs import Costs, Remedy, costs, remedies
from haven.plan.difference import RecordingDiff
from haven.plan.gpu_capacity import GpuNeed, gpu_needs
from haven.plan.model_inputs import ModelInputs, model_inputs
from haven.plan.stated import Stated
from haven.program.recording import Recording


@dataclass(frozen=True)
class Outcome:
    """One objective, compared with what is predicted."""

    objective: str
    """`rtoMinutes`, `rpoMinutes` or `availabilityPercent`."""
    wanted: float
    predicted: float
    """p95 of the time, or the expected availability."""
    margin_minutes: float
    """What is left; negative: by how much it is missed. For availability: of the year's error budget."""

    @property
    def met(self) -> bool:
        """Whether the prediction is within the objective."""
        return self.margin_minutes >= 0


@dataclass(frozen=True)
class Predicted:
    """What is predicted for one environment."""

    inputs: ModelInputs
    recovery: Prediction
    steps: Sequence[Step]
    loss: DataLoss
    availability: Availability
    outcomes: Sequence[Outcome]
    costs: Costs
    capacity: Sequence[GpuNeed]
    drills: Sequence[DrillRecord]
    """Records of the stack in this tier, the newest first."""
    drilled: tuple[int, int]
    """How many failovers on AWS worked in any tier, and how many there were."""
    resources: Mapping[str, int]
    """Region -> how many resources are in it; empty: in none."""
    remedies: Mapping[str, Remedy]
    """Term -> what shortening it costs."""

    @property
    def missed(self) -> Sequence[Outcome]:
        """The objectives that are missed."""
        return [each for each in self.outcomes if not each.met]

    @property
    def levels(self) -> ServiceLevels:
        """The availability objective beside what AWS agrees to and what is predicted."""
        wanted = {each.objective: each.wanted for each in self.outcomes}
        return service_levels(self.availability, wanted.get("availabilityPercent"))


@dataclass(frozen=True)
class TierPrediction:
    """One tier of a stack."""

    tier: str
    recording: Recording
    predicted: Predicted
    notes: Sequence[str]
    """What besides the tier had to differ from the stack file."""
    move: RecordingDiff | None = None
    """What changes on the way there from the stack's own tier. None: it is the stack's own."""


def predict_environment(
    recording: Recording,
    objectives: Mapping[str, float] | None = None,
    project: Path | None = None,
    stated: Stated | None = None,
) -> Predicted:
    """What the models predict.

    Args:
        recording: of an environment.
        objectives: what it is compared with. Omitted: the recording's own.
        project: whose `data/prices.csv` has prices, and whose `drills/` has records. Omitted: the shipped prices.
        stated: what the stack file states beside the recording. Omitted: sizes and use are assumed.

    Raises:
        Problems: a record in `drills/` isn't of the form.
    """
    every_tier = records(project, recording.stack)
    inputs, simulation, book = model_inputs(recording, stated), Simulation(), PriceBook(project)
    made = graphs(inputs.recovery)
    recovery, loss = predict(made, simulation), lost(inputs.stores, simulation)
    available = expected_availability(inputs, recovery.environment, every_tier)
    wanted = recording.outputs.get("objectives", {}) if objectives is None else objectives
    every_step = {each.name: each for each in steps(made.full)}
    return Predicted(
        inputs,
        recovery,
        list(every_step.values()),
        loss,
        available,
        outcomes(wanted, recovery.environment, loss.overall, available),
        costs(recording, book, stated),
        gpu_needs(recording, inputs, wanted.get("rtoMinutes"), Catalog(project)),
        [each for each in every_tier if each.tier == inputs.tier],
        drill_outcomes(every_tier),
        Counter(each.region or "" for each in recording.real()),
        remedies(recording, inputs.recovery, book),
    )


def expected_availability(inputs: ModelInputs, rto: Summary, drills: Sequence[DrillRecord]) -> Availability:
    """The availability of an environment.

    Args:
        inputs: of its models.
        rto: recovery time of the environment.
        drills: its stack's records in every tier, which say how many failovers work.
    """
    works = drill_success(*drill_outcomes(drills))
    return availability(inputs.services, outage_model(inputs.active), rto.mean / 60, works)


def outcomes(wanted: Mapping[str, float], rto: Summary, rpo: Summary | None, available: Availability) -> list[Outcome]:
    """Each objective beside what is predicted, in the order RTO, RPO, availability.

    Args:
        wanted: the objectives; those left out are not compared.
        rto: recovery time of the environment.
        rpo: data loss of the environment; None without a store that keeps anything.
        available: its availability.
    """
    compared = []
    if "rtoMinutes" in wanted:
        compared.append(_in_minutes("rtoMinutes", wanted["rtoMinutes"], rto))
    if "rpoMinutes" in wanted and rpo:
        compared.append(_in_minutes("rpoMinutes", wanted["rpoMinutes"], rpo))
    if "availabilityPercent" in wanted:
        percent = wanted["availabilityPercent"]
        left = minutes_down(percent) - available.downtime_minutes
        compared.append(Outcome("availabilityPercent", percent, available.expected_percent, left))
    return compared


def _in_minutes(objective: str, wanted: float, summary: Summary) -> Outcome:
    return Outcome(objective, wanted, summary.p95 / 60, wanted - summary.p95 / 60)


def as_json(predicted: Predicted) -> dict[str, Any]:
    """The prediction as JSON; times in seconds, downtime in minutes a year.

    - `recoveryTime`: `environment`, `inference`, `writes`, `full` -> `mean`, `p50`, `p95`, `p99`; `closedFormMean` of
      `environment`, null where there is none; `terms`: each with its share of the whole, its basis and its sources, the
      one to shorten first at the top; `schedule`: term -> median start and end; `systems`: each system with its `kind`
      and `tier`, the same figures, its `terms` by name in the order of the runbook, and the one to shorten first.
    - `dataLoss`: `overall`, and each store's.
    - `availability`: expected from losses of the active Region, with its inputs; the SLAs' sum; the error budget.
    - `gpuCapacity`: each GPU group of the standby Region: what it must get, its quota, its types and zones.
    - `cost`: USD a month at list prices.
    - `drills`: the stack's records in this tier, as they are in `drills/`, the newest first.
    - `resources`: how many, and how many in each Region.
    - `objectives`: each with what is predicted, and what is left of it.
    """
    recovery = predicted.recovery
    return {
        "draws": DRAWS,
        "seed": SEED,
        "recoveryTime": {
            **{
                name: _summary(each)
                for name, each in (
                    ("environment", recovery.environment),
                    ("inference", recovery.inference),
                    ("writes", recovery.writes),
                    ("full", recovery.full),
                )
            },
            "closedFormMean": _rounded(recovery.closed_form_mean),
            "terms": [_effect(each, predicted.remedies) for each in recovery.effects],
            "schedule": {
                name: {"start": _rounded(start), "end": _rounded(end)}
                for name, (start, end) in sorted(recovery.schedule.items())
            },
            "systems": {each.system.name: _system(each) for each in recovery.systems},
        },
        "dataLoss": {
            "overall": _summary(predicted.loss.overall),
            "stores": [_store(each) for each in predicted.loss.stores],
        },
        "availability": {**_availability(predicted.availability), **_levels(predicted.levels)},
        "gpuCapacity": [gpu_capacity.as_json(each) for each in predicted.capacity],
        "cost": plan_costs.as_json(predicted.costs),
        "drills": [each.model_dump(mode="json", by_alias=True) for each in predicted.drills],
        "resources": {
            "total": sum(predicted.resources.values()),
            "regions": {region: count for region, count in sorted(predicted.resources.items()) if region},
        },
        "objectives": [
            {
                "objective": each.objective,
                "wanted": each.wanted,
                "predicted": round(each.predicted, 5),
                "met": each.met,
                "marginMinutes": _rounded(each.margin_minutes),
            }
            for each in predicted.outcomes
        ],
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _summary(summary: Summary | None) -> dict[str, float | None] | None:
    return {name: _rounded(each) for name, each in vars(summary).items()} if summary else None


def _basis(basis: Basis | None) -> dict[str, Any]:
    return {"basis": basis.kind if basis else None, "sources": list(basis.sources) if basis else []}


def _effect(effect: Effect, remedies: Mapping[str, Remedy]) -> dict[str, Any]:
    remedy = remedies.get(effect.step.name)
    return {
        "name": effect.step.name,
        "p50": _rounded(effect.p50),
        "p95": _rounded(effect.p95),
        "medianAtItsP5": _rounded(effect.low),
        "medianAtItsP95": _rounded(effect.high),
        "p95Saved": _rounded(effect.saves),
        "shorten": effect.step.shorten or None,
        "shortenUsdAMonth": None if remedy is None or remedy.monthly is None else round(remedy.monthly, 2),
        "shortenCosts": remedy.words if remedy else None,
        **_basis(effect.step.basis),
    }


def _system(made: SystemPrediction) -> dict[str, Any]:
    return {
        "kind": made.system.kind,
        "tier": made.system.tier,
        "afterTheOthers": made.system.later,
        **{name: _rounded(each) for name, each in vars(made.summary).items()},
        "terms": [each.name for each in made.steps],
        "shortenFirst": made.slowest.name if made.slowest else None,
        "p95Saved": _rounded(made.saves),
    }


def _store(loss: Loss) -> dict[str, Any]:
    return {"name": loss.name, "age": _summary(loss.age), "bound": loss.bound, **_basis(loss.basis)}


def _availability(made: Availability) -> dict[str, Any]:
    return {
        "expectedPercent": round(made.expected_percent, 5),
        "downtimeMinutes": _rounded(made.downtime_minutes),
        "downtimeMinutesLow": _rounded(made.downtime_low),
        "downtimeMinutesHigh": _rounded(made.downtime_high),
        "downtimeMinutesIndependent": _rounded(made.independent_minutes),
        "downtimeMinutesWithoutFailover": _rounded(made.without_failover_minutes),
        "slaPercent": round(made.sla_percent, 4),
        "slaTwoRegionsPercent": round(made.sla_two_regions_percent, 6),
        "services": list(made.services),
        "failoverWorks": made.success,
        "beta": made.beta,
        "assumption": made.why,
    }


def _levels(made: ServiceLevels) -> dict[str, Any]:
    return {
        "independentPercent": round(made.independent, 5),
        "errorBudgetMinutes": _rounded(made.budget_minutes),
        "errorBudgetSpentPercent": _rounded(made.spent_percent),
        "slaCoversObjective": None if made.objective is None else made.covered,
    }
