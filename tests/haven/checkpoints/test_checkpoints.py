"""Which checkpoint a job goes on from, and what pruning leaves."""

import io
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haven.checkpoints import CheckpointError, Checkpoints, FolderStore
from haven.checkpoints.checkpoints import INTERVAL, KEPT, LOCATION
from tests.environments import ROOT
from tests.haven.checkpoints.training_process import PARTS, content, is_whole


class Bucket(FolderStore):
    """A folder of which the test says what has been replicated."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.pending: set[str] = set()

    def is_replicated(self, key: str) -> bool:
        """Unless the test says otherwise."""
        return key.split("/")[1].removesuffix(".json") not in self.pending


def _saved(store: FolderStore, *steps: int) -> list[str]:
    checkpoints = Checkpoints(store)
    return [checkpoints.save(each, {name: content(name, each) for name in PARTS}) for each in steps]


def _part(folder: Path, checkpoint: str, name: str = "model.bin") -> Path:
    return folder / "parts" / checkpoint / name


def test_without_a_checkpoint_the_job_begins_anew(tmp_path: Path) -> None:
    assert Checkpoints(FolderStore(tmp_path / "none")).resume(tmp_path / "work") is None


def test_the_newest_step_is_what_a_job_goes_on_from_whichever_was_saved_last(tmp_path: Path) -> None:
    _saved(FolderStore(tmp_path / "bucket"), 20, 1000, 100)
    resumed = Checkpoints(FolderStore(tmp_path / "bucket")).resume(tmp_path / "work")
    assert resumed is not None
    assert resumed.step == 1000
    assert is_whole(resumed)


def test_a_file_is_saved_as_its_bytes_are_and_what_the_job_remembers_comes_back(tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(content("model.bin", 7))
    checkpoints = Checkpoints(FolderStore(tmp_path / "bucket"))
    checkpoints.save(7, {"model.bin": tmp_path / "weights"}, {"data": "v3"})
    resumed = checkpoints.resume(tmp_path / "work")
    assert resumed is not None
    assert resumed.files["model.bin"].read_bytes() == content("model.bin", 7)
    assert resumed.metadata == {"data": "v3"}


@pytest.mark.parametrize("damage", ["missing", "shorter", "other", "older"])
def test_a_manifest_without_its_very_parts_doesn_t_count(tmp_path: Path, damage: str) -> None:
    older, newer = _saved(FolderStore(tmp_path), 4, 8)
    part = _part(tmp_path, newer)
    if damage == "missing":
        part.unlink()
    else:
        same_size = bytearray(part.read_bytes())
        same_size[1000] ^= 1
        damaged: dict[str, bytes] = {
            "shorter": bytes(same_size[:-1]),
            "other": bytes(same_size),
            "older": _part(tmp_path, older).read_bytes(),
        }
        part.write_bytes(damaged[damage])
    latest = Checkpoints(FolderStore(tmp_path)).latest()
    assert latest is not None
    assert latest.id == older


@pytest.mark.parametrize("damage", ["cut off", "edited", "another's", "of a format of tomorrow"])
def test_a_manifest_that_isn_t_whole_doesn_t_count(tmp_path: Path, damage: str) -> None:
    older, newer = _saved(FolderStore(tmp_path), 4, 8)
    manifest = tmp_path / "manifests" / f"{newer}.json"
    whole = json.loads(manifest.read_text())
    manifest.write_text(
        {
            "cut off": manifest.read_text()[:-5],
            "edited": json.dumps(whole | {"step": 9}),
            "another's": (tmp_path / "manifests" / f"{older}.json").read_text(),
            "of a format of tomorrow": json.dumps(whole | {"format": 2}),
        }[damage]
    )
    latest = Checkpoints(FolderStore(tmp_path)).latest()
    assert latest is not None
    assert latest.id == older


def test_parts_without_a_manifest_are_no_checkpoint(tmp_path: Path) -> None:
    checkpoints = Checkpoints(FolderStore(tmp_path))
    checkpoints.draft(12).add("model.bin", b"half")
    assert checkpoints.latest() is None


def test_the_manifest_is_written_after_every_part(tmp_path: Path) -> None:
    written: list[str] = []

    class Watched(FolderStore):
        def write(self, key: str, content: BinaryIO, *, only_once: bool = False) -> None:
            super().write(key, content, only_once=only_once)
            written.append(key.split("/", maxsplit=1)[0])

    Checkpoints(Watched(tmp_path)).save(1, {"a": b"", "b": b""})
    assert written == ["parts", "parts", "manifests"]


def test_workers_add_their_parts_and_one_of_them_commits(tmp_path: Path) -> None:
    first = Checkpoints(FolderStore(tmp_path)).draft(5)
    second = Checkpoints(FolderStore(tmp_path)).draft(5, first.attempt)
    parts = [first.add("shard-0", b"zero"), second.add("shard-1", b"one")]
    first.commit(parts)
    latest = Checkpoints(FolderStore(tmp_path)).resume(tmp_path / "work")
    assert latest is not None
    assert {name: path.read_bytes() for name, path in latest.files.items()} == {"shard-0": b"zero", "shard-1": b"one"}


def test_an_attempt_is_committed_once(tmp_path: Path) -> None:
    first = Checkpoints(FolderStore(tmp_path)).draft(5)
    first.add("shard-0", b"zero")
    first.commit()
    with pytest.raises(CheckpointError, match="exists already"):
        first.commit(metadata={"who": "a second worker"})


@pytest.mark.parametrize("name", ["../model", "a/b", ".hidden", "", "x" * 129])
def test_a_part_can_t_leave_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(CheckpointError, match="name the part without folders"):
        Checkpoints(FolderStore(tmp_path)).save(1, {name: b""})


def test_a_checkpoint_without_parts_or_with_one_twice_is_refused(tmp_path: Path) -> None:
    draft = Checkpoints(FolderStore(tmp_path)).draft(1)
    with pytest.raises(CheckpointError, match="each name once"):
        draft.commit()
    part = draft.add("model.bin", b"")
    with pytest.raises(CheckpointError, match="each name once"):
        draft.commit([part, part])


def test_pruning_leaves_the_newest_complete_ones_and_nothing_of_older_attempts(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    saved = _saved(store, 1, 2, 3, 4)
    torn = Checkpoints(store).draft(2)
    torn.add("model.bin", b"half")
    gone = Checkpoints(store, keep=2).prune()
    assert sorted(gone) == sorted([*saved[:2], f"{2:012d}-{torn.attempt}"])
    assert {each.name for each in (tmp_path / "parts").iterdir()} == set(saved[2:])
    assert {each.stem for each in (tmp_path / "manifests").iterdir()} == set(saved[2:])


def test_pruning_leaves_the_newest_complete_one_though_newer_ones_are_torn(tmp_path: Path) -> None:
    complete, torn = _saved(FolderStore(tmp_path), 1, 2)
    _part(tmp_path, torn).unlink()
    assert Checkpoints(FolderStore(tmp_path), keep=1).prune() == []
    latest = Checkpoints(FolderStore(tmp_path)).latest()
    assert latest is not None
    assert latest.id == complete


def test_pruning_leaves_what_the_other_region_would_go_on_from(tmp_path: Path) -> None:
    """Delete markers replicate too: they could arrive before the parts of a newer checkpoint."""
    bucket = Bucket(tmp_path)
    saved = _saved(bucket, 1, 2, 3, 4)
    bucket.pending = set(saved[2:])
    assert Checkpoints(bucket, keep=1).prune() == saved[:1]
    assert Checkpoints(bucket, keep=1).prune(unreplicated=True) == saved[1:3]


def test_while_nothing_has_been_replicated_nothing_is_pruned(tmp_path: Path) -> None:
    bucket = Bucket(tmp_path)
    bucket.pending = set(_saved(bucket, 1, 2))
    assert Checkpoints(bucket, keep=1).prune() == []


@given(seed=st.integers(0, 2**32 - 1), steps=st.integers(1, 4))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_has_arrived_in_whatever_order_the_newest_whole_checkpoint_is_taken(
    tmp_path_factory: pytest.TempPathFactory, seed: int, steps: int
) -> None:
    """Objects arrive one by one, in an order of chance; after each, a job goes on from what an own count says."""
    chance = random.Random(seed)
    here, there = tmp_path_factory.mktemp("here"), tmp_path_factory.mktemp("there")
    source = Checkpoints(FolderStore(here))
    ids = [source.save(step, {"a": b"a" * step, "b": b"b"}) for step in range(steps)]
    files = [each for each in here.rglob("*") if each.is_file()]
    chance.shuffle(files)
    arrived: dict[str, int] = dict.fromkeys(ids, 0)
    for file in files:
        key = file.relative_to(here).as_posix()
        FolderStore(there).write(key, io.BytesIO(file.read_bytes()))
        arrived[next(each for each in ids if each in key)] += 1
        whole = [each for each in ids if arrived[each] == 3]
        latest = Checkpoints(FolderStore(there)).latest()
        assert (latest.id if latest else None) == (whole[-1] if whole else None)


def test_the_environment_of_a_pod_leads_to_its_checkpoints_and_its_schedule(tmp_path: Path) -> None:
    environment = {LOCATION: str(tmp_path), INTERVAL: "600", KEPT: "1"}
    checkpoints, schedule = Checkpoints.from_environment(environment)
    checkpoints.save(1, {"a": b""})
    assert (tmp_path / "manifests").is_dir()
    assert not schedule.due()


def test_every_variable_that_is_missing_or_wrong_is_named() -> None:
    with pytest.raises(CheckpointError) as caught:
        Checkpoints.from_environment({INTERVAL: "0", KEPT: "none"})
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == [LOCATION, INTERVAL, KEPT]


def test_a_training_container_needs_the_standard_library_alone() -> None:
    """As a pod imports it: neither boto3 nor anything else that is installed."""
    command = "import sys; import haven.checkpoints; print(haven.checkpoints.__file__)"
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {command}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
