"""Checkpoints in buckets: the real S3 API of the embedded emulator."""

import io
import os
import random
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from haven.checkpoints import BucketStore, CheckpointError, Checkpoints
from haven.emulator.clients import Clients
from haven.emulator.ministack import Emulator
from tests.environments import ROOT
from tests.haven.checkpoints.killing import EVERY, killed
from tests.haven.checkpoints.training_process import PARTS, content, is_whole


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """S3 of an emulator of its own."""
    with Emulator(ROOT / ".haven" / "emulator", tmp_path_factory.mktemp("emulator")) as running:
        yield Clients(running.url).of("s3", "us-east-1")


@pytest.fixture
def buckets(client: Any) -> tuple[str, str]:
    """The bucket here, and the one of the other Region."""
    names = (f"here-{uuid.uuid4().hex}", f"there-{uuid.uuid4().hex}")
    for each in names:
        client.create_bucket(Bucket=each)
        client.put_bucket_versioning(Bucket=each, VersioningConfiguration={"Status": "Enabled"})
    return names


def _checkpoints(client: Any, bucket: str) -> Checkpoints:
    return Checkpoints(BucketStore(bucket, "training/run", client), keep=2)


def test_a_job_goes_on_from_the_newest_checkpoint_of_its_bucket(
    client: Any, buckets: tuple[str, str], tmp_path: Path
) -> None:
    checkpoints = _checkpoints(client, buckets[0])
    for step in (1, 2, 3):
        checkpoints.save(step, {name: content(name, step) for name in PARTS})
    assert len(checkpoints.prune()) == 1
    resumed = _checkpoints(client, buckets[0]).resume(tmp_path)
    assert resumed is not None
    assert resumed.step == 3
    assert is_whole(resumed)
    keys = [each["Key"] for each in client.list_objects_v2(Bucket=buckets[0])["Contents"]]
    assert all(each.startswith("training/run/") for each in keys)
    assert len(keys) == 2 * (len(PARTS) + 1)


def test_whatever_order_s3_replicates_in_a_torn_checkpoint_is_never_loaded(
    client: Any, buckets: tuple[str, str], tmp_path: Path
) -> None:
    here, there = buckets
    source = _checkpoints(client, here)
    ids = [source.save(step, {name: content(name, step) for name in PARTS}) for step in (1, 2)]
    objects = [each["Key"] for each in client.list_objects_v2(Bucket=here)["Contents"]]
    random.shuffle(objects)
    arrived = dict.fromkeys(ids, 0)
    for key in objects:
        client.copy_object(Bucket=there, Key=key, CopySource={"Bucket": here, "Key": key})
        arrived[next(each for each in ids if each in key)] += 1
        whole = [each for each in ids if arrived[each] == len(PARTS) + 1]
        resumed = _checkpoints(client, there).resume(tmp_path)
        assert (resumed.id if resumed else None) == (whole[-1] if whole else None)
        assert resumed is None or is_whole(resumed)


def test_a_part_of_an_older_version_under_the_right_key_is_not_loaded(client: Any, buckets: tuple[str, str]) -> None:
    checkpoints = _checkpoints(client, buckets[0])
    older, newer = (checkpoints.save(step, {"model.bin": content("model.bin", step)}) for step in (1, 2))
    key = f"training/run/parts/{newer}/model.bin"
    client.put_object(Bucket=buckets[0], Key=key, Body=content("model.bin", 1))
    latest = checkpoints.latest()
    assert latest is not None
    assert latest.id == older


def test_s3_itself_refuses_a_second_manifest_of_one_attempt_but_not_the_repeated_first(
    client: Any, buckets: tuple[str, str]
) -> None:
    store = BucketStore(buckets[0], "training/run", client)
    store.write("manifests/one.json", io.BytesIO(b"first"), only_once=True)
    store.write("manifests/one.json", io.BytesIO(b"first"), only_once=True)
    with pytest.raises(CheckpointError, match="exists already"):
        store.write("manifests/one.json", io.BytesIO(b"second"), only_once=True)


def test_a_bucket_that_isn_t_there_is_an_error_and_not_an_empty_one(client: Any) -> None:
    with pytest.raises(client.exceptions.ClientError):
        _checkpoints(client, "nobodys-bucket").latest()


@pytest.mark.exhaustive
def test_a_process_killed_while_it_writes_to_s3_goes_on_whole_and_loses_one_interval(
    client: Any, buckets: tuple[str, str], tmp_path: Path
) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": client.meta.endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for _ in range(8):
        seconds = random.uniform(0, 2)
        begin, last = killed(f"s3://{buckets[0]}/training/run", tmp_path / "running", seconds, environment)
        resumed = _checkpoints(client, buckets[0]).resume(tmp_path / "own")
        assert resumed is None or is_whole(resumed)
        assert begin <= (resumed.step if resumed else 0)
        assert last - (resumed.step if resumed else 0) <= EVERY


@pytest.mark.parametrize(
    ("status", "replicated"),
    [(None, True), ("COMPLETED", True), ("REPLICA", True), ("PENDING", False), ("FAILED", False)],
)
def test_s3_s_replication_status_says_what_is_in_the_other_region(status: str | None, replicated: bool) -> None:
    class Client:
        class exceptions:  # noqa: N801  as boto3 names it
            ClientError = RuntimeError

        def head_object(self, **_: str) -> dict[str, str]:
            return {} if status is None else {"ReplicationStatus": status}

    assert BucketStore("bucket", "", Client()).is_replicated("key") is replicated
