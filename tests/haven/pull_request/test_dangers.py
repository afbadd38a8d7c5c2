"""What a reviewer must read first: objectives that are missed, data that is lost, what is replaced."""

import json
import re
from dataclasses import replace
from datetime import date

import pytest

from haven.cli.pull_request import exit_code
from haven.program import aws_types as aws
from haven.pull_request import markdown
from haven.pull_request.markdown import FullReport
from haven.pull_request.report import Report, Touched, stack_report
from haven.pull_request.runs import Run
from haven.pull_request.verdict import PolicyResult
from tests.environments import PRIMARY, environment

DAY = date(2026, 11, 26)
GPU = {
    "name": "serving",
    "minSize": 1,
    "desiredSize": 2,
    "maxSize": 4,
    "instanceTypes": ["g4dn.2xlarge", "g4dn.4xlarge"],
}
KINDS = {"serving": "model-serving", "registry": "model-registry", "training": "training"}
NOTHING_RUNS = {"systems": json.dumps({name: {"kind": kind} for name, kind in KINDS.items()})}
"""Systems that Haven doesn't run: what changes is AWS's alone."""
CLUSTER = {"cluster": json.dumps({"gpuNodeGroups": [GPU]})}
FEWER_BUCKETS = {"storage": json.dumps({"buckets": {"models": {}, "checkpoints": {}}})}
LOWER = {"tier": "pilot-light"}
ACCEPTED = {"reason": "moved to another bucket, see the ticket", "until": "2026-12-31"}


def report(changes: dict[str, str], policy: str = "{}", before: dict[str, str] | None = None) -> Report:
    """On stack `warm`, some of whose keys a change edits; `before` are keys of the base."""
    config = {"haven:account": "210987654321"}
    base = Run(config, environment("warm", **{**NOTHING_RUNS, **(before or {})}), verdict=PolicyResult())
    after = Run(
        {**config, "haven:policy": policy}, environment("warm", **{**NOTHING_RUNS, **changes}), verdict=PolicyResult()
    )
    touched = Touched("warm", "stacks/Pulumi.warm.yaml", "changed")
    return Report("0123456789abcdef", DAY, [stack_report(touched, base, after, DAY)])


def comment(found: Report) -> str:
    return markdown.comment(found, FullReport())


def test_a_lower_tier_that_misses_an_objective_is_refused_with_the_figures_before_and_after() -> None:
    found = report(LOWER)
    text = comment(found)
    assert exit_code(found) == 1
    assert "**Not to be merged as it is:** `warm`." in text
    assert "**Objectives that the tier no longer meets:** `RTO 30 min (time to recover once decided)`" in text
    assert (
        "| `time to recover once decided` | `2.5 min` → `10 min` | `20 min [A]` → `60 min [A]` | `RTO 30 min` |" in text
    )


def test_the_headline_has_the_predictions_before_and_after_then_missed_objectives_then_data() -> None:
    text = comment(report({**LOWER, **FEWER_BUCKETS}))
    titles, _, row = text.splitlines()[5:8]
    assert titles.split(" | ")[1:] == [
        "RTO", "RPO", "USD a month", "availability", "objectives newly missed", "data deleted or replaced |"
    ]  # fmt: skip
    cells = row.split(" | ")
    assert re.fullmatch(r"[\d.]+ min → [\d.]+ min", cells[1])
    assert " → " in cells[3]
    assert re.fullmatch(r"\*\*RTO 30 min by [\d.]+ min\*\*", cells[5])
    assert "`haven-warm-artifacts-euw1` removed from the state" in cells[6]
    assert text.index("**Objectives newly missed:** `warm` (RTO 30 min by") < text.index(titles)


@pytest.mark.parametrize("objectives", ['{"rtoMinutes": 30}', '{"rtoMinutes": 15}', '{"rtoMinutes": 90}', "{}"])
def test_a_downgrade_is_never_called_free_of_objections(objectives: str) -> None:
    asked = {"objectives": objectives}
    found = report({**asked, **LOWER}, before=asked)
    assert exit_code(found) == 1
    assert "no objections" not in comment(found)


def with_ttl(seconds: int, objectives: str, ttl_before: int = 60) -> Report:
    """Stack `warm` with objectives of its own, whose records get another TTL: no promise of the tier changes."""
    base = environment("warm", **NOTHING_RUNS, objectives=objectives)
    sides = []
    for ttl in (ttl_before, seconds):
        records = [
            replace(each, inputs={**each.inputs, "ttl": ttl}) if each.type == aws.ROUTE53_RECORD else each
            for each in base.resources
        ]
        sides.append(Run({}, replace(base, resources=records), verdict=PolicyResult()))
    touched = Touched("warm", "stacks/Pulumi.warm.yaml", "changed")
    return Report("0123456789abcdef", DAY, [stack_report(touched, sides[0], sides[1], DAY)])


def test_an_objective_that_the_prediction_newly_misses_is_refused_though_no_promise_changes() -> None:
    found = with_ttl(600, '{"rtoMinutes": 30}')
    assert not found.stacks[0].objectives
    assert exit_code(found) == 1
    assert "**Not to be merged as it is:** `warm`. **Objectives newly missed:** `warm` (RTO 30 min by" in comment(found)


def test_an_objective_that_was_missed_before_is_confirmed_where_it_is_missed_by_more() -> None:
    worse = with_ttl(600, '{"rtoMinutes": 15}')
    assert exit_code(worse) == 0
    assert "**To be confirmed by a reviewer:** `warm`." in comment(worse)
    assert "none; missed before and after: RTO 15 min by" in comment(worse)
    better = with_ttl(60, '{"rtoMinutes": 15}', ttl_before=600)
    assert "no objections" in comment(better)


def test_an_objective_that_is_added_and_missed_is_confirmed() -> None:
    found = report({"objectives": '{"rtoMinutes": 15}'}, before={"objectives": "{}"})
    assert exit_code(found) == 0
    assert "**To be confirmed by a reviewer:** `warm`." in comment(found)
    assert "**Objectives newly missed:** `warm` (RTO 15 min by" in comment(found)


def test_a_side_that_can_not_be_predicted_is_named_and_the_other_one_is_shown() -> None:
    whole = environment("warm", **NOTHING_RUNS)
    groups = [replace(each, inputs={}) if each.type == aws.EKS_NODE_GROUP else each for each in whole.resources]
    config = {"haven:account": "210987654321"}
    before = Run(config, replace(whole, resources=groups), verdict=PolicyResult())
    after = Run(config, whole, verdict=PolicyResult())
    stack = stack_report(Touched("warm", "stacks/Pulumi.warm.yaml", "changed"), before, after, DAY)
    assert [each.partition(":")[0] for each in stack.failures] == ["no prediction of the base"]
    assert stack.headline.before is None
    assert stack.headline.after
    assert not stack.unknown


def test_a_base_that_can_not_be_predicted_is_confirmed_by_a_reviewer() -> None:
    before, after = (
        Run({"haven:cost": cost}, environment("warm"), verdict=PolicyResult())
        for cost in ('{"savingsPlanPercent": "many"}', "{}")
    )
    stack = stack_report(Touched("warm", "stacks/Pulumi.warm.yaml", "changed"), before, after, DAY)
    found = Report("0" * 40, DAY, [stack])
    assert exit_code(found) == 0
    assert "**To be confirmed by a reviewer:** `warm`." in comment(found)


def test_a_change_that_can_not_be_predicted_is_not_judged() -> None:
    run = Run({"haven:cost": '{"savingsPlanPercent": "many"}'}, environment("warm"), verdict=PolicyResult())
    stack = stack_report(Touched("warm", "stacks/Pulumi.warm.yaml", "changed"), run, run, DAY)
    assert 'haven:cost.savingsPlanPercent: got "many"' in stack.failures[0]
    found = Report("0" * 40, DAY, [stack])
    assert "**Not judged:** `warm`." in comment(found)
    assert exit_code(found) == 3


def test_numbers_that_a_stack_file_has_as_text_are_predicted_on_both_sides() -> None:
    run = Run({"haven:cost": '{"savingsPlanPercent": "20"}'}, environment("warm"), verdict=PolicyResult())
    stack = stack_report(Touched("warm", "stacks/Pulumi.warm.yaml", "changed"), run, run, DAY)
    assert list(stack.failures) == []
    assert stack.headline.after


def test_an_objective_that_is_lowered_in_the_same_change_is_shown_and_not_missed() -> None:
    found = report({"objectives": '{"rtoMinutes": 90}', **LOWER})
    assert "`RTO 30 min` → `RTO 90 min`" in comment(found)
    assert not found.stacks[0].missed


def test_another_gpu_type_replaces_its_node_groups_and_a_reviewer_confirms_it() -> None:
    found = report(CLUSTER)
    text = comment(found)
    replaced = [each.record.name for each in found.stacks[0].diff.replaced]
    assert any("serving" in each for each in replaced)
    assert exit_code(found) == 0
    assert "no objections" not in text
    assert "**To be confirmed by a reviewer:** `warm`." in text
    assert "**Replaced, so deleted and created:** `warm` (`2 eks node groups`)." in text.splitlines()[3]
    replaced_first = text[: text.index("<details>")]
    assert f"`eks node group haven-warm-euw1-serving` in `{PRIMARY}`" in replaced_first
    assert "instanceTypes" in replaced_first


def test_a_removed_bucket_is_lost_data_and_refused() -> None:
    found = report(FEWER_BUCKETS)
    text = comment(found)
    assert exit_code(found) == 1
    assert "**Dangerous: data, copies, safeguards**" in text
    assert "- deletion: `haven-warm-artifacts-euw1` in `eu-west-1`" in text
    assert text.index("**Dangerous") < text.index("<details>")


def test_what_the_changed_stack_file_accepts_by_name_is_shown_with_its_reason() -> None:
    refused = report(FEWER_BUCKETS).stacks[0].gate.refused
    every = [{**ACCEPTED, "resource": each.identity} for each in refused]
    found = report(FEWER_BUCKETS, json.dumps({"accepted": every}))
    assert exit_code(found) == 0
    assert "accepted: `moved to another bucket, see the ticket (until 2026-12-31)`" in comment(found)
    lapsed = report(
        FEWER_BUCKETS,
        json.dumps({"accepted": [{**each, "until": "2026-11-25"} for each in every]}),
    )
    assert exit_code(lapsed) == 1


def test_a_change_that_endangers_nothing_passes() -> None:
    found = report({"tags": '{"team": "ml"}'})
    assert exit_code(found) == 0
    assert "**Dangerous" not in comment(found)
    assert "no objections" in comment(found)
