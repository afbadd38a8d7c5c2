"""What the tool writes to standard error, apart from its progress."""


def without_progress(text: str) -> str:
    """The lines that report no progress: those begin with `> `."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("> "))
