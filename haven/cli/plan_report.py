"""`haven plan --report FILE`: the plan of every tier as one page or as Markdown, or the topology alone as a picture."""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from haven.base.problems import Problem, Problems, choices, shown
from haven.cli import output
from haven.cli.command_line import WHERE
from haven.cli.predictions import every_tier

if TYPE_CHECKING:
    from haven.base.console import Steps
    from haven.config.stack_file import Stack
    from haven.plan.prediction import Predicted, TierPrediction
    from haven.program.recording import Recording
    from haven.report.document import Report, ResidencyRow
    from haven_policies.judge import Verdict

SUFFIXES = (".html", ".md", ".svg", ".png")
_ZOOM = 2
"""Pixels of a PNG for each unit of the picture."""


def check(file: Path, stack: "Stack") -> None:
    """Refuse what would fail in the end, before anything runs.

    Raises:
        Problems: the file can't be written, its name ends otherwise, or the stack has no tier.
    """
    if problems := list(_problems(file, stack)):
        raise Problems(problems, WHERE)


def _problems(file: Path, stack: "Stack") -> Iterator[Problem]:
    kind = stack.config.get("haven:kind") or "environment"
    if kind != "environment":
        yield Problem(
            "--report", f"stack {stack.name} of kind {kind}", "a stack that has a tier", "name an environment"
        )
    if file.suffix not in SUFFIXES:
        allowed = f"a name that ends in {choices(SUFFIXES)}"
        name = file.with_suffix(SUFFIXES[0]).name if file.name.strip(".") else f"{stack.name}{SUFFIXES[0]}"
        yield Problem("--report", shown(str(file)), allowed, f"write {name}")
    elif file.is_dir():
        yield Problem("--report", f"{shown(str(file))}, a directory", "a file", "add the file's name")
    else:
        try:
            _beside(file).touch(exist_ok=False)
            _beside(file).unlink()
        except OSError as error:
            yield _unwritable(file, error)


def _beside(file: Path) -> Path:
    """The file that is written first: a reader never sees half a report."""
    return file.with_name(f".{file.name}.{os.getpid()}")


def _unwritable(file: Path, error: OSError) -> Problem:
    got = f"{shown(str(file))}, which can't be written ({error.strerror})"
    return Problem("--report", got, "a file in a directory that exists and may be written to", "name another file")


def write(
    file: Path,
    stack: "Stack",
    recording: "Recording",
    predicted: "Predicted | None",
    *,
    verdict: "Verdict | None",
    steps: "Steps",
) -> None:
    """Write the report of a stack; a file of this name is replaced once all of it is written.

    Args:
        file: whose name ends in one of `SUFFIXES`.
        stack: as its file configures it.
        recording: what it declares.
        predicted: what is predicted for it.
        verdict: the policy pack's. None: it was not asked.
        steps: reports the work.

    Raises:
        Problems: the file can't be written.
    """
    if file.suffix in (".svg", ".png"):
        content = _picture(recording, file)
    else:
        content = _rendered(_report(stack, recording, every_tier(stack, recording, steps, predicted), verdict), file)
    steps.step(f"Writing {output.near(file)}")
    try:
        _beside(file).write_bytes(content)
        _beside(file).replace(file)
    except OSError as error:
        raise Problems([_unwritable(file, error)], WHERE) from error
    finally:  # after Ctrl-C too
        _beside(file).unlink(missing_ok=True)
    steps.clear()
    output.note(f"Report: {output.near(file.resolve())}")


def _picture(recording: "Recording", file: Path) -> bytes:
    """The topology of the stack's own tier. A PNG has the fonts of this machine."""
    from haven.report.topology import topology
    from haven.report.topology_svg import draw

    text = draw(topology(recording))
    if file.suffix == ".svg":
        return text.encode()
    import resvg_py

    return bytes(resvg_py.svg_to_bytes(svg_string=text, zoom=_ZOOM))


def _rendered(report: "Report", file: Path) -> bytes:
    if file.suffix == ".md":
        from haven.report import markdown

        return markdown.render(report).encode()
    from haven.report import page

    return page.render(report).encode()


def _report(
    stack: "Stack", recording: "Recording", tiers: "Sequence[TierPrediction]", verdict: "Verdict | None"
) -> "Report":
    from haven.plan.summary import make_plan
    from haven.report.collect import collect
    from haven_policies import report

    judged = report.as_json(verdict) if verdict is not None else None
    plan = make_plan(recording, stack.placeholders)
    return collect(plan, tiers, _residency(stack, recording), judged, datetime.now(UTC).date())


def _residency(stack: "Stack", recording: "Recording") -> "list[ResidencyRow]":
    from haven.report.document import ResidencyRow
    from haven_policies.residency_map import residency_map

    return [ResidencyRow(**vars(each)) for each in residency_map(recording, stack.config)]
