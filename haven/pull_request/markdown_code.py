"""Text from elsewhere as code in GitHub's Markdown, so that it can neither mention, link nor break out."""

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
    """`text` as a code span in a table, where a bar would end the cell even in code."""
    return code(text.replace("|", r"\|"))


def link(address: str) -> str:
    """An address to follow, or code where it is none."""
    return (
        f"<{address}>" if re.fullmatch(r"https://[A-Za-z0-9.-]+(/[A-Za-z0-9._~/?#=&%+-]*)?", address) else code(address)
    )


def fenced(lines: Sequence[str], language: str) -> Iterator[str]:
    """Lines as a block of code."""
    fence = "`" * max(3, max((_longest_run(each) for each in lines), default=0) + 1)
    yield from (f"{fence}{language}", *(_unbroken(each) for each in lines), fence)


def _unbroken(line: str) -> str:
    """A line without breaks in it; its indentation stays."""
    return re.sub(r"[\r\n\v\f\x85\u2028\u2029]+", " ", line)


def _longest_run(text: str) -> int:
    return max((len(each) for each in re.findall("`+", text)), default=0)
