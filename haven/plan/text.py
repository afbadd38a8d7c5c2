"""A plan as text: resources by Region, what the tier promises, what it leaves open."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from haven.base.terminal import Style, plural, table, wrapped
from haven.plan.summary import ENVIRONMENT, Plan, RegionPlan, Section

CAPACITY_LABELS = {
    "zones": "zones",
    "controlPlanes": "EKS control planes",
    "systemNodes": "system nodes",
    "gpuNodes": "GPU nodes",
    "databaseClusters": "database clusters",
    "databaseInstances": "database instances",
    "cacheNodes": "cache nodes",
    "buckets": "buckets",
    "natGateways": "NAT gateways",
}
"""Keys of `RegionPlan.capacity` to their labels, in the order in which the plan shows them."""

_VERDICT_COLOURS = {"within": "green", "possible": "yellow", "out": "red"}
_OBJECTIVE_UNITS = {"rtoMinutes": "RTO {:g} min", "rpoMinutes": "RPO {:g} min", "availabilityPercent": "{:g} %"}
ASSUMED = "[A]"
"""Marks a figure without a source."""


def render(plan: Plan, style: Style) -> str:
    """The whole plan as text."""
    parts = [
        _headline(plan, style),
        _side_by_side(plan.regions),
        *(_region(each, style) for each in plan.regions),
        _elsewhere(plan, style),
        promises(plan, style),
        _systems(plan, style),
        _listed("Encrypted values, not decrypted and not in this plan", sorted(plan.placeholders), style),
        _listed("Notes", plan.notes, style),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _headline(plan: Plan, style: Style) -> list[str]:
    title = f"Stack {plan.stack}: {_what(plan)}"
    total = f"{plural(plan.count, 'resource')}; planned offline"
    return [style.paint(title, "bold"), total]


def _what(plan: Plan) -> str:
    if plan.kind == ENVIRONMENT:
        return f"tier {plan.tier}, writes go to {plan.active}"
    return "resources that exist once per account, for all environments in it"


def _side_by_side(regions: Sequence[RegionPlan]) -> list[str]:
    rows = [
        ["", *(each.region for each in regions)],
        ["", *(_role(each) for each in regions)],
        ["resources", *(str(each.count) for each in regions)],
    ]
    # Where nothing is active nothing serves, and what would serve is no part of the picture.
    labels = {
        key: label
        for key, label in CAPACITY_LABELS.items()
        if any(each.state or each.capacity[key] for each in regions)
    }
    for key, label in labels.items():
        rows.append([label, *(_number(each, key) for each in regions)])
    return table(rows, 2)


def _role(region: RegionPlan) -> str:
    return ", ".join(each for each in (region.role, region.state) if each)


def _number(region: RegionPlan, key: str) -> str:
    number = region.capacity.get(key, 0)
    if key == "databaseInstances" and number == 0 and region.capacity.get("databaseClusters"):
        return "0 (headless)"
    return str(number) if number else "-"


def _region(region: RegionPlan, style: Style) -> list[str]:
    title = f"{region.region} ({_role(region)}): {plural(region.count, 'resource')}"
    return [style.paint(title, "bold"), *_sections(region.sections, style)]


def _sections(sections: Sequence[Section], style: Style) -> Iterator[str]:
    for section in sections:
        label = f"{section.component} {section.name}" if section.component else "the stack itself"
        yield f"  {label}: {section.count}"
        for fact in section.facts:
            yield from wrapped(fact, 4)
        for line in wrapped(_kinds(section.kinds), 4):
            yield style.paint(line, "dim")


def _kinds(kinds: Mapping[str, int]) -> str:
    """Kinds by service: `ec2: 3 eips, 9 subnets; iam: 1 role`."""
    services: dict[str, list[str]] = {}
    for each, count in kinds.items():
        service, _, thing = each.partition(" ")
        services.setdefault(service, []).append(plural(count, thing))
    return "; ".join(f"{service}: {', '.join(things)}" for service, things in services.items())


def _elsewhere(plan: Plan, style: Style) -> list[str]:
    if not plan.elsewhere:
        return []
    return [style.paint("In no Region", "bold"), *_sections(plan.elsewhere, style)]


def promises(plan: Plan, style: Style) -> list[str]:
    """What the tier promises, each beside what the stack asks for; sources below."""
    if not plan.promises:
        return []
    rows = [["promise", "best case", "worst case", "asked for", "verdict"]]
    for name, promise in in_order(plan.promises):
        for asked, verdict in _asked(name, plan.judgements) or [("-", "-")]:
            rows.append([promise_name(name, promise), best_case(promise), worst_case(promise), asked, verdict])
    title = f"What tier {plan.tier} promises, beside what this stack asks for"
    return [style.paint(title, "bold"), *_painted(table(rows, 2), style), *_sources(plan.promises)]


def _painted(lines: Sequence[str], style: Style) -> Iterator[str]:
    """The lines with the verdict's first words in colour."""
    for line in lines:
        found = [(word, colour) for word, colour in _VERDICT_COLOURS.items() if f"  {word} " in line]
        for word, colour in found:
            head, _, tail = line.rpartition(f"  {word} ")
            line = f"{head}  {style.paint(f'{word} {tail}', colour)}"  # noqa: PLW2901  at most one colour applies
        yield line


def _asked(promise: str, judgements: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [(asked_for(each), str(each["verdict"])) for each in judgements if each["promise"] == promise]


def asked_for(judgement: Mapping[str, Any]) -> str:
    """An objective in short: `RTO 30 min`."""
    return _OBJECTIVE_UNITS.get(judgement["objective"], "{:g}").format(judgement["wanted"])


def in_order(promised: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    """The promises as people read them: the time first, then what may be lost."""
    return sorted(promised.items(), key=lambda each: (each[0] != "rto", each[0]))


def promise_name(name: str, promise: Mapping[str, Any]) -> str:
    """A promise as a row names it: the part before a colon."""
    words = str(promise.get("description", name)).partition(":")[0]
    return words if name == "rto" else f"lost: {words}"


def best_case(promise: Mapping[str, Any]) -> str:
    """The best case in words."""
    return minutes(promise.get("bestCaseMinutes"))


def worst_case(promise: Mapping[str, Any]) -> str:
    """The worst case in words, marked if it is an assumption."""
    figure = promise.get("worstCaseMinutes")
    if figure is None:
        return "no promise"
    return f"{minutes(figure)} {ASSUMED}" if promise.get("assumption") else minutes(figure)


def minutes(value: Any) -> str:
    """Minutes in the unit that reads best."""
    if value is None:
        return "-"
    if value < 1:
        return f"{value * 60:.3g} s"
    return f"{value / 60:.3g} h" if value >= 120 else f"{value:.3g} min"


def _sources(promised: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Where the figures come from; assumptions with their reason."""
    for name, promise in in_order(promised):
        line = f"{promise_name(name, promise)}: best case {promise.get('bestCaseSource')}"
        if promise.get("assumption"):
            line += f"; worst case {ASSUMED} assumed: {promise['assumption']}"
        elif promise.get("worstCaseSource"):
            line += f"; worst case {promise['worstCaseSource']}"
        yield from wrapped(line, 2)


def _systems(plan: Plan, style: Style) -> list[str]:
    if not plan.systems:
        return []
    rows = [["system", "kind", "tier"]]
    rows += [[name, str(each["kind"]), str(each["tier"])] for name, each in sorted(plan.systems.items())]
    return [style.paint("Systems", "bold"), *table(rows, 2)]


def _listed(title: str, lines: Sequence[str], style: Style) -> list[str]:
    if not lines:
        return []
    return [style.paint(title, "bold"), *(line for each in lines for line in wrapped(each, 2))]
