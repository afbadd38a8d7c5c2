"""`haven pr` over this project's own stacks: a repository made of it, with a change to the stack of tier warm."""

import shutil
from datetime import date
from typing import Any

import pytest

from haven.program import aws_types as aws
from haven.pull_request import markdown
from haven.pull_request.report import Report, make_report
from haven.pull_request.report_json import as_json
from tests.environments import ROOT
from tests.haven.pull_request.repository import commit_all, edit, stack_file

ROOMS = ("components", "haven", "infra", "policies", "stacks")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Tier pilot-light instead of warm, one more GPU node for serving, another recovery Region."""
    directory = tmp_path_factory.mktemp("repository")
    for room in ROOMS:
        shutil.copytree(ROOT / room, directory / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Pulumi.yaml", directory)
    commit_all(directory)
    warm = stack_file(directory, "warm")
    edit(warm, "haven:tier: warm", "haven:tier: pilot-light")
    edit(warm, "desiredSize: 3", "desiredSize: 4")
    edit(warm, "recovery: eu-central-1", "recovery: eu-west-2")
    return make_report(directory, "main", date(2026, 11, 21))


@pytest.fixture(scope="module")
def found(report: Report) -> dict[str, Any]:
    stacks: list[dict[str, Any]] = as_json(report)["stacks"]
    assert len(stacks) == 1
    return stacks[0]


def test_both_sides_run_and_the_tiers_are_reported(found: dict[str, Any]) -> None:
    assert found["failures"] == []
    assert (found["stack"], found["tier"]) == ("warm", {"before": "warm", "after": "pilot-light"})


def test_the_edited_regions_are_an_error(found: dict[str, Any]) -> None:
    assert [each["what"] for each in found["errors"]] == ["haven:regions"]
    assert "eu-west-2" in found["errors"][0]["got"]


def test_capacity_is_counted_by_region(found: dict[str, Any]) -> None:
    gpu_nodes = {region: counts.get("gpuNodes") for region, counts in found["capacity"].items()}
    here, there = {"before": 4, "after": 5}, {"before": 1, "after": 0}
    assert gpu_nodes == {"eu-west-1": here, "eu-central-1": there, "eu-west-2": None}
    assert found["capacity"]["eu-west-2"]["controlPlanes"] == {"before": 0, "after": 1}


def test_resources_are_found_under_their_regions_and_components(report: Report, found: dict[str, Any]) -> None:
    added, removed = ({(each["region"], each["component"]) for each in found[group]} for group in ("added", "removed"))
    assert ("eu-west-2", "InferenceCluster") in added
    assert ("eu-central-1", "InferenceCluster") in removed
    assert ("eu-central-1", "GlobalDatabase") in removed
    assert "haven-warm-db-euc1" in {each["name"] for each in found["refused"]}
    [stack] = report.stacks
    clusters = [each for each in stack.diff.removed if each.type == aws.EKS_CLUSTER]
    assert [each.region for each in clusters] == ["eu-central-1"]


def test_the_policies_judged_what_the_change_makes_of_it(found: dict[str, Any]) -> None:
    assert found["policy"] is not None
    assert found["policy"]["mandatory"] == sum(each["level"] == "mandatory" for each in found["policy"]["violations"])


def test_the_comment_says_it_first_and_folds_the_rest(report: Report) -> None:
    text = markdown.comment(report, markdown.FullReport())
    assert "**Not to be merged as it is:** `warm`." in text
    assert "`warm` → **`pilot-light`**" in text
    assert text.index("**Errors**") < text.index("<details>")
    assert len(text.encode()) <= markdown.LIMIT
    assert "!     scalingConfig.desiredSize: 3 -> 4" in markdown.render(report, None)
