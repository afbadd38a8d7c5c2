"""What `make bench` measures: no time is asserted here."""

import importlib.util
import json
from collections.abc import Sequence
from types import ModuleType

import pytest

from tests.environments import ROOT


@pytest.fixture
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("haven_bench", ROOT / "benchmarks" / "run.py")
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_every_tier_and_the_report_are_measured_beside_their_budgets(
    bench: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measured: list[Sequence[str]] = []

    def measure(*arguments: str) -> list[object]:
        measured.append(arguments)
        return [bench.Run(10.0, 1.0, json.dumps({"resources": [1, 2]}))]

    monkeypatch.setattr(bench, "measure", measure)
    bench.main()
    words = [" ".join(each) for each in measured]
    assert "plan active-active --all-tiers" in words
    assert any(each.startswith("plan active-active --report ") and each.endswith(".html") for each in words)
    lines = {line.partition("  ")[0]: line for line in capsys.readouterr().out.splitlines()}
    assert lines["haven plan active-active --all-tiers"].endswith("within 12.00 s")
    assert lines["haven plan active-active --report"].endswith("within 13.00 s")  # 3 s after those of every tier
    assert "OVER 4.02 s" in lines["haven plan active-active, 2 res."]
