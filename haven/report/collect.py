"""Collects a report from recordings and predictions: each figure with where it comes from."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from haven.model.availability import SLAS
from haven.plan.difference_text import counts, lost_for_good
from haven.plan.gpu_capacity import sentence
from haven.plan.prediction_text import certainty, drill_cells, levels, shorten_first, verdict_on_slas, wanted
from haven.plan.summary import Plan
from haven.plan.text import OBJECTIVE_NAMES, minutes, replicas
from haven.report.collect_costs import collect_break_even, collect_cost, collect_with_outages, prices_of
from haven.report.document import (
    Bar,
    Move,
    Named,
    ObjectiveRow,
    PolicyPart,
    Report,
    ResidencyRow,
    Result,
    SystemRow,
    TierPart,
    TopologyPart,
    Violation,
)
from haven.report.figures import Figure, Kind, Source, Sources, Statement
from haven.report.topology import topology

if TYPE_CHECKING:
    from haven.model.data_loss import Loss
    from haven.model.durations.graph import Basis, Step
    from haven.model.durations.simulation import Effect, Summary
    from haven.plan.prediction import Outcome, Predicted, TierPrediction


@dataclass(frozen=True)
class Common:
    """Sources that many figures share."""

    sources: Sources
    program: Source
    stack_file: Source
    model: Source
    assumed: Source

    @property
    def rests(self) -> Sequence[Source]:
        """What a figure rests on that is computed from predictions and costs."""
        prices = self.sources.add(Kind.PUBLISHED, "the price lists of the costs below, each with its date")
        return [self.model, self.assumed, self.program, prices]

    def of(self, basis: "Basis | None") -> Sequence[Source]:
        """The sources of a term."""
        if basis is None:
            return [self.program]
        sources = [self._one(each) for each in basis.sources]
        marked = basis.kind != "assumed" or any(each.kind is Kind.ASSUMPTION for each in sources)
        return sources if marked else [*sources, self.assumed]

    def _one(self, text: str) -> Source:
        plain = text.removeprefix("assumption: ")
        return self.sources.add(Kind.PUBLISHED if plain == text else Kind.ASSUMPTION, plain)

    def predicted(self, value: float, text: str) -> Figure:
        """A result of the models, which all rest on an assumption or more."""
        return Figure(value, text, [self.model, self.assumed])


def _common() -> Common:
    from haven.model.durations.simulation import DRAWS, SEED  # noqa: PLC0415  imports numpy

    sources = Sources()
    return Common(
        sources,
        sources.add(Kind.PROGRAM, "counted in what the stack's program declares"),
        sources.add(Kind.STACK_FILE, "the stack file"),
        sources.add(
            Kind.MODEL,
            f"computed from the terms of the timeline: {DRAWS} draws by Latin hypercube, seed {SEED}; formulas in "
            "docs/recovery-models.md",
        ),
        sources.add(Kind.ASSUMPTION, "some of the terms or inputs behind it have no source; they are marked below"),
    )


def collect(
    plan: Plan,
    tiers: "Sequence[TierPrediction]",
    residency: Sequence[ResidencyRow],
    verdict: Mapping[str, Any] | None,
    today: date,
) -> Report:
    """The report of an environment.

    Args:
        plan: of the stack's own tier.
        tiers: all that are to be in it, from the least to the most; the stack's own is one of them.
        residency: where the data of each store is.
        verdict: the policy pack's, as JSON. None: it was not asked.
        today: the day of the plan.
    """
    common = _common()
    made = [_tier(each, common, today, own=each.tier == plan.tier) for each in tiers]
    clock = common.sources.add(Kind.PROGRAM, "the day on which the plan was made, UTC")
    return Report(
        stack=plan.stack,
        tier=plan.tier,
        active=plan.active,
        regions=[each.region for each in plan.regions],
        planned=Statement(today.isoformat(), [clock]),
        tiers=made,
        break_even=list(collect_break_even(tiers, common.rests)),
        systems=list(_systems(plan, common)),
        residency=residency,
        policy=_policy(verdict, common) if verdict is not None else None,
        notes=[Statement(each, [common.stack_file, common.program]) for each in plan.notes],
        sources=common.sources.all,
    )


def _tier(given: "TierPrediction", common: Common, today: date, *, own: bool) -> TierPart:
    predicted = given.predicted
    count = sum(1 for _ in given.recording.real())
    return TierPart(
        tier=given.tier,
        own=own,
        resources=Figure(count, str(count), [common.program]),
        topology=TopologyPart(topology(given.recording), [common.program]),
        objectives=[_objective(each, common) for each in predicted.outcomes],
        recovery=list(_recovery(predicted, common)),
        systems=list(_recovery_of_systems(predicted, common)),
        timeline=_timeline(predicted, common),
        losses=list(_losses(predicted, common)),
        availability=list(_availability(predicted, common)),
        levels=_levels(predicted, common),
        slas=_slas(predicted, common),
        cost=collect_cost(predicted.costs, common.sources, common.program, today),
        capacity=[Statement(sentence(each), _capacity_sources(common)) for each in predicted.capacity],
        measured=list(_measured(predicted, common)),
        notes=given.notes,
        with_outages=collect_with_outages(predicted, common.rests),
        move=_move(given, common),
    )


def _move(given: "TierPrediction", common: Common) -> Move | None:
    if given.move is None:
        return None
    lost = [Statement(each, [common.program]) for each in lost_for_good(given.move)]
    return Move(Statement(counts(given.move), [common.program]), lost)


def _measured(predicted: "Predicted", common: Common) -> Iterator[Statement]:
    for each in predicted.drills:
        records = common.sources.add(Kind.PUBLISHED, "records of drills and failovers in the project's drills/")
        name, worked, rto, inference, writes, lost = drill_cells(each)
        times = f"RTO {rto}, inference {inference}, writes {writes}, lost {lost}"
        yield Statement(f"{name}: {'worked' if worked == 'yes' else 'failed'}; {times}", [records])


def _objective(outcome: "Outcome", common: Common) -> ObjectiveRow:
    percent = outcome.objective == "availabilityPercent"
    predicted = f"{outcome.predicted:.4f} %" if percent else minutes(outcome.predicted)
    return ObjectiveRow(
        OBJECTIVE_NAMES[outcome.objective],
        Figure(outcome.wanted, wanted(outcome), [common.stack_file]),
        common.predicted(outcome.predicted, predicted),
        common.predicted(outcome.margin_minutes, minutes(abs(outcome.margin_minutes))),
        outcome.met,
    )


def _recovery(predicted: "Predicted", common: Common) -> Iterator[Result]:
    made = predicted.recovery
    yield _result("RTO: everything answers, reads and writes", made.environment, common)
    yield _result("inference answers", made.inference, common)
    yield _result("stores take writes", made.writes, common)
    yield _result("all nodes, and systems of a lower tier", made.full, common)


def _recovery_of_systems(predicted: "Predicted", common: Common) -> Iterator[Result]:
    for each in predicted.recovery.systems:
        after = ", after the others" if each.system.later else ""
        made = _result(f"{each.system.name} ({each.system.kind}{after})", each.summary, common)
        rests = [*common.of(each.slowest.basis), common.model, common.assumed] if each.slowest else []
        yield replace(made, shorten=Statement(f"shorten first {shorten_first(each)}", rests) if rests else None)


def _result(name: str, summary: "Summary", common: Common, note: str = "") -> Result:
    p50, p95, p99 = (_seconds(each, common) for each in (summary.p50, summary.p95, summary.p99))
    return Result(name, p50, p95, p99, note)


def _seconds(seconds: float, common: Common) -> Figure:
    return common.predicted(seconds, minutes(seconds / 60))


def _timeline(predicted: "Predicted", common: Common) -> list[Bar]:
    effects = {each.step.name: each for each in predicted.recovery.effects}
    schedule = predicted.recovery.schedule
    placed = [each for each in predicted.steps if each.name in schedule]
    made = [_bar(each, schedule[each.name], effects.get(each.name), common) for each in placed]
    bars = [replace(each, shorten_costs=_remedy(each, predicted, common)) for each in made]
    return sorted(bars, key=lambda each: (each.start.value, each.end.value, each.name))


def _remedy(bar: Bar, predicted: "Predicted", common: Common) -> Statement | None:
    found = predicted.remedies.get(bar.name)
    if found is None or not bar.shorten:
        return None
    return Statement(found.words, prices_of(found.lines, common.sources, common.program))


def _bar(step: "Step", placed: tuple[float, float], effect: "Effect | None", common: Common) -> Bar:
    own = common.of(step.basis)
    p50, p95 = (step.duration.quantile(share) for share in (0.5, 0.95))
    return Bar(
        name=step.name,
        start=_seconds(placed[0], common),
        end=_seconds(placed[1], common),
        p50=Figure(p50, minutes(p50 / 60), own),
        p95=Figure(p95, minutes(p95 / 60), own),
        saves=_seconds(effect.saves, common) if effect else None,
        shorten=step.shorten,
        shorten_costs=None,
        basis=step.basis.kind,
    )


def _losses(predicted: "Predicted", common: Common) -> Iterator[Result]:
    if predicted.loss.overall:
        yield _result("RPO: the store that loses the most", predicted.loss.overall, common)
    for each in predicted.loss.stores:
        yield _loss(each, common)


def _loss(loss: "Loss", common: Common) -> Result:
    if loss.age is None:
        return Result(loss.name, None, None, None, "starts empty: everything in it is lost; not in the RPO")
    own = common.of(loss.basis)
    p50, p95, p99 = (Figure(each, minutes(each / 60), own) for each in (loss.age.p50, loss.age.p95, loss.age.p99))
    return Result(loss.name, p50, p95, p99, certainty(loss))


def _availability(predicted: "Predicted", common: Common) -> Iterator[Named]:
    made, rests = predicted.availability, _outages(predicted, common)
    yield Named("expected availability", Figure(made.expected_percent, f"{made.expected_percent:.4f} %", rests))
    nines = -math.log10(max(1 - made.expected_percent / 100, 1e-12))
    yield Named("nines", Figure(nines, f"{nines:.1f}", rests))
    times = (
        ("expected downtime a year", made.downtime_minutes),
        ("with the rate of outages at its p5", made.downtime_low),
        ("with the rate of outages at its p95", made.downtime_high),
        ("if no loss ever hit both Regions", made.independent_minutes),
        ("without a failover", made.without_failover_minutes),
    )
    for name, value in times:
        yield Named(name, Figure(value, minutes(value), rests))
    yield Named("share of failovers that work", Figure(made.success, f"{made.success:.0%}", [rests[3]]))
    yield Named("share of losses that hit both Regions", Figure(made.beta, f"{made.beta:.0%}", [rests[2]]))


def _outages(predicted: "Predicted", common: Common) -> list[Source]:
    """What downtime rests on."""
    assume = common.sources.add
    return [
        common.model,
        assume(Kind.ASSUMPTION, f"rate and length of outages: {predicted.availability.why}"),
        assume(Kind.ASSUMPTION, "share of losses that hit both Regions: no source"),
        assume(Kind.ASSUMPTION, "share of failovers that work, after k of n drills that did: (k + 1) / (n + 2)"),
    ]


def _levels(predicted: "Predicted", common: Common) -> list[Named]:
    """Objective, error budget, agreement and prediction."""
    rests = {
        "objective": [common.stack_file],
        "model": _outages(predicted, common),
        "sla": _agreements(predicted, common) or [common.program],
    }
    return [Named(each.name, Figure(each.value, each.words, rests[each.rests])) for each in levels(predicted.levels)]


def _slas(predicted: "Predicted", common: Common) -> Statement | None:
    """Whether what AWS agrees to adds up to the objective."""
    words = verdict_on_slas(predicted.levels)
    return Statement(words, [common.stack_file, *_agreements(predicted, common)]) if words else None


def _agreements(predicted: "Predicted", common: Common) -> list[Source]:
    known = [SLAS[each] for each in predicted.availability.services]
    return [common.sources.add(Kind.PUBLISHED, f"{each.source}, read {each.retrieved_on}") for each in known]


def _capacity_sources(common: Common) -> list[Source]:
    catalog = "instance types, the zones that offer them and quotas: haven/model/data (docs/recovery-models.md)"
    return [common.program, common.model, common.assumed, common.sources.add(Kind.PUBLISHED, catalog)]


def _systems(plan: Plan, common: Common) -> Iterator[SystemRow]:
    for name, system in sorted(plan.systems.items()):
        places = [each.region for each in plan.regions] if "runs" in system else []
        runs = {region: Statement(replicas(system, region), [common.program]) for region in places}
        yield SystemRow(name, str(system["kind"]), str(system["tier"]), runs)


def _policy(verdict: Mapping[str, Any], common: Common) -> PolicyPart:
    counts = verdict["counts"]
    summary = (
        f"{verdict['rules']} rules: {counts['mandatory']} mandatory and {counts['advisory']} advisory violations, "
        f"{counts['waived']} waived"
    )
    pack = common.sources.add(Kind.PROGRAM, "the rules of the policy pack, on what the program declares")
    return PolicyPart(summary, list(_violations(verdict["violations"])), [pack])


def _violations(found: Iterable[Mapping[str, Any]]) -> Iterator[Violation]:
    alike: dict[tuple[str, ...], list[str]] = {}
    for each in found:
        words = tuple(str(each[key]) for key in ("rule", "level", "got", "allowed", "fix"))
        alike.setdefault(words, []).append(str(each["resource"]))
    for (rule, level, got, allowed, fix), resources in alike.items():
        yield Violation(rule, level, list(dict.fromkeys(resources)), got, allowed, fix)
