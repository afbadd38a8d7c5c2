"""Where checkpoints are kept: a folder, or the bucket of the own Region."""

import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, Protocol

from haven.checkpoints.manifest import CheckpointError


class Store(Protocol):
    """Objects by key. Nothing is overwritten."""

    def write(self, key: str, content: BinaryIO, *, only_once: bool = False) -> None:
        """Write an object as a whole: nobody sees half of it.

        Args:
            key: its key.
            content: where its bytes are read from.
            only_once: refuse where the key exists. Costs one request, so only manifests do.

        Raises:
            CheckpointError: the key exists, with `only_once`.
        """

    def read(self, key: str) -> IO[bytes] | None:
        """An object's bytes; None where there is none. To be closed."""

    def sizes(self, prefix: str) -> Mapping[str, int]:
        """Key -> size, bytes, of all objects whose keys begin so."""

    def is_replicated(self, key: str) -> bool:
        """Whether the object is in the other Region too, or isn't replicated at all."""

    def delete(self, key: str) -> None:
        """Delete an object; one that is gone is no error."""


class FolderStore:
    """A folder of this machine, for tests, a single node or a shared file system."""

    def __init__(self, folder: Path) -> None:
        """
        Args:
            folder: created if missing.
        """
        self._folder = folder

    def write(self, key: str, content: BinaryIO, *, only_once: bool = False) -> None:
        """Write beside it, then rename: a killed process leaves a file that no key leads to."""
        path = self._folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
        try:
            with temporary.open("wb") as file:
                while block := content.read(1 << 20):
                    file.write(block)
                file.flush()
                os.fsync(file.fileno())
            _put_in_place(temporary, path, only_once=only_once)
        finally:
            temporary.unlink(missing_ok=True)

    def read(self, key: str) -> IO[bytes] | None:
        """The open file."""
        try:
            return (self._folder / key).open("rb")
        except FileNotFoundError:
            return None

    def sizes(self, prefix: str) -> Mapping[str, int]:
        """Files below the folder, without those that are being written."""
        base = (self._folder / prefix).parent if not prefix.endswith("/") else self._folder / prefix
        files = [each for each in base.rglob("*") if each.is_file() and not each.name.startswith(".")]
        keys = {each.relative_to(self._folder).as_posix(): each.stat().st_size for each in files}
        return {key: size for key, size in keys.items() if key.startswith(prefix)}

    def is_replicated(self, key: str) -> bool:  # noqa: ARG002  as the protocol has it
        """True: a folder has no other Region."""
        return True

    def delete(self, key: str) -> None:
        """Delete the file, and its folder with the last one."""
        path = self._folder / key
        path.unlink(missing_ok=True)
        if path.parent.is_dir() and not any(path.parent.iterdir()):
            path.parent.rmdir()


def _put_in_place(temporary: Path, path: Path, *, only_once: bool) -> None:
    try:
        # A link, unlike a rename, fails where the name exists.
        path.hardlink_to(temporary) if only_once else temporary.replace(path)
    except FileExistsError as error:
        raise _exists(str(path)) from error
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class BucketStore:
    """A bucket of the own Region, below a prefix."""

    def __init__(self, bucket: str, prefix: str, client: Any = None) -> None:
        """
        Args:
            bucket: its name.
            prefix: what all keys begin with, without a slash at the end.
            client: a boto3 client of S3. Omitted: one of this process's Region and credentials.
        """
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._client = client or _client()

    def write(self, key: str, content: BinaryIO, *, only_once: bool = False) -> None:
        """Upload, large objects in several pieces; S3 shows an object when it is complete."""
        if not only_once:
            self._client.upload_fileobj(content, self._bucket, self._prefix + key)
            return
        data = content.read()
        with self._errors() as codes:
            self._client.put_object(Bucket=self._bucket, Key=self._prefix + key, Body=data, IfNoneMatch="*")
        # A retry after a lost answer finds what the first try wrote.
        if codes and not self._holds(key, data):
            raise _exists(f"s3://{self._bucket}/{self._prefix}{key}")

    def _holds(self, key: str, data: bytes) -> bool:
        content = self.read(key)
        if content is None:
            return False
        with closing(content):
            return content.read() == data

    def read(self, key: str) -> IO[bytes] | None:
        """The body of the answer."""
        with self._errors() as codes:
            body: IO[bytes] = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)["Body"]
        return None if codes else body

    def sizes(self, prefix: str) -> Mapping[str, int]:
        """Objects below the prefix, over all pages."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix + prefix
        )
        return {
            each["Key"].removeprefix(self._prefix): each["Size"] for page in pages for each in page.get("Contents", [])
        }

    def is_replicated(self, key: str) -> bool:
        """What S3 reports as the object's replication status; an object that no rule covers has none."""
        with self._errors() as codes:
            status = self._client.head_object(Bucket=self._bucket, Key=self._prefix + key).get("ReplicationStatus")
        return not codes and status in (None, "COMPLETED", "REPLICA")

    def delete(self, key: str) -> None:
        """Put a delete marker: the bucket is versioned, so its lifecycle removes the bytes."""
        self._client.delete_object(Bucket=self._bucket, Key=self._prefix + key)

    @contextmanager
    def _errors(self) -> Iterator[list[str]]:
        """Collects a missing key, and one that exists; everything else is raised, for no answer isn't an empty one."""
        codes: list[str] = []
        try:
            yield codes
        except self._client.exceptions.ClientError as error:
            code = str(error.response["Error"]["Code"])
            if code not in ("404", "NoSuchKey", "412", "PreconditionFailed"):
                raise
            codes.append(code)


def _client() -> Any:
    try:
        import boto3  # noqa: PLC0415  only buckets need it
    except ImportError as error:
        raise CheckpointError("boto3 isn't installed, which buckets need; fix: pip install boto3") from error
    return boto3.client("s3")


def _exists(place: str) -> CheckpointError:
    return CheckpointError(f"{place} exists already: another process saved the same attempt; fix: begin a new draft")
