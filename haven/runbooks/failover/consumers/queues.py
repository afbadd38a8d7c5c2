"""Closes a queue to whoever takes messages from it, and opens it again: one statement in the queue's own policy.

An explicit Deny holds for every principal of the account, whatever its own policies allow (Amazon SQS Developer Guide,
Troubleshoot an access denied error; read 2026-11-27). What was received before can still be deleted, or hidden for
longer, and messages can be sent: nothing is lost but what gets older than the queue's retention.

A change of a policy may take 60 s to reach all of SQS (SQS API Reference, SetQueueAttributes; read 2026-11-27). SQS has
no conditional change: what somebody else adds to the policy between a look and the call is overwritten.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haven.base import strict_json
from haven.base.problems import shown
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.requests import Call, RefusedError
from haven.runbooks.workflow.steps import Done, Impossible, Look, Looking, Missing

SID = "ClosedByFailover"
ABSENT = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
"""Codes of the error that a queue doesn't exist: of SQS's older protocol, which boto3 reports, and the newer one's."""
MOST_STATEMENTS, MOST_BYTES = 20, 8192
"""Of a queue's policy (Amazon SQS Developer Guide, Amazon SQS policy quotas; read 2026-11-27)."""
ATTRIBUTES = ("Policy", "QueueArn")
_RECEIVE = "sqs:receivemessage"
_EVERYBODY = ("*", {"AWS": "*"})
_NEW: Mapping[str, Any] = {"Version": "2012-10-17"}


class PolicyError(ValueError):
    """What a queue has as its policy is none."""


@dataclass(frozen=True)
class Policy:
    """A queue's policy."""

    arn: str
    """The queue's."""
    document: Mapping[str, Any]

    @property
    def statements(self) -> Sequence[Mapping[str, Any]]:
        """A single one needs no list."""
        found = self.document.get("Statement", [])
        return [found] if isinstance(found, Mapping) else list(found)

    @property
    def others(self) -> Sequence[Mapping[str, Any]]:
        """The statements that no failover has made."""
        return [each for each in self.statements if each.get("Sid") != SID]

    @property
    def marked(self) -> bool:
        """Whether a failover's statement is in it, whatever somebody has made of it."""
        return len(self.others) < len(self.statements)

    @property
    def closed(self) -> bool:
        """Whether nobody can take messages."""
        return any(self._closes(each) for each in self.statements if each.get("Sid") == SID)

    def _closes(self, statement: Mapping[str, Any]) -> bool:
        """A statement with a condition, or against somebody alone, closes nothing to everybody."""
        actions = statement.get("Action", ())
        named = [actions] if isinstance(actions, str) else list(actions)
        return (
            statement.keys() == {"Sid", "Effect", "Principal", "Action", "Resource"}
            and statement["Effect"] == "Deny"
            and statement["Principal"] in _EVERYBODY
            and _RECEIVE in (each.lower() for each in named)
            and statement["Resource"] in (self.arn, [self.arn])
        )

    def closing(self) -> str:
        """The same policy, but closed."""
        return self._text([*self.others, self._statement()])

    def opening(self) -> str:
        """The same policy without a failover's statement; empty, which takes the policy away, if it had no other."""
        return self._text(self.others) if self.others else ""

    def _statement(self) -> Mapping[str, Any]:
        return {
            "Sid": SID,
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:ReceiveMessage",
            "Resource": self.arn,
        }

    def _text(self, statements: Sequence[Mapping[str, Any]]) -> str:
        return json.dumps({**(self.document or _NEW), "Statement": list(statements)}, separators=(",", ":"))

    def lacks(self) -> str:
        """What closing it would need beyond what SQS allows; empty: nothing."""
        count, size = len(self.others) + 1, len(self.closing().encode())
        if count > MOST_STATEMENTS:
            return f"{count} statements with the one that closes it"
        return f"{size} bytes with the statement that closes it" if size > MOST_BYTES else ""


def read(attributes: Mapping[str, str]) -> Policy:
    """A queue's policy, as SQS describes it.

    Args:
        attributes: `ATTRIBUTES` of the queue; one without a policy has none.

    Raises:
        PolicyError: it is no policy.
    """
    text = attributes.get("Policy") or "{}"
    try:
        document = strict_json.parse(text)
    except ValueError as error:
        raise PolicyError(f"its policy is no JSON: {error}") from None
    if not isinstance(document, dict):
        raise PolicyError(f"its policy is {shown(text)}")
    return Policy(attributes["QueueArn"], document)


def described(sqs: Any, name: str) -> tuple[str, Mapping[str, str]]:
    """A queue's URL and `ATTRIBUTES`.

    Args:
        sqs: boto3's client.
        name: the queue's.

    Raises:
        ClientError: SQS refuses, or has no such queue.
    """
    url = str(sqs.get_queue_url(QueueName=name)["QueueUrl"])
    attributes: Mapping[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(ATTRIBUTES))[
        "Attributes"
    ]
    return url, attributes


def closed(region: str, name: str) -> Looking:
    """Done when nobody can take messages from a queue; a queue that doesn't exist has none to take."""
    return _having(region, name, lambda policy: None if policy.closed else policy.closing())


def opened(region: str, name: str) -> Looking:
    """Done when nothing of `closed` is left; every other statement stays."""
    return _having(region, name, lambda policy: policy.opening() if policy.marked else None)


def _having(region: str, name: str, wanted: Callable[[Policy], str | None]) -> Looking:
    """Done when a queue has the policy that is wanted in place of the one that it has; None: that one is right."""

    async def look(_: Workflow) -> Look:
        found = await _found(region, name)
        if not isinstance(found, tuple):
            return found
        url, policy = found
        text = wanted(policy)
        return Done() if text is None else Missing(_setting(region, url, text))

    return look


async def _found(region: str, name: str) -> tuple[str, Policy] | Look:
    """A queue's URL and policy; or what a look answers without them."""
    try:
        url = (await Call("sqs", region, "get_queue_url", {"QueueName": name}))["QueueUrl"]
        asked = {"QueueUrl": url, "AttributeNames": list(ATTRIBUTES)}
        answer = await Call("sqs", region, "get_queue_attributes", asked)
    except RefusedError as error:
        if error.code in ABSENT:
            return Done(remark=f"{name} doesn't exist in {region}: nobody takes messages from it")
        raise
    try:
        return url, read(answer["Attributes"])
    except PolicyError as error:
        return Impossible(f"{name} in {region}: {error}")


def _setting(region: str, url: str, policy: str) -> Call:
    arguments = {"QueueUrl": url, "Attributes": {"Policy": policy}}
    return Call("sqs", region, "set_queue_attributes", arguments, changes=True)
