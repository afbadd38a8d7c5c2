"""Data loss: for each store, the age of the oldest acknowledged write that an unplanned failover may miss.

For a replicated store that is its replication lag, plus the age of the sample in which the lag was last seen. For a
store that is restored from a backup it is the backups' interval, their start window, the job and its copy. Aurora and
the cache replicate in order, so the figure bounds what is lost; S3 and DynamoDB don't across keys, so there it is an
estimate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from haven.model.durations.distributions import Fixed, Uniform
from haven.model.durations.graph import Basis, Node, Step, parallel, serial
from haven.model.durations.terms import Terms

if TYPE_CHECKING:
    from haven.model.durations.simulation import Simulation, Summary

_METRICS = Basis("documented", ("Amazon CloudWatch user guide, metrics concepts (2026-11-21)",))
_BACKUPS = Basis("documented", ("AWS Backup developer guide, backup plan options (2026-11-21)",))

_STATED = Basis("assumed", ("assumption: haven:backups.assumedJobMinutes and assumedCopyMinutes of the stack file",))


@dataclass(frozen=True)
class ReplicatedStore:
    """A store that is replicated into the recovery Region."""

    name: str
    lag: str
    """Its term in the data: `lag_database`, `lag_cache`, `lag_tables`, `lag_objects_timed`, `lag_objects`."""
    sample_seconds: float = 60
    """Interval in which the lag is sampled."""
    ordered: bool = True
    """Whether it replicates in the order of the writes: then its lag bounds the loss."""


@dataclass(frozen=True)
class BackedUpStore:
    """A store of which the recovery Region has copied backups alone."""

    name: str
    interval_seconds: float
    start_window_seconds: float
    job_and_copy_seconds: float | None = None
    """What the stack file states that they take. None: it states nothing, and the data's assumption is used."""


@dataclass(frozen=True)
class EmptyStore:
    """A store that is created empty: everything in it is lost, and it isn't counted in the overall figure."""

    name: str


LossInput = ReplicatedStore | BackedUpStore | EmptyStore


@dataclass(frozen=True)
class Loss:
    """What one store may lose, in seconds of writes."""

    name: str
    age: "Summary | None"
    """None: the store starts empty."""
    bound: bool
    """Whether it bounds the loss; otherwise it is an estimate."""
    basis: Basis | None


@dataclass(frozen=True)
class DataLoss:
    """What an environment may lose."""

    stores: Sequence[Loss]
    overall: "Summary | None"
    """That of the store that loses the most, draw by draw; None without a store that keeps anything."""


def lost(stores: Sequence[LossInput], simulation: "Simulation", terms: Terms | None = None) -> DataLoss:
    """What the stores of an environment may lose.

    Args:
        stores: each with what decides its loss.
        simulation: whose draws are used.
        terms: the fitted terms. Omitted: all of the data.
    """
    known = terms or Terms()
    aged: Mapping[str, Node] = {each.name: age(each, known) for each in stores if not isinstance(each, EmptyStore)}
    overall = simulation.summary(parallel(*aged.values())) if aged else None
    return DataLoss([_loss(each, simulation, known) for each in stores], overall)


def age(store: ReplicatedStore | BackedUpStore, terms: Terms) -> Node:
    """The terms of one store's loss."""
    if isinstance(store, ReplicatedStore):
        lag = terms[store.lag]
        return serial(
            Step(f"lag {store.lag}", lag.duration, lag.basis),
            Step(f"sample {store.sample_seconds:g}", Uniform(0, store.sample_seconds), _METRICS),
        )
    return serial(
        Step("backup interval", Uniform(0, store.interval_seconds), _BACKUPS),
        Step("backup start window", Uniform(0, store.start_window_seconds), _BACKUPS),
        _job_and_copy(store, terms),
    )


def _job_and_copy(store: BackedUpStore, terms: Terms) -> Step:
    if store.job_and_copy_seconds is None:
        fitted = terms["backup_job_and_copy"]
        return Step("backup job and copy", fitted.duration, fitted.basis)
    return Step("backup job and copy", Fixed(store.job_and_copy_seconds), _STATED)


def _loss(store: LossInput, simulation: "Simulation", terms: Terms) -> Loss:
    if isinstance(store, EmptyStore):
        return Loss(store.name, None, bound=True, basis=None)
    ordered = isinstance(store, BackedUpStore) or store.ordered
    basis = terms[store.lag].basis if isinstance(store, ReplicatedStore) else _job_and_copy(store, terms).basis
    return Loss(store.name, simulation.summary(age(store, terms)), bound=ordered, basis=basis)
