"""Who is shut out of a Region: clients of its data subnets, consumers of its queues, applications that don't write."""

from collections.abc import Iterable, Iterator
from functools import partial

from haven.runbooks import data_acls
from haven.runbooks.clients import Client
from haven.runbooks.failover import fence
from haven.runbooks.failover.consumers import queues
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.serving import mode
from haven.runbooks.status.readings import Answers, Questions, Reading, State, unknown

AREA = "access"
ACLS, QUEUES, MODE = "fence", "queues", "write mode"


def questions(manifest: RecoveryManifest, client: Client) -> Questions:
    """Both Regions are asked the same: who writes isn't known yet."""

    def closed(region: str) -> list[tuple[str, int]]:
        return list(fence.entries(data_acls.find_with(client, region, manifest.sides[region])))

    def stopped(region: str) -> dict[str, tuple[str, queues.Policy]]:
        return dict(_stopped(client, region, manifest.sides[region].queues.values()))

    def write_mode(region: str) -> str:
        name = manifest.operations.mode if manifest.operations else ""
        return str(client("ssm", region).get_parameter(Name=name)["Parameter"]["Value"]) if name else ""

    return {
        (what, region): partial(ask, region)
        for region in manifest.both
        for what, ask in ((ACLS, closed), (QUEUES, stopped), (MODE, write_mode))
    }


def _stopped(client: Client, region: str, names: Iterable[str]) -> Iterator[tuple[str, tuple[str, queues.Policy]]]:
    """Name, URL and policy of each queue that a failover closed to consumers."""
    for name in names:
        sqs = client("sqs", region)
        try:
            url, attributes = queues.described(sqs, name)
        except sqs.exceptions.QueueDoesNotExist:
            continue
        policy = queues.read(attributes)
        if policy.marked:
            yield name, (url, policy)


def readings(manifest: RecoveryManifest, answers: Answers) -> Iterator[Reading]:
    """One that is fine for a Region where nobody is shut out; else one for each thing that is closed."""
    for region in manifest.both:
        found = {what: answers[what, region] for what in (ACLS, QUEUES, MODE)}
        shut = list(_shut(region, answers))
        yield from shut
        yield from (unknown(AREA, region, each) for each in found.values() if not each.known)
        if not shut and all(each.known for each in found.values()):
            yield Reading(AREA, region, State.OK, "open to clients and consumers, and applications may write")


def _shut(region: str, answers: Answers) -> Iterator[Reading]:
    if answers[ACLS, region].value:
        closed = sorted({acl for acl, _ in answers[ACLS, region].value})
        text = f"a failover closed database and cache to clients ({', '.join(closed)})"
        yield Reading(AREA, region, State.WRONG, text)
    if answers[QUEUES, region].value:
        names = ", ".join(sorted(answers[QUEUES, region].value))
        yield Reading(AREA, region, State.WRONG, f"a failover closed queues to consumers: {names}")
    if answers[MODE, region].value == mode.READ_ONLY:
        yield Reading(AREA, region, State.WRONG, "applications are asked not to write (read-only)")
