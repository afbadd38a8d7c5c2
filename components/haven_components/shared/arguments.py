"""Whether arguments fit the TypedDict that they are annotated with: which names there are, which of them are required,
what each holds."""

import difflib
import typing
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pulumi

from haven_components.shared.documentation import field_docs, first_sentence, type_name

NEAR = 0.75
"""How alike two names must be (0 to 1, difflib's ratio) for one to be suggested in place of the other."""

SCALARS: Mapping[Any, str] = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}

_INPUT: Any = pulumi.Input  # subscripted as a value
_INPUTS: Mapping[Any, Any] = {scalar: _INPUT[scalar] for scalar in SCALARS}


class Misfit(NamedTuple):
    """One argument that doesn't fit its type."""

    path: str
    got: str
    allowed: str
    fix: str


def misfits(kind: Any, args: object, path: str = "") -> Iterator[Misfit]:
    """Every argument that is missing, unknown or of another kind of value, those of nested arguments too.

    Args:
        kind: the TypedDict that the arguments are annotated with.
        args: what was given.
        path: where it was given. Omitted: they are a component's own arguments.
    """
    if not isinstance(args, Mapping):
        yield Misfit(
            path or "args", _shown(args), f"a dictionary with the keys of {kind.__name__}", "give a dictionary"
        )
        return
    fields: Mapping[str, Any] = kind.__annotations__
    for name in fields:
        if name not in args and name in kind.__required_keys__:
            allowed = f"{_described(fields[name])}. {first_sentence(field_docs(kind).get(name, ''))}"
            yield Misfit(_join(path, name), "nothing", allowed, f"add {name}")
    for name, value in args.items():
        if name not in fields:
            yield _unknown(name, kind, args, path)
        elif value is None and name not in kind.__required_keys__:
            yield Misfit(_join(path, name), "None", _described(fields[name]), f"leave {name} out")
        else:
            yield from _content(fields[name], value, _join(path, name))


def _unknown(name: object, kind: Any, args: Mapping[Any, object], path: str) -> Misfit:
    free = [each for each in kind.__annotations__ if each not in args]
    near = difflib.get_close_matches(str(name), free, n=1, cutoff=NEAR)
    fix = f"did you mean {near[0]}?" if near else f"leave {name} out"
    return Misfit(_join(path, str(name)), "an unknown argument", ", ".join(sorted(kind.__annotations__)), fix)


def _content(annotation: Any, value: object, path: str) -> Iterator[Misfit]:
    """What is wrong with a value. An output's value, enums and resources are left to the component and the SDK."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.NotRequired, typing.Required):
        yield from _content(inner[0], value, path)
    elif typing.is_typeddict(annotation):
        yield from misfits(annotation, value, path)
    elif origin in _CONTAINERS:
        yield from _CONTAINERS[origin](annotation, value, path)
    elif value is None or not _may_be(_scalar_beside_outputs(annotation, value), value):
        yield Misfit(path, _shown(value), _described(annotation), "give such a value")


def _list(annotation: Any, value: object, path: str) -> Iterator[Misfit]:
    (item,) = typing.get_args(annotation)
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        yield Misfit(path, _shown(value), _described(annotation), "give a list")
        return
    for index, each in enumerate(value):
        yield from _content(item, each, f"{path}[{index}]")


def _dictionary(annotation: Any, value: object, path: str) -> Iterator[Misfit]:
    _, item = typing.get_args(annotation)
    if not isinstance(value, Mapping):
        yield Misfit(path, _shown(value), _described(annotation), "give a dictionary")
        return
    for name, each in value.items():
        yield from _content(item, each, _join(path, str(name)))


_CONTAINERS: Mapping[Any, Callable[[Any, object, str], Iterator[Misfit]]] = {list: _list, dict: _dictionary}


def _may_be(annotation: Any, value: object) -> bool:
    if annotation is bool or isinstance(value, bool):
        return annotation not in SCALARS or (annotation is bool and isinstance(value, bool))
    if annotation is int:  # the component host hands whole numbers over as floats
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if annotation is float:
        return isinstance(value, int | float)
    return annotation is not str or isinstance(value, str)


def _scalar_beside_outputs(annotation: Any, value: object) -> Any:
    """What a plain value must be for an `Input` of text, a number or a truth value; otherwise the annotation."""
    if isinstance(value, pulumi.Output | Awaitable):
        return annotation
    return next((each for each, beside in _INPUTS.items() if annotation == beside), annotation)


def _described(annotation: Any) -> str:
    inputs = (f"{SCALARS[each]}, or an output" for each, beside in _INPUTS.items() if annotation == beside)
    return SCALARS.get(annotation) or next(inputs, type_name(annotation))


def _shown(value: object) -> str:
    return "an output, known after the deployment only" if isinstance(value, pulumi.Output) else repr(value)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
