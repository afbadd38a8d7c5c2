"""Could the environment fail over now? Everything is asked at once, in both Regions, from the recovery manifest alone.

What a silent Region doesn't answer hides nothing of the other one, and nothing unknown counts as fine.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from haven.model.catalog import Catalog
from haven.runbooks.clients import Client
from haven.runbooks.manifest import Located
from haven.runbooks.observation import WITHIN_SECONDS, Answer, ask_all
from haven.runbooks.preflight import backups, capacity, database, entrances, identity, operations, permissions, stored
from haven.runbooks.preflight.arc import region_switch
from haven.runbooks.preflight.checks import Check, Status
from haven.runbooks.preflight.steps import queues, stores, subnets
from haven.runbooks.preflight.view import View

_PARTS = (
    identity,
    permissions,
    operations,
    database,
    subnets,
    queues,
    stores,
    stored,
    entrances,
    backups,
    region_switch,
)


@dataclass(frozen=True)
class Readiness:
    """What was found at one moment."""

    environment: str
    to: str
    """The Region that would become the writing one."""
    checks: Sequence[Check]
    at: float
    """Seconds since the epoch."""
    took_seconds: float
    answered: bool = True
    """Whether anybody answered, if only by a refusal."""

    @property
    def ready(self) -> bool:
        """Whether nothing forbids the failover."""
        return not any(each.blocks for each in self.checks)

    @property
    def warnings(self) -> int:
        """What isn't ok and forbids nothing."""
        return sum(each.status is not Status.OK and not each.blocks for each in self.checks)


def observe(
    located: Located, client: Client, to: str | None = None, *, catalog: Catalog, within: float = WITHIN_SECONDS
) -> Readiness:
    """Ask both Regions everything, at once.

    Args:
        located: the manifest.
        client: makes the clients.
        to: the Region that would become the writing one. None: the one that isn't written now, or the recovery Region
            where nobody knows.
        catalog: the project's figures.
        within: seconds for all answers.

    Raises:
        MissingDependency: this machine has no credentials.
    """
    begin = time.monotonic()
    manifest = located.manifest
    every = {key: ask for part in _PARTS for key, ask in part.questions(manifest, client).items()}
    if to:  # of the other direction nobody asks IAM
        other = permissions.questions(manifest, client).keys()
        every = {key: ask for key, ask in every.items() if key not in other or key[1] == to}
    every |= capacity.questions(manifest, client, catalog)
    for each in every.values():
        each.prepare()
    answers = ask_all(every, within)
    view = View(manifest, to or database.standby(manifest, answers), answers, datetime.now(UTC))
    found = [each for part in _PARTS for each in part.checks(view)]
    found += capacity.checks(view, catalog)
    found = list(without_network(found, answers.values()))
    answered = any(each.reached for each in answers.values())
    return Readiness(manifest.environment, view.to, found, time.time(), time.monotonic() - begin, answered)


def without_network(checks: Sequence[Check], answers: Iterable[Answer]) -> Iterator[Check]:
    """The checks; of those that are unknown because no answer came, one for each Region in the place of all.

    Args:
        checks: what was found, whose remedies are about rights.
        answers: what came back on each question.
    """
    causes = tuple({each.unknown for each in answers if not each.reached})
    silent = [each for each in checks if each.status is Status.UNKNOWN and causes and each.got.endswith(causes)]
    for region in dict.fromkeys(each.region for each in silent):
        here = [each for each in silent if each.region == region]
        why = ", ".join(dict.fromkeys(cause for cause in causes for each in here if each.got.endswith(cause)))
        got = f"{why}; unknown for that: {', '.join(each.what for each in here)}"
        yield Check(
            "the network",
            region,
            Status.UNKNOWN,
            got,
            f"AWS's answers about what is in {region}" if region else "AWS's answers",
            "look whether this machine reaches AWS (route, proxy, VPC endpoints), and what others see of the Regions",
            any(each.blocks for each in here),
        )
    yield from (each for each in checks if each not in silent)
