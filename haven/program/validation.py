"""What is wrong with a stack, as far as that can be known without running its program; without Pulumi, too."""

import runpy
from collections.abc import Iterable, Iterator
from pathlib import Path

from haven.base.problems import Problem
from haven.config import neighbours, refusals, strict_yaml
from haven.config.stack_file import Stack

_TAGS = "haven:tags."
HOOK = "validate.py"
"""A file beside the program's `__main__.py` with a function `problems(stack, config)` that returns everything that is
wrong with a config; `config` is what the engine hands to programs. A program needs none."""


def problems(stack: Stack) -> list[Problem]:
    """Everything that is wrong with a stack's file, and with its config by the program's own rules."""
    of_program = list(_of_program(stack))
    examples = {each.what: each for each in of_program if each.fix.startswith(f"write {each.what}: {{")}
    of_file = [examples.get(each.what, each) for each in stack.problems]
    found = [*of_file, *new(of_program, of_file)]
    texts = stack.spelled
    spelled = [refusals.as_spelled(each, texts[each.what]) if each.what in texts else each for each in found]
    found = [*spelled, *new(_respelled_tags(stack), spelled)]
    return [*found, *new(neighbours.clashes(stack), found)]


def hook(stack: Stack) -> Path | None:
    """The file beside the stack's program that validates its config, where there is one."""
    file = stack.project.main / HOOK
    return file if file.is_file() else None


def _of_program(stack: Stack) -> Iterable[Problem]:
    file = hook(stack)
    found: Iterable[Problem] = runpy.run_path(str(file))["problems"](stack.name, stack.config) if file else ()
    return found


def _respelled_tags(stack: Stack) -> Iterator[Problem]:
    """Tags that are decimal numbers: text is made of them, and of `1.10` another text."""
    for what, text in stack.spelled.items():
        if what.startswith(_TAGS):
            got = refusals.changed(text, strict_yaml.engine_number(float(text)))
            yield Problem(what, got, "text in quotes", f'write "{text}"')


def new(found: Iterable[Problem], known: Iterable[Problem]) -> Iterator[Problem]:
    """The problems of keys that have none yet: what the file gets wrong, the program can't read either."""
    keys = {each.what.partition(" (line")[0] for each in known}
    return (each for each in found if each.what not in keys)
