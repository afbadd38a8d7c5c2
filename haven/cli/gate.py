"""`haven gate`: its arguments, and what it does with them. What it needs is loaded when it runs."""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from haven.base.exits import FINDINGS, OK
from haven.base.problems import Problem, Problems, shown


def add(commands: Any, epilog: str) -> Any:
    """Register the command.

    Returns:
        Its parser.
    """
    gate = commands.add_parser(
        "gate",
        help="judge what a preview or a plan would do: what is dangerous is refused",
        description="Reads what Pulumi or Terraform would do and refuses what endangers data or a recovery: "
        "replacement, deletion or detachment of something stateful or protected, a guard taken off, a change of "
        "Regions, and a flip of the active Region that does more than add and enlarge there. Asks nobody.",
        epilog=f"{epilog} docs/gate.md has the commands that write FILE.",
        allow_abbrev=False,
    )
    gate.add_argument("file", metavar="FILE", help="a preview or a plan as JSON; - for the standard input")
    gate.add_argument(
        "--accept",
        metavar="RESOURCE=REASON",
        action="append",
        default=[],
        help="let everything dangerous about one resource through, and show why; its URN or address; may be repeated",
    )
    gate.add_argument(
        "--active", metavar="REGION", help="judge it as a flip to this Region, where the document doesn't tell"
    )
    gate.add_argument(
        "--stack", metavar="STACK", help="let through what this stack's file accepts, in haven:policy.accepted"
    )
    gate.add_argument(
        "--policy", action="store_true", help="judge what would stand by the rules of the policy pack too"
    )
    gate.add_argument("--json", action="store_true", help="print the verdict for programs")
    return gate


def run(asked: argparse.Namespace) -> int:
    """Judge one document.

    Returns:
        0 with nothing dangerous but what is accepted, and with --policy no mandatory violation; 1 otherwise.

    Raises:
        Problems: the document can't be judged.
    """
    from haven.base import terminal  # noqa: PLC0415  the tool starts fast
    from haven.gate import preview_reader, text  # noqa: PLC0415  the tool starts fast
    from haven.gate import verdict as gate  # noqa: PLC0415  the tool starts fast

    where = "the standard input" if asked.file == "-" else asked.file
    data = _data(asked.file)
    document = preview_reader.read(data, where)
    lasting = _lasting(asked.stack, asked.directory) if asked.stack is not None else {}
    verdict = gate.judge(document, asked.accept, asked.active, where, lasting)
    printed, refused = _by_rules(data, where, as_json=asked.json) if asked.policy else (None, False)
    if asked.json:
        told = text.as_json(verdict) | ({"policy": printed} if asked.policy else {})
        print(json.dumps(told, indent=2, sort_keys=True, ensure_ascii=False))
    else:
        sys.stdout.write(text.render(verdict, terminal.style_for(sys.stdout)))
        sys.stdout.write(f"\n{printed}" if asked.policy else "")
    return FINDINGS if verdict.refused or refused else OK


def _by_rules(data: bytes, where: str, *, as_json: bool) -> tuple[Any, bool]:
    """What the rules say of what would stand, ready to be printed, and whether they refuse it."""
    from haven.base import terminal  # noqa: PLC0415  the tool starts fast
    from haven.gate import preview_reader  # noqa: PLC0415  the tool starts fast
    from haven_policies import previews, report  # noqa: PLC0415  only where it is asked for

    today = datetime.now(UTC).date()
    found = previews.verdict_on_preview(preview_reader.digest(data, where), today, where)
    printed = report.as_json(found) if as_json else report.render(found, today, terminal.style_for(sys.stdout))
    return printed, found.refuses


def _lasting(stack: str, directory: str | None) -> dict[str, str]:
    """What a stack's file accepts today: resource -> why, and until when."""
    from haven.config import stack_file  # noqa: PLC0415  the tool starts fast
    from haven.config.policy import Policy  # noqa: PLC0415  the tool starts fast
    from haven.config.reader import read_model  # noqa: PLC0415  the tool starts fast
    from haven.program import run as planning  # noqa: PLC0415  the tool starts fast

    found = stack_file.load_stack(stack, planning.start_directory(directory))
    policy, problems = read_model(found.config, "haven:policy", Policy())
    if problems:
        raise Problems(problems, found.where)
    today = datetime.now(UTC).date()
    return {each.resource: f"{each.reason} (until {each.until})" for each in policy.accepted if each.counts(today)}


def _data(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        got = f"{shown(file)}, which can't be read ({error.strerror})"
        raise Problems([Problem("FILE", got, "a file, or -", "see docs/gate.md")], "the command line") from error
