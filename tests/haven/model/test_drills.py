"""Records of drills: their form, and what plans and reports show of them."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from haven.base.problems import Problems
from haven.base.terminal import Style
from haven.model.drills import json_schema, outcomes, records
from haven.plan import prediction_text
from haven.plan.prediction import TierPrediction, as_json, predict_environment
from haven.plan.summary import make_plan
from haven.report import markdown
from haven.report.collect import collect
from tests.environments import ROOT, TIERS, environment

RECORD: dict[str, Any] = {
    "schema": "drill.v1",
    "stack": "warm",
    "tier": "warm",
    "kind": "drill",
    "place": "aws",
    "started": "2026-11-26T09:00:00Z",
    "lostRegion": "eu-west-1",
    "succeeded": True,
    "measured": {"environment": 1260, "inference": 840, "writes": 1260, "lost": 3.5},
}


def project(folder: Path, *changes: dict[str, Any]) -> Path:
    (folder / "drills").mkdir(parents=True)
    for number, each in enumerate(changes):
        (folder / "drills" / f"{number}.json").write_text(json.dumps({**RECORD, **each}))
    return folder


def test_the_schema_is_that_of_the_form() -> None:
    file = ROOT / "haven" / "cli" / "schemas" / "drill.v1.json"
    assert json.loads(file.read_text()) == json_schema(), "run `make reference`"


def test_records_are_those_of_the_stack_the_newest_first_and_a_plan_shows_those_of_its_tier(tmp_path: Path) -> None:
    later = {"started": "2026-11-27T09:00:00+01:00"}
    lower = {"tier": "pilot-light", "started": "2026-11-20T09:00:00+01:00"}
    folder = project(tmp_path, {}, later, {"stack": "other"}, lower)
    assert [each.started.day for each in records(folder, "warm")] == [27, 26, 20]
    assert [each.started.day for each in predict_environment(environment("warm"), project=folder).drills] == [27, 26]
    assert records(tmp_path / "none", "warm") == []


@pytest.mark.parametrize("tier", ["backup", "warm"])
@pytest.mark.parametrize("succeeded", [True, False])
def test_drills_of_any_tier_count_so_no_tier_seems_less_available_than_the_one_below(
    tmp_path: Path, tier: str, *, succeeded: bool
) -> None:
    folder = project(tmp_path, {"tier": tier, "succeeded": succeeded})
    made = [predict_environment(replace(environment(each), stack="warm"), project=folder) for each in TIERS]
    down = [each.availability.downtime_minutes for each in made]
    assert down == sorted(down, reverse=True)
    assert [each.drilled for each in made] == [(int(succeeded), 1)] * len(TIERS)


def test_what_is_no_readable_file_or_no_possible_time_is_a_problem(tmp_path: Path) -> None:
    folder = project(tmp_path, {"measured": {"environment": 1e300}})
    (folder / "drills" / "x.json").mkdir()
    with pytest.raises(Problems) as caught:
        records(folder, "warm")
    assert [each.what for each in caught.value.problems] == ["0.json: measured.environment", "x.json"]
    assert "Is a directory" in caught.value.problems[1].got


def test_failovers_on_aws_without_injected_delays_count_for_how_many_work(tmp_path: Path) -> None:
    others: list[dict[str, Any]] = [{"place": "emulator"}, {"injected": True}, {"kind": "failback"}]
    folder = project(tmp_path, {}, {"succeeded": False}, *others)
    assert outcomes(records(folder, "warm")) == (1, 2)
    made = predict_environment(environment("warm"), project=folder)
    assert made.availability.success == pytest.approx(2 / 4)
    three = predict_environment(environment("warm"), project=project(tmp_path / "x", {}, {}, {}))
    assert three.availability.success == pytest.approx(4 / 5)


def test_every_problem_of_every_record_is_in_one_error(tmp_path: Path) -> None:
    folder = project(tmp_path, {"tier": "hot", "started": "2026-11-26"}, {"measured": {"environment": -1}})
    (folder / "drills" / "broken.json").write_text("{")
    with pytest.raises(Problems) as caught:
        records(folder, "warm")
    whats = [each.what for each in caught.value.problems]
    assert whats == ["0.json: tier", "0.json: started", "1.json: measured.environment", "broken.json"]


def test_plan_and_report_show_what_was_measured_beside_what_is_predicted(tmp_path: Path) -> None:
    folder = project(tmp_path, {}, {"started": "2026-11-20T09:00:00Z", "place": "emulator", "succeeded": False})
    recording = environment("warm")
    made = predict_environment(recording, project=folder)
    shown = prediction_text.screen(made, Style()).splitlines()
    newest, oldest = (next(each for each in shown if day in each) for day in ("2026-11-26 drill", "2026-11-20 drill"))
    assert newest.split() == ["2026-11-26", "drill", "yes", "21", "min", "14", "min", "21", "min", "3.5", "s"]
    assert "(emulator)" in oldest
    assert shown.index(newest) < shown.index(oldest)
    assert "1 of 1 on AWS did" in " ".join(" ".join(shown).split())
    assert [each["place"] for each in as_json(made)["drills"]] == ["aws", "emulator"]
    plan = replace(make_plan(recording), notes=())
    report = collect(plan, [TierPrediction("warm", recording, made, ())], [], None, date(2026, 11, 26))
    assert "- measured: 2026-11-26 drill: worked; RTO 21 min" in markdown.render(report)
