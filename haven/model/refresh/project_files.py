"""Writes a project's own data files: all of them or none."""

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from haven.model.catalog import PROJECT_FOLDER, SOURCES, Catalog


def write(project: Path, tables: Mapping[str, str], source: str, today: date) -> None:
    """Write data files and note where they are from. Each is written beside its place first and moved there once all of
    them are.

    Args:
        project: the project's root.
        tables: the name of each file, and its text.
        source: where they are from.
        today: the day on which they were retrieved.
    """
    folder = project / PROJECT_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    noted = folder / SOURCES
    sources: dict[str, Any] = json.loads(noted.read_text(encoding="utf-8")) if noted.is_file() else {}
    for name in tables:
        description = Catalog().source(name).description
        sources[name] = {"description": description, "source": source, "retrieved_on": today.isoformat()}
    texts = {**tables, SOURCES: json.dumps(sources, indent=2) + "\n"}
    for name, text in texts.items():
        (folder / f".{name}.new").write_text(text, encoding="utf-8")
    for name in texts:
        os.replace(folder / f".{name}.new", folder / name)  # noqa: PTH105  one call that replaces the old file


def table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """A table as CSV, ordered by its first two columns."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: tuple(str(row[name]) for name in columns[:2])))
    return text.getvalue()
