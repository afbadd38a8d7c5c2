"""Where the tool keeps its own files: `.haven` beside the project's file, out of sight of git."""

from pathlib import Path


def state_folder(project: Path) -> Path:
    """The folder for a project at `project`, made where it is missing.

    Raises:
        OSError: it can't be made.
    """
    folder = project / ".haven"
    if not folder.is_dir():
        folder.mkdir()
        (folder / ".gitignore").write_text("*\n")
    return folder
