"""Every stack file of `refused_stacks/<config key>/` is refused with the words at its top (`#!`), and nothing else."""

from pathlib import Path

import pytest

from haven.cli.main import main
from tests.environments import ROOT
from tests.progress import without_progress

FOLDER = ROOT / "tests/haven/config/refused_stacks"
FILES = sorted(FOLDER.glob("*/*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=[f"{file.parent.name}/{file.stem}" for file in FILES])
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
    assert without_progress(shown.err).splitlines() == [headline, *(f"  {line}" for line in expected)]
    assert shown.out == ""
    assert copy.read_text() == text


def test_every_refused_stack_is_in_the_folder_of_a_config_key() -> None:
    assert len(FILES) >= 80
    assert [file for file in FOLDER.rglob("*") if file.is_file() and file not in FILES] == []


@pytest.mark.parametrize("file", FILES, ids=[f"{file.parent.name}/{file.stem}" for file in FILES])
def test_every_fix_names_what_to_write(file: Path) -> None:
    fixes = [line.rpartition("; fix: ")[2] for line in file.read_text().splitlines() if line.startswith("#! ")]
    vague = [each for each in fixes if each.split()[0] not in ("add", "delete", "pin", "rename", "write")]
    assert vague == []
    assert [each for each in fixes if len(each.split()) < 2 or each.endswith("such a value")] == []
