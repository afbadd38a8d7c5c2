"""`haven pr`: what a change means for every stack that it touches."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from haven.base.exits import BAD_INPUT, FINDINGS, MISSING_DEPENDENCY, OK
from haven.cli import output
from haven.cli.command_line import Command, directory_option

if TYPE_CHECKING:
    from haven.pull_request.markdown import FullReport
    from haven.pull_request.report import Report

_SCHEMA = "pr.v1"
"""Of `--json` and report.json: the file haven/cli/schemas/pr.v1.json."""


@click.command(cls=Command)
@click.option("--base", metavar="REF", required=True, help="The branch or commit that the change goes to.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option(
    "--save", metavar="DIR", help="Write comment.md, report.md (never cut), report.json and policies.sarif there."
)
@directory_option
def pr(base: str, as_json: bool, save: str | None, directory: str | None) -> int:
    """Report on a change, for every stack that it touches.

    Runs the programs of the working tree and of its merge base with REF, offline, and prints one comment in Markdown:
    for each stack that the change touches the verdict of the policies, the tier and the resources before and after,
    and edits that can't be merged.
    """
    from haven.base.interrupts import interruptible
    from haven.program.run import start_directory
    from haven.pull_request import markdown
    from haven.pull_request.report import make_report
    from haven.pull_request.report_json import as_json as report_json

    start = start_directory(directory)
    with interruptible(), output.steps() as steps:
        show = steps.step(f"Running every stack's program, as it is and as in the merge base with {base}")
        report = make_report(start, base, datetime.now(UTC).date(), show)
    comment = markdown.comment(report, _run_of(dict(os.environ)))
    if save is not None:
        _save(report, comment, Path(save))
    if as_json:
        output.emit_json({"schema": _SCHEMA, **report_json(report)})
    else:
        output.emit(comment)
    return exit_code(report)


def exit_code(report: "Report") -> int:
    """2 where a stack's file is wrong, 1 where the change can't be merged as it is, 3 where it couldn't be judged."""
    if any(each.problems for each in report.stacks):
        return BAD_INPUT
    if any(each.refused for each in report.stacks):
        return FINDINGS
    return MISSING_DEPENDENCY if any(each.unknown for each in report.stacks) else OK


def _save(report: "Report", comment: str, directory: Path) -> None:
    from haven.pull_request import markdown
    from haven.pull_request.report_json import as_json
    from haven.pull_request.sarif import as_sarif

    documents: dict[str, Any] = {"report.json": {"schema": _SCHEMA, **as_json(report)}}
    if (found := as_sarif(report))["runs"]:
        documents["policies.sarif"] = found
    directory.mkdir(parents=True, exist_ok=True)
    texts = {name: output.json_text(each) for name, each in documents.items()}
    texts |= {"comment.md": comment, "report.md": markdown.render(report, None)}
    for name in ("comment.md", "report.md", "report.json", "policies.sarif"):
        (directory / name).unlink(missing_ok=True)
    for name, text in texts.items():
        (directory / name).write_text(text, encoding="utf-8")


def _run_of(environment: dict[str, str]) -> "FullReport":
    """The workflow's run that this is, from the variables that GitHub sets in one."""
    from haven.pull_request.markdown import FullReport

    parts = [environment.get(name) for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")]
    server, repository, run = parts
    return FullReport(f"{server}/{repository}/actions/runs/{run}") if all(parts) else FullReport()
