"""The steps of a failover in one direction, and what each of them follows."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from haven.runbooks.failover import database, fence, judging, loss, nodes, stores, traffic
from haven.runbooks.failover.backups import restore
from haven.runbooks.failover.consumers import steps as consumers
from haven.runbooks.failover.decision import Fence
from haven.runbooks.failover.old_side import outdated, silence
from haven.runbooks.failover.site import GPU_PATIENCE_SECONDS, Site
from haven.runbooks.serving import mode
from haven.runbooks.serving import steps as serving
from haven.runbooks.serving.place import Place
from haven.runbooks.workflow.journal import Workflow
from haven.runbooks.workflow.steps import Done, Ending, Impossible, Look, Looking, Step, Waiting, check_graph

DATABASE, CACHE = database.PROMOTED, "promote-cache"
NO_RETURN = (DATABASE, CACHE)
KEPT = database.KEEP
JUDGED, OPENED, INSTANCE, TABLES = "judge-loss", "open-new-side", database.INSTANCE, "check-tables"
SERVED, ON, OFF, VERIFIED, REOPENED = "await-serving", "turn-new-on", "throw-switch", "verify", "reopen-old-side"
_OLD, _NEW = "old-side", "new-side"
WRITABLE = f"{mode.READ_WRITE}-{_NEW}"
UNDONE_IN_THE_OLD_REGION = (loss.CLOSED, f"{mode.READ_ONLY}-{_OLD}", consumers.CLOSED)
UNDO_IN_THE_OLD_REGION = tuple(f"undo-{each}" for each in UNDONE_IN_THE_OLD_REGION)
"""What the names begin with of what an abort can't do without the Region that is left, and of the steps that it
undoes."""
QUEUES_OPENED = consumers.OPENED
SCALE, _REST = "scale:", "rest:"
_DATABASE_SECONDS, _CACHE_SECONDS = 1800.0, 900.0
"""Within which a promotion is done."""
_TRIED_SECONDS = 30.0
"""For a fence that nothing waits for longer than this. An assumption: two answers that don't come, and more."""


def steps(site: Site, how: Fence, *, planned: bool) -> list[Step]:
    """What leads from one Region to the other.

    Args:
        site: from where to where.
        how: what must be known about the old writer.
        planned: whether it is a switchover.
    """
    if site.restores:
        found = list(_read_only(site, how))
        found += _closing(site, how, _asked(site, how), (restore.DEPLOYED,))
        found += restore.steps(site, tuple(each.name for each in found))
        found += _stopping(site, how, _asked(site, how), (restore.DEPLOYED,), planned=False)
        found += _serving(site, how, (restore.DEPLOYED,))
    else:
        found = [*_scaling(site), *serving.at_once(_new(site)), *_read_only(site, how)]
        found += [*before_promotion(site, how, NO_RETURN, _asked(site, how), planned=planned)]
        found += _promotions(site, planned=planned)
        found += serving.dependent(_new(site), (DATABASE,))
        found += _after_promotion(site, how)
    found += serving.outside(_new(site), site.manifest.service, (VERIFIED,))
    if not planned and not site.restores:
        title = f"Read what RDS in {site.to} says about the old writer"
        found.append(
            Step(database.EVENTS, title, database.events_read(site), (VERIFIED,), deadline=60, essential=False)
        )
    if planned and not site.restores:
        found += last(site)
    check_graph(found)
    return found


def last(site: Site) -> list[Step]:
    """What a planned failover ends with in the Region that is left."""
    title = f"Open the data subnets in {site.old} for readers"
    look = _when_left(site, fence.opened(site.old, site.old_side))
    found = [Step(REOPENED, title, look, (VERIFIED,), deadline=300, essential=False)]
    found += consumers.reopening(site, partial(_when_left, site), (REOPENED,))
    found += mode.ended(site.old, site.mode, _OLD, (REOPENED,), essential=False)
    return list(silence.noticed(site, [*found, *_resting(site)]))


def left(site: Site, endings: Mapping[str, Ending]) -> list[str]:
    """What of `last` isn't done, by name.

    Args:
        site: from where to where.
        endings: of the steps of a run; one that had none of these leaves nothing.
    """
    return [each.name for each in last(site) if endings.get(each.name, Ending.DONE) is not Ending.DONE]


def closes(workflow: Workflow) -> bool:
    """Whether the old Region has to be closed, as far as anything was decided."""
    return bool(workflow.decisions.get("writer", {}).get("fence", Fence.CONFIRMED) == Fence.CONFIRMED)


def undoing(taken: Sequence[Step], workflow: Workflow) -> list[Step]:
    """What an abort does: for each step that may have changed something, and can be undone; and for each node group
    that another one's step may have made larger.

    What keeps clients from writing is undone whatever the journal has of it, in the old Region where that had to be
    closed: a look finds nothing to do, or what a journal that was cut doesn't know. A queue that stays closed is found
    by `haven reconcile`.
    """
    looked_at = (f"{mode.READ_ONLY}-{_NEW}", *((loss.CLOSED, f"{mode.READ_ONLY}-{_OLD}") if closes(workflow) else ()))
    enlarged = {f"{SCALE}{name}" for record in workflow.steps.values() for name in record.before}
    found = []
    for step in taken:
        record = workflow.step(step.name)
        changed = record.may_have_happened or record.done or step.name in enlarged
        if step.undo is not None and (changed or step.name.startswith(looked_at)):
            found.append(step.undo)
    return found


def known_steps(site: Site) -> list[str]:
    """Every name that a journal of this version may have."""
    every = steps(site, Fence.CONFIRMED, planned=True)
    names = {step.name for step in every} | {step.undo.name for step in every if step.undo}
    return sorted(names | {INSTANCE, ON, OFF, database.EVENTS})


def _scaling(site: Site) -> Iterator[Step]:
    for name, sizes in site.new_side.cluster.node_groups.items():
        if sizes.full == sizes.standby:
            continue
        back = Step(
            f"undo-{SCALE}{name}",
            f"Scale {name} back",
            nodes.restored(site, name),
            hold=60,
            later=nodes.UPDATING,
        )
        yield Step(
            f"{SCALE}{name}",
            nodes.plan(site, name),
            nodes.scaled(site, name, sizes.full),
            deadline=1500,
            every=10,
            essential=False,
            later=nodes.UPDATING,
            undo=back,
        )


def _read_only(site: Site, how: Fence) -> Iterator[Step]:
    sides = [(site.old, _OLD)] if how is Fence.CONFIRMED else []
    for region, side in (*sides, (site.to, _NEW)):
        for step in mode.announced(region, site.mode, side):
            yield step._replace(look=_unless_promoted(site, step.look))


def _unless_promoted(site: Site, announced: Looking) -> Looking:
    """Once the new Region is written there is nothing to wait for."""

    async def look(workflow: Workflow) -> Look:
        promoted = database.writing_region(await database.current(site)) == site.to
        return Done() if promoted else await announced(workflow)

    return look


def _new(site: Site) -> Place:
    return Place(site.to, site.new_side, site.clock)


def _resting(site: Site) -> Iterator[Step]:
    """The Region that is left goes to standby scale: first what runs, then its nodes."""
    back = Site(site.manifest, site.old, site.clock)
    after = (VERIFIED,)
    for step in serving.rested(_new(back), after):
        yield step
        after = (step.name,)
    for name, sizes in back.new_side.cluster.node_groups.items():
        if sizes.full != sizes.standby:
            look = nodes.scaled(back, name, sizes.standby, shrink=True)
            title = f"Scale {name} to standby scale"
            yield Step(f"{_REST}{name}", title, look, after, essential=False, later=nodes.UPDATING)


def _asked(site: Site, how: Fence) -> tuple[str, ...]:
    """The steps that ask applications of the old Region not to write."""
    return mode.names(site.mode, _OLD) if how is Fence.CONFIRMED else ()


def before_promotion(
    site: Site, how: Fence, no_return: tuple[str, ...], asked: tuple[str, ...] = (), *, planned: bool
) -> Iterator[Step]:
    """What has to be so before anything is promoted: the data subnets, the old writer, an instance, the loss.

    Args:
        site: from where to where.
        how: what must be known about the old writer.
        no_return: the steps after which nothing is judged any more.
        asked: what comes before the old writer is closed.
        planned: whether it is a switchover, which can wait until what an earlier failover left is kept.
    """
    before: tuple[str, ...] = (OPENED,)
    title = f"Open the data subnets in {site.to}, if they were closed"
    yield Step(OPENED, title, fence.opened(site.to, site.new_side), deadline=120)
    title = f"Keep what an earlier failover left in {site.to}"
    yield Step(KEPT, title, database.kept(site), deadline=3600 if planned else 60, every=15, essential=planned)
    before += (KEPT,)
    stopping = list(_stopping(site, how, (*asked, *before), no_return, planned=planned))
    for step in _closing(site, how, (*asked, *before), no_return):
        yield step
        before += (step.name,)
    yield from stopping
    # An unplanned promotion waits for no queue: what a consumer does meanwhile meets a closed store, or is replicated.
    before += tuple(each.name for each in stopping if planned)
    if site.new_side.database.standby == 0:
        title = f"Create a database instance in {site.to}"
        yield Step(INSTANCE, title, database.instance(site), deadline=1800, every=10)
        before += (INSTANCE,)
    judge = judging.look(site, no_return)
    # A new instance is read within a minute and a half: its name has to be known, and the function to come round.
    patience = 180 if site.new_side.database.standby == 0 else 60
    yield Step(JUDGED, "Judge what may be lost", judge, before, deadline=patience, every=2, fresh=True)


def _closing(site: Site, how: Fence, after: tuple[str, ...], no_return: tuple[str, ...]) -> Iterator[Step]:
    if how is Fence.UNCONFIRMED:
        return
    reopened = fence.opened(site.old, site.old_side)
    reopen = Step(f"undo-{loss.CLOSED}", f"Open the data subnets in {site.old}", reopened, hold=60)
    needed = how is Fence.CONFIRMED
    title = f"Close database and cache in {site.old} to clients{'' if needed else ', if AWS there does that'}"
    look, deadline = _still_closed(site, no_return), 180 if needed else _TRIED_SECONDS
    yield Step(loss.CLOSED, title, look, after, deadline, every=2, fresh=True, essential=needed, undo=reopen)


def _stopping(
    site: Site, how: Fence, after: tuple[str, ...], no_return: tuple[str, ...], *, planned: bool
) -> Iterator[Step]:
    """Consumers of an old Region that answers get no messages; a planned failover can wait until that is so."""
    if how is not Fence.UNCONFIRMED:
        yield from consumers.closing(site, after, no_return, essential=planned)


def _still_closed(site: Site, no_return: tuple[str, ...]) -> Looking:
    """A fence that an earlier run closed may be open by now. It has done its work when what follows is promoted; what
    isn't promoted by a call of this workflow (ARC's plan), when it has begun."""
    closed = fence.closed(site)
    own = no_return == NO_RETURN

    async def look(workflow: Workflow) -> Look:
        record = workflow.step(loss.CLOSED)
        after = [workflow.step(each) for each in no_return]
        if all(each.done or (each.may_have_happened and not own) for each in after):
            return Done(record.data)
        found = await closed(workflow)
        # Found as it was left, it has been closed since then: what an INTENT after it changes has no data any more.
        return Done(record.data) if isinstance(found, Done) and record.data else found

    return look


def _promotions(site: Site, *, planned: bool) -> Iterator[Step]:
    """Planned, the cache waits until RDS has accepted the switchover; unplanned, both go at once."""
    lookout = outdated.Lookout(site)
    yield Step(
        DATABASE,
        f"Promote the database in {site.to}",
        lookout.before(database.promotion(site), NO_RETURN),
        (JUDGED,),
        deadline=_DATABASE_SECONDS,
        no_return=True,
    )
    yield Step(
        CACHE,
        f"Promote the cache in {site.to}",
        lookout.before(stores.cache(site), NO_RETURN),
        (JUDGED,),
        deadline=_CACHE_SECONDS + (_DATABASE_SECONDS if planned else 0),
        essential=False,
        no_return=True,
    )
    yield Step(TABLES, f"Check the tables in {site.to}", stores.tables(site), (JUDGED,), deadline=120, essential=False)


def _after_promotion(site: Site, how: Fence) -> Iterator[Step]:
    before: tuple[str, ...] = tuple(each.name for each in _scaling(site))
    for step in serving.awaited(_new(site), before, GPU_PATIENCE_SECONDS):
        yield step
        before += (step.name,)
    yield from _serving(site, how, (*before, DATABASE, CACHE, TABLES))


def _serving(site: Site, how: Fence, after: tuple[str, ...]) -> Iterator[Step]:
    title = f"Wait until {site.to} serves"
    yield Step(SERVED, title, traffic.served(site), after, deadline=1800)
    last = SERVED
    for step in serving.asked(_new(site), (SERVED,), GPU_PATIENCE_SECONDS):
        yield step
        last = step.name
    if site.restores:
        yield outdated.after_a_restore(site, (last,))
        last = outdated.AGAIN
    for step in _switching(site, how, last):
        yield step
        last = step.name
    for step in mode.ended(site.to, site.mode, _NEW, (*mode.names(site.mode, _NEW), last), essential=True):
        yield step
        last = step.name
    yield Step(VERIFIED, f"Verify that {site.to} is the writing Region", verified(site, how), (last,), deadline=120)
    yield from consumers.opening(site, (last,))


def _switching(site: Site, how: Fence, last: str) -> Iterator[Step]:
    """Turn the new Region on, and the primary Region off where it is left.

    The recovery Region is never turned off: its switch is written in the primary one, so if that were lost nobody could
    turn it on again. While both are on, DNS answers with the primary Region.
    """
    switches = site.manifest.traffic
    after: tuple[str, ...] = (last,)
    if switches and how is not Fence.UNCONFIRMED:  # the new side's switch is written in the old one: it must answer
        turn = traffic.turned(site, switches[site.to], off=False)
        title = f"Turn traffic to {site.to} on"
        # The other one is on unless a person has turned it off; and nothing waits for a Region that answers in part.
        needed = site.to == site.manifest.regions.primary and how is Fence.CONFIRMED
        turn = turn if needed else traffic.while_it_answers(site, turn)
        yield Step(ON, title, turn, after, 300, settle=180, repeatable=True, essential=needed)
        after += (ON,)
    if switches and site.old == site.manifest.regions.primary:
        turn = traffic.turned(site, switches[site.old], off=True)
        yield Step(OFF, f"Turn traffic to {site.old} off", turn, after, deadline=600, settle=180, repeatable=True)


def _when_left(site: Site, opened: Looking) -> Looking:
    """What is closed opens when neither store of the old Region takes writes any more."""

    async def look(workflow: Workflow) -> Look:
        if await stores.is_primary(site.old, site.old_side.cache):
            return Waiting(f"{site.old_side.cache} is still a primary")
        cluster = await database.global_cluster(site.old, site.manifest.database.global_cluster)
        writer = database.writing_region(cluster)
        return Waiting(f"written in {writer}") if writer != site.to else await opened(workflow)

    return look


def verified(site: Site, how: Fence) -> Looking:
    """Whether the new Region is the writing one; its remark: what is left to do by hand.

    Args:
        site: from where to where.
        how: what was known about the old writer.
    """

    async def look(workflow: Workflow) -> Look:
        cluster = await database.current(site)
        writer = database.writing_region(cluster)
        if writer != site.to:
            return Impossible(f"the database is written in {writer or 'no Region'}, not in {site.to}")
        return Done(remark=_by_hand(site, how, workflow))

    return look


def _by_hand(site: Site, how: Fence, workflow: Workflow) -> str:
    if not site.manifest.traffic:
        return "no traffic switch in the manifest: move DNS by hand"
    if site.to != site.manifest.regions.primary or how is Fence.CONFIRMED or workflow.step(ON).done:
        return ""
    answers = "doesn't answer" if how is Fence.UNCONFIRMED else "hasn't done it"
    return f"{site.to} can be turned on in {site.old} only, which {answers}: move DNS by hand"
