"""The pack as a folder of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from haven_policies import publish
from tests.environments import ROOT

LOADED = """
import sys
sys.path.insert(0, sys.argv[1])
import haven_policies.pack
own = ("haven", "haven_policies")
print(*(m.__file__ for n, m in list(sys.modules.items()) if n.partition(".")[0] in own), sep="\\n")
"""


def test_a_published_pack_needs_nothing_of_this_project(tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    files = publish.publish(folder)
    ran = subprocess.run(
        [sys.executable, "-c", LOADED, str(folder)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    loaded = {Path(line) for line in ran.stdout.split()}
    assert loaded
    assert all(each.is_relative_to(folder) for each in loaded)
    assert {Path("PulumiPolicy.yaml"), Path("__main__.py"), Path("requirements.txt")} <= set(files)
    assert not any(each.parts[0] in ("haven_components", "infra", "tests") for each in files)


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").write_text("mine")
    assert publish.main([str(tmp_path)]) == 2
    assert "an empty folder, or none" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["mine"]


def test_no_rule_knows_pulumi() -> None:
    for file in (ROOT / "policies" / "haven_policies" / "rules").rglob("*.py"):
        assert "import pulumi" not in file.read_text(), file
        assert "from pulumi" not in file.read_text(), file
