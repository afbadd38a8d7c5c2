"""Saves checkpoints, finds the newest one that is complete, and deletes what nobody needs any more."""

import hashlib
import io
import logging
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from haven.checkpoints.manifest import (
    CheckpointError,
    Manifest,
    Part,
    checkpoint_id,
    decode,
    encode,
    is_id,
    require_part_name,
)
from haven.checkpoints.schedule import Schedule
from haven.checkpoints.stores import BucketStore, FolderStore, Store

KEEP = 3
"""How many complete checkpoints stay where nobody says otherwise: an assumption."""
LOCATION, INTERVAL, KEPT = (
    "HAVEN_CHECKPOINT_LOCATION",
    "HAVEN_CHECKPOINT_INTERVAL_SECONDS",
    "HAVEN_CHECKPOINT_KEEP",
)
_BLOCK = 1 << 20
_log = logging.getLogger("haven.checkpoints")

Source = bytes | Path


@dataclass(frozen=True)
class Checkpoint:
    """A complete checkpoint that was read and verified."""

    id: str
    """Its id."""
    step: int
    """How far the training had come."""
    metadata: Mapping[str, str]
    """What the job remembered."""
    files: Mapping[str, Path]
    """Name of each part -> its file; empty where none were asked for."""


class Draft:
    """A checkpoint that is being saved. It counts once `commit` returns."""

    def __init__(self, store: Store, step: int, attempt: str) -> None:
        """Use `Checkpoints.draft`."""
        self.attempt = attempt
        """Distinguishes this attempt from others to save the same step. All workers use the same one."""
        self.step = step
        self.parts: list[Part] = []
        """What was added here, for the worker that commits."""
        self._store = store
        self._id = checkpoint_id(step, attempt)

    def add(self, name: str, source: Source) -> Part:
        """Write one part.

        Args:
            name: of the part, once in the checkpoint: letters, digits, dots, underscores, hyphens.
            source: its bytes, or a file with them, which must not change meanwhile.
        """
        require_part_name(name)
        with _opened(source) as content:
            size, sha256 = _drain(content)
            content.seek(0)
            self._store.write(_part_key(self._id, name), content)
        part = Part(name, size, sha256)
        self.parts.append(part)
        return part

    def commit(self, parts: Sequence[Part] | None = None, metadata: Mapping[str, str] | None = None) -> str:
        """Write the manifest, after every part: from now on the checkpoint counts.

        Args:
            parts: those of all workers. Omitted: what was added here.
            metadata: what the job wants to remember. Omitted: nothing.

        Returns:
            The checkpoint's id.

        Raises:
            CheckpointError: there is no part, or a name twice; or the attempt is saved already.
        """
        together = list(self.parts if parts is None else parts)
        names = [each.name for each in together]
        if not names or len(set(names)) < len(names):
            raise CheckpointError(
                f"parts: got {names}; allowed: one or more, each name once; fix: put the worker's rank in the name"
            )
        manifest = Manifest(self._id, self.step, together, dict(metadata or {}))
        self._store.write(_manifest_key(self._id), io.BytesIO(encode(manifest)), only_once=True)
        return self._id


class Checkpoints:
    """The checkpoints of one job.

    Keys are `parts/<id>/<name>` and `manifests/<id>.json`. Only what was read back with the size and the hash that the
    manifest has counts as complete.
    """

    def __init__(self, store: Store, *, keep: int = KEEP) -> None:
        """
        Args:
            store: where they are.
            keep: how many complete ones `prune` leaves, 1 or more. Omitted: 3.

        Raises:
            CheckpointError: `keep` is less than 1.
        """
        if keep < 1:
            raise CheckpointError(f"keep: got {keep}; allowed: 1 or more; fix: leave it out for {KEEP}")
        self._store = store
        self._keep = keep

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> tuple["Checkpoints", Schedule]:
        """The checkpoints and the schedule that `TrainingJobs` gives to a pod.

        Args:
            environment: environment variables. Omitted: the process's own.

        Raises:
            CheckpointError: one of the variables is missing or isn't what it has to be; it names all of them.
        """
        problems = [f"{name}: {problem}" for name, problem in _misfits(environment)]
        if problems:
            raise CheckpointError("\n".join(problems))
        checkpoints = cls(open_store(environment[LOCATION]), keep=int(environment.get(KEPT, KEEP)))
        return checkpoints, Schedule(float(environment[INTERVAL]))

    def draft(self, step: int, attempt: str | None = None) -> Draft:
        """Begin to save a checkpoint in several parts, by several workers.

        Args:
            step: how far the training has come.
            attempt: that of the worker that began. Omitted: a new one, which the others need.
        """
        return Draft(self._store, step, attempt or secrets.token_hex(8))

    def save(self, step: int, parts: Mapping[str, Source], metadata: Mapping[str, str] | None = None) -> str:
        """Save a checkpoint and return its id.

        Args:
            step: how far the training has come.
            parts: name -> bytes, or a file with them.
            metadata: what the job wants to remember. Omitted: nothing.
        """
        draft = self.draft(step)
        for name, source in parts.items():
            draft.add(name, source)
        return draft.commit(metadata=metadata)

    def latest(self) -> Checkpoint | None:
        """The newest complete checkpoint, whose parts were all read and compared; None where there is none.

        Raises:
            Exception: what the store raises where it doesn't answer. No answer isn't the absence of checkpoints.
        """
        return self._newest(None)

    def resume(self, folder: Path) -> Checkpoint | None:
        """The same, with the parts in a folder. A part counts as read only as it is there.

        Args:
            folder: created if missing; files of these names in it are overwritten.
        """
        folder.mkdir(parents=True, exist_ok=True)
        return self._newest(folder)

    def prune(self, *, unreplicated: bool = False) -> list[str]:
        """Delete old checkpoints and what interrupted saves left; returns the ids of what was deleted.

        The newest complete checkpoint stays, and so does every newer one and the newest that is complete in both
        Regions: deletions replicate too, and could overtake the parts of a newer checkpoint.

        Args:
            unreplicated: delete as if everything were in the other Region. Omitted: false; while the other Region is
                lost, checkpoints accumulate.
        """
        sizes = self._store.sizes("parts/")
        complete = [each for each in self._manifests() if _misfit(each, sizes) is None]
        arrived = [each for each in complete if unreplicated or self._is_replicated(each)]
        if not arrived:
            return []
        kept = {each.id for each in complete[: self._keep]}
        ids = {key.split("/")[1] for key in sizes} | set(self._ids())
        gone = sorted(each for each in ids if is_id(each) and each < arrived[0].id and each not in kept)
        for each in gone:
            # First the manifest: a manifest without parts would be one more to try.
            self._store.delete(_manifest_key(each))
            for key in sizes:
                if key.startswith(f"parts/{each}/"):
                    self._store.delete(key)
        return gone

    def _newest(self, folder: Path | None) -> Checkpoint | None:
        sizes = self._store.sizes("parts/")
        for manifest in self._manifests():
            # Sizes first: a checkpoint that is still arriving isn't worth its download.
            problem = _misfit(manifest, sizes) or self._read(manifest, folder)
            if problem is None:
                files = {each.name: folder / each.name for each in manifest.parts} if folder else {}
                return Checkpoint(manifest.id, manifest.step, manifest.metadata, files)
            _log.warning("checkpoint %s isn't complete: %s; trying the one before", manifest.id, problem)
        return None

    def _ids(self) -> list[str]:
        keys = (key.removeprefix("manifests/").removesuffix(".json") for key in self._store.sizes("manifests/"))
        return sorted((each for each in keys if is_id(each)), reverse=True)

    def _manifests(self) -> Iterator[Manifest]:
        """The readable ones, the newest first."""
        for each in self._ids():
            content = self._store.read(_manifest_key(each))
            if content is None:
                continue
            with closing(content):
                try:
                    yield decode(content.read(), each)
                except (ValueError, KeyError, TypeError) as error:
                    _log.warning("checkpoint %s has no readable manifest: %s", each, error)

    def _read(self, manifest: Manifest, folder: Path | None) -> str | None:
        """Read every part and compare it; returns what is wrong, None where nothing is."""
        for part in manifest.parts:
            content = self._store.read(_part_key(manifest.id, part.name))
            if content is None:
                return f"{part.name} is missing"
            with closing(content):
                size, sha256 = _drain(content, folder / part.name if folder else None)
            if (size, sha256) != (part.size, part.sha256):
                return f"{part.name} has SHA-256 {sha256}, its manifest {part.sha256}"
        return None

    def _is_replicated(self, manifest: Manifest) -> bool:
        keys = [_manifest_key(manifest.id), *(_part_key(manifest.id, each.name) for each in manifest.parts)]
        return all(self._store.is_replicated(each) for each in keys)


def open_store(location: str) -> Store:
    """The store at an address: `s3://<bucket>/<prefix>`, or the path of a folder."""
    match = re.fullmatch(r"s3://([^/]+)(?:/(.*?))?/?", location)
    return BucketStore(match[1], match[2] or "") if match else FolderStore(Path(location))


def _drain(content: IO[bytes], into: Path | None = None) -> tuple[int, str]:
    """Read to the end, by choice into a file; returns size and SHA-256."""
    size, digest = 0, hashlib.sha256()
    with into.open("wb") if into else nullcontext() as out:
        while block := content.read(_BLOCK):
            size += len(block)
            digest.update(block)
            if out:
                out.write(block)
    return size, digest.hexdigest()


def _opened(source: Source) -> BinaryIO:
    return source.open("rb") if isinstance(source, Path) else io.BytesIO(source)


def _part_key(checkpoint: str, name: str) -> str:
    return f"parts/{checkpoint}/{name}"


def _manifest_key(checkpoint: str) -> str:
    return f"manifests/{checkpoint}.json"


def _misfit(manifest: Manifest, sizes: Mapping[str, int]) -> str | None:
    """What is missing or of another size; None where nothing is."""
    for each in manifest.parts:
        size = sizes.get(_part_key(manifest.id, each.name))
        if size != each.size:
            return f"{each.name} is missing" if size is None else f"{each.name} has {size} of {each.size} bytes"
    return None


def _misfits(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    fix = "fix: take them over from the Job's environment (docs/checkpoints.md)"
    if not environment.get(LOCATION):
        yield LOCATION, f"got nothing; allowed: s3://BUCKET/PREFIX or a folder; {fix}"
    interval = environment.get(INTERVAL, "")
    if not re.fullmatch(r"\d+(\.\d+)?", interval) or float(interval) <= 0:
        yield INTERVAL, f"got {interval!r}; allowed: seconds, more than 0; {fix}"
    keep = environment.get(KEPT, str(KEEP))
    if not re.fullmatch(r"[1-9]\d{0,3}", keep):
        yield KEPT, f"got {keep!r}; allowed: 1 to 9999; {fix}"
