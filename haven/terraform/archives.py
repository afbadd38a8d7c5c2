"""Archives of files that a program gives as text: Terraform wants them as zip files."""

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Files = Mapping[str, str]
"""Path inside the archive to the file's text."""
_WRITTEN = (1980, 1, 1, 0, 0, 0)
"""The same for every file, so that the same files always make the same archive."""


def files(value: Any) -> Files | None:
    """The files of a recorded archive; None: the value is none."""
    inside = value.get("assets") if isinstance(value, Mapping) else None
    texts = isinstance(inside, Mapping) and bool(inside) and all(isinstance(each, str) for each in inside.values())
    return inside if texts else None


def found(inputs: Mapping[str, Any]) -> Iterator[tuple[str, Files]]:
    """The archives among a resource's inputs, each with its file name."""
    for value in inputs.values():
        inside = files(value)
        if inside is not None:
            yield name(inside), inside


def name(inside: Files) -> str:
    """Name of the zip file: other files get another one, which an update then uploads."""
    return f"{hashlib.sha256(json.dumps(inside, sort_keys=True).encode()).hexdigest()[:16]}.zip"


def write(archives: Mapping[str, Files], folder: Path) -> None:
    """Write the zip files into a directory."""
    for file, inside in archives.items():
        with zipfile.ZipFile(folder / file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, text in sorted(inside.items()):
                archive.writestr(zipfile.ZipInfo(path, _WRITTEN), text)
