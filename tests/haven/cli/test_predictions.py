"""`haven plan` beside what the models predict."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from haven.base.exits import BAD_INPUT, FINDINGS, OK
from haven.program import process
from tests.haven.cli.small_project import Run, write_stack


@pytest.mark.parametrize(("minutes", "code"), [(1, FINDINGS), (600, OK)])
def test_strict_fails_where_the_prediction_misses_an_objective(
    minutes: int, code: int, project: Path, run: Run
) -> None:
    write_stack(project, "prod", "haven:tier: warm", f"haven:objectives: {{rtoMinutes: {minutes}}}")
    assert run("plan", "prod", "--strict")[0] == code
    assert run("plan", "prod")[0] == OK


def test_an_objective_is_shown_with_what_is_left_of_it(project: Path, run: Run) -> None:
    write_stack(project, "prod", "haven:tier: warm", "haven:objectives: {rtoMinutes: 1}")
    _, shown, _ = run("plan", "prod")
    assert "If the active Region were lost" in shown
    assert "60 s: missed by" in shown or "1 min: missed by" in shown


def test_a_comparison_has_both_tiers_predictions(project: Path, run: Run) -> None:
    _, shown, _ = run("plan", "prod", "--compare", "backup")
    assert "RTO, p50 to p95" in shown
    document = json.loads(run("plan", "prod", "--compare", "backup", "--json")[1])
    assert document["predicted"]["recoveryTime"]["environment"]["p95"] > 0
    assert document["compare"]["predicted"]["recoveryTime"]["environment"]["p95"] > 0


def test_all_tiers_are_beside_each_other_with_the_cheapest_that_meets_the_objectives(project: Path, run: Run) -> None:
    _, shown, _ = run("plan", "prod", "--all-tiers")
    assert all(tier in shown for tier in ("backup", "pilot-light", "warm", "active-active"))
    assert "the cheapest tier that meets every objective: backup" in shown
    write_stack(project, "prod", "haven:tier: warm", "haven:objectives: {rtoMinutes: 0.1}")
    assert "no tier meets every objective" in run("plan", "prod", "--all-tiers")[1]
    document = json.loads(run("plan", "prod", "--all-tiers", "--json")[1])
    assert list(document["tiers"]) == ["active-active", "backup", "pilot-light", "warm"]
    assert document["tiers"]["warm"]["move"] is None
    assert all(each["resources"]["total"] > 0 for each in document["tiers"].values())


def test_all_tiers_show_how_many_resources_there_are_and_what_moving_to_each_changes(project: Path, run: Run) -> None:
    _, shown, _ = run("plan", "prod", "--all-tiers")
    assert "  resources " in shown
    assert "Moves from tier warm" in shown
    assert "  to backup: " in shown
    assert "  to warm: " not in shown


def test_all_tiers_are_the_same_where_the_system_runs_them_one_after_the_other(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = run("plan", "prod", "--all-tiers", "--json")
    monkeypatch.setattr(process, "sys", SimpleNamespace(platform="darwin"))
    assert run("plan", "prod", "--all-tiers", "--json")[:2] == together[:2]


def test_all_tiers_is_used_by_itself(project: Path, run: Run) -> None:
    code, _, problems = run("plan", "prod", "--all-tiers", "--compare", "backup")
    assert code == BAD_INPUT
    assert "--all-tiers" in problems


@pytest.mark.parametrize("other", [["--all-tiers"], ["--compare", "backup"]])
def test_strict_is_not_ignored_beside_other_tiers(other: list[str], project: Path, run: Run) -> None:
    code, shown, problems = run("plan", "prod", "--strict", *other)
    assert (code, shown) == (BAD_INPUT, "")
    assert "--strict: got --compare or --all-tiers too; allowed: the stack's own tier" in problems
