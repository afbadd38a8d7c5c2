"""The policy verdicts of all stacks as one SARIF document with a category for each stack."""

from typing import Any

from haven.pull_request.report import Report


def as_sarif(report: Report) -> dict[str, Any]:
    """The verdicts of the stacks that have one; without any, the document has no runs.

    Code scanning identifies analyses by their category (`automationDetails.id`) and takes at most 20 runs in a file
    (GitHub, "SARIF results exceed one or more limits", read 2026-11-21).
    """
    runs = [
        {**run, "automationDetails": {"id": f"haven/{each.stack.name}/"}}
        for each in report.stacks
        for run in each.sarif.get("runs", ())
    ]
    schema = next((each.sarif["$schema"] for each in report.stacks if "$schema" in each.sarif), None)
    return {**({"$schema": schema} if schema else {}), "version": "2.1.0", "runs": runs}
