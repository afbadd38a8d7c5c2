"""Two checkouts that share one virtual environment are noticed."""

from pathlib import Path

import pytest

from haven.config.checkouts import warning


@pytest.fixture
def checkouts(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("one", "two"):
        (tmp_path / name / "haven" / "config").mkdir(parents=True)
        (tmp_path / name / "haven" / "config" / "checkouts.py").touch()
        (tmp_path / name / "Pulumi.yaml").touch()
        (tmp_path / name / "stacks").mkdir()
    return tmp_path / "one", tmp_path / "two"


def test_a_checkout_that_runs_its_own_code_is_no_matter(checkouts: tuple[Path, Path]) -> None:
    one, _ = checkouts
    assert warning(one / "stacks", one / ".venv", one) == ""


def test_the_checkout_at_hand_whose_code_does_not_run_is_named_with_the_remedy(checkouts: tuple[Path, Path]) -> None:
    one, two = checkouts
    shown = warning(two / "stacks", one / ".venv", one)
    assert f"runs the code of {one}, not that of {two}" in shown
    assert f"rm -rf {two}/.venv && make setup" in shown


def test_a_virtual_environment_that_another_checkout_s_setup_repointed_is_noticed_from_anywhere(
    checkouts: tuple[Path, Path], tmp_path: Path
) -> None:
    one, two = checkouts
    assert f"runs the code of {two}, not that of {one}" in warning(tmp_path, one / ".venv", two)


def test_a_project_that_only_uses_haven_is_no_checkout_of_it(checkouts: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "Pulumi.yaml").touch()
    assert warning(tmp_path / "shop", tmp_path / "shop" / ".venv", checkouts[0]) == ""
