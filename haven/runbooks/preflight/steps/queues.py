"""Whether a failover can close the queues of either Region to consumers: they exist, and their policies have room."""

from collections.abc import Iterator, Mapping
from typing import Any

from haven.runbooks.clients import Client
from haven.runbooks.failover.consumers import queues
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.preflight.checks import Check
from haven.runbooks.preflight.view import Key, Question, Questions, View, asking

_ALLOW = "allow sqs:GetQueueUrl, sqs:GetQueueAttributes"


def questions(manifest: RecoveryManifest, client: Client) -> Questions:
    """One for each queue, in both Regions."""
    found: dict[Key, Question] = {}
    for region, side in manifest.sides.items():
        for name in side.queues.values():
            found[_key(name, region)] = asking(client, "sqs", region, _attributes, name)
    return found


def _key(name: str, region: str) -> Key:
    return f"queue {name}", region


def _attributes(sqs: Any, name: str) -> Mapping[str, str]:
    return queues.described(sqs, name)[1]


def checks(view: View) -> Iterator[Check]:
    """A line for each queue, in both Regions: the way back closes those of the other one."""
    for region in (view.old, view.to):
        for name in view.manifest.sides[region].queues.values():
            yield _check(view, region, name)


def _check(view: View, region: str, name: str) -> Check:
    key = _key(name, region)
    line = view.line(
        key[0],
        region,
        "a policy with room for the statement that closes it to consumers",
        "pulumi up declares the queue; take statements out of its policy that somebody else has added",
        blocker=False,
    )
    answer = view.answers[key]
    if not answer.known:
        return line.unknown(answer.unknown, _ALLOW)
    if answer.value is None:
        return line.problem("no such queue")
    try:
        policy = queues.read(answer.value)
    except queues.PolicyError as error:
        return line.problem(str(error))
    if policy.marked and region == view.old:
        return line.problem("closed to consumers, by a failover", "haven reconcile has the command that opens it")
    if lacking := policy.lacks():
        return line.problem(lacking)
    return line.ok("closed to consumers, by a failover" if policy.marked else "open to consumers")
