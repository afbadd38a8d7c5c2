"""What a reviewer must read first: objectives that are missed, data that is lost, what is replaced."""

import json
from datetime import date

from haven.cli.pull_request import exit_code
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


def report(changes: dict[str, str], policy: str = "{}") -> Report:
    """On stack `warm`, some of whose keys a change edits."""
    config = {"haven:account": "210987654321"}
    before = Run(config, environment("warm", **NOTHING_RUNS), verdict=PolicyResult())
    after = Run(
        {**config, "haven:policy": policy}, environment("warm", **{**NOTHING_RUNS, **changes}), verdict=PolicyResult()
    )
    touched = Touched("warm", "stacks/Pulumi.warm.yaml", "changed")
    return Report("0123456789abcdef", DAY, [stack_report(touched, before, after, DAY)])


def comment(found: Report) -> str:
    return markdown.comment(found, FullReport())


def test_a_lower_tier_that_misses_an_objective_is_refused_with_the_figures_before_and_after() -> None:
    found = report(LOWER)
    text = comment(found)
    assert exit_code(found) == 1
    assert "**Not to be merged as it is:** `warm`." in text
    assert "**Objectives that the tier no longer meets:** `RTO 30 min (time to recover)`" in text
    assert "| `time to recover` | `2.5 min` → `10 min` | `20 min [A]` → `60 min [A]` | `RTO 30 min` |" in text


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
