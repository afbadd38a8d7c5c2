"""`python -m haven`, and what the command `haven` starts."""

import gc
import sys
from typing import NoReturn

from haven.base.interrupts import end_on_interrupt


def start() -> NoReturn:
    """Run the tool as a process of its own."""
    end_on_interrupt()
    from haven.cli.main import main  # noqa: PLC0415  what is imported here can be interrupted too

    code = main()
    gc.freeze()  # else Python looks for garbage before it ends: in a plan a fifth of its time (2026-11-26)
    sys.exit(code)


if __name__ == "__main__":
    start()
