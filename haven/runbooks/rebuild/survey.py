"""Looks at the lost Region and at the one that survived, within seconds and changing nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haven.runbooks.failover import database, loss, stores
from haven.runbooks.failover.decision import Witness
from haven.runbooks.failover.observe import witnesses_of_the_left
from haven.runbooks.failover.site import Site
from haven.runbooks.rebuild.decision import Contents
from haven.runbooks.workflow.requests import Branches, Call, CallError, RefusedError, Runbook, failure, together


@dataclass(frozen=True)
class Standing:
    """What the lost Region has, as far as it answers."""

    there: Sequence[str]
    """What of the environment is there, by name."""
    unknown: Sequence[str]
    """What it didn't answer about."""

    @property
    def contents(self) -> Contents:
        """In one word."""
        if self.there:
            return Contents.THERE
        return Contents.UNKNOWN if self.unknown else Contents.EMPTY


@dataclass(frozen=True)
class Survey:
    """What was found."""

    writer: str | None
    """The Region that the database is written in, as the surviving one has it; None: there is none."""
    standing: Standing
    witnesses: Sequence[Witness]
    now_ms: float
    """AWS's time in the surviving Region."""

    def describe(self) -> Mapping[str, Any]:
        """For the journal."""
        return {
            "writer": self.writer,
            "there": list(self.standing.there),
            "unknown": list(self.standing.unknown),
            "witnesses": [{"name": each.name, "lost": each.lost, "detail": each.detail} for each in self.witnesses],
        }


async def survey(site: Site) -> Survey:
    """Look at both Regions at once.

    Args:
        site: from the lost Region to the one that survived.

    Raises:
        CallError: the surviving Region doesn't answer.
    """
    written = database.global_cluster(site.to, site.manifest.database.global_cluster)
    found = await together(standing(site), written, loss.heartbeats(site, site.table))
    there, cluster, (beats, answer) = found
    now = site.time_ms(answer)
    witnesses = witnesses_of_the_left(site, cluster, beats, now)
    return Survey(database.writing_region(cluster), there, witnesses, now)


async def standing(site: Site) -> Standing:
    """What of the environment the lost Region has: asked once, for it may be silent."""
    side, lost = site.old_side, site.old
    asked: dict[str, Runbook] = {
        f"database {side.database.cluster}": database.member(lost, side.database.cluster, observes=True),
        f"cache {side.cache}": stores.group(lost, side.cache, observes=True),
        f"cluster {side.cluster.name}": eks_cluster(lost, side.cluster.name),
        **{f"table {name}": table(lost, name, observes=True) for name in site.manifest.replicated_tables},
    }
    answers = dict(zip(asked, await Branches(list(asked.values())), strict=True))
    for each in answers.values():
        if (error := failure(each)) is not None and not isinstance(error, CallError):
            raise error
    return Standing(
        [name for name, each in answers.items() if each is not None and not failure(each)],
        [f"{name}: {each}" for name, each in answers.items() if failure(each)],
    )


async def table(region: str, name: str, *, observes: bool = False) -> Mapping[str, Any] | None:
    """One Region's table; None: it has none.

    Raises:
        CallError: no answer.
    """
    call = Call("dynamodb", region, "describe_table", {"TableName": name}, observes=observes)
    return await _or_none(call, "Table")


async def eks_cluster(region: str, name: str) -> Mapping[str, Any] | None:
    """One Region's EKS cluster; None: it has none.

    Raises:
        CallError: no answer.
    """
    return await _or_none(Call("eks", region, "describe_cluster", {"name": name}, observes=True), "cluster")


async def _or_none(call: Call, part: str) -> Mapping[str, Any] | None:
    try:
        found: Mapping[str, Any] = (await call)[part]
    except RefusedError as error:
        if error.code == "ResourceNotFoundException":
            return None
        raise
    return found
