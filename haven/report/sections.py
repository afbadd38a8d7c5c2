"""The parts of a page that are the same in every tier: systems, residency, policies, notes, sources."""

from collections.abc import Iterator

from haven.report.document import PolicyPart, Report, ResidencyRow
from haven.report.elements import NONE, Html, element, figure, keys, links, references, statement, table
from haven.report.figures import Kind

_KINDS = {
    Kind.PUBLISHED: "",
    Kind.ASSUMPTION: "[A] assumption: ",
    Kind.PROGRAM: "",
    Kind.STACK_FILE: "",
    Kind.MODEL: "",
}


def of_the_stack(report: Report) -> Iterator[Html]:
    """All of them, in the order of the page."""
    yield from _break_even(report)
    yield from _systems(report)
    yield from _residency(report)
    yield from _policy(report)
    if report.notes:
        yield element("h2", "Notes of the plan")
        yield element("ul", *(element("li", statement(each)) for each in report.notes))
    yield from _sources(report)


def _break_even(report: Report) -> Iterator[Html]:
    if not report.break_even:
        return
    yield element("h2", "Break-even between tiers")
    rows = [
        [
            f"{each.higher} instead of {each.lower}",
            figure(each.dearer),
            figure(each.shorter),
            "never" if each.usd is None else "less whatever it costs" if each.anyway else figure(each.usd),
            references([each.dearer]),
        ]
        for each in report.break_even
    ]
    head = ["", "USD a year more", "less downtime a year", "pays from, USD for an hour of outage", "sources"]
    yield table(head, rows, "What an hour of outage must cost before a tier costs less than the one below")


def _systems(report: Report) -> Iterator[Html]:
    if not report.systems:
        return
    yield element("h2", "Systems")
    rows = [
        [
            each.name,
            each.kind,
            each.tier,
            *(statement(each.runs[region]) if region in each.runs else NONE for region in report.regions),
            references(each.runs.values()) if each.runs else NONE,
        ]
        for each in report.systems
    ]
    head = ["system", "kind", "tier", *(f"replicas in {each}" for each in report.regions), "sources"]
    yield table(head, rows, "Replicas on the clusters, and the GPUs that they ask for")


def _residency(report: Report) -> Iterator[Html]:
    yield element("h2", "Residency")
    if not report.residency:
        yield element("p", "Nothing of this stack holds data.")
        return
    places = dict.fromkeys(report.regions)
    for each in report.residency:
        places |= dict.fromkeys(each.places)
    rows = [
        [each.store, ", ".join(each.limits) or "none", *(_place(each, place) for place in places)]
        for each in report.residency
    ]
    caption = "Where the data of each store is: the store, its replicas and backups, logs and events about it"
    yield table(["store", "limited by", *places], rows, caption)


def _place(row: ResidencyRow, place: str) -> Html:
    kinds = row.places.get(place)
    if not kinds:
        return NONE
    beyond = row.allowed is not None and place not in row.allowed
    words = f"{', '.join(kinds)}{': not allowed' if beyond else ''}"
    return element("span", words, class_="beyond" if beyond else "inside")


def _policy(report: Report) -> Iterator[Html]:
    yield element("h2", "Policies")
    if report.policy is None:
        command = f"haven plan {report.stack} --policy --report FILE"
        yield element("p", "Not judged. ", element("code", command), " adds the verdict of the policy pack.")
        return
    yield from _verdict(report.policy)


def _verdict(policy: PolicyPart) -> Iterator[Html]:
    sources = keys(policy.sources)
    yield element("p", policy.summary, " ", links(policy.sources), data_source=sources)
    rows = [
        [each.rule, each.level, ", ".join(each.resources), each.got, each.allowed, each.fix]
        for each in policy.violations
    ]
    if rows:
        made = table(["rule", "level", "resources", "got", "allowed", "fix"], rows, "Violations", "violations")
        yield element("div", made, data_source=sources)


def _sources(report: Report) -> Iterator[Html]:
    yield element("h2", "Sources", id="sources")
    items = (
        element("li", element("b", each.key[1:]), _KINDS[each.kind], each.text, id=each.key) for each in report.sources
    )
    yield element("ol", *items, class_="sources")
