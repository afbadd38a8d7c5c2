"""A folder for the files of one run; if the run fails, its logs stay there until the next run."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LOCK = "running"


@contextmanager
def run_folder(parent: Path) -> Iterator[Path]:
    """A new folder below `parent`, locked while the block runs.

    Folders of earlier runs are removed first, unless those still run. The new one stays until the next run, unless the
    block removes it.
    """
    parent.mkdir(parents=True, exist_ok=True)
    for old in parent.iterdir():
        _remove_unless_in_use(old)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=parent))
    with (folder / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def _remove_unless_in_use(folder: Path) -> None:
    lock = folder / _LOCK
    with suppress(BlockingIOError, FileNotFoundError, NotADirectoryError), lock.open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)  # refused while its run lasts
        shutil.rmtree(folder, ignore_errors=True)
