"""Sizes of files, functions and folders, and whose types mypy reads. Complexity is ruff's to check."""

import ast
import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("haven", "components", "infra", "policies", "tests")
MODULES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
FILE_LINES, FUNCTION_LINES, FOLDER_MODULES = 400, 60, 15


def _long_functions(path: Path) -> list[str]:
    return [
        f"{each.name}: {(each.end_lineno or 0) - each.lineno + 1} lines"
        for each in ast.walk(ast.parse(path.read_text()))
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
        and (each.end_lineno or 0) - each.lineno + 1 > FUNCTION_LINES
    ]


@pytest.mark.parametrize("room", ROOMS)
def test_a_file_has_at_most_400_lines(room: str) -> None:
    lines = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in _modules(room)}
    assert {path: count for path, count in lines.items() if count > FILE_LINES} == {}


@pytest.mark.parametrize("room", ROOMS)
def test_a_function_has_at_most_60_lines(room: str) -> None:
    long = {str(path.relative_to(ROOT)): _long_functions(path) for path in _modules(room)}
    assert {path: functions for path, functions in long.items() if functions} == {}


@pytest.mark.parametrize("room", ROOMS)
def test_a_folder_has_at_most_15_modules(room: str) -> None:
    modules = Counter(str(path.parent.relative_to(ROOT)) for path in _modules(room) if path.name != "__init__.py")
    assert {folder: count for folder, count in modules.items() if count > FOLDER_MODULES} == {}


def test_the_types_of_every_aws_service_in_use_are_checked() -> None:
    """mypy skips those of all others: what Haven declared of them would be `Any`."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    read = {module for each in settings if each.get("follow_imports") == "normal" for module in each["module"]}
    used = {name for path in MODULES for name in re.findall(r"\baws\.([a-z]\w*)\.[A-Z]", path.read_text())}
    assert "ec2" in used
    assert {f"pulumi_aws.{name}.*" for name in used} - read == set()


def _modules(room: str) -> list[Path]:
    return [path for path in MODULES if path.relative_to(ROOT).parts[0] == room]
