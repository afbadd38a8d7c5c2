"""Queues that a failover closes to consumers: they exist, and their policies have room for one more statement."""

from typing import Any

import pytest

from haven.runbooks.failover.consumers.queues import MOST_STATEMENTS, SID
from haven.runbooks.observation import Answer
from haven.runbooks.preflight.checks import Status
from tests.environments import PRIMARY, RECOVERY
from tests.haven.runbooks.preflight.answers import attributes, bad, checks, manifest


def name(region: str) -> str:
    """Of the environment's one queue in a Region."""
    (found,) = manifest().sides[region].queues.values()
    return found


def statement(sid: str, **changes: Any) -> dict[str, Any]:
    """One of somebody else's."""
    return {"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*", **changes}


def test_the_queues_of_both_regions_have_a_line() -> None:
    found = {each.region: (each.what, each.got) for each in checks() if each.what.startswith("queue ")}
    assert found == {region: (f"queue {name(region)}", "open to consumers") for region in (PRIMARY, RECOVERY)}


@pytest.mark.parametrize("region", [PRIMARY, RECOVERY])
def test_a_queue_that_is_missing_or_unknown_is_a_warning_for_an_unplanned_failover_goes_on_without(region: str) -> None:
    [check] = bad({(f"queue {name(region)}", region): None})
    assert (check.got, check.region, check.blocks) == ("no such queue", region, False)
    [check] = bad({(f"queue {name(region)}", region): Answer(unknown="AccessDenied")})
    assert (check.got, check.status, check.blocks) == ("AccessDenied", Status.UNKNOWN, False)
    assert check.fix == "allow sqs:GetQueueUrl, sqs:GetQueueAttributes"


@pytest.mark.parametrize(("count", "fine"), [(MOST_STATEMENTS - 1, True), (MOST_STATEMENTS, False)])
def test_a_policy_without_room_for_another_statement_is_a_warning(count: int, fine: bool) -> None:
    own = [statement(f"Sid{number}") for number in range(count)]
    found = bad({(f"queue {name(PRIMARY)}", PRIMARY): attributes(PRIMARY, "q", *own)})
    assert [each.got for each in found] == ([] if fine else ["21 statements with the one that closes it"])


def test_a_policy_that_would_be_too_long_is_a_warning() -> None:
    [check] = bad({(f"queue {name(PRIMARY)}", PRIMARY): attributes(PRIMARY, "q", statement("A", NotAction="x" * 8192))})
    assert check.got.endswith(" bytes with the statement that closes it")


def test_a_writing_region_s_queue_that_is_closed_is_a_warning_and_another_region_s_is_what_a_failover_leaves() -> None:
    closed = [attributes(region, "q", statement(SID)) for region in (PRIMARY, RECOVERY)]
    [check] = bad({(f"queue {name(PRIMARY)}", PRIMARY): closed[0]})
    assert (check.got, check.blocks) == ("closed to consumers, by a failover", False)
    assert "haven reconcile" in check.fix
    assert bad({(f"queue {name(RECOVERY)}", RECOVERY): closed[1]}) == []


def test_what_is_no_policy_is_a_warning() -> None:
    given = {"QueueArn": "arn:aws:sqs:x:1:q", "Policy": "[]"}
    [check] = bad({(f"queue {name(PRIMARY)}", PRIMARY): given})
    assert check.got == 'its policy is "[]"'
