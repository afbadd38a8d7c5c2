"""Finds and reads Pulumi.yaml: the project's name, where its program and its stacks are, which config it declares."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from haven.base.problems import Problem, Problems, shown
from haven.config import strict_yaml
from haven.config.strict_yaml import engine_text

_FILES = ("Pulumi.yaml", "Pulumi.yml")


@dataclass(frozen=True)
class Declaration:
    """A config key that the project file declares."""

    key: str
    """Full, with its namespace."""
    type: str | None = None
    items: Mapping[str, Any] | None = None
    default: Any = None
    secret: bool = False
    required: bool = False


@dataclass(frozen=True)
class Project:
    """A Pulumi project."""

    name: str
    file: Path
    main: Path
    """The program's directory."""
    stack_dir: Path
    declarations: tuple[Declaration, ...] = field(default=())

    def stacks(self) -> list[str]:
        """The names of the stacks that have a file, sorted."""
        files = self.stack_dir.glob("Pulumi.*.yaml") if self.stack_dir.is_dir() else ()
        return sorted(each.name.removeprefix("Pulumi.").removesuffix(".yaml") for each in files)

    def defaults(self, given: Mapping[str, Any]) -> dict[str, str]:
        """The declared values of keys that the stack does not give, as a program gets them."""
        return {
            each.key: engine_text(each.default)
            for each in self.declarations
            if each.default is not None and each.key not in given
        }

    def check(self, given: Mapping[str, Any], *, secure: Callable[[Any], bool]) -> list[Problem]:
        """What the engine would refuse: declared keys that are missing or of another type."""
        problems = []
        for each in self.declarations:
            if each.key not in given:
                if each.required:
                    problems.append(Problem(each.key, "nothing", _type_name(each.type, each.items), f"add {each.key}"))
                continue
            value = given[each.key]
            if each.secret and not secure(value):
                fix = f"pulumi config set --secret {each.key}"
                problems.append(Problem(each.key, "plain text", "an encrypted value", fix))
            elif each.type and not secure(value) and not _is_of(each.type, each.items, value, top=True):
                allowed = _type_name(each.type, each.items)
                problems.append(Problem(each.key, shown(value), allowed, _fix(each.key, each.type, value)))
        return problems


def nearest_project(start: Path) -> Path | None:
    """The project file around `start`: the nearest Pulumi.yaml, upwards."""
    start = start.resolve()
    candidates = (directory / name for directory in (start, *start.parents) for name in _FILES)
    return next((each for each in candidates if each.is_file()), None)


def no_project(start: Path) -> Problem:
    """What a command needs that found no project around `start`, and how to get one."""
    got = f"no Pulumi.yaml in {start.resolve()} or above it"
    allowed = "a project with Haven's program: Pulumi.yaml, infra/ and stacks/, as in a checkout of its repository"
    return Problem("the project", got, allowed, "run haven in such a checkout, or name it with -C DIR")


def missing_project(start: Path) -> NoReturn:
    """Refuse to go on without a project around `start`.

    Raises:
        Problems: always.
    """
    raise Problems([no_project(start)])


def read_project(file: Path) -> Project:
    """The project that `file` describes.

    Raises:
        Problems: with everything that is wrong with the file.
    """
    document = strict_yaml.read(file.read_bytes())
    top = document.value if isinstance(document.value, dict) else {}
    problems = list(document.problems)
    name, main, stack_dir = top.get("name"), top.get("main", "."), top.get("stackConfigDir", ".")
    for key, value in (("name", name), ("main", main), ("stackConfigDir", stack_dir)):
        if not (isinstance(value, str) and value) and not problems:
            problems.append(Problem(key, shown(value), "text", f"give {key} a value"))
    if problems:
        raise Problems(problems, str(file))
    declared = top.get("config")
    declarations = [
        _declaration(str(name), key, each) for key, each in (declared.items() if isinstance(declared, dict) else ())
    ]
    root = file.parent
    return Project(str(name), file, _directory(root / main), root / stack_dir, tuple(declarations))


def _directory(main: Path) -> Path:
    return main.parent if main.suffix == ".py" else main


def _declaration(project: str, key: str, declared: Any) -> Declaration:
    full = key if ":" in key else f"{project}:{key}"
    if not isinstance(declared, dict):
        return Declaration(full, default=declared)
    default = declared.get("default")
    if default is None:
        default = declared.get("value")
    return Declaration(
        full,
        type=declared.get("type"),
        items=declared.get("items"),
        default=default,
        secret=declared.get("secret") is True,
        required=default is None and full.startswith(f"{project}:"),
    )


_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "a map",
    "array": "a list",
}


def _type_name(type_: str | None, items: Mapping[str, Any] | None) -> str:
    """A declared type in words, such as `a list of text`."""
    name = _WORDS.get(type_ or "", "a value")
    if type_ != "array" or not items:
        return name
    inner = _type_name(items.get("type"), items.get("items"))
    return f"{name} of {inner.removeprefix('a ')}{'s' if inner.startswith('a ') else ''}"


def _fix(key: str, type_: str, value: Any) -> str:
    """How a value becomes one of a declared type."""
    match type_:
        case "boolean":
            return f"write {key}: true, or {key}: false"
        case "integer":
            return f"write a whole number, such as {key}: 1"
        case "object":
            return f"write the nested keys below {key}, one a line"
        case "array":
            return f"write a list: {key}: [{'' if isinstance(value, dict) else engine_text(value)}]"
        case _:
            inner = value[0] if isinstance(value, list) and len(value) == 1 else None
            instead = f"such as {key}: {inner}" if isinstance(inner, str) else "neither a list nor a map"
            return f"write one text, {instead}"


def _is_of(type_: str, items: Mapping[str, Any] | None, value: Any, *, top: bool = False) -> bool:
    """Whether the engine accepts `value` as `type_`; at the top every scalar has become text before it looks."""
    if top and not isinstance(value, dict | list):
        value = engine_text(value)
    match type_:
        case "string":
            return isinstance(value, str)
        case "integer":
            return _is_whole(value)
        case "boolean":
            return isinstance(value, bool) or value in ("true", "false")
        case "object":
            return isinstance(value, dict)
        case "array" if isinstance(value, list) and items is not None:
            return all(_is_of(str(items.get("type")), items.get("items"), each) for each in value)
        case _:
            return False


def _is_whole(value: Any) -> bool:
    if isinstance(value, str):
        digits = value[1:] if value[:1] in ("+", "-") else value
        return digits.isascii() and digits.isdigit()
    return not isinstance(value, bool) and isinstance(value, int | float) and value == int(value)
