"""The comment on hand-made reports: what comes first, what is folded, what is cut, and that nothing breaks out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from haven.cli.pull_request import exit_code
from haven.program import aws_types as aws
from haven.program.recording import Recording, Resource
from haven.pull_request import markdown
from haven.pull_request.markdown import LIMIT, MARKER, NO_CHANGES, FullReport
from haven.pull_request.markdown_code import cell, code, fenced, link
from haven.pull_request.report import Report, Touched, stack_report
from haven.pull_request.runs import Run
from haven.pull_request.sarif import as_sarif
from haven.pull_request.verdict import PolicyResult, read_verdict
from tests.haven.plan.hand_made_recordings import resource

DAY = date(2026, 11, 21)
CLEAN = PolicyResult()
REGIONS = {"primary": "eu-west-1", "recovery": "eu-central-1"}


def declared(tier: str = "warm", *records: Resource) -> Recording:
    outputs = {"tier": tier, "regions": REGIONS, "active": "eu-west-1"}
    return Recording("haven", "prod", [*records], outputs)


def run(recording: Recording, verdict: PolicyResult | None = CLEAN, config: Mapping[str, str] | None = None) -> Run:
    return Run(config or {"haven:account": "210987654321"}, recording, verdict=verdict)


def report(*stacks: tuple[str, Run | None, Run | None]) -> Report:
    changes = {(False, True): "added", (True, False): "deleted", (True, True): "changed"}
    made = [
        stack_report(Touched(name, f"stacks/Pulumi.{name}.yaml", changes[bool(old), bool(new)]), old, new, DAY)
        for name, old, new in stacks
    ]
    return Report("0123456789abcdef", DAY, made)


def output(found: Report) -> str:
    return markdown.comment(found, FullReport())


def violation(level: str, rule: str = "bucket-keys", **more: Any) -> dict[str, Any]:
    words = {
        "severity": "high",
        "resource": "models",
        "path": "rule",
        "got": "AES256",
        "allowed": "aws:kms",
        "fix": "f",
    }
    return {"rule": rule, "level": level, "page": "https://docs.aws.amazon.com/x.html", "urn": None, **words, **more}


def verdict(violations: Sequence[dict[str, Any]] = (), waived: Sequence[dict[str, Any]] = ()) -> PolicyResult:
    levels = [each["level"] for each in violations]
    counts = {"mandatory": levels.count("mandatory"), "advisory": levels.count("advisory"), "waived": len(waived)}
    return read_verdict({"counts": counts, "violations": violations, "waived": waived})


def test_a_row_has_the_verdict_the_tiers_and_the_counts() -> None:
    old = declared("pilot-light", resource(aws.S3_BUCKET, "a"), resource(aws.S3_BUCKET, "b"))
    new = declared("warm", resource(aws.S3_BUCKET, "a", {"tags": {"a": "b"}}), resource(aws.S3_BUCKET, "c"))
    judged = verdict([violation("mandatory"), violation("advisory")])
    found = report(("prod", run(old), run(new, judged)))
    assert "| `prod` | **1 mandatory**, 1 advisory | `pilot-light` → **`warm`** | 1 | 1 | 0 | 1 |" in output(found)
    assert "**Not to be merged as it is:** `prod`." in output(found)
    assert exit_code(found) == 1


def test_advisory_violations_alone_stop_nobody() -> None:
    found = report(("prod", run(declared()), run(declared(), verdict([violation("advisory")]))))
    assert "1 stack touched; no objections." in output(found)
    assert "- advisory `bucket-keys`: `models rule`: got `AES256`; allowed `aws:kms`; fix `f`" in output(found)
    assert exit_code(found) == 0


def test_a_stack_that_nobody_judged_is_never_called_fine() -> None:
    found = report(("prod", run(declared()), run(declared(), None)))
    assert "**Not judged:** `prod`." in output(found)
    assert exit_code(found) == 3


def test_a_stack_about_which_there_is_nothing_to_say_has_its_row_alone() -> None:
    assert "###" not in output(report(("prod", run(declared()), run(declared()))))


def test_resources_stand_by_region_and_component_and_one_by_one_in_a_fold() -> None:
    cluster = resource(aws.EKS_CLUSTER, "cluster", component="InferenceCluster")
    text = output(report(("prod", run(declared()), run(declared("warm", cluster)))))
    assert "| `eu-west-1` | `InferenceCluster haven-InferenceCluster` | 1 | 0 | 0 | 0 |" in text
    folded = text[text.index("<details>") : text.index("</details>")]
    assert "+ eks cluster cluster" in folded


@pytest.mark.parametrize(("until", "reported"), [("2026-12-21", True), ("2026-12-22", False), ("some day", False)])
def test_a_waiver_is_reported_in_the_thirty_days_before_its_end(until: str, reported: bool) -> None:
    waived = violation("mandatory", waiver={"reason": "the vendor's bucket", "until": until})
    text = output(report(("prod", run(declared()), run(declared(), verdict(waived=[waived])))))
    assert "1 waived" in text
    assert (f"`bucket-keys` on `models` ends {until}" in text) is reported


def test_dropping_what_is_protected_and_other_grave_edits_are_pointed_out() -> None:
    kept = resource(aws.S3_BUCKET, "models", protect=True)
    old = run(declared("warm", kept), config={"haven:regions": '{"primary": "eu-west-1"}'})
    config = {"haven:regions": '{"primary":"eu-west-1"}', "haven:ephemeral": "true", "haven:active": "eu-central-1"}
    found = report(("prod", old, run(declared(), config={**config, "haven:policy": '{"levels": {}}'})))
    text = output(found)
    assert "- deletion: `models` in `eu-west-1` `is deleted`: `lost with it: " in text
    assert "nothing is protected or retained any more" in text
    assert "writes go to eu-central-1 instead of eu-west-1" in text
    assert "haven:policy changes" in text
    assert "**Errors**" not in text


@pytest.mark.parametrize("key", ["haven:account", "haven:kind", "haven:regions"])
def test_what_is_fixed_at_birth_can_not_be_merged(key: str) -> None:
    found = report(("prod", run(declared(), config={key: "old"}), run(declared(), config={key: "new"})))
    assert f'- `{key}`: got `"new"`; allowed `"old", as on the base branch' in output(found)
    assert exit_code(found) == 1


def test_an_example_that_becomes_somebody_s_own_may_change_in_everything() -> None:
    old = {"haven:account": "111122223333", "haven:regions": "old"}
    new = {"haven:account": "210987654321", "haven:regions": "new"}
    assert "**Errors**" not in output(report(("prod", run(declared(), config=old), run(declared(), config=new))))
    kept = {**new, "haven:account": old["haven:account"]}
    assert "`haven:regions`" in output(report(("prod", run(declared(), config=old), run(declared(), config=kept))))


def test_another_name_of_the_project_can_not_be_merged() -> None:
    other = replace(declared(), project="heaven")
    found = report(("prod", run(declared()), run(other)))
    assert '`name (Pulumi.yaml)`: got `"heaven"`; allowed `"haven", as on the base branch' in output(found)
    assert exit_code(found) == 1


def test_a_deleted_stack_lists_what_stays_in_aws() -> None:
    text = output(report(("prod", run(declared()), None)))
    assert "| `prod` (deleted) |" in text
    assert "run `pulumi destroy` first" in text


def test_a_comment_without_stacks_says_so_and_is_marked_as_quiet() -> None:
    assert output(report()).startswith(f"{MARKER}\n{NO_CHANGES}\n")
    assert exit_code(report()) == 0


@pytest.mark.parametrize(("resources", "stacks"), [(3_000, 1), (60, 60), (1, 1_000)])
def test_a_long_report_is_cut_to_what_github_takes_and_says_where_the_rest_is(resources: int, stacks: int) -> None:
    records = [resource(aws.S3_BUCKET, f"büro-{number}") for number in range(resources)]
    found = report(*((f"prod-{number}", run(declared()), run(declared("warm", *records))) for number in range(stacks)))
    text = markdown.comment(found, FullReport("https://github.com/o/r/actions/runs/1"))
    assert len(text.encode()) <= LIMIT < len(markdown.render(found, None).encode())
    assert text.startswith(MARKER)
    assert "the whole report is in [this run's artifact](https://github.com/o/r/actions/runs/1)" in text
    assert (text.count("<details>"), text.count("```") % 2) == (text.count("</details>"), 0)


def test_a_cut_list_shows_its_first_lines_and_how_many_there_are_more() -> None:
    records = [resource(aws.S3_BUCKET, f"bucket-{number:04}") for number in range(3_000)]
    text = output(report(("prod", run(declared()), run(declared("warm", *records)))))
    assert "+ s3 bucket bucket-0000\n" in text
    assert "# and 1001 more lines\n" in text


def test_a_report_that_fits_is_not_cut() -> None:
    found = report(("prod", run(declared()), run(declared("warm", resource(aws.S3_BUCKET, "a")))))
    assert output(found) == markdown.render(found, None)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("@team #1", "`@team #1`"),
        ("a `b` c", "``a `b` c``"),
        ("`b`", "`` `b` ``"),
        ("a\n\n</details>", "`a </details>`"),
        ("", "(nothing)"),
    ],
)
def test_untrusted_text_is_code(text: str, shown: str) -> None:
    assert code(text) == shown


def test_a_bar_does_not_end_a_cell_nor_a_fence_its_block() -> None:
    assert cell("a|b") == r"`a\|b`"
    assert list(fenced(["+ ```", "b\nc"], "diff")) == ["````diff", "+ ```", "b c", "````"]


@pytest.mark.parametrize("address", ["javascript:alert(1)", "https://x.org/> @team", "https://x.org/`"])
def test_only_an_address_becomes_a_link(address: str) -> None:
    assert link("https://docs.aws.amazon.com/a_b.html?c#d") == "<https://docs.aws.amazon.com/a_b.html?c#d>"
    assert link(address) == code(address)


def test_each_stack_has_a_category_of_its_own_in_code_scanning() -> None:
    document = {"$schema": "s", "version": "2.1.0", "runs": [{"results": []}]}
    judged = Run({}, declared(), verdict=CLEAN, sarif=document)
    found = as_sarif(report(("a", None, judged), ("b", None, judged), ("c", None, run(declared()))))
    assert [each["automationDetails"]["id"] for each in found["runs"]] == ["haven/a/", "haven/b/"]
