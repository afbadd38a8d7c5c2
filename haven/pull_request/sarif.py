"""The policies' verdicts on all stacks in one SARIF document, each stack in a category of its own."""

from typing import Any

from haven.pull_request.report import Report


def as_sarif(report: Report) -> dict[str, Any]:
    """The verdicts on the stacks that could be judged; without any, it has no runs.

    Code scanning distinguishes analyses by their category (`automationDetails.id`) and takes at most 20 runs in a file
    (GitHub, "SARIF results exceed one or more limits", read 2026-11-21).
    """
    runs = [
        {**run, "automationDetails": {"id": f"haven/{each.stack.name}/"}}
        for each in report.stacks
        for run in each.sarif.get("runs", ())
    ]
    schema = next((each.sarif["$schema"] for each in report.stacks if "$schema" in each.sarif), None)
    return {**({"$schema": schema} if schema else {}), "version": "2.1.0", "runs": runs}
