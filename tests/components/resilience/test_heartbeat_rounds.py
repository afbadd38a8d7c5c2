"""The rounds of the heartbeat's function: what one store does holds up no other one, and what arrived is recorded."""

import json
import threading
from collections.abc import Sequence
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from haven.runbooks.failover.guard import INTERVAL_MS
from haven.runbooks.failover.loss import HEARTBEATS
from haven_components.resilience.heartbeat_function import handler
from haven_components.resilience.heartbeat_function.beats import Beat, now_ms
from haven_components.resilience.heartbeat_function.keys import item_key
from haven_components.resilience.heartbeat_function.replicas import Bucket, Table

NOW = 1_800_000_000_000


class Recorder:
    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.recorded: list[Sequence[Beat]] = []

    def emit(self, text: str) -> None:
        self.lines.append(json.loads(text))

    def record(self, seen: Sequence[Beat], now: int) -> None:
        del now
        self.recorded.append(list(seen))


def test_a_store_that_fails_or_hangs_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "_WAIT_SECONDS", 0.05)
    kept, go_on = Recorder(), threading.Event()

    def hangs() -> Sequence[Beat]:
        go_on.wait(10)
        return [Beat("hangs", 1.0, wrote=False)]

    def fails() -> Sequence[Beat]:
        raise OSError("nobody answers")

    rounds = handler.Rounds(
        {"hangs": hangs, "fails": fails, "works": lambda: [Beat("works", now_ms(), wrote=True)]},
        kept.record,
        emit=kept.emit,
    )
    rounds.round()
    assert [[each.store for each in seen] for seen in kept.recorded] == [["works"]]
    assert kept.lines[0]["failures"] == {"fails": "OSError: nobody answers", "hangs": "no answer in time"}
    assert kept.lines[0]["LateStores"] == 2
    go_on.set()
    monkeypatch.setattr(handler, "_WAIT_SECONDS", 5.0)
    rounds.round()
    assert "hangs" in [each.store for each in kept.recorded[1]]


def test_an_operations_table_that_refuses_is_reported_and_the_next_round_comes() -> None:
    kept = Recorder()

    def refuses(_: Sequence[Beat], __: int) -> None:
        raise PermissionError("no")

    pauses: list[float] = []
    handler.Rounds({"a": lambda: [Beat("a", now_ms(), wrote=True)]}, refuses, emit=kept.emit).run(10, pauses.append)
    assert len(kept.lines) == len(pauses) == handler.ROUNDS
    assert kept.lines[-1]["failures"] == {"operations table": "PermissionError: no"}
    assert max(pauses) > 100  # nobody has slept: the last round is due 110 s after the first


@pytest.mark.parametrize(("age", "late"), [(60_000, 0), (60_001, 1)])
def test_a_store_is_late_after_a_minute(age: int, late: int) -> None:
    found = handler.report([Beat("a", NOW - age, wrote=False)], {}, frozenset(), NOW)
    assert found["LateStores"] == late
    assert found["OldestMilliseconds"] == age


@pytest.mark.parametrize(
    ("minutes", "age", "late"), [(15, 16 * 60_000, 0), (15, 16 * 60_000 + 1, 1), (None, 10**9, 0), (None, None, 1)]
)
def test_a_bucket_is_late_after_what_s3_promises_and_where_it_promises_nothing_when_nothing_arrived(
    minutes: int | None, age: int | None, late: int
) -> None:
    within = handler.within({"buckets": {"bucket:a": "a"}, **({} if minutes is None else {"objectsMinutes": minutes})})
    seen = [Beat("bucket:a", None if age is None else NOW - age, wrote=True), Beat("table:t", NOW, wrote=True)]
    assert handler.report(seen, {}, frozenset(), NOW, within)["LateStores"] == late


def test_a_store_without_a_heartbeat_is_late_and_a_headless_member_is_not() -> None:
    found = handler.report([Beat("a", None, wrote=False)], {"database": "no instance"}, frozenset({"database"}), NOW)
    assert found["late"] == ["a"]
    assert [each["Name"] for each in found["_aws"]["CloudWatchMetrics"][0]["Metrics"]] == ["LateStores"]


def test_what_arrived_is_recorded_as_the_runbooks_read_it_in_batches_that_dynamodb_takes() -> None:
    asked: list[dict[str, Any]] = []

    class Client:
        def batch_write_item(self, **arguments: Any) -> None:
            asked.append(arguments)

    seen = [Beat(f"bucket:{index}", NOW, wrote=True) for index in range(26)]
    handler.recorder(Client(), "operations", 10_000)([*seen, Beat("none", None, wrote=False)], NOW + 5)
    assert [len(each["RequestItems"]["operations"]) for each in asked] == [25, 1]
    assert asked[1]["RequestItems"]["operations"][0]["PutRequest"]["Item"] == {
        "id": {"S": HEARTBEATS},
        "entry": {"S": "bucket:25"},
        "newest": {"N": str(NOW)},
        "interval": {"N": f"{INTERVAL_MS:.0f}"},
        "seen": {"N": str(NOW + 5)},
    }


@pytest.mark.parametrize(
    ("code", "listed", "absent"), [("NoSuchKey", 0, True), ("AccessDenied", 0, True), ("AccessDenied", 1, False)]
)
def test_a_denied_answer_for_an_object_that_is_not_there_is_no_failure(code: str, listed: int, absent: bool) -> None:
    s3 = boto3.client("s3", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    key = "haven/heartbeat/eu-central-1.json"
    with Stubber(s3) as answers:
        answers.add_response("put_object", {})
        answers.add_client_error("get_object", code, expected_params={"Bucket": "b", "Key": key})
        if code == "AccessDenied":
            asked = {"Bucket": "b", "Prefix": key, "MaxKeys": 1}
            answers.add_response("list_objects_v2", {"KeyCount": listed}, asked)
        bucket = Bucket("bucket:models", "b", "eu-west-1", "eu-central-1", s3)
        if absent:
            assert bucket.beat() == [Beat("bucket:models", None, wrote=True)]
        else:
            with pytest.raises(ClientError, match="AccessDenied"):
                bucket.beat()
        answers.assert_no_pending_responses()


@pytest.mark.parametrize("keys", [{"id": "S"}, {"id": "N", "at": "B"}, {"id": "B", "at": "N"}])
def test_the_two_regions_have_different_items_whatever_a_tables_keys_are(keys: dict[str, str]) -> None:
    one, other = item_key(keys, "eu-west-1"), item_key(keys, "eu-central-1")
    assert set(one) == set(other) == set(keys)
    assert all(one[name] != other[name] for name in keys)


def test_a_bucket_and_a_table_are_looked_at_with_what_the_settings_name() -> None:
    settings = {
        "region": "eu-west-1",
        "other": "eu-central-1",
        "buckets": {"bucket:models": "models-euw1"},
        "tables": {"table:t": ["t", {"id": "S"}]},
    }
    found = {name: look.__self__ for name, look in handler.looks(settings, lambda service: service).items()}  # type: ignore[attr-defined]
    assert found == {
        "bucket:models": Bucket("bucket:models", "models-euw1", "eu-west-1", "eu-central-1", "s3"),
        "table:t": Table("table:t", "t", {"id": "S"}, "eu-west-1", "eu-central-1", "dynamodb"),
    }
