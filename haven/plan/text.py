"""A plan as text: what each Region has, what the tier promises, what to look at."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from haven.base.terminal import Style, plural
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
_OBJECTIVE_UNITS = {"rtoMinutes": "RTO {:g} min", "rpoMinutes": "RPO {:g} min", "availabilityPercent": "{:.12g} %"}
OBJECTIVE_NAMES = {"rtoMinutes": "RTO", "rpoMinutes": "RPO", "availabilityPercent": "availability"}
ASSUMED = "[A]"
"""Marks a figure without a source."""
_NOTES_SHOWN = 8
"""How many things to look at the first screen names."""


def render(plan: Plan, style: Style) -> str:
    """The whole plan as text."""
    parts = [
        _headline(plan, style),
        _side_by_side(plan.regions, style),
        *(_region(each, style) for each in plan.regions),
        _elsewhere(plan, style),
        promises(plan, style),
        _sources(plan.promises, style),
        _systems(plan, style),
        _listed("Encrypted values, not decrypted and not in this plan", sorted(plan.placeholders), style),
        _listed("Notes", plan.notes, style),
    ]
    return joined(parts)


def screen(plan: Plan, style: Style) -> str:
    """The plan on one screen: what differs between its Regions, what the tier promises, what to look at."""
    return joined([
        _headline(plan, style),
        _differences(plan.regions, style),
        _promised(plan, style),
        _systems(plan, style) if any("runs" in each for each in plan.systems.values()) else [],
        _look_at(plan, style),
    ])  # fmt: skip


def joined(parts: Sequence[Sequence[str]]) -> str:
    """The parts that have lines, with an empty line between them."""
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def first(lines: Sequence[str], most: int) -> list[str]:
    """The first `most` of the lines, and how many more there are."""
    more = len(lines) - most
    return [*lines[:most], *([f"and {more} more"] if more > 0 else [])]


def _look_at(plan: Plan, style: Style) -> list[str]:
    """What somebody should look at: objectives that the tier misses, values that aren't in the plan, notes."""
    missed = [
        f"{asked_for(each)} ({promise_name(each['promise'], plan.promises.get(each['promise'], {}))}): "
        f"{each['verdict']}: {each['because']}"
        for each in plan.judgements
        if str(each["verdict"]).startswith(("out", "possible"))
    ]
    encrypted = [f"not decrypted and not in this plan: {', '.join(sorted(plan.placeholders))}"]
    notes = [*missed, *(encrypted if plan.placeholders else []), *plan.notes]
    return _fitting("To look at", [f"- {each}" for each in notes], style, _NOTES_SHOWN)


def _headline(plan: Plan, style: Style) -> list[str]:
    title = f"Stack {plan.stack}: {_what(plan)}"
    total = f"{plural(plan.count, 'resource')}; planned offline"
    return [style.paint(title, "bold"), total]


def _what(plan: Plan) -> str:
    if plan.kind == ENVIRONMENT:
        return f"tier {plan.tier}, writes go to {plan.active}"
    return "resources that exist once per account, for all environments in it"


def _side_by_side(regions: Sequence[RegionPlan], style: Style) -> list[str]:
    return style.table([*_heads(regions), *_capacity(regions)], 2)


def _differences(regions: Sequence[RegionPlan], style: Style) -> list[str]:
    """Side by side what differs between Regions; in a line each what is alike, and what a Region has alone."""
    alone = {each.region: f"only in {each.region}" for each in regions}
    lines: dict[str, list[str]] = {"alike": [], **{each: [] for each in alone.values()}}
    differing = []
    for label, *counts in _capacity(regions):
        there = {region: count for region, count in zip(alone, counts, strict=True) if count != "-"}
        if len(regions) == 1 or (len(there) > 1 and len(set(counts)) > 1):
            differing.append([label, *counts])
        elif there:
            region, count = next(iter(there.items()))
            lines["alike" if len(there) > 1 else alone[region]].append(f"{label} {count}")
    joint = [f"{where}: {', '.join(found)}" for where, found in lines.items() if found]
    return [
        *style.table([*_heads(regions), *differing], 2),
        *(line for each in joint for line in style.wrapped(each, 2)),
    ]


def _heads(regions: Sequence[RegionPlan]) -> list[list[str]]:
    return [["", *(each.region for each in regions)], ["", *(_role(each) for each in regions)]]


def _capacity(regions: Sequence[RegionPlan]) -> list[list[str]]:
    # Where nothing is active nothing serves, and what would serve is no part of the picture.
    labels = {
        key: label
        for key, label in CAPACITY_LABELS.items()
        if any(each.state or each.capacity[key] for each in regions)
    }
    rows = [["resources", *(str(each.count) for each in regions)]]
    return [*rows, *([label, *(_number(each, key) for each in regions)] for key, label in labels.items())]


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
            yield from style.wrapped(fact, 4)
        for line in style.wrapped(_kinds(section.kinds), 4):
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
    """What the tier promises, each beside what the stack asks for."""
    if not plan.promises:
        return []
    rows = [["promise", "best case", "worst case", "asked for", "verdict"]]
    for name, promise in in_order(plan.promises):
        for asked, verdict in _asked(name, plan.judgements) or [("-", "-")]:
            rows.append([
                promise_name(name, promise), best_case(promise), worst_case(promise), asked, _painted(verdict, style)
            ])  # fmt: skip
    title = f"What tier {plan.tier} promises, beside this stack's objectives"
    return [style.paint(title, "bold"), *style.table(rows, 2, header=True), *_legend(plan.promises)]


def _promised(plan: Plan, style: Style) -> list[str]:
    """The promises in a few lines: the verdicts that ask for something are among what to look at."""
    ranges = (f"{promise_name(name, promise)} {_range(promise)}" for name, promise in in_order(plan.promises))
    return style.wrapped(f"Tier {plan.tier} promises {'; '.join(ranges)}", 0) if plan.promises else []


def _legend(promised: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [f"  {ASSUMED} an assumption, without a source"] if any(map(_is_assumed, promised.values())) else []


def _painted(verdict: str, style: Style) -> str:
    """A verdict in the colour of its first word."""
    return style.paint(verdict, _VERDICT_COLOURS.get(verdict.partition(" ")[0], "none"))


def _asked(promise: str, judgements: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [(asked_for(each), str(each["verdict"])) for each in judgements if each["promise"] == promise]


def asked_for(judgement: Mapping[str, Any]) -> str:
    """An objective in short: `RTO 30 min`."""
    return _OBJECTIVE_UNITS.get(judgement["objective"], "{:g}").format(judgement["wanted"])


ALL = "all of them"
"""What is lost where nothing of a store is kept."""


def in_order(promised: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    """The promises as people read them: the time first, then what may be lost."""
    return sorted(promised.items(), key=lambda each: (each[0] != "rto", each[0]))


def promise_name(name: str, promise: Mapping[str, Any]) -> str:
    """A promise as a row names it: the part before a colon."""
    words = str(promise.get("description", name)).partition(":")[0]
    return words if name == "rto" else f"lost: {words}"


def best_case(promise: Mapping[str, Any]) -> str:
    """The best case in words."""
    if _all_is_lost(promise):
        return ALL
    return minutes(promise.get("bestCaseMinutes"))


def worst_case(promise: Mapping[str, Any]) -> str:
    """The worst case in words, marked if it is an assumption."""
    figure = promise.get("worstCaseMinutes")
    if figure is None:
        return ALL if _all_is_lost(promise) else "no promise"
    return f"{minutes(figure)} {ASSUMED}" if _is_assumed(promise) else minutes(figure)


def _range(promise: Mapping[str, Any]) -> str:
    """Best case to worst case in words."""
    best, worst = best_case(promise), worst_case(promise)
    if promise.get("worstCaseMinutes") is None:
        return best if worst == best else f"{best} or more"
    return f"{best} to {worst}".replace(ASSUMED, "(assumed)")


def _all_is_lost(promise: Mapping[str, Any]) -> bool:
    return "bestCaseMinutes" in promise and promise["bestCaseMinutes"] is None


def _is_assumed(promise: Mapping[str, Any]) -> bool:
    return bool(promise.get("assumption")) and promise.get("worstCaseMinutes") is not None


def minutes(value: Any) -> str:
    """Minutes in the unit that reads best."""
    if value is None:
        return "-"
    if value < 1:
        return f"{value * 60:.3g} s"
    return f"{value / 60:.3g} h" if value >= 120 else f"{value:.3g} min"


def _sources(promised: Mapping[str, Mapping[str, Any]], style: Style) -> list[str]:
    """Where the figures come from; assumptions with their reason."""
    lines = [style.paint("Sources of these figures", "bold")] if promised else []
    for name, promise in in_order(promised):
        if _all_is_lost(promise):
            continue
        text = f"{promise_name(name, promise)}: best case {promise.get('bestCaseSource')}"
        if promise.get("assumption"):
            text += f"; worst case {ASSUMED} assumed: {promise['assumption']}"
        elif promise.get("worstCaseSource"):
            text += f"; worst case {promise['worstCaseSource']}"
        lines += style.wrapped(text, 2)
    return lines


def _systems(plan: Plan, style: Style) -> list[str]:
    if not plan.systems:
        return []
    regions = [each.region for each in plan.regions] if any("runs" in each for each in plan.systems.values()) else []
    rows = [["system", "kind", "tier", *(f"replicas in {region}" for region in regions)]]
    for name, each in sorted(plan.systems.items()):
        runs = [replicas(each, region) for region in regions]
        rows.append([name, str(each["kind"]), str(each["tier"]), *runs])
    return [style.paint("Systems", "bold"), *style.table(rows, 2)]


def replicas(system: Mapping[str, Any], region: str) -> str:
    """How many run, and whether there are GPUs for them."""
    if "runs" not in system:
        return "-"
    found = system["runs"].get(region)
    if found is None:
        return "no cluster"
    least, most = found["minimum"], found["maximum"]
    count = f"{least} to {most}" if 0 < least < most else str(least)
    return f"{count} ({found['gpus']} of {found['gpusAvailable']} GPUs)" if "gpus" in found else count


def _fitting(title: str, notes: Sequence[str], style: Style, most: int) -> list[str]:
    """The notes in a line each if there are many, cut where it ends; none is left out in silence."""
    if len(notes) <= most / 2:
        return _listed(title, notes, style)
    cut = [note if len(note) <= style.width - 2 else f"{note[: style.width - 4].rstrip()} …" for note in notes]
    return [style.paint(title, "bold"), *(f"  {each}" for each in first(cut, most))]


def _listed(title: str, lines: Sequence[str], style: Style) -> list[str]:
    if not lines:
        return []
    return [style.paint(title, "bold"), *(line for each in lines for line in style.wrapped(each, 2))]
