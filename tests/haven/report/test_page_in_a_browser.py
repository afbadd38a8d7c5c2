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
  const poor = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.getClientRects().length || element.closest("svg")) continue;
    const colours = [parse(getComputedStyle(element).color), ground(element)];
    const [light, dark] = colours.map(luminance).sort((a, b) => b - a);
    if ((light + 0.05) / (dark + 0.05) < 4.5) poor.push(texts.currentNode.data);
  }
  return poor;
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
        assert tab.evaluate(LEGIBLE) == []


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
