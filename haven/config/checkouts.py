"""Notices that this package is imported from another checkout than the one at hand: two checkouts share a `.venv`."""

import sys
from collections.abc import Iterator
from pathlib import Path

_OWN = Path(__file__).resolve().parents[2]


def warning(directory: Path, prefix: Path = Path(sys.prefix), own: Path = _OWN) -> str:
    """What to do where the checkout at hand isn't the one whose code runs; empty if there is nothing wrong.

    Args:
        directory: where the tool runs.
        prefix: the virtual environment.
        own: the checkout that this package is imported from.
    """
    for place in _at_hand(directory, prefix):
        if (place / "haven" / "config" / "checkouts.py").is_file() and place != own:
            return (
                f"haven runs the code of {own}, not that of {place}: both checkouts use {prefix}, and the last"
                f" `make setup` decides. Give {place} a .venv of its own: rm -rf {place}/.venv && make setup"
            )
    return ""


def _at_hand(directory: Path, prefix: Path) -> Iterator[Path]:
    """The checkout around a directory, and the one that the virtual environment lies in."""
    here = directory.resolve()
    yield from (each for each in (here, *here.parents) if (each / "Pulumi.yaml").is_file())
    yield prefix.parent.resolve()
