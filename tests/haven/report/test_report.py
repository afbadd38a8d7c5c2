"""Every number of a report has a source, on the page too; nothing is loaded from elsewhere."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest

from haven.base.terminal import Style
from haven.plan import prediction_text
from haven.plan.prediction import predict_environment
from haven.plan.prediction_text import LESS_ANYWAY
from haven.report import markdown, page
from haven.report.document import Named, PolicyPart, Report, ResidencyRow, Violation
from haven.report.figures import Figure, Kind, Source
from haven.report.palette import DARK, LIGHT, SHAPES, TEXTS, contrast
from haven.report.stylesheet import stylesheet
from tests.environments import TIERS, environment
from tests.haven.report.reports import report

NUMBER = re.compile(r"(?<![\w.:/-])\d[\d.,]*(?![\w-])")
"""A number by itself: not that in `eu-west-1`, `g5.2xlarge`, `p95`."""
NAMES = ("Route 53",)
LARGEST = 1_500_000


def has_number(text: str) -> bool:
    for name in NAMES:
        text = text.replace(name, "")
    return bool(NUMBER.search(text))


def without_source(value: Any, path: str = "report") -> Iterator[str]:
    """Paths of the numbers that no part with sources is around."""
    if (isinstance(value, Source) or getattr(value, "sources", None)) and not isinstance(value, Report):
        return
    if is_dataclass(value):
        for each in fields(value):
            yield from without_source(getattr(value, each.name), f"{path}.{each.name}")
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from without_source(each, f"{path}[{key}]")
    elif isinstance(value, (list, tuple)):
        for place, each in enumerate(value):
            yield from without_source(each, f"{path}[{place}]")
    elif (isinstance(value, (int, float)) and not isinstance(value, bool)) or (
        isinstance(value, str) and has_number(value)
    ):
        yield f"{path}: {value}"


class Reader(HTMLParser):
    """Reads a page: texts with the `data-source` around them, ids, and what it would load."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, list[str]]] = []
        self.ids: list[str] = []
        self.loads: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.add(tag)
        self.ids += [each for each in (found.get("id"),) if each]
        self.loads += [str(found[each]) for each in ("src", "href", "action", "xlink:href") if found.get(each)]
        if tag not in ("meta", "link", "input", "br"):
            self.open.append((tag, found))

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1][0] == tag
        self.open.pop()

    def handle_data(self, data: str) -> None:
        tags = [tag for tag, _ in self.open]
        if not {"style", "title"} & set(tags):
            around = [found["data-source"] or "" for _, found in self.open if "data-source" in found]
            self.texts.append((data, [*around, *(["sources"] if ("ol", "sources") in self._classes() else [])]))

    def _classes(self) -> list[tuple[str, str | None]]:
        return [(tag, found.get("class")) for tag, found in self.open]


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    return reader


@pytest.fixture(scope="module")
def shown() -> str:
    return page.render(report())


def test_every_number_of_the_data_is_in_a_part_with_sources() -> None:
    assert list(without_source(report())) == []


def test_a_number_without_a_source_is_noticed() -> None:
    assert list(without_source([Named("nines", Figure(3.2, "3.2", []))])) != []
    assert list(without_source({"note": "takes 30 minutes"})) == ["report[note]: takes 30 minutes"]


def test_every_number_on_the_page_is_inside_of_something_with_a_source(shown: str) -> None:
    read_page = read(shown)
    assert [text for text, around in read_page.texts if has_number(text) and not any(around)] == []
    used = {key for _, around in read_page.texts for each in around for key in each.split() if key != "sources"}
    assert used - set(read_page.ids) == set()


def test_each_source_is_listed_once_and_assumptions_are_marked(shown: str) -> None:
    sources = report().sources
    assert len({each.key for each in sources}) == len({(each.kind, each.text) for each in sources}) == len(sources)
    assert any(each.kind is Kind.ASSUMPTION for each in sources)
    assert shown.count("[A] assumption: ") == sum(each.kind is Kind.ASSUMPTION for each in sources)


def test_ids_are_unique_and_links_stay_on_the_page(shown: str) -> None:
    read_page = read(shown)
    assert len(read_page.ids) == len(set(read_page.ids))
    links = [each for each in read_page.loads if each != "data:,"]
    assert links
    assert [each for each in links if not each.startswith("#") or each[1:] not in read_page.ids] == []


def test_the_page_has_no_script_nothing_from_elsewhere_and_fits(shown: str) -> None:
    assert len(shown.encode()) < LARGEST
    assert read(shown).tags & {"script", "img", "iframe", "object", "embed"} == set()
    addresses = set(re.findall(r"https?://[^\s\"<]+", shown)) - {"http://www.w3.org/2000/svg"}
    assert [each for each in addresses if f'"{each}' in shown or f"({each}" in shown] == []


@pytest.mark.parametrize("tier", TIERS)
def test_the_page_judges_objective_and_slas_as_the_plan_does(tier: str, shown: str) -> None:
    predicted = predict_environment(environment(tier), environment("warm").outputs["objectives"])
    verdict = prediction_text.verdict_on_slas(predicted.levels)
    plan = " ".join(prediction_text.screen(predicted, Style()).split())
    assert verdict in plan
    part = next(each for each in report().tiers if each.tier == tier)
    assert part.slas
    assert part.slas.text == verdict
    assert verdict in shown
    assert verdict in markdown.render(report()) or not part.own
    words = [(each.name, each.figure.text) for each in part.levels]
    assert words == [(each.name, each.words) for each in prediction_text.levels(predicted.levels)]
    detail = " ".join(prediction_text.render(predicted, Style()).split())
    assert all(f"{name} {text}" in detail for name, text in words)


@pytest.mark.parametrize("tier", TIERS)
def test_every_tier_has_a_button_and_a_panel_with_its_timeline(tier: str, shown: str) -> None:
    assert {f"tier-{tier}", f"panel-{tier}"} <= set(read(shown).ids)
    part = next(each for each in report().tiers if each.tier == tier)
    assert part.timeline[0].name == "detect"
    assert max(each.end.value for each in part.timeline) == part.timeline[-1].end.value


def test_text_is_escaped() -> None:
    changed = Report(**{**vars(report()), "stack": "<b>&"})
    assert "&lt;b&gt;&amp;" in page.render(changed)
    assert "<b>&" not in page.render(changed)


def test_a_page_without_policies_names_the_command_that_adds_them() -> None:
    shown = page.render(Report(**{**vars(report()), "policy": None}))
    assert "haven plan warm --policy --report FILE" in shown


def test_violations_are_listed_with_their_fix_on_the_page_and_in_markdown() -> None:
    found = Violation("logs-encrypted", "mandatory", ["audit"], "no key", "a key", "set kmsKeyId")
    violated = PolicyPart("1 rule: 1 violation", [found], report().sources[:1])
    changed = Report(**{**vars(report()), "policy": violated})
    assert all(each in page.render(changed) for each in ("logs-encrypted", "audit", "no key", "set kmsKeyId"))
    assert "- logs-encrypted (mandatory): audit" in markdown.render(changed)


def test_costs_by_component_and_by_region_add_up_to_the_total() -> None:
    for part in report().tiers:
        total = pytest.approx(part.cost.total.value)
        assert sum(each.total.value for each in part.cost.components) == total
        assert sum(each.value for each in part.cost.regions.values()) == total
        assert sum(each.figure.value for each in part.cost.systems) == total


def test_each_tier_has_its_break_even_over_the_one_below(shown: str) -> None:
    pairs = report().break_even
    assert [(each.lower, each.higher) for each in pairs] == list(pairwise(TIERS))
    for each in pairs:
        if isinstance(each.usd, Figure):
            assert isinstance(each.dearer, Figure)
            hours = each.shorter.value / 60
            assert each.usd.value * hours == pytest.approx(max(0.0, each.dearer.value))
            assert each.usd.text in shown
    assert "Break-even between tiers" in shown
    assert "warm instead of pilot-light pays from" in markdown.render(report())


def test_a_tier_that_costs_less_by_itself_is_called_so_in_every_form(shown: str) -> None:
    (pair,) = (each for each in report().break_even if each.anyway)
    assert pair.higher == "pilot-light"
    assert f"{pair.higher} instead of {pair.lower} {LESS_ANYWAY}" in markdown.render(report())
    assert "less whatever it costs" in shown


def test_a_failovers_own_bill_is_on_the_page(shown: str) -> None:
    assert "A failover&#x27;s own bill" in shown
    for part in report().tiers:
        cost = part.cost
        assert cost.once.value == pytest.approx(sum(each.figure.value for each in cost.once_items))
        standby = cost.regions[next(each for each in report().regions if each != report().active)]
        assert isinstance(cost.extra_an_hour, Figure)
        assert cost.extra_an_hour.value * 730 == pytest.approx(cost.failover.value - standby.value, abs=0.01)


def test_each_system_has_its_recovery_time_with_the_term_to_shorten_first(shown: str) -> None:
    names = [each.name for each in report().own.systems]
    assert names == ["registry (model-registry)", "serving (model-serving)", "training (training, after the others)"]
    assert all(each.shorten and each.shorten.text in shown for each in report().own.systems)


def test_moving_to_another_tier_lists_what_moving_back_does_not_undo(shown: str) -> None:
    moves = {part.tier: part.move for part in report().tiers}
    assert moves["warm"] is None
    down = moves["pilot-light"]
    assert down
    assert any("log group" in each.text for each in down.irreversible)
    assert down.counts.text in shown


def test_what_shortening_a_term_costs_is_beside_it(shown: str) -> None:
    light = next(part for part in report().tiers if part.tier == "pilot-light")
    nodes = next(each for each in light.timeline if each.name == "GPU nodes serving")
    assert nodes.shorten_costs
    assert nodes.shorten_costs.text.endswith("USD a month")
    assert nodes.shorten_costs.text in shown


def test_the_residency_map_has_each_store_in_its_regions() -> None:
    rows = {each.store: each for each in report().residency}
    assert rows["keys"].places == {"eu-west-1": ["store"], "eu-central-1": ["replica"]}
    assert rows["buckets.models"].places == {each: ["store", "replica"] for each in ("eu-west-1", "eu-central-1")}
    assert rows["database"].allowed is not None
    assert "eu-central-1" in rows["database"].allowed


def test_data_where_it_may_not_be_is_marked() -> None:
    moved = ResidencyRow("tables", ["data class personal"], ["eu-west-1"], {"us-east-1": ["replica"]})
    shown = page.render(Report(**{**vars(report()), "residency": [moved]}))
    assert "replica: not allowed" in shown


def test_unknown_prices_are_listed_by_name(shown: str) -> None:
    assert report().own.cost.unknown
    for each in report().own.cost.unknown:
        assert each in shown


def test_markdown_has_the_objectives_every_tier_and_the_sources() -> None:
    text = markdown.render(report())
    assert all(tier in text for tier in TIERS)
    assert "RTO 30 min: met" in text or "RTO 30 min: **missed" in text
    assert all(each.text.replace("<", "&lt;") in text for each in report().sources)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_shapes_have_enough_contrast(palette: dict[str, str]) -> None:
    texts = {pair: contrast(palette[pair[0]], palette[pair[1]]) for pair in TEXTS}
    shapes = {pair: contrast(palette[pair[0]], palette[pair[1]]) for pair in SHAPES}
    assert {pair: found for pair, found in texts.items() if found < 4.5} == {}
    assert {pair: found for pair, found in shapes.items() if found < 3} == {}


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_the_stylesheet_has_no_other_colours() -> None:
    used = set(re.findall(r"#[0-9a-f]{6}\b", stylesheet(TIERS)))
    assert used <= {*LIGHT.values(), *DARK.values()}
