"""Haven's components: AWS resources in one Region or in two. Each is usable alone.

`__init__.pyi` is the one list of what the package exports. A module is imported when one of its names is first used, so
that `haven_components.names`, `limits` and `choices` load without Pulumi.
"""

import ast
from importlib import import_module
from pathlib import Path
from typing import Any, is_typeddict

from haven_components.shared.documentation import document_fields

_EXPORTS = {
    name.name: str(statement.module)
    for statement in ast.parse(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8")).body
    if isinstance(statement, ast.ImportFrom)
    for name in statement.names
}
"""Exported name -> the module that defines it."""

__all__ = sorted(_EXPORTS)  # noqa: PLE0605  type checkers read the stub


def __getattr__(name: str) -> Any:
    if name == "COMPONENTS":
        value: Any = _components()
    elif name in _EXPORTS:
        value = getattr(import_module(_EXPORTS[name]), name)
        if is_typeddict(value):
            document_fields(value)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "COMPONENTS"})


def _components() -> tuple[type, ...]:
    """Every component, in the order of their names."""
    from pulumi import ComponentResource  # noqa: PLC0415  loaded with the first component, not with this package

    exported = (getattr(import_module(module), name) for name, module in sorted(_EXPORTS.items()))
    return tuple(each for each in exported if isinstance(each, type) and issubclass(each, ComponentResource))
