"""What the stack file has to have, now that somebody else writes: `haven:active`, and later `haven:demote`.

A change of the active Region leaves the other one as it is only while `haven:demote` doesn't name that one
(docs/decisions/0002-demote-names-a-region.md), so both keys are proposed together.
"""

import re
import shlex
from collections.abc import Iterator, Mapping

from haven.base.problems import Problem, Problems, shown
from haven.config.stack_file import Stack, read_stack
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.reconcile.checks import Check
from haven.runbooks.status.readings import State

AREA = "config"
ACTIVE, DEMOTE = "haven:active", "haven:demote"


def active(config: Mapping[str, str], manifest: RecoveryManifest) -> str:
    """The Region that the stack file has as the active one."""
    return config.get(ACTIVE) or manifest.regions.primary


def demote(config: Mapping[str, str], manifest: RecoveryManifest) -> str:
    """The Region that the stack file lets run at standby scale."""
    return config.get(DEMOTE) or manifest.regions.recovery


def proposed(config: Mapping[str, str], manifest: RecoveryManifest, writer: str) -> dict[str, str]:
    """The keys that have to change so that the writing Region is the active one; empty: none."""
    if active(config, manifest) == writer:
        return {}
    keeps = {} if demote(config, manifest) == writer else {DEMOTE: writer}
    return {ACTIVE: writer, **keeps}


def afterwards(config: Mapping[str, str], manifest: RecoveryManifest, writer: str) -> dict[str, str]:
    """The key that brings the other Region to its standby scale, once everything else is settled; empty: it is set."""
    other = manifest.other(writer)
    return {} if demote(config, manifest) == other else {DEMOTE: other}


def checks(stack: Stack | None, manifest: RecoveryManifest, writer: str | None) -> Iterator[Check]:
    """The active Region of the stack file, if it is at hand, against the writing one."""
    if writer is None:
        yield Check(AREA, "", State.UNKNOWN, f"{ACTIVE}: nobody knows which Region writes")
        return
    if stack is None:
        description = (
            f"no project is at hand (-C DIR), so nobody read the stack file: {writer} writes, and {ACTIVE} has"
        )
        yield Check(AREA, "", State.UNKNOWN, f"{description} to be {writer}")
        return
    values = proposed(stack.config, manifest, writer)
    if not values:
        yield Check(AREA, "", State.OK, f"{ACTIVE} is {writer}, which writes")
        return
    lines = ", ".join(f"{key}: {value}" for key, value in values.items())
    description = f"{ACTIVE} is {active(stack.config, manifest)}, and {writer} writes: {stack.where} needs {lines}"
    yield Check(AREA, "", State.WRONG, description, commands(stack, values))


def commands(stack: Stack, values: Mapping[str, str]) -> list[str]:
    """What sets these keys in the stack file."""
    name = shlex.quote(stack.name)
    return [f"pulumi config set --stack {name} --path {shlex.quote(key)} {each}" for key, each in values.items()]


def changed(stack: Stack, values: Mapping[str, str]) -> str:
    """The text of the stack file with these keys, and nothing else changed.

    Raises:
        Problems: it is written in a way that can't be changed line by line.
    """
    before = stack.file.read_bytes()
    text = before.decode()
    for key, value in values.items():
        text = _with(text, key, value)
    expected = {**stack.config, **values}
    got = dict(read_stack(text.encode(), stack.file, stack.project).config)
    if got != expected:
        key = next(each for each in expected if got.get(each) != expected[each])
        fix = f"set {' and '.join(values)} by hand"
        raise Problems([Problem(key, shown(got.get(key)), "a line of its own below config:", fix)], stack.where)
    return text


def _with(text: str, key: str, value: str) -> str:
    line = rf"^([ \t]+)([\"']?){re.escape(key)}\2[ \t]*:.*$"
    if re.search(line, text, re.MULTILINE):
        return re.sub(line, lambda found: f"{found[1]}{key}: {value}", text, count=1, flags=re.MULTILINE)
    config = r"^config:[ \t]*(#.*)?\n(?:[ \t]*(?:#.*)?\n)*?([ \t]+)(?=[^\s#])"
    return re.sub(config, lambda found: f"{found[0]}{key}: {value}\n{found[2]}", text, count=1, flags=re.MULTILINE)


def as_data(stack: Stack | None, values: Mapping[str, str]) -> dict[str, object]:
    """For `--json`."""
    if stack is None:
        return {"file": "", "commands": [], "yaml": []}
    yaml = [f"{key}: {value}" for key, value in values.items()]
    return {"file": stack.where, "commands": commands(stack, values), "yaml": yaml}
