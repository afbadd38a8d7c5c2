"""Finds a stack's file and reads from it what Pulumi's engine would hand to the program."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from haven.base.problems import Problem, Problems, choices, nearest, shown
from haven.config import strict_yaml
from haven.config.project import Project, missing_project, nearest_project, read_project
from haven.config.strict_yaml import engine_text, place

SECURE_PLACEHOLDER = "<secure>"
"""Stands where an encrypted value would: it is never decrypted here."""

_ALMOST = 0.8
"""From this similarity on, a namespace counts as the project's name misspelt. An assumption."""
_NAMED_BY_PULUMI = re.compile(r"Pulumi\..+\.ya?ml")
_NEW = re.compile(r"[A-Za-z0-9_-]+")
"""A name that a new stack may have: one with a dot is rather that of a file of another kind."""
_TOP_LEVEL = ("config", "encryptedkey", "encryptionsalt", "environment", "secretsprovider")


@dataclass(frozen=True)
class Stack:
    """A stack as its file describes it."""

    name: str
    file: Path
    project: Project
    config: Mapping[str, str]
    """Full key -> text, as a program gets it: JSON for maps and lists, the project's defaults filled in."""
    placeholders: tuple[str, ...]
    """Where encrypted values are, such as `haven:tags.owner`."""
    problems: tuple[Problem, ...] = ()
    """What is wrong with the file although it could be read; the config then holds what was meant, as far as known."""
    spelled: Mapping[str, str] = field(default_factory=dict)
    """Where decimal numbers are that the engine spells otherwise than the file does -> as the file does."""

    @property
    def where(self) -> str:
        """The file as messages name it: below the current directory by its short name."""
        return display(self.file)


def is_placeholder(value: object) -> bool:
    """Whether a config value is, or holds somewhere inside, an encrypted value that was not decrypted."""
    return isinstance(value, str) and SECURE_PLACEHOLDER in value


def display(path: Path) -> str:
    """A path as messages name it: relative to the current directory where it lies below it."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def load_stack(stack: str, start: Path) -> Stack:
    """Read the stack called `stack`, or the stack file at the path `stack`.

    Args:
        stack: a name, looked up in the project's directory of stack files; or a path, which ends in .yaml or .yml or
            has a slash in it.
        start: where the search for Pulumi.yaml begins, upwards; relative paths start here too. The project of a file
            named by its path is the one around the file, or else the one around `start`.

    Raises:
        Problems: where there is no such file, or no config can be read from it.
    """
    if _is_path(stack):
        file = _existing_file(start / stack, stack)
        project = read_project(nearest_project(file.parent) or nearest_project(start) or missing_project(start))
        if not _NAMED_BY_PULUMI.fullmatch(file.name):
            return _read_any(file, project)
    else:
        project = read_project(nearest_project(start) or missing_project(start))
        file = _file_of(stack, project)
    return read_stack(_read_bytes(file), file, project)


def _read_any(file: Path, project: Project) -> Stack:
    """A stack file of any name. Nothing of a file that is none is shown: it may hold a secret, and end up in a log."""
    data = _read_bytes(file)
    try:
        return read_stack(data, file, project)
    except Problems:
        fix = "name a stack, or the path of its file; nothing is shown of a file that isn't called Pulumi.STACK.yaml"
        got, allowed = _kind(strict_yaml.read(data)), "a stack file: a map with the keys of the stack below config:"
        raise Problems([Problem("STACK", got, allowed, fix)], display(file)) from None


def _kind(document: strict_yaml.Document) -> str:
    """What a file holds, in words that show nothing of it."""
    if document.value is None:
        return f"no YAML ({document.problems[0].what})" if document.problems else "an empty file"
    if isinstance(document.value, dict):
        return "a map whose config is none" if "config" in document.value else "a map without config"
    return "a list" if isinstance(document.value, list) else "one value"


def read_stack(data: bytes, file: Path, project: Project) -> Stack:
    """The stack that the bytes of its file describe.

    Raises:
        Problems: where no config can be read from it.
    """
    document = strict_yaml.read(data)
    problems = [*document.problems, *_top_level(document)]
    if not isinstance(document.value, dict) or not isinstance(document.value.get("config"), dict):
        raise Problems(problems, display(file))
    values, misnamed = _namespaced(document, project)
    problems += [*misnamed, *project.check(values, secure=_is_secure)]
    given = {key: engine_text(_without_secrets(value)) for key, value in values.items()}
    config = {**project.defaults(given), **given}
    placeholders, spelled = tuple(_secure_places(values)), dict(_spelled_otherwise(values))
    return Stack(_name_of(file), file, project, config, placeholders, tuple(problems), spelled)


def _is_path(stack: str) -> bool:
    return "/" in stack or "\\" in stack or stack.endswith((".yaml", ".yml"))


def _existing_file(file: Path, named: str) -> Path:
    if file.is_file():
        return file.resolve()
    if file.is_dir():
        problem = Problem("STACK", f"the directory {named}", "a stack's name, or a stack file", "name a file in it")
        raise Problems([problem])
    beside = {_name_of(each): each for each in sorted(file.parent.glob("*.yaml"))} if file.parent.is_dir() else {}
    near = nearest(_name_of(file), beside)
    fix = f"did you mean {display(beside[near])}?" if near else "check the path"
    raise Problems([Problem("STACK", f"{shown(named)}, where there is no file", "the path of a stack file", fix)])


def _file_of(stack: str, project: Project) -> Path:
    file = project.stack_dir / f"Pulumi.{stack}.yaml"
    if file.is_file():
        return file
    known = project.stacks()
    near = nearest(stack, known)
    allowed = choices(known) if known else f"a stack with a file in {display(project.stack_dir)}"
    if near:
        fix = f"did you mean {near}?"
    elif _NEW.fullmatch(stack):
        fix = f"make {display(file)}, from a copy of another stack's file"
    else:
        fix = "name a stack, or the path of its file, which ends in .yaml"
    raise Problems([Problem("STACK", shown(stack), allowed, fix)])


def _name_of(file: Path) -> str:
    return file.name.removesuffix(file.suffix).removeprefix("Pulumi.")


def _read_bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        problem = Problem("the file", f"{error.strerror}", "a file that can be read", "check its permissions")
        raise Problems([problem], display(file)) from error


def _top_level(document: strict_yaml.Document) -> Iterator[Problem]:
    top = document.value
    if top is None and not document.problems:
        yield Problem("the file", "nothing", "a stack file", "start it with config: and haven:tier below it")
    elif top is not None and not isinstance(top, dict):
        yield Problem("the file", shown(top), "a map with the key config", "start the file with config:")
    elif top is not None:
        for key, value in top.items():
            yield from _top_level_key(f"{key} (line {document.lines[(key,)]})", key, value)
        if "config" not in top:
            yield Problem("config", "nothing", "a map of config keys", "add config: with the keys below it")


def _top_level_key(where: str, key: str, value: Any) -> Iterator[Problem]:
    if key not in _TOP_LEVEL:
        yield Problem(where, shown(key), choices(_TOP_LEVEL), _fix_unknown(key))
    elif key == "environment" and value:
        fix = "copy the values below config: in another file, and plan that one"
        yield Problem(where, shown(value), "no environment of Pulumi's service, which would have to be asked", fix)
    elif key == "config" and not isinstance(value, dict):
        got = "nothing" if value is None else shown(value)
        yield Problem(where, got, "a map of config keys", "write haven:tier and the others below it")


def _fix_unknown(key: str) -> str:
    near = nearest(key, _TOP_LEVEL)
    if near:
        return f"write {near}"
    return "put it below config:" if ":" in key else f"delete {key}, or put it below config:"


def _namespaced(document: strict_yaml.Document, project: Project) -> tuple[dict[str, Any], list[Problem]]:
    """The config by full keys; a key without a namespace gets the project's."""
    top = document.value
    given = top.get("config") if isinstance(top, dict) else None
    values: dict[str, Any] = {}
    problems = []
    for key, value in given.items() if isinstance(given, dict) else ():
        line = document.lines.get(("config", key), 0)
        full = full_key(key, project.name)
        if full is None:
            form = f"<namespace>:<name>, such as {project.name}:tier"
            problems.append(Problem(f"{key} (line {line})", shown(key), form, "write one colon in the key"))
        elif full in values:
            got = f"the key a second time, as {shown(key)}"
            problems.append(Problem(f"{full} (line {line})", got, "each key once", "keep one of the two"))
        elif meant := _misspelt(full, project):
            allowed = f"{meant}, or a key of another package"
            problems.append(Problem(f"{full} (line {line})", shown(full), allowed, f"write {meant}"))
        elif value is None:
            problems.append(Problem(f"{full} (line {line})", "nothing", "a value", f"write a value, or delete {full}"))
        else:
            values[full] = value
    return values, problems


def _misspelt(full: str, project: Project) -> str | None:
    """The key of the project that somebody probably meant by one whose namespace is written almost like its name."""
    namespace, _, name = full.partition(":")
    meant = f"{project.name}:{name}"
    near = SequenceMatcher(None, namespace.lower(), project.name.lower()).ratio() > _ALMOST
    return meant if near and meant != full and meant in {each.key for each in project.declarations} else None


def full_key(key: str, project: str) -> str | None:
    """The key as a program asks for it, or None where it has no such form."""
    match key.split(":"):
        case [name]:
            return f"{project}:{name}"
        case [namespace, name] if namespace and name:
            return key
        case [namespace, "config", name] if namespace and name:
            return f"{namespace}:{name}"
        case _:
            return None


def _is_secure(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"secure"} and isinstance(value["secure"], str)


def _secure_places(values: Mapping[str, Any]) -> Iterator[str]:
    for path, value in strict_yaml.walk(dict(values)):
        if _is_secure(value):
            yield place(path)


def _spelled_otherwise(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for path, value in strict_yaml.walk(dict(values)):
        if isinstance(value, strict_yaml.Spelled) and value.text != strict_yaml.engine_number(value):
            yield place(path), value.text


def _without_secrets(value: Any) -> Any:
    """`value` with a placeholder for everything that is encrypted in it."""
    if _is_secure(value):
        return SECURE_PLACEHOLDER
    if isinstance(value, dict):
        return {key: _without_secrets(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_secrets(each) for each in value]
    return value
