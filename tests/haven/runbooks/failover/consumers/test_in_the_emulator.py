"""The real process closes a queue that IAM is enforced for: whoever took messages is refused, and let in again."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from haven.base.exits import OK
from tests.haven.runbooks.failover.as_the_role.role import Enforcing
from tests.haven.runbooks.failover.ground import Ground, new_ground
from tests.simulation.model import P, R

pytestmark = [pytest.mark.timeout(600), pytest.mark.emulator, pytest.mark.exhaustive]


@pytest.fixture
def enforced(tmp_path: Path) -> Iterator[Ground]:
    """A ground in which the policies of queues hold, and its own keys are the root user's."""
    with new_ground(tmp_path, emulator=Enforcing) as ground:
        yield ground


class Queue:
    """A Region's queue, as an application of the account has it."""

    def __init__(self, ground: Ground, region: str) -> None:
        self._sqs = ground.aws.of("sqs", region)
        self._named = {"QueueUrl": self._sqs.get_queue_url(QueueName=f"jobs-{region}-queue")["QueueUrl"]}

    def send(self, text: str) -> None:
        """Put a message in."""
        self._sqs.send_message(**self._named, MessageBody=text)

    def receive(self) -> Mapping[str, Any]:
        """Take one out."""
        found: list[Mapping[str, Any]] = self._sqs.receive_message(**self._named, MaxNumberOfMessages=1)["Messages"]
        return found[0]

    def delete(self, message: Mapping[str, Any]) -> None:
        """It is dealt with."""
        self._sqs.delete_message(**self._named, ReceiptHandle=message["ReceiptHandle"])


def test_consumers_of_a_region_that_answers_get_nothing_after_it_and_everything_after_the_way_back(
    enforced: Ground,
) -> None:
    ground = enforced
    old, new = Queue(ground, P), Queue(ground, R)
    for text in ("in flight", "waits"):
        old.send(text)
    in_flight = old.receive()
    before = [ground.policy(region) for region in (P, R)]
    ground.beat(seconds_ago=0)
    reason = ("--force", "a drill: it counts as lost although it answers")
    code, text, error = ground.haven("failover", "--to", R, "--confirm", "sim", *reason)
    assert (code, ground.writer, ground.stopped()) == (OK, R, [P]), text + error
    with pytest.raises(ClientError, match="AccessDenied"):
        old.receive()
    old.delete(in_flight)
    old.send("sent meanwhile")
    new.send("in the new Region")
    new.delete(new.receive())
    with ground.beating():
        code, text, error = ground.haven("failback", "--confirm", "sim", "--acknowledge")
    assert (code, ground.writer, ground.stopped()) == (OK, P, []), text + error
    assert [ground.policy(region) for region in (P, R)] == before
    assert {old.receive()["Body"], old.receive()["Body"]} == {"waits", "sent meanwhile"}
