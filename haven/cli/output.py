"""Where a command's result goes: standard output, in one piece, and what happens if that can't take it."""

import io
import json
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from haven.base.console import Steps
    from haven.base.terminal import Style


def emit(text: str) -> None:
    """Write a result. If its reader has gone, the command still ends with its own exit code.

    Raises:
        OSError: standard output can't take it, for example because the disk is full.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        reader_has_gone()


def emit_lines(lines: Iterable[str]) -> None:
    """Write a result line by line: on a terminal in lines that fit, elsewhere each whole, for programs look for them.

    Raises:
        OSError: as of `emit`.
    """
    emit("".join(f"{each}\n" for each in _fitted(sys.stdout, lines)))


def emit_json(value: Any) -> None:
    """Write a result as JSON."""
    emit(json_text(value))


def json_text(value: Any) -> str:
    """A document as JSON, with its keys in order."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def note(text: str) -> None:
    """Write a line to standard error, beside the result; on a terminal it is made to fit, and a closed standard error
    is ignored."""
    if sys.stderr is not None:
        with suppress(OSError):
            sys.stderr.write("".join(f"{each}\n" for each in _fitted(sys.stderr, text.split("\n"))))
            sys.stderr.flush()


def _fitted(stream: TextIO, lines: Iterable[str]) -> Iterable[str]:
    if not stream.isatty():
        return lines
    from haven.base.terminal import style_for

    style = style_for(stream)
    return [part for line in lines for part in style.folded(line)]


def reader_has_gone() -> None:
    """Note that the rest of the output is lost, and let nothing more try to write it."""
    discard()
    note("haven: the reader closed the output; the rest is not written")


def discard() -> None:
    """Send what is still buffered for standard output nowhere: Python would complain when it closes the stream."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def near(path: Path) -> str:
    """A path as one would type it here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def style() -> "Style":
    """How to draw on standard output."""
    from haven.base.terminal import style_for

    return style_for(sys.stdout)


def steps() -> "Steps":
    """Reports what long work does, on standard error."""
    from haven.base.console import Steps

    nowhere: TextIO = io.StringIO()
    return Steps(sys.stderr or nowhere)
