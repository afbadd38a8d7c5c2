"""The lanes of `make check` and `make check-all` leave no test out, and run none twice."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from haven.program.recording import Recording
from tests import suite
from tests.environments import ROOT, SHARED, once
from tests.kubernetes.living import shared_plane
from tests.kubernetes.living.shared_plane import FILES, FIXTURE, SharedPlane, scope

CASES = [(emulator, exhaustive) for emulator in (False, True) for exhaustive in (False, True)]


def marks(lane: suite.Lane) -> str:
    return lane.command[lane.command.index("-m") + 1]


def takes(expression: str, *, emulator: bool, exhaustive: bool) -> bool:
    words = {"emulator": str(emulator), "exhaustive": str(exhaustive)}
    text = re.sub(r"emulator|exhaustive", lambda found: words[found[0]], expression)
    return bool(eval(text))


def test_every_test_runs_in_exactly_one_lane_of_check_or_check_all() -> None:
    lanes = [marks(lane) for name in ("check", "check-all") for lane in suite.SUITES[name] if "-m" in lane.command]
    for emulator, exhaustive in CASES:
        assert sum(takes(each, emulator=emulator, exhaustive=exhaustive) for each in lanes) == 1


def test_tests_in_the_emulator_are_where_their_lane_looks_for_them() -> None:
    marked = [file for file in (ROOT / "tests").rglob("*.py") if "pytest.mark.emulator" in file.read_text()]
    outside = {file for file in marked if not any(file.is_relative_to(ROOT / each) for each in suite.LIVING)}
    assert outside == {Path(__file__), Path(suite.__file__)}


def test_a_worker_of_the_emulators_lane_imports_no_other_file() -> None:
    files = suite.living_files()
    assert sorted(files) == sorted(set(files))
    assert [each for each in files if "pytest.mark.emulator" not in (ROOT / each).read_text()] == []
    assert set(suite.LONGEST_FIRST) < set(files)


def test_every_file_that_is_to_run_first_is_there() -> None:
    assert [each for each in suite.LONGEST_FIRST if not (ROOT / each).is_file()] == []


def test_the_slowest_tests_are_read_from_what_pytest_prints() -> None:
    printed = "12.30s call     tests/test_a.py::test_b[c d]\n0.60s setup    tests/test_a.py::test_b[c d]\n"
    assert list(suite.durations([printed])) == [
        (12.3, "tests/test_a.py::test_b[c d]"),
        (0.6, "tests/test_a.py::test_b[c d] (setup)"),
    ]


def test_what_one_worker_has_recorded_the_others_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SHARED, str(tmp_path))
    made: list[Recording] = []

    def make() -> Recording:
        made.append(Recording("haven", f"made-{len(made)}", [], {}))
        return made[-1]

    assert once(["a stack", {"tier": "warm"}], make) == once(["a stack", {"tier": "warm"}], make)
    assert once(["a stack", {"tier": "backup"}], make).stack == "made-1"
    assert len(made) == 2


def test_one_worker_runs_all_files_that_share_the_control_plane() -> None:
    assert {scope(f"{each}::test_it[a::b]") for each in FILES} == {FIXTURE}
    assert scope("tests/kubernetes/living/test_failover_command.py::test_it") not in (FIXTURE, "")
    assert [each for each in FILES if not (ROOT / each).is_file()] == []


def ended(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, bool]]:
    """Each test that has run, and whether the control plane runs after it."""
    running: list[str] = []

    class Plane:
        def __init__(self, folder: Path) -> None:
            self.folder = str(folder)

        def __enter__(self) -> "Plane":
            running.append(self.folder)
            return self

        def __exit__(self, *_: object) -> None:
            running.remove(self.folder)

    monkeypatch.setattr(shared_plane, "ControlPlane", Plane)
    shared: Any = SharedPlane()
    takes, other = FILES[1], "tests/test_suite.py"
    names = [(other, []), (takes, [FIXTURE]), (takes, []), (other, []), (FILES[2], [FIXTURE]), (other, [])]
    items = [SimpleNamespace(nodeid=f"{file}::{n}", fixturenames=used) for n, (file, used) in enumerate(names)]
    shared.expect(items)
    for item in items:
        running_test = shared.pytest_runtest_protocol(item)
        next(running_test)
        if item.nodeid == f"{takes}::1":
            shared.start(Path("plane"))
        with pytest.raises(StopIteration):
            next(running_test)
        yield item.nodeid.partition("::")[2], bool(running)


def test_the_shared_control_plane_ends_with_the_last_test_of_its_files(monkeypatch: pytest.MonkeyPatch) -> None:
    assert dict(ended(monkeypatch)) == {"0": False, "1": True, "2": True, "3": True, "4": False, "5": False}


def test_a_file_that_takes_the_control_plane_and_is_not_named_is_refused() -> None:
    item: Any = SimpleNamespace(nodeid="tests/test_suite.py::test_it", fixturenames=[FIXTURE])
    with pytest.raises(pytest.UsageError, match=r"tests/test_suite\.py takes control_plane: name it in"):
        SharedPlane().expect([item])
