"""Every stack file of `refused_stacks` is refused with the words written at its top (`#!`), and nothing else."""

from pathlib import Path

import pytest

from haven.cli.main import main
from tests.environments import ROOT

FILES = sorted((ROOT / "tests/haven/config/refused_stacks").glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_stack_file_is_refused_in_the_words_at_its_top(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = file.read_text()
    expected = [line.removeprefix("#! ") for line in text.splitlines() if line.startswith("#! ")]
    copy = tmp_path / "Pulumi.test.yaml"
    copy.write_text(text)
    monkeypatch.chdir(ROOT)
    assert main(["plan", str(copy)]) == 2
    shown = capsys.readouterr()
    count = len(expected)
    headline = f"{count} problem{'' if count == 1 else 's'} in {copy}:"
    assert shown.err.splitlines() == [headline, *(f"  {line}" for line in expected)]
    assert shown.out == ""
    assert copy.read_text() == text


def test_there_are_at_least_25_of_them() -> None:
    assert len(FILES) >= 25
