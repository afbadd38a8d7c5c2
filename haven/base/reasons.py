"""What a reason for accepting something must have, wherever it is given."""

from collections.abc import Iterator

from haven.base.problems import Problem, shown

SHORTEST_REASON = 10
"""Characters without the blanks around them: a word such as "meant" tells a reviewer nothing."""


def too_short(option: str, reason: str | None, fix: str) -> Iterator[Problem]:
    """What is wrong with a reason that a command's option gives.

    Args:
        option: its name.
        reason: as it was typed. None: the option wasn't given, and nothing is wrong.
        fix: what to write.
    """
    if reason is not None and len(reason.strip()) < SHORTEST_REASON:
        yield Problem(option, shown(reason), f"a reason of {SHORTEST_REASON} characters or more", fix)
