"""The page in a real browser: no request, no error, every tier reached by keyboard, all text legible."""

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from haven.report import page
from tests.environments import TIERS
from tests.haven.report.browser import CHROMIUM, Tab, opened
from tests.haven.report.reports import report

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
    pytest.mark.exhaustive,
]
SIZES = [(width, scheme) for width in (390, 1280) for scheme in ("light", "dark")]
LEGIBLE = """
(() => {
  const parse = colour => colour.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = element => {
    for (let each = element; each; each = each.parentElement) {
      const found = parse(getComputedStyle(each).backgroundColor);
      if (found.length < 4 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const onto = ([r, g, b, a = 1], below) => [r, g, b].map((c, i) => c * a + below[i] * (1 - a));
  const filled = element => {
    const style = getComputedStyle(element);
    if (style.fill === "none" || style.visibility !== "visible" || !element.getClientRects().length) return null;
    const [r, g, b, own = 1] = parse(style.fill);
    let share = own * style.fillOpacity;
    for (let each = element; each.ownerSVGElement; each = each.parentElement)
      share *= getComputedStyle(each).opacity;
    return [r, g, b, share];
  };
  const shapes = "rect, path, circle, ellipse, polygon";
  const behind = text => {
    const box = text.getBoundingClientRect(), picture = text.closest("svg");
    const holds = (inner, x) => inner.left <= x && x <= inner.right
      && inner.top <= box.top + box.height / 2 && box.top + box.height / 2 <= inner.bottom;
    const grounds = [box.left + 1, box.left + box.width / 2, box.right - 1].map(x =>
      [...picture.querySelectorAll(shapes)]
        .filter(each => !each.closest("defs, marker") && holds(each.getBoundingClientRect(), x))
        .filter(each => each.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING)
        .map(filled).filter(Boolean).reduce((below, each) => onto(each, below), ground(picture)));
    return grounds;
  };
  const poor = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let pictured = 0;
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement, words = texts.currentNode.data;
    if (!words.trim() || !element.getClientRects().length) continue;
    const text = element.closest("svg text");
    pictured += Boolean(text);
    const grounds = text ? behind(text) : [ground(element)];
    const own = text ? filled(element) : parse(getComputedStyle(element).color);
    for (const each of grounds) {
      const [light, dark] = [text ? onto(own, each) : own, each].map(luminance).sort((a, b) => b - a);
      if ((light + 0.05) / (dark + 0.05) < 4.5) { poor.push(words); break; }
    }
  }
  return {poor, pictured};
})()
"""
VISIBLE = "[...document.querySelectorAll('.panel')].filter(e => e.getClientRects().length).map(e => e.id)"


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with opened(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    written = tmp_path_factory.mktemp("page") / "report.html"
    written.write_text(page.render(report()))
    return written


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_nothing_fails_nothing_is_requested_and_nothing_is_wider_than_the_page(
    width: int, scheme: str, tab: Tab, file: Path, tmp_path: Path
) -> None:
    tab.open(file, width, scheme)
    failed = [each for each in tab.events if each["method"] in ("Log.entryAdded", "Runtime.exceptionThrown")]
    failed += [each for each in tab.events if each["method"] == "Runtime.consoleAPICalled"]
    assert failed == []
    sent = [each["params"] for each in tab.events if each["method"] == "Network.requestWillBeSent"]
    assert {each["request"]["url"] for each in sent} - {file.as_uri(), "data:,"} == set()
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.screenshot(tmp_path / "page.png")
    drawn = (tmp_path / "page.png").read_bytes()
    assert struct.unpack(">I", drawn[16:20]) == (width,)


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_all_text_has_enough_contrast_in_every_tier(width: int, scheme: str, tab: Tab, file: Path) -> None:
    tab.open(file, width, scheme)
    for tier in TIERS:
        tab.evaluate(f"document.getElementById('tier-{tier}').click()")
        found = tab.evaluate(LEGIBLE)
        assert found["poor"] == []
        assert (found["pictured"] > 0) is (width == 1280)  # a phone has the topology as text


@pytest.mark.parametrize(("fill", "ground"), [("#999999", "none"), ("#1f2328", "#222222")])
def test_text_of_a_picture_without_contrast_is_found(fill: str, ground: str, tab: Tab, tmp_path: Path) -> None:
    shape = f'<rect width="90" height="30" fill="{ground}"/><text x="9" y="20" fill="{fill}">poor</text>'
    (tmp_path / "poor.html").write_text(f'<body style="background: #fff"><svg width="99" height="40">{shape}</svg>')
    tab.open(tmp_path / "poor.html", 390, "light")
    assert tab.evaluate(LEGIBLE) == {"poor": ["poor"], "pictured": 1}


def test_all_four_tiers_are_reached_by_keyboard(tab: Tab, file: Path) -> None:
    tab.open(file, 1280, "light")
    assert tab.evaluate(VISIBLE) == ["panel-warm"]
    for _ in range(20):
        tab.press("Tab", 9)
        if tab.evaluate("document.activeElement.id") == "tier-warm":
            break
    seen = []
    for _ in TIERS:
        tab.press("ArrowRight", 39)
        seen += tab.evaluate(VISIBLE)
    assert seen == ["panel-active-active", "panel-backup", "panel-pilot-light", "panel-warm"]
    tab.press("ArrowLeft", 37)
    assert tab.evaluate(VISIBLE) == ["panel-pilot-light"]


def test_on_paper_every_tier_is_printed(tab: Tab, file: Path) -> None:
    tab.open(file, 1280, "dark")
    tab.call("Emulation.setEmulatedMedia", media="print", features=[])
    assert tab.evaluate(VISIBLE) == [f"panel-{each}" for each in TIERS]
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    tab.call("Emulation.setEmulatedMedia", media="")
