"""The command line. Loads nothing heavy until a command needs it, so that `haven --help` answers at once."""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from haven.base.exits import BAD_INPUT, FINDINGS, INTERRUPTED, MISSING_DEPENDENCY, OK
from haven.base.missing_dependency import MissingDependency
from haven.base.problems import Problem, Problems, choices, nearest, shown
from haven.cli import gate
from haven.cli.pull_request_options import add_environments, add_pr

_EPILOG = "Exit codes: 0 all is well, 1 findings, 2 bad input, 3 this machine lacks something, 130 interrupted."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tool.

    Args:
        arguments: the words after `haven`. Omitted: those of this process.

    Returns:
        The exit code.
    """
    _never_fail_on_characters()
    try:
        code = _run(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has gone; Python would complain once more when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    return code


def _never_fail_on_characters() -> None:
    """A terminal without UTF-8 shows question marks instead of ending the tool."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="replace")


def _run(arguments: Sequence[str]) -> int:
    try:
        asked = _parser().parse_args(arguments)
        if asked.command is None:
            raise Problems([_unknown("COMMAND", None, _COMMANDS)], "the command line")  # noqa: TRY301  one way out
        return int(_COMMANDS[asked.command](asked))
    except Problems as error:
        print(error.render(), file=sys.stderr)
        return BAD_INPUT
    except MissingDependency as error:
        print(f"haven can't go on: {error}", file=sys.stderr)
        return MISSING_DEPENDENCY


def _plan(asked: argparse.Namespace) -> int:
    from haven.cli import plan as plan_command  # noqa: PLC0415  the tool starts fast

    return plan_command.run(asked)


def _demo(asked: argparse.Namespace) -> int:
    from haven.emulator import demo  # noqa: PLC0415  the tool starts fast
    from haven.program.run import start_directory  # noqa: PLC0415  the tool starts fast

    return int(demo.run(asked.stack, start_directory(asked.directory)))


def _check_destroy(asked: argparse.Namespace) -> int:
    from haven.config import stack_file  # noqa: PLC0415  the tool starts fast
    from haven.program import run  # noqa: PLC0415  the tool starts fast
    from haven.runbooks import check_destroy  # noqa: PLC0415  the tool starts fast

    stack = stack_file.load_stack(asked.stack, run.start_directory(asked.directory))
    manifest = run.run_program(stack).outputs.get("manifest")
    if manifest is None:
        fix = "name a stack that has a database"
        raise Problems([Problem("STACK", shown(asked.stack), "the stack of an environment", fix)], stack.where)
    roles = check_destroy.read(manifest, check_destroy.clients(stack.config.get("haven:emulator")))
    active = stack.config.get("haven:active") or manifest["regions"]["primary"]
    found = list(check_destroy.obstacles(manifest, active, roles))
    if found:
        print(Problems(found, f"the way of pulumi destroy of stack {stack.name}").render())
        return FINDINGS
    print(f"Neither the database's nor the cache's roles stand in the way of pulumi destroy of stack {stack.name}.")
    return OK


def _pr(asked: argparse.Namespace) -> int:
    from haven.cli.pull_request import report_on_change  # noqa: PLC0415  the tool starts fast

    return report_on_change(asked)


def _environments(asked: argparse.Namespace) -> int:
    from haven.cli.pull_request import list_environments  # noqa: PLC0415  the tool starts fast

    return list_environments(asked)


_COMMANDS = {
    "plan": _plan,
    "pr": _pr,
    "environments": _environments,
    "demo": _demo,
    "gate": gate.run,
    "check-destroy": _check_destroy,
}


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in the form of every other problem."""

    def error(self, message: str) -> NoReturn:
        raise Problems([self._problem(message)], "the command line")

    def _problem(self, message: str) -> Problem:
        if found := re.search(r"invalid choice: '(.*?)' \(", message):
            return _unknown("COMMAND", found[1], _COMMANDS)
        if found := re.match(r"unrecognized arguments: (\S+)", message):
            what = "option" if found[1].startswith("-") else "argument"
            if what == "option":
                return _unknown(what, found[1], _OPTIONS)
            return Problem(what, shown(found[1]), "nothing more", f"see {self.prog} --help")
        if found := re.match(r"the following arguments are required: (\S+)", message):
            return Problem(found[1], "nothing", "a value", f"see {self.prog} --help")
        what, _, said = message.removeprefix("argument ").partition(": ")
        if said == "expected one argument":
            return Problem(what, "nothing", "a value", f"see {self.prog} --help")
        return Problem(what, "a value", "nothing", f"see {self.prog} --help")


_OPTIONS = (
    "--accept",
    "--active",
    "--base",
    "--compare",
    "--help",
    "--json",
    "--policy",
    "--sarif",
    "--save",
    "--stack",
    "--version",
    "-C",
)


def _unknown(what: str, got: str | None, known: Sequence[str] | dict[str, Any]) -> Problem:
    near = nearest(got, known) if got else None
    fix = f"did you mean {near}?" if near else "see haven --help"
    return Problem(what, "nothing" if got is None else shown(got), choices(sorted(known)), fix)


class _Version(argparse.Action):
    """Looks the version up only when somebody asks."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import version  # noqa: PLC0415  the tool starts fast

        print(f"haven {version('haven-dr')}")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="haven",
        description="Environments for AI systems on AWS that survive the loss of a zone or of a Region.",
        epilog=_EPILOG,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="say the version and stop")
    _add_directory(parser, default=None)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    _add_plan(commands)
    _add_directory(add_pr(commands, _EPILOG))
    _add_directory(add_environments(commands, _EPILOG))
    _add_directory(gate.add(commands, _EPILOG))
    _add_demo(commands)
    _add_check_destroy(commands)
    return parser


def _add_plan(commands: Any) -> None:
    plan = commands.add_parser(
        "plan",
        help="show what a stack would make, without asking anybody",
        description="Runs the stack's program in this process and shows, for each Region and component, what would "
        "stand there and what its tier promises. Needs no credentials, no network and no Pulumi CLI.",
        epilog=_EPILOG,
        allow_abbrev=False,
    )
    plan.add_argument("stack", metavar="STACK", help="a stack's name, or the path of a stack file")
    plan.add_argument("--json", action="store_true", help="print the plan for programs")
    plan.add_argument("--policy", action="store_true", help="judge it by the rules of the policy pack")
    plan.add_argument("--sarif", action="store_true", help="with --policy: print the verdict as SARIF, and no plan")
    plan.add_argument("--compare", metavar="TIER", help="show what another tier would add, change and remove")
    _add_directory(plan)


def _add_demo(commands: Any) -> None:
    demo = commands.add_parser(
        "demo",
        help="deploy a stack into an emulator on this machine, read it back, take it down",
        description="Starts an emulator of AWS on this machine, deploys the stack into it, reads back what is there, "
        "deploys once more to show that nothing changes, and destroys it again.",
        epilog=_EPILOG,
        allow_abbrev=False,
    )
    demo.add_argument("stack", metavar="STACK", nargs="?", default="demo", help="a stack; demo when left out")
    _add_directory(demo)


def _add_check_destroy(commands: Any) -> None:
    check = commands.add_parser(
        "check-destroy",
        help="ask AWS whether a stack that was promoted can be destroyed",
        description="Asks AWS which side of the database and of the cache is the primary, changes nothing, and says "
        "what to do before `pulumi destroy`, which deletes them in an order that a promotion turns round.",
        epilog=_EPILOG,
        allow_abbrev=False,
    )
    check.add_argument("stack", metavar="STACK", help="a stack's name, or the path of a stack file")
    _add_directory(check)


def _add_directory(parser: argparse.ArgumentParser, default: Any = argparse.SUPPRESS) -> None:
    parser.add_argument(
        "-C", dest="directory", metavar="DIR", default=default, help="look for the project here and above"
    )
