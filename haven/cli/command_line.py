"""What every command shares: how the words of a command line are read, and how everything wrong with them is reported.

Imports click and nothing heavier: `haven --help` loads every command's module.
"""

import os
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import iter_params_for_processing
from click.shell_completion import CompletionItem

from haven.base.problems import Problem, Problems, choices, nearest, shown

EPILOG = "Exit codes: 0 all is well, 1 findings, 2 bad input, 3 this machine lacks something, 130 interrupted."
WHERE = "the command line"
_WORDS = "haven.words"
"""Where a command keeps its words while it runs."""
_HELP_NAMES = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Command(click.Command):
    """A command that reports every problem of its words at once, in the form of all other problems."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"epilog": EPILOG, "context_settings": _HELP_NAMES, **options})

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        words = ctx.meta[_WORDS] = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError:
            raise Problems(_problems(self, ctx, words), WHERE) from None


def same_words(old: str, new: str) -> str:
    """The command that runs, as it was typed, with another argument in the place of `old`.

    Args:
        old: the argument; the value of an option is left as it is.
        new: what takes its place.
    """
    ctx = click.get_current_context()
    words: list[str] = list(ctx.meta[_WORDS])
    options = [each for each in ctx.command.params if isinstance(each, click.Option) and not each.is_flag]
    takes_value = {name for each in options for name in each.opts}
    for place, word in enumerate(words):
        if word == old and (place == 0 or words[place - 1] not in takes_value):
            words[place] = new
            break
    return shlex.join([*ctx.command_path.split(), *words])


class CommandGroup(click.Group):
    """The commands under one name."""

    command_class = Command

    def __init__(self, *args: Any, **options: Any) -> None:
        own = {"epilog": EPILOG, "context_settings": _HELP_NAMES, "no_args_is_help": False}
        super().__init__(*args, **{**own, **options})

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        words = list(args)
        try:
            rest = super().parse_args(ctx, args)
        except click.UsageError:
            raise Problems(_problems(self, ctx, words), WHERE) from None
        if not ctx._protected_args and not ctx.resilient_parsing:
            raise Problems([_unknown("COMMAND", None, self.commands, ctx)], WHERE)
        return rest

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            raise Problems([_unknown("COMMAND", error.command_name, self.commands, ctx)], WHERE) from None


class TierName(click.ParamType[str]):
    """The name of one of the tiers."""

    name = "tier"

    @property
    def choices(self) -> list[str]:
        """All of them, from the least to the most."""
        from haven.model.tiers import Tier

        return [each.value for each in Tier]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self.choices:
            self.fail(f"no tier: {value}", param, ctx)
        return str(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        del ctx, param
        return [CompletionItem(each) for each in self.choices if each.startswith(incomplete)]


def directory_option(function: _Function) -> _Function:
    """`-C DIR`, for the tool as a whole and again for each command; the command's own counts."""
    return click.option(
        "-C", "directory", metavar="DIR", callback=_directory, help="Look for the project here and above."
    )(function)


def _directory(ctx: click.Context, _: click.Parameter, value: str | None) -> str | None:
    if value is not None or ctx.parent is None:
        return value
    outer: str | None = ctx.find_root().params.get("directory")
    return outer


def stack_argument(name: str = "stack", **options: Any) -> Callable[[_Function], _Function]:
    """`STACK`: a stack's name, or the path of a stack file; shells complete the names.

    Args:
        name: the parameter's.
        options: of the argument.
    """
    return click.argument(name, **{"metavar": "STACK", "shell_complete": _stack_names, **options})


def _stack_names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    from haven.config.project import nearest_project, read_project
    from haven.program.run import start_directory

    try:
        named = ctx.params.get("directory") or ctx.find_root().params.get("directory")
        file = nearest_project(start_directory(named))
        return [name for name in read_project(file).stacks() if name.startswith(incomplete)] if file else []
    except Problems:
        return []


def _problems(command: click.Command, ctx: click.Context, words: Sequence[str]) -> list[Problem]:
    """Everything that is wrong with the words of one command; `--help` among them shows the help all the same."""
    problems: list[Problem] = []
    parser = command.make_parser(ctx)
    left = list(words)
    while True:
        try:
            values, rest, order = parser.parse_args(args=list(left))
            break
        except (click.NoSuchOption, click.BadOptionUsage) as error:
            problems.append(_of_option(error, command, ctx))
            left = _without(error.option_name, left)
    misread = bool(problems)
    for each in iter_params_for_processing(order, command.get_params(ctx)):
        try:
            _, rest = each.handle_parse_result(ctx, values, rest)
        except click.BadParameter as error:
            found = _of_value(error, each, values, ctx)
            if found not in problems:  # an option without its value is missing as well
                problems.append(found)
    if rest and not ctx.allow_extra_args and not misread:  # a value behind an unknown option is part of that problem
        problems += [Problem("argument", shown(each), "nothing more", _see_help(ctx)) for each in rest]
    return problems


def _without(option: str, words: Sequence[str]) -> list[str]:
    """The words without the first that names this option, with or without a value in the same word."""
    found = next(place for place, word in enumerate(words) if _names(word, option))
    return [*words[:found], *words[found + 1 :]]


def _names(word: str, option: str) -> bool:
    if option.startswith("--"):
        return word.partition("=")[0] == option
    return word.startswith("-") and not word.startswith("--") and option[1:] in word


def _of_option(error: click.NoSuchOption | click.BadOptionUsage, command: click.Command, ctx: click.Context) -> Problem:
    if isinstance(error, click.NoSuchOption):
        return _unknown("option", error.option_name, _options(command, ctx), ctx)
    takes_none = any(
        isinstance(each, click.Option) and each.is_flag and error.option_name in each.opts
        for each in command.get_params(ctx)
    )
    got, allowed = ("a value", "nothing") if takes_none else ("nothing", "a value")
    return Problem(error.option_name, got, allowed, _see_help(ctx))


def _of_value(
    error: click.BadParameter, param: click.Parameter, values: Mapping[str, Any], ctx: click.Context
) -> Problem:
    name = param.opts[-1] if isinstance(param, click.Option) else param.make_metavar(ctx).strip("[]")
    known = param.type.choices if isinstance(param.type, TierName) else []
    allowed = choices(known) if known else _range(param.type)
    if isinstance(error, click.MissingParameter):
        missing = Problem(name, "nothing", allowed, _see_help(ctx))
        return _without_project(values, ctx) or missing if param.name == "stack" else missing
    if isinstance(param.type, click.Path):
        return Problem(name, _refused_path(values.get(param.name or ""), param.type), allowed, "check the path")
    got = str(values.get(param.name or ""))
    near = nearest(got, known)
    return Problem(name, shown(got), allowed, f"did you mean {near}?" if near else _see_help(ctx))


def _range(type_: click.ParamType[Any]) -> str:
    """What a value may be, in words."""
    if isinstance(type_, click.Path):
        return "a file that can be read" if type_.file_okay else "a folder that can be read"
    return f"a whole number of {type_.min} or more" if isinstance(type_, click.IntRange) else "a value"


def _refused_path(given: Any, type_: click.Path) -> str:
    """Of an option's paths those that can't be used, each with the reason."""
    named = [given] if isinstance(given, str) else given
    return "; ".join(f"{shown(each)}, {why}" for each in named if (why := _unusable(Path(each), type_)))


def _unusable(path: Path, type_: click.Path) -> str:
    if not path.exists():
        return "which isn't there"
    if path.is_dir() and not type_.dir_okay:
        return "which is a folder"
    if path.is_file() and not type_.file_okay:
        return "which is a file"
    return "" if os.access(path, os.R_OK) else "which this user may not read"


def _without_project(values: Mapping[str, Any], ctx: click.Context) -> Problem | None:
    """Whoever names no stack may have no project either, which is what to get first."""
    from haven.config.project import nearest_project, no_project
    from haven.program.run import start_directory

    start = start_directory(values.get("directory") or ctx.find_root().params.get("directory"))
    return None if nearest_project(start) else no_project(start)


def _options(command: click.Command, ctx: click.Context) -> Iterator[str]:
    """The options of this command, each by its long name where it has one."""
    for each in command.get_params(ctx):
        if isinstance(each, click.Option):
            yield max(each.opts, key=len)


def _unknown(what: str, got: str | None, known: Iterable[str], ctx: click.Context) -> Problem:
    names = sorted(known)
    near = nearest(got, names) if got else None
    fix = f"did you mean {near}?" if near else _see_help(ctx)
    return Problem(what, "nothing" if got is None else shown(got), choices(names), fix)


def _see_help(ctx: click.Context) -> str:
    return f"see {ctx.command_path} --help"
