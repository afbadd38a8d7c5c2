"""Reads the git repository of a project: the files that differ from a base, and the base's files."""

import io
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from haven.base.problems import Problem, Problems, one_line, shown


@dataclass(frozen=True)
class Repository:
    """A project's directory in a git repository, and the commit with which it is compared."""

    directory: Path
    base: str
    """The merge base of HEAD and the given ref: a full hash."""

    def changed(self) -> list[str]:
        """The files below the directory that differ from the base, including new ones, as paths relative to it.

        The working tree counts, so uncommitted changes are included.
        """
        changed = self._names("diff", "--name-only", "--no-renames", "--relative", "-z", self.base, "--", ".")
        untracked = self._names("ls-files", "--others", "--exclude-standard", "-z", "--", ".")
        return sorted({*changed, *untracked})

    def unpack_base(self, into: Path) -> Path:
        """Write the base's files below `into`.

        Returns:
            The project's directory there.
        """
        packed = _git(self.directory, "archive", "--format=tar", self.base, cwd_is_root=True)
        # A link that leads out of the checkout is left out.
        with tarfile.open(fileobj=io.BytesIO(packed), errorlevel=0) as archive:
            archive.extractall(into, filter="data")
        inside = into / _git(self.directory, "rev-parse", "--show-prefix").decode().strip()
        inside.mkdir(parents=True, exist_ok=True)
        return inside

    def _names(self, *words: str) -> Iterator[str]:
        return (each for each in _git(self.directory, *words).decode(errors="replace").split("\0") if each)


def open_repository(directory: Path, ref: str) -> Repository:
    """The repository that contains `directory`, compared with the merge base with `ref`.

    Raises:
        Problems: there is no repository, no such ref, or no common history.
    """
    try:
        _git(directory, "rev-parse", "--git-dir")
    except _GitError as error:
        fix = "run it in a clone of the repository, or name one with -C"
        raise Problems([Problem("the project", _got(error), "a directory in a git repository", fix)]) from error
    try:
        commit = _git(directory, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    except _GitError as error:
        fix = "name a branch, a tag or a commit that is here; git fetch brings those of the remote"
        raise Problems([Problem("--base", shown(ref), "a commit of this repository", fix)]) from error
    try:
        base = _git(directory, "merge-base", "HEAD", commit.decode().strip())
    except _GitError as error:
        got = f"{shown(ref)}, which shares no commit with what is checked out"
        fix = "fetch the whole history (git fetch --unshallow; fetch-depth: 0 in a workflow)"
        raise Problems([Problem("--base", got, "a ref with a common ancestor", fix)]) from error
    return Repository(directory.resolve(), base.decode().strip())


class _GitError(Exception):
    """git failed."""


def _got(error: _GitError) -> str:
    return one_line(str(error)) or "no repository"


def _git(directory: Path, *words: str, cwd_is_root: bool = False) -> bytes:
    """The output of a git command. `git archive` packs only the current directory, so it must run in the root."""
    where = directory
    if cwd_is_root:
        where = Path(_git(directory, "rev-parse", "--show-toplevel").decode().strip())
    try:
        done = subprocess.run(["git", *words], cwd=where, capture_output=True, check=False)  # noqa: S607  the PATH's git
    except FileNotFoundError as error:
        raise _GitError("no git command on the PATH") from error
    if done.returncode:
        raise _GitError(done.stderr.decode(errors="replace"))
    return done.stdout
