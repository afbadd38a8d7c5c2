"""The docstrings of the fields of arguments' types: Python keeps them in the source only."""

import ast
import functools
import inspect
import sys
import typing
from collections.abc import Iterator, Mapping
from typing import Any


def field_docs(kind: type) -> Mapping[str, str]:
    """The docstring below each field of a class; empty where the source isn't installed."""
    return _module_docs(kind.__module__).get(kind.__name__, {})


def first_sentence(text: str) -> str:
    """A docstring's first sentence, on one line."""
    return " ".join(text.split()).partition(". ")[0].removesuffix(".")


def document_fields(kind: type) -> None:
    """Add the fields of a TypedDict to its docstring, so that `help()` shows them."""
    parts = [kind.__doc__] if kind.__doc__ else []
    kind.__doc__ = "\n\n".join([*parts, *_field_paragraphs(kind)])


def _field_paragraphs(kind: Any) -> Iterator[str]:
    docs = field_docs(kind)
    for name, annotation in kind.__annotations__.items():
        needed = "required" if name in kind.__required_keys__ else "optional"
        text = inspect.cleandoc(docs.get(name, "")).replace("\n", "\n    ")
        yield f"{name}: {type_name(annotation)} ({needed})\n    {text}"


def type_name(annotation: Any) -> str:
    """What to call a field's type: as it is written, without modules and without `NotRequired`."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.NotRequired, typing.Required):
        return type_name(inner[0])
    if origin is typing.Union:  # pulumi.Input: the value, an awaitable of it, or an output
        return f"Input[{type_name(inner[0])}]"
    if origin is not None:
        return f"{origin.__name__}[{', '.join(type_name(each) for each in inner)}]"
    return getattr(annotation, "__name__", str(annotation))


@functools.cache
def _module_docs(module: str) -> Mapping[str, Mapping[str, str]]:
    """The docstring of each field of each class of a module."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except OSError:
        return {}
    return {node.name: dict(_docs_in(node)) for node in tree.body if isinstance(node, ast.ClassDef)}


def _docs_in(declared: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, text in zip(declared.body, declared.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
            and isinstance(text.value.value, str)
        ):
            yield field.target.id, text.value.value
