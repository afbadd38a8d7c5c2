"""Formats untrusted text as code in GitHub's Markdown, so that it can't mention, link or break the layout."""

import re
from collections.abc import Iterator, Sequence

from haven.base.problems import one_line


def code(text: str) -> str:
    """`text` as a code span on one line."""
    line = one_line(text)
    if not line:
        return "(nothing)"
    fence = "`" * (_longest_run(line) + 1)
    pad = " " if "`" in (line[0], line[-1]) else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def cell(text: str) -> str:
    """`text` as a code span in a table cell, with `|` escaped."""
    return code(text.replace("|", r"\|"))


def link(address: str) -> str:
    """`address` as a link if it is an https URL, otherwise as code."""
    return (
        f"<{address}>" if re.fullmatch(r"https://[A-Za-z0-9.-]+(/[A-Za-z0-9._~/?#=&%+-]*)?", address) else code(address)
    )


def listed(title: str, items: Sequence[str]) -> Iterator[str]:
    """A title and a list; nothing without items."""
    if items:
        yield from ("", f"**{title}**", "", *(f"- {each}" for each in items))


def fenced(lines: Sequence[str], language: str) -> Iterator[str]:
    """Lines as a fenced code block."""
    fence = "`" * max(3, max((_longest_run(each) for each in lines), default=0) + 1)
    yield from (f"{fence}{language}", *(_unbroken(each) for each in lines), fence)


def _unbroken(line: str) -> str:
    """The line with line breaks replaced by blanks; its indentation stays."""
    return re.sub(r"[\r\n\v\f\x85\u2028\u2029]+", " ", line)


def _longest_run(text: str) -> int:
    return max((len(each) for each in re.findall("`+", text)), default=0)
