"""Controllers that `make controllers` builds."""

import urllib.request
from contextlib import suppress
from pathlib import Path

from haven.base.missing_dependency import MissingDependency
from tests.kubernetes.control_plane import BUILT

PROGRAMS = BUILT / "controllers"


def program(name: str) -> Path:
    """A program that `make controllers` builds.

    Raises:
        MissingDependency: it isn't there.
    """
    path = PROGRAMS / name
    if not path.is_file():
        raise MissingDependency(f"no {name} in {PROGRAMS}: make controllers builds it (needs Go)")
    return path


def is_ready(port: int) -> bool:
    """Whether a controller answers its probe on loopback."""
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
        return bool(answer.status == 200)
    return False
