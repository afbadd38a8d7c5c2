"""A prediction as text: recovery time, data loss and availability beside the objectives."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from haven.base.terminal import Style
from haven.model.cost import break_even, difference, with_outages
from haven.plan import costs, gpu_capacity
from haven.plan.text import ASSUMED, OBJECTIVE_NAMES, minutes

if TYPE_CHECKING:
    from haven.model.availability import ServiceLevels
    from haven.model.data_loss import Loss
    from haven.model.drills import DrillRecord
    from haven.model.durations.graph import Basis, Step
    from haven.model.durations.simulation import Summary
    from haven.model.recovery_time import SystemPrediction
    from haven.plan.prediction import Outcome, Predicted

LESS_ANYWAY = "costs less whatever an outage costs"
_DRILLS = 3
"""How many records the first screen shows."""


def render(predicted: "Predicted", style: Style) -> str:
    """The whole prediction, with every term, its basis and its sources."""
    parts = [_lines, _downtime, _all_measured, _by_system, _terms, _sources, _capacity, _costs]
    return "\n".join(line for part in parts for line in part(predicted, style)) + "\n"


def screen(predicted: "Predicted", style: Style) -> str:
    """The prediction in a few lines."""
    measured = _measured(predicted, style, _DRILLS)
    expected = style.wrapped(_expected(predicted), 2)
    agreed = style.wrapped(verdict_on_slas(predicted.levels), 2)
    lines = [*_lines(predicted, style), *expected, *agreed, *measured]
    return "\n".join([*lines, "", *costs.screen(predicted.costs, style)]) + "\n"


def side_by_side(predictions: Mapping[str, "Predicted"], style: Style) -> str:
    """Several tiers' predictions, one in each column."""
    rows = [["predicted", *predictions]]
    each = list(predictions.values())
    rows.append(["RTO, p50 to p95", *(_range(one.recovery.environment) for one in each)])
    rows.append(["  inference", *(_range(one.recovery.inference) for one in each)])
    rows.append(["  writes", *(_range(one.recovery.writes) for one in each)])
    rows.append(["  all nodes, all systems", *(_range(one.recovery.full) for one in each)])
    rows.append(["RPO, p50 to p95", *(_range(one.loss.overall) for one in each)])
    rows.append([f"downtime a year {ASSUMED}", *(minutes(one.availability.downtime_minutes) for one in each)])
    rows.append(["availability", *(f"{one.availability.expected_percent:.4f} %" for one in each)])
    rows.append(["resources", *(str(sum(one.resources.values())) for one in each)])
    rows.append(["  of them standby", *(str(one.resources.get(one.costs.standby, 0)) for one in each)])
    bills = [one.costs for one in each]
    rows.append(["USD a month", *(costs.at_least(one.now.total, one.now) for one in bills)])
    rows.append(["  of it standby", *(costs.at_least(one.standby_now, one.now, one.standby) for one in bills)])
    rows.append(["  prices unknown", *(str(len(one.unknown)) for one in bills)])
    if outage := each[0].costs.stated.outage_usd_per_hour:
        years = [costs.at_least(_with_outages(one, outage), one.costs.now) for one in each]
        rows.append(["USD a year with outages", *years])
    rows.append(["objectives missed", *(_missed(one.missed) for one in each)])
    title = style.paint(f"Predicted ({ASSUMED} rests on assumptions)", "bold")
    return "\n".join([title, *style.table(rows, 2, header=True)]) + "\n"


def cheapest(predictions: Mapping[str, "Predicted"]) -> str:
    """The cheapest tier that meets every objective, or that there is none; from what cost of an outage on each tier
    pays for itself; and, where the stack file has that cost, the tier that costs the least with it. What unknown prices
    could turn is left out."""
    met = {tier: each for tier, each in predictions.items() if not each.missed}
    lines = ["no tier meets every objective"]
    if met:
        lines = [f"the cheapest tier that meets every objective: {_least(met, 0)}"]
    for lower, higher in pairwise(predictions.items()):
        lines += _pays_from(lower, higher)
    outage = next(iter(predictions.values())).costs.stated.outage_usd_per_hour
    if outage and met:
        lines.append(f"the cheapest of them with outages at {outage:,.0f} USD an hour: {_least(met, outage)}")
    return "".join(f"  {line}\n" for line in lines)


def _least(predictions: Mapping[str, "Predicted"], usd_per_hour: float) -> str:
    """The tier that costs the least in a year with its outages, if it does whatever the unknown prices are."""
    tier = min(predictions, key=lambda each: _with_outages(predictions[each], usd_per_hour))
    least, unsure = predictions[tier], 0
    for each in (each for each in predictions.values() if each is not least):
        outages = usd_per_hour * saved_minutes(each, least) / 60 / 12
        more = difference(each.costs.now, least.costs.now).plus(outages)
        if not more.is_decided:
            unsure = max(unsure, more.unknown)
    return costs.lacking(unsure) if unsure else tier


def _pays_from(lower: tuple[str, "Predicted"], higher: tuple[str, "Predicted"]) -> list[str]:
    more = difference(higher[1].costs.now, lower[1].costs.now)
    usd = break_even(more.known, saved_minutes(lower[1], higher[1]))
    if usd is None:
        return []
    pair = f"{higher[0]} instead of {lower[0]}"
    if more.costs_less:
        return [f"{pair} {LESS_ANYWAY}"]
    if not more.is_sure:
        return [f"{pair} pays from: {costs.lacking(more.unknown)}"]
    return [f"{pair} pays from {usd:,.0f} USD for an hour of outage {ASSUMED}"]


def saved_minutes(lower: "Predicted", higher: "Predicted") -> float:
    """Minutes of downtime a year that the higher tier has less."""
    return lower.availability.downtime_minutes - higher.availability.downtime_minutes


def _with_outages(predicted: "Predicted", usd_per_hour: float) -> float:
    return with_outages(predicted.costs.now.total, predicted.availability.downtime_minutes, usd_per_hour)


def _missed(missed: Sequence["Outcome"]) -> str:
    return ", ".join(OBJECTIVE_NAMES[each.objective] for each in missed) or "none"


def _capacity(predicted: "Predicted", style: Style) -> list[str]:
    return gpu_capacity.render(predicted.capacity, style)


def _costs(predicted: "Predicted", style: Style) -> list[str]:
    return ["", *costs.render(predicted.costs, style)]


def _lines(predicted: "Predicted", style: Style) -> list[str]:
    recovery, made = predicted.recovery, predicted.availability
    outcomes = {each.objective: each for each in predicted.outcomes}
    rows = [["predicted", "p50", "p95", "objective"]]
    rows.append(["RTO", *_pair(recovery.environment), _verdict(outcomes.get("rtoMinutes"), style)])
    rows.append(["  inference answers again", *_pair(recovery.inference), ""])
    rows.append(["  writes are taken again", *_pair(recovery.writes), ""])
    rows.append(["  all nodes, all systems", *_pair(recovery.full), ""])
    rows.append(["RPO", *_pair(predicted.loss.overall), _verdict(outcomes.get("rpoMinutes"), style)])
    percent = f"{made.expected_percent:.3f} % {ASSUMED}"
    rows.append(["availability", percent, "", _verdict(outcomes.get("availabilityPercent"), style)])
    return [
        style.paint(f"If the active Region were lost ({ASSUMED} rests on assumptions)", "bold"),
        *style.table(rows, 2, header=True),
        *style.wrapped(f"RTO: shorten first {_first(predicted)}", 2),
    ]


def _all_measured(predicted: "Predicted", style: Style) -> list[str]:
    return _measured(predicted, style, None)


def _drilled(predicted: "Predicted") -> str:
    worked, count = predicted.drilled
    return f"{worked} of {count} on AWS did" if count else "no drills"


def _measured(predicted: "Predicted", style: Style, most: int | None) -> list[str]:
    """What was measured, the newest first, beside the predicted p95."""
    if not predicted.drills:
        return []
    recovery, loss = predicted.recovery, predicted.loss.overall
    rows = [["measured", "worked", "RTO", "inference", "writes", "lost"]]
    ranges = (recovery.environment, recovery.inference, recovery.writes, loss)
    rows.append(["predicted, p95", "", *(_pair(each)[1] for each in ranges)])
    rows += [drill_cells(each) for each in predicted.drills[:most]]
    left = len(predicted.drills) - len(rows) + 2
    more = [f"  and {left} more in --detail"] if left else []
    return ["", style.paint("Drills and failovers", "bold"), *style.table(rows, 2, header=True), *more]


def _in_brackets(marks: Sequence[str]) -> str:
    return f" ({', '.join(marks)})" if marks else ""


def drill_cells(record: "DrillRecord") -> list[str]:
    """A record in a row: what and when, whether it worked, recovery times, data loss."""
    marks = ["emulator"] if record.place == "emulator" else []
    marks += ["delays injected"] if record.injected else []
    name = f"{record.started.date()} {record.kind}{_in_brackets(marks)}"
    made = record.measured
    times = (made.environment, made.inference, made.writes, made.lost)
    return [
        name,
        "yes" if record.succeeded else "no",
        *(minutes(None if each is None else each / 60) for each in times),
    ]


def _expected(predicted: "Predicted") -> str:
    made = predicted.availability
    return (
        f"downtime {minutes(made.downtime_minutes)} a year ({minutes(made.independent_minutes)} were losses "
        f"independent), {minutes(made.without_failover_minutes)} without failover; {made.success:.0%} of failovers "
        f"work ({_drilled(predicted)})"
    )


class Level(NamedTuple):
    """One service level."""

    name: str
    value: float
    words: str
    rests: str
    """What it rests on: `objective`, `sla` or `model`."""


def levels(made: "ServiceLevels") -> list[Level]:
    """Objective, error budget, agreement and prediction, for the terminal and the page alike."""
    found = []
    if made.objective is not None and made.budget_minutes is not None:
        found.append(Level("objective (SLO)", made.objective, f"{made.objective:.12g} %", "objective"))
        found.append(Level("error budget a year", made.budget_minutes, minutes(made.budget_minutes), "objective"))
    if made.spent_percent is not None:
        found.append(Level("error budget spent", made.spent_percent, f"{made.spent_percent:.0f} %", "model"))
    return [
        *found,
        Level("predicted", made.correlated, f"{made.correlated:.4f} %", "model"),
        Level("predicted, if no loss ever hit both Regions", made.independent, f"{made.independent:.4f} %", "model"),
        Level("SLAs of one Region's services, multiplied", made.agreed, f"{made.agreed:.2f} %", "sla"),
    ]


def verdict_on_slas(made: "ServiceLevels") -> str:
    """The objective's error budget, and whether what AWS agrees to adds up to it; empty without one."""
    if made.objective is None:
        return ""
    leaves = f"{made.objective:.12g} % leaves {minutes(made.budget_minutes)} a year"
    if made.covered:
        return f"{leaves}: the SLAs of what one Region needs cover it, {made.agreed:.2f} % together"
    return f"{leaves}, which no SLA covers: those of what one Region needs add up to {made.agreed:.2f} %"


def _levels(predicted: "Predicted", style: Style) -> list[str]:
    made = predicted.levels
    words = "; ".join(f"{each.name} {each.words}{_assumed(each)}" for each in levels(made))
    return [*style.wrapped(words, 2), *style.wrapped(verdict_on_slas(made), 2)]


def _assumed(level: Level) -> str:
    return f" {ASSUMED}" if level.rests == "model" else ""


def _downtime(predicted: "Predicted", style: Style) -> list[str]:
    made = predicted.availability
    text = (
        f"{_expected(predicted)}; downtime of {minutes(made.downtime_low)} to {minutes(made.downtime_high)}; "
        f"{made.beta:.0%} of losses hit both Regions"
    )
    return [*style.wrapped(text, 2), *_levels(predicted, style)]


def _first(predicted: "Predicted") -> str:
    """The term that costs the most time, what shortens it, and what that costs."""
    most = predicted.recovery.effects[0]
    return f"{most.step.name} ({', '.join([f'{minutes(most.saves / 60)} of p95', *shortened(most.step, predicted)])})"


def shortened(step: "Step", predicted: "Predicted") -> list[str]:
    """What shortens a term, and what that costs; nothing where nothing in the stack file does."""
    remedy = predicted.remedies.get(step.name)
    return [each for each in (step.shorten, remedy.words if remedy else "") if each] if step.shorten else []


def _pair(summary: "Summary | None") -> tuple[str, str]:
    return (minutes(summary.p50 / 60), minutes(summary.p95 / 60)) if summary else ("-", "-")


def _range(summary: "Summary | None") -> str:
    return " to ".join(_pair(summary)) if summary else "-"


def wanted(outcome: "Outcome") -> str:
    """An objective's value, without its name."""
    return f"{outcome.wanted:.12g} %" if outcome.objective == "availabilityPercent" else minutes(outcome.wanted)


def _verdict(outcome: "Outcome | None", style: Style) -> str:
    if outcome is None:
        return "-"
    if outcome.met:
        return style.paint(f"{wanted(outcome)}: met, {minutes(outcome.margin_minutes)} to spare", "green")
    return style.paint(f"{wanted(outcome)}: missed by {minutes(-outcome.margin_minutes)}", "red")


def _by_system(predicted: "Predicted", style: Style) -> list[str]:
    """How long each system takes to work again, and which term of it to shorten first."""
    if not predicted.recovery.systems:
        return []
    rows = [["system", "kind", "tier", "p50", "p95", "shorten first"]]
    for each in predicted.recovery.systems:
        system = each.system
        tier = f"{system.tier}, after the others" if system.later else system.tier
        rows.append([system.name, system.kind, tier, *_pair(each.summary), shorten_first(each)])
    return ["", style.paint("Recovery time by system", "bold"), *style.table(rows, 2, header=True)]


def shorten_first(made: "SystemPrediction") -> str:
    """The term of a system's recovery that costs the most time."""
    return f"{made.slowest.name} ({minutes(made.saves / 60)} of p95)" if made.slowest else "-"


def _terms(predicted: "Predicted", style: Style) -> list[str]:
    measured = {
        name: took for each in reversed(predicted.drills) if each.counts for name, took in each.measured.steps.items()
    }
    rows = [["term", "p50", "p95", "measured", "RTO's p95 without it", "basis"]]
    for each in predicted.recovery.effects:
        own = (minutes(each.p50 / 60), minutes(each.p95 / 60), _took(measured.get(each.step.name)))
        rows.append([each.step.name, *own, f"-{minutes(each.saves / 60)}", _kind(each.step.basis)])
    rows.append(["", "", "", "", "", ""])
    rows += [[f"lost: {each.name}", *_pair(each.age), "", "", _lost(each)] for each in predicted.loss.stores]
    return ["", style.paint("Terms", "bold"), *style.table(rows, 2, header=True), *_remedies(predicted, style)]


def _took(seconds: float | None) -> str:
    return minutes(None if seconds is None else seconds / 60)


def _remedies(predicted: "Predicted", style: Style) -> list[str]:
    """What shortens each term, and what that costs, the one to shorten first at the top."""
    every = [(each.step.name, *shortened(each.step, predicted)) for each in predicted.recovery.effects]
    rows = [["term", "what shortens it", "what that costs"], *([*each, "-"][:3] for each in every if each[1:])]
    return ["", *style.table(rows, 2, header=True)] if rows[1:] else []


def _lost(loss: "Loss") -> str:
    if loss.age is None:
        return "starts empty"
    return f"{_kind(loss.basis)}, {certainty(loss)}"


def certainty(loss: "Loss") -> str:
    """What the figure of a store is."""
    return "a bound" if loss.bound else "an estimate: no order across keys"


def _kind(basis: "Basis | None") -> str:
    if basis is None:
        return "-"
    return f"{basis.kind} {ASSUMED}" if basis.kind == "assumed" else basis.kind


def _sources(predicted: "Predicted", style: Style) -> list[str]:
    lines = ["", style.paint("Sources of the terms", "bold")]
    for step in predicted.steps:
        lines += style.wrapped(f"{step.name}: {'; '.join(step.basis.sources)}", 2)
    for loss in predicted.loss.stores:
        if loss.basis:
            lines += style.wrapped(f"lost: {loss.name}: {'; '.join(loss.basis.sources)}", 2)
    return [*lines, *style.wrapped(f"rate of outages {ASSUMED}: {predicted.availability.why}", 2)]
