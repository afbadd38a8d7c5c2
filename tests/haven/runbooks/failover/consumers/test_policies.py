"""What a failover puts into a queue's policy and takes out of it, and what it leaves alone."""

import json
from typing import Any

import pytest

from haven.runbooks.failover.consumers.queues import SID, Policy, PolicyError, read
from tests.simulation.regions import OF_ITS_OWNER

ARN = "arn:aws:sqs:eu-west-1:111122223333:jobs-queue"
OURS = {"Sid": SID, "Effect": "Deny", "Principal": "*", "Action": "sqs:ReceiveMessage", "Resource": ARN}
OTHER = {"Sid": "OnlyTls", "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": ARN, "Condition": {}}


def policy(*statements: Any, **more: Any) -> Policy:
    return Policy(ARN, {"Version": "2012-10-17", "Statement": list(statements), **more})


def test_it_is_closed_by_one_statement_and_opened_by_taking_that_one_out() -> None:
    before = read({"QueueArn": ARN, "Policy": OF_ITS_OWNER})
    closed = read({"QueueArn": ARN, "Policy": before.closing()})
    assert (before.closed, before.marked, closed.closed, closed.marked) == (False, False, True, True)
    assert list(closed.statements) == [*before.statements, OURS]
    assert closed.closing() == before.closing()
    assert closed.opening() == OF_ITS_OWNER


def test_a_queue_without_a_policy_has_none_again_when_it_is_opened() -> None:
    before = read({"QueueArn": ARN})
    assert json.loads(before.closing()) == {"Version": "2012-10-17", "Statement": [OURS]}
    assert read({"QueueArn": ARN, "Policy": before.closing()}).opening() == ""


def test_a_single_statement_needs_no_list_and_stays_with_everything_around_it() -> None:
    found = Policy(ARN, {"Version": "2008-10-17", "Id": "an-id", "Statement": OTHER})
    assert json.loads(found.closing()) == {"Version": "2008-10-17", "Id": "an-id", "Statement": [OTHER, OURS]}


@pytest.mark.parametrize(
    "same",
    [
        {"Principal": {"AWS": "*"}},
        {"Action": "SQS:ReceiveMessage"},
        {"Action": ["sqs:DeleteMessage", "sqs:ReceiveMessage"]},
        {"Resource": [ARN]},
    ],
)
def test_what_says_the_same_in_other_words_closes_it_too(same: dict[str, Any]) -> None:
    assert policy({**OURS, **same}).closed


@pytest.mark.parametrize(
    "changed",
    [
        {"Effect": "Allow"},
        {"Principal": {"AWS": "arn:aws:iam::111122223333:role/one"}},
        {"Action": "sqs:SendMessage"},
        {"Resource": f"{ARN}-other"},
        {"Condition": {"StringEquals": {"aws:PrincipalArn": "x"}}},
    ],
)
def test_a_statement_that_closes_less_than_everything_is_made_anew(changed: dict[str, Any]) -> None:
    found = policy(OTHER, {**OURS, **changed})
    assert (found.closed, found.marked) == (False, True)
    assert json.loads(found.closing())["Statement"] == [OTHER, OURS]
    assert json.loads(found.opening())["Statement"] == [OTHER]


def test_the_same_statement_of_somebody_else_s_stays_when_ours_goes() -> None:
    found = policy({**OURS, "Sid": "Theirs"}, OURS)
    assert json.loads(found.opening())["Statement"] == [{**OURS, "Sid": "Theirs"}]


@pytest.mark.parametrize("text", ["[]", "{", '{"Statement": [], "Statement": []}'])
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(PolicyError, match="its policy is"):
        read({"QueueArn": ARN, "Policy": text})
