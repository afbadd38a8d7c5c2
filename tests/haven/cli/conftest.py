from pathlib import Path

import pytest

from haven.cli.main import main
from tests.haven.cli.small_project import PROGRAM, PROJECT, Run, write_stack
from tests.progress import without_progress


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project, with the current directory in it."""
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    (tmp_path / "program").mkdir()
    (tmp_path / "stacks").mkdir()
    (tmp_path / "program" / "__main__.py").write_text(PROGRAM)
    write_stack(tmp_path, "prod", "haven:tier: warm")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the tool; gives exit code, standard output, and standard error without progress."""

    def runner(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        captured = capsys.readouterr()
        return code, captured.out, without_progress(captured.err)

    return runner
