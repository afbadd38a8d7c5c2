"""The pages of the project: what they link to and which files they name exists."""

import re
from pathlib import Path

import pytest

from tests.environments import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FOLDERS = (
    "haven/",
    "infra/",
    "components/",
    "policies/",
    "stacks/",
    "tests/",
    "docs/",
    "examples/",
    "benchmarks/",
    "container/",
    ".github/",
)
HISTORY = "CHANGELOG.md"
"""Names files that are gone."""


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        target, _, anchor = link.partition("#")
        if "://" in link:
            continue
        file = (page.parent / target).resolve() if target else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    if page.name == HISTORY:
        return
    named = (each.rstrip("/") for each in re.findall(r"`([^`\s]+)`", page.read_text()))
    files = (each for each in named if each.startswith(FOLDERS) and not re.search(r"[<*…:$]", each))
    assert [each for each in files if not (ROOT / each).exists()] == []


def rows() -> dict[str, set[str]]:
    """File -> the resources that CONTRIBUTING's map lists for it."""
    table = re.findall(
        r"^\| [^|]+ \| `([\w/]+\.py)` \| (`.*`) \|$", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE
    )
    return {file: set(re.findall(r"`([\w.]+)`", resources)) for file, resources in table}


def declared(file: Path) -> set[str]:
    """The resources that a file declares: calls of AWS's classes, and those of other providers.

    A class of Kubernetes' may also be what a builder is given, so no bracket follows it.
    """
    text = file.read_text()
    aws = {f"{module}.{name}" for module, name in re.findall(r"\baws\.([a-z0-9]+)_?\.([A-Z]\w+)\(", text)}
    others = re.findall(r"\b(?:pulumi\.Stash|random\.RandomPassword|pulumi_eks\.Cluster)(?=\()", text)
    objects = re.findall(r"\bkubernetes\.([a-z]+(?:\.v\w+)?\.[A-Z]\w+)(?=[(,])", text)
    return {each for each in (*aws, *objects) if not each.endswith("Args")} | set(others)


def test_the_map_of_resources_lists_what_each_file_declares() -> None:
    package = ROOT / "components" / "haven_components"
    files = {str(each.relative_to(package)): declared(each) for each in package.rglob("*.py")}
    files |= {str(each.relative_to(ROOT)): declared(each) for each in (ROOT / "infra").rglob("*.py")}
    assert rows() == {file: resources for file, resources in files.items() if resources}
