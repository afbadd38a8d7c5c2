import ast
from pathlib import Path

import pytest

INFRA = Path(__file__).parents[2] / "infra"
READERS_OF_THE_TIER = {"topology.py", "scale.py", "promises.py"}
PARTS = sorted({*INFRA.rglob("*.py")} - {*(INFRA / "config").rglob("*.py")})


def _reads_of_the_tier(path: Path) -> list[str]:
    tree = ast.parse(path.read_text())
    imported = [each.module or "" for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)]
    attributes = [each.attr for each in ast.walk(tree) if isinstance(each, ast.Attribute)]
    return [each for each in imported if each == "haven.model.tiers"] + [
        each for each in attributes if each in ("tier", "system_tier")
    ]


@pytest.mark.parametrize("path", PARTS, ids=lambda path: path.name)
def test_parts_read_scales_and_replication_and_never_the_tier(path: Path) -> None:
    assert bool(_reads_of_the_tier(path)) == (path.name in READERS_OF_THE_TIER)
