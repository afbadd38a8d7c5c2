"""The commands `haven pr` and `haven environments`."""

import argparse
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from haven.base.exits import BAD_INPUT, FINDINGS, MISSING_DEPENDENCY, OK
from haven.config.project import missing_project, nearest_project, read_project
from haven.program.run import start_directory
from haven.pull_request import environments, markdown
from haven.pull_request.report import Report, make_report
from haven.pull_request.report_json import as_json
from haven.pull_request.sarif import as_sarif


def report_on_change(asked: argparse.Namespace) -> int:
    """Report on what is checked out, held against a base; see `haven pr --help`."""
    start = start_directory(asked.directory)
    report = make_report(start, asked.base, datetime.now(UTC).date())
    comment = markdown.comment(report, _run_of(dict(os.environ)))
    if asked.save is not None:
        _save(report, comment, Path(asked.save))
    if asked.json:
        print(json.dumps(as_json(report), indent=2, sort_keys=True, ensure_ascii=False))
    else:
        sys.stdout.write(comment)
    return exit_code(report)


def exit_code(report: Report) -> int:
    """2 where a stack's file is wrong, 1 where something stands against the change, 3 where it couldn't be judged."""
    if any(each.problems for each in report.stacks):
        return BAD_INPUT
    if any(each.refused for each in report.stacks):
        return FINDINGS
    return MISSING_DEPENDENCY if any(each.unknown for each in report.stacks) else OK


def list_environments(asked: argparse.Namespace) -> int:
    """Print the stacks that stand in AWS, for the matrix of a workflow; see `haven environments --help`."""
    start = start_directory(asked.directory)
    project = read_project(nearest_project(start) or missing_project(start))
    print(json.dumps(environments.deployed(project)))
    return OK


def _save(report: Report, comment: str, directory: Path) -> None:
    documents = {"report.json": as_json(report)}
    if (found := as_sarif(report))["runs"]:
        documents["policies.sarif"] = found
    directory.mkdir(parents=True, exist_ok=True)
    texts = {
        name: json.dumps(each, indent=2, sort_keys=True, ensure_ascii=False) + "\n" for name, each in documents.items()
    }
    texts |= {"comment.md": comment, "report.md": markdown.render(report, None)}
    for name in ("comment.md", "report.md", "report.json", "policies.sarif"):
        (directory / name).unlink(missing_ok=True)
    for name, text in texts.items():
        (directory / name).write_text(text, encoding="utf-8")


def _run_of(environment: dict[str, str]) -> markdown.Where:
    """The workflow's run that this is, from the variables that GitHub sets in one."""
    parts = [environment.get(name) for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")]
    server, repository, run = parts
    return markdown.Where(f"{server}/{repository}/actions/runs/{run}") if all(parts) else markdown.Where()
