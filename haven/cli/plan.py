"""`haven plan`: what a stack would create, what another tier would change, and the rules' verdict on it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from haven.base.exits import FINDINGS, OK
from haven.base.problems import Problem, Problems
from haven.cli import output, plan_report
from haven.cli.command_line import WHERE, Command, TierName, directory_option, stack_argument
from haven.cli.predictions import every_tier, predict, run
from haven.cli.validate import refuse

if TYPE_CHECKING:
    from haven.base.console import Steps
    from haven.base.terminal import Style
    from haven.config.stack_file import Stack
    from haven.plan.prediction import Predicted
    from haven.program.recording import Recording
    from haven_policies.judge import Verdict

_SCHEMA = "plan.v1"
"""Of `--json`: the file haven/cli/schemas/plan.v1.json."""


@click.command(cls=Command)
@stack_argument()
@click.option("--detail", is_flag=True, help="Print everything: each component and resource, and the sources.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
@click.option("--policy", is_flag=True, help="Judge it by the rules of the policy pack.")
@click.option("--sarif", is_flag=True, help="With --policy: print the verdict as SARIF, and no plan.")
@click.option("--strict", is_flag=True, help="End with exit code 1 if the prediction misses an objective.")
@click.option("--compare", metavar="TIER", type=TierName(), help="Show what another tier would add, change and remove.")
@click.option("--all-tiers", is_flag=True, help="Show what every tier would take and cost.")
@click.option(
    "--report",
    "report_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write a report on every tier too: a page (.html) or Markdown (.md); or the topology alone (.svg, .png).",
)
@directory_option
def plan(
    *,
    stack: str,
    detail: bool,
    as_json: bool,
    policy: bool,
    sarif: bool,
    strict: bool,
    compare: str | None,
    all_tiers: bool,
    report_file: Path | None,
    directory: str | None,
) -> int:
    """Show what a stack would create, offline.

    Runs the program of STACK (a stack's name, or the path of a stack file) in this process and shows what each Region
    would have, and beside the stack's objectives what its tier promises and what the models predict. Prints one screen
    and names the file that has the rest. Needs no credentials, no network and no Pulumi CLI.
    """
    from haven.config import stack_file
    from haven.program.process import without_garbage_collection
    from haven.program.run import start_directory

    _check(
        detail=detail,
        as_json=as_json,
        policy=policy,
        sarif=sarif,
        strict=strict,
        compare=compare,
        all_tiers=all_tiers,
    )
    _check_report(report_file, sarif=sarif, compare=compare, all_tiers=all_tiers)
    loaded = stack_file.load_stack(stack, start_directory(directory))
    if report_file is not None:
        plan_report.check(report_file, loaded)
    (refuse if policy else _check_rule_names)(loaded)
    with without_garbage_collection():
        if compare is not None:
            return _compare(loaded, compare, as_json=as_json, detail=detail)
        if all_tiers:
            return _all_tiers(loaded, as_json=as_json)
        with output.steps() as steps:
            recording = run(loaded, steps)
            verdict = _judge(recording, loaded, steps) if policy else _residency(recording, loaded)
            predicted = predict(recording, steps, loaded)
            if report_file is not None:
                judged = verdict if policy else None
                plan_report.write(report_file, loaded, recording, predicted, verdict=judged, steps=steps)
        if sarif and verdict is not None:
            _emit_sarif(verdict, loaded)
        elif as_json:
            _emit_json(recording, loaded, verdict, predicted)
        else:
            _emit_text(recording, loaded, verdict, predicted, detail=detail)
        missed = strict and predicted is not None and bool(predicted.missed)
        return FINDINGS if missed or (verdict is not None and verdict.refuses) else OK


def _check(
    *, detail: bool, as_json: bool, policy: bool, sarif: bool, strict: bool, compare: str | None, all_tiers: bool
) -> None:
    several = compare is not None or all_tiers
    other = policy or compare is not None or detail
    together = [
        ("--all-tiers", all_tiers and other, "--policy, --compare or --detail too", "one of them", "use it by itself"),
        ("--sarif", sarif and not policy, "no --policy", "--policy beside it", "add --policy"),
        ("--sarif", sarif and as_json, "--json too", "one of the two", "leave --json out"),
        ("--policy", policy and compare is not None, "--compare too", "one of the two", "run haven plan twice"),
        (
            "--strict",
            strict and several,
            "--compare or --all-tiers too",
            "the stack's own tier",
            "run haven plan twice",
        ),
        ("--detail", detail and (as_json or sarif), "--json or --sarif too", "one of them", "leave --detail out"),
    ]
    problems = [Problem(what, got, allowed, fix) for what, wrong, got, allowed, fix in together if wrong]
    if problems:
        raise Problems(problems, WHERE)


def _check_report(file: Path | None, *, sarif: bool, compare: str | None, all_tiers: bool) -> None:
    """A report has every tier, and goes with what is printed of the stack's own."""
    others = {"--compare": compare is not None, "--all-tiers": all_tiers, "--sarif": sarif}
    if file is not None and (beside := [name for name, used in others.items() if used]):
        got = f"{' and '.join(beside)} too"
        raise Problems(
            [Problem("--report", got, "--policy, --detail, --json, --strict", "run haven plan twice")], WHERE
        )


def _judge(recording: "Recording", stack: "Stack", steps: "Steps") -> "Verdict":
    from haven_policies.judge import verdict_on

    steps.step("Judging it by the rules of the policy pack")
    return verdict_on(recording, stack.config, _today())


def _both(predicted: "Sequence[Predicted | None]", style: "Style") -> str:
    """Two tiers' predictions beside each other."""
    from haven.plan import prediction_text

    tiers = {each.inputs.tier: each for each in predicted if each is not None}
    return f"\n{prediction_text.side_by_side(tiers, style)}"


def _residency(recording: "Recording", stack: "Stack") -> "Verdict | None":
    """The verdict of the residency rules alone; None unless the stack has classes of data and the plan breaks them."""
    if "haven:residency" not in stack.config:
        return None
    from haven_policies.judge import residency_verdict_on

    verdict = residency_verdict_on(recording, stack.config, _today())
    return verdict if verdict.violations else None


def _check_rule_names(stack: "Stack") -> None:
    """Refuse names in haven:policy that no rule has.

    Raises:
        Problems: with every such name.
    """
    if "haven:policy" in stack.config:
        from haven_policies.judge import problems_of_names

        if problems := problems_of_names(stack.config):
            raise Problems(problems, stack.where)


def _today() -> date:
    return datetime.now(UTC).date()


def _emit_sarif(verdict: "Verdict", stack: "Stack") -> None:
    from haven_policies import sarif

    output.emit_json(sarif.as_sarif(verdict, _below(stack.project.file.parent, stack.file)))


def _below(root: Path, file: Path) -> str:
    """A file's path below the project, or its name where it lies elsewhere."""
    inside = file.resolve().is_relative_to(root.resolve())
    return file.resolve().relative_to(root.resolve()).as_posix() if inside else file.name


def _emit_json(
    recording: "Recording", stack: "Stack", verdict: "Verdict | None", predicted: "Predicted | None"
) -> None:
    from haven.plan import summary

    document = summary.as_json(summary.make_plan(recording, stack.placeholders))
    document["predicted"] = _predicted_json(predicted)
    if verdict is not None:
        from haven_policies import report

        document["policy"] = report.as_json(verdict)
    output.emit_json({"schema": _SCHEMA, **document})


def _predicted_json(predicted: "Predicted | None") -> "dict[str, Any] | None":
    if predicted is None:
        return None
    from haven.plan import prediction

    return prediction.as_json(predicted)


def _emit_text(
    recording: "Recording",
    stack: "Stack",
    verdict: "Verdict | None",
    predicted: "Predicted | None",
    *,
    detail: bool,
) -> None:
    from haven.base.terminal import Style
    from haven.plan import prediction_text, text
    from haven.plan.summary import make_plan

    made = make_plan(recording, stack.placeholders)
    plain, style = Style(), output.style()
    whole, shown = text.render(made, plain), (text.render if detail else text.screen)(made, style)
    if predicted is not None:
        whole += f"\n{prediction_text.render(predicted, plain)}"
        shown += f"\n{(prediction_text.render if detail else prediction_text.screen)(predicted, style)}"
    whole, shown = whole + _verdict(verdict, plain, detail=True), shown + _verdict(verdict, style, detail=detail)
    _emit_with_rest(stack, f"plan-{stack.name}", whole, shown, detail=detail)


def _verdict(verdict: "Verdict | None", style: "Style", *, detail: bool) -> str:
    if verdict is None:
        return ""
    from haven_policies import report

    return f"\n{report.render(verdict, _today(), style, detail=detail)}"


def _emit_with_rest(stack: "Stack", name: str, whole: str, shown: str, *, detail: bool) -> None:
    """Print what is shown, and where the whole is: in a file, and with --detail."""
    from haven.base.state_folder import state_folder

    try:
        file = state_folder(stack.project.file.parent) / f"{name}.txt"
        file.write_text(whole, encoding="utf-8")
    except OSError:  # a project that may only be read
        rest = "--detail"
    else:
        rest = f"--detail, or {output.near(file)}"
    output.emit(shown if detail else f"{shown}\nEverything in detail: {rest}\n")


def _compare(stack: "Stack", tier: str, *, as_json: bool, detail: bool) -> int:
    from haven.base.terminal import Style
    from haven.model.tiers import Tier
    from haven.plan import difference, difference_text
    from haven.plan.summary import make_plan
    from haven.program.run import comparable, with_tier

    comparable(stack, Tier(tier))
    with output.steps() as steps:
        recording = run(stack, steps)
        variant = with_tier(stack, Tier(tier))
        other = run(variant.stack, steps)
        predicted = [
            predict(recording, steps, stack),
            predict(other, steps, stack, recording.outputs.get("objectives", {})),
        ]
    before = make_plan(recording, stack.placeholders)
    after = difference.with_objectives(make_plan(other, variant.stack.placeholders), before.objectives)
    diff = difference.diff_recordings(recording, other)
    if as_json:
        document = difference.as_json(before, after, diff, variant.notes)
        document["predicted"], document["compare"]["predicted"] = map(_predicted_json, predicted)
        output.emit_json({"schema": _SCHEMA, **document})
        return OK
    render = difference_text.render if detail else difference_text.screen
    plain, style = Style(), output.style()
    whole = difference_text.render(before, after, diff, variant.notes, plain) + _both(predicted, plain)
    shown = render(before, after, diff, variant.notes, style) + _both(predicted, style)
    _emit_with_rest(stack, f"plan-{stack.name}-to-{tier}", whole, shown, detail=detail)
    return OK


def _all_tiers(stack: "Stack", *, as_json: bool) -> int:
    from haven.plan import difference, difference_text, prediction_text, summary

    with output.steps() as steps:
        recording = run(stack, steps)
        tiers = every_tier(stack, recording, steps)
    predictions = {each.tier: each.predicted for each in tiers}
    moves = {each.tier: each.move for each in tiers if each.move is not None}
    if as_json:
        document = summary.as_json(summary.make_plan(recording, stack.placeholders))
        by_tier = {tier: _predicted_json(each) for tier, each in predictions.items()}
        for tier, found in by_tier.items():
            if found is not None:
                found["move"] = difference.move_json(moves[tier]) if tier in moves else None
        output.emit_json({"schema": _SCHEMA, **document, "tiers": by_tier})
        return OK
    notes = dict.fromkeys(note for each in tiers for note in each.notes)
    style = output.style()
    shown = prediction_text.side_by_side(predictions, style) + prediction_text.cheapest(predictions)
    shown += "".join(f"  {note}\n" for note in notes)
    output.emit(f"{shown}\n{difference_text.moves(str(recording.outputs['tier']), moves, style)}")
    return OK
