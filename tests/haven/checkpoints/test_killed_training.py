"""A real training process is killed with SIGKILL at random moments, and its checkpoints arrive in the other Region in
random order: what it goes on from is never torn, and one interval older at the most."""

import random
import shutil
from pathlib import Path

import pytest

from haven.checkpoints import Checkpoints
from haven.checkpoints.checkpoints import open_store
from tests.haven.checkpoints.killing import EVERY, killed
from tests.haven.checkpoints.training_process import is_whole

LONGEST_SECONDS = 0.4
"""The process lives for that long after its first step; in this time it saves tens of checkpoints here."""


def _files(folder: Path) -> list[Path]:
    return [each.relative_to(folder) for each in folder.rglob("*") if each.is_file() and not each.name.startswith(".")]


def _replicate(here: Path, there: Path, chance: random.Random, newest: str) -> None:
    """What is older than the newest checkpoint has arrived; of the newest, a random part in random order."""
    missing = [each for each in _files(here) if not (there / each).exists()]
    chance.shuffle(missing)
    late = [each for each in missing if newest in each.as_posix()]
    for each in [*(each for each in missing if each not in late), *late[: chance.randint(0, len(late))]]:
        (there / each).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(here / each, there / each)


def _round(here: Path, there: Path, work: Path, chance: random.Random) -> None:
    """The process dies in one Region, and goes on in the other one."""
    begin, last = killed(str(here), work / "running", chance.uniform(0, LONGEST_SECONDS))
    own = Checkpoints(open_store(str(here))).resume(work / "own")
    assert own is None or is_whole(own)
    resumed_at = own.step if own else 0
    assert resumed_at >= begin
    assert last - resumed_at <= EVERY, "the own Region lost more than an interval"
    _replicate(here, there, chance, own.id if own else "nothing")
    other = Checkpoints(open_store(str(there))).resume(work / "other")
    assert other is None or is_whole(other)
    assert resumed_at - (other.step if other else 0) <= EVERY, "the other Region lost more than an interval"


def _killed_many_times(folder: Path, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    sides = [folder / "first", folder / "second"]
    for each in sides:
        each.mkdir()
    for number in range(rounds):
        _round(sides[number % 2], sides[(number + 1) % 2], folder, chance)


def test_a_process_that_is_killed_at_any_moment_goes_on_whole_in_either_region(tmp_path: Path) -> None:
    _killed_many_times(tmp_path, rounds=4, seed=random.randrange(2**32))


@pytest.mark.exhaustive
def test_a_process_killed_at_50_random_moments_never_loads_a_torn_checkpoint(tmp_path: Path) -> None:
    _killed_many_times(tmp_path, rounds=50, seed=random.randrange(2**32))
