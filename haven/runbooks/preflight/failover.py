"""Could the environment fail over now? Everything is asked at once, in both Regions, from the recovery manifest alone.

What a silent Region doesn't answer hides nothing of the other one, and nothing unknown counts as fine.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from haven.model.catalog import Catalog
from haven.runbooks.clients import Client
from haven.runbooks.manifest import Located
from haven.runbooks.observation import WITHIN_SECONDS, ask_all
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
    every |= capacity.questions(manifest, client, catalog)
    for each in every.values():
        each.prepare()
    answers = ask_all(every, within)
    view = View(manifest, to or database.standby(manifest, answers), answers, datetime.now(UTC))
    found = [each for part in _PARTS for each in part.checks(view)]
    found += capacity.checks(view, catalog)
    return Readiness(manifest.environment, view.to, found, time.time(), time.monotonic() - begin)
