"""What must hold however a scenario goes."""

from collections.abc import Iterator

from haven.runbooks.failover.guard import accepted_ms
from haven.runbooks.failover.run import Report, State
from haven.runbooks.workflow import journal as log
from haven.runbooks.workflow.audit import Head, verify
from haven.runbooks.workflow.journal import Entry
from tests.simulation.model import INTERVAL, STORES, P, R
from tests.simulation.operators import RPO_MINUTES
from tests.simulation.scenarios import Played
from tests.simulation.workloads import FULL

PLANNED_SECONDS = INTERVAL + 5
"""What a planned failover may lose of a cache: since the last heartbeat before the fence, which takes a moment."""


def violations(played: Played) -> list[str]:
    """What doesn't hold."""
    return [
        *_two_writers(played),
        *_loss(played),
        *played.stale,
        *_promotions(played),
        *_inference(played),
        *_ends(played),
        *_final_state(played),
        *_audits(played),
    ]


def entries(played: Played) -> list[Entry]:
    """The journal."""
    return list(played.last.operator.journal.entries)


def _two_writers(played: Played) -> Iterator[str]:
    decisions = [each for each in entries(played) if each.kind == log.DECISION]
    unconfirmed = [each for each in decisions if each.data["fence"] == "unconfirmed"]
    ends = [each for each in entries(played) if each.kind == log.END and each.data["divergence"]]
    for store, seconds in played.model.both_open.items():
        if seconds and not unconfirmed:
            yield f"both Regions took writes of {store} for {seconds:.1f} s although the old writer was to be closed"
        elif seconds and not ends:
            yield f"both Regions took writes of {store} for {seconds:.1f} s, and no record has it"


def _loss(played: Played) -> Iterator[str]:
    most = _accepted_seconds(played)
    late = {call.operation for _, call in played.simulation.late}
    for store, lost, at in played.model.losses:
        paused = late & {"failover_global_cluster", "failover_global_replication_group"}
        if lost > most and not paused:
            yield f"{store} was promoted at {at:.0f} without {lost:.1f} s of writes, and {most:.0f} s were accepted"


def _accepted_seconds(played: Played) -> float:
    """What may be lost: the objective, or what somebody has accepted; a reason that somebody gave accepts nothing."""
    given = [each.data.get("acceptLoss") or (each.data.get("goal") or {}).get("acceptLoss") for each in _begun(played)]
    accepted = [most / 1000 for each in given if (most := accepted_ms(each or "")) is not None]
    goals = [each.data["goal"] for each in entries(played) if each.kind == log.BEGIN]
    taken_over = [each for each in _begun(played) if each.kind == log.TAKEOVER and each.data.get("planned") is False]
    planned = all(each["planned"] for each in goals) and not taken_over
    return max([PLANNED_SECONDS if planned else RPO_MINUTES * 60, *accepted])


def _forced(played: Played) -> bool:
    return any(each.data.get("force") or (each.data.get("goal") or {}).get("force") for each in _begun(played))


def _begun(played: Played) -> list[Entry]:
    """What operators came with."""
    return [each for each in entries(played) if each.kind in (log.BEGIN, log.TAKEOVER)]


def _inference(played: Played) -> Iterator[str]:
    if not _forced(played):
        for at in played.model.opened_wrong:
            yield f"traffic was sent at {at:.0f} to models that gave wrong answers"


def _promotions(played: Played) -> Iterator[str]:
    promotions = [what for _, _, what, _ in played.model.effects if what.startswith(("failover_", "switchover_"))]
    for what in set(promotions):
        if promotions.count(what) > 1 + (played.model.taken_back if what == "switchover_global_cluster" else 0):
            yield f"{what} {promotions.count(what)} times"


def _ends(played: Played) -> Iterator[str]:
    for machine in played.machines:
        if not machine.outcome and machine.name not in played.simulation.dead:
            yield f"{machine.name} never ended"
    for machine in played.machines:
        if machine.outcome and type(machine.outcome[0]) in (TypeError, KeyError, AttributeError, AssertionError):
            yield f"{machine.name}: {machine.outcome[0]!r}"
    outcome = played.last.outcome[0] if played.last.outcome else None
    if not isinstance(outcome, Report) or outcome.state not in (State.DONE, State.NOTHING):
        yield f"when all faults had ended, it ended with {outcome!r}"


def _final_state(played: Played) -> Iterator[str]:
    regions = played.model.regions
    for store in STORES:
        writers = [name for name, region in regions.items() if region.accepts(store)]
        if writers != [R]:
            yield f"in the end {writers} take writes of {store}"
    if not regions[P].off or regions[R].off:
        yield f"in the end traffic is off in {[name for name, region in regions.items() if region.off]}"
    if regions[R].mode != "read-write":
        yield f"in the end applications in {R} have {regions[R].mode}"
    if regions[R].closed:
        yield f"in the end {R} is closed to clients"
    if regions[R].nodes[1] != 3 and not regions[R].off:
        yield f"in the end {R} has {regions[R].nodes[1]} nodes"
    workloads = regions[R].workloads
    if (workloads.replicas, workloads.minimum, workloads.suspended) != (FULL, FULL, False) and not regions[R].off:
        yield f"in the end {R} has {workloads}"


def _audits(played: Played) -> Iterator[str]:
    heads = [Head(**each.data["audit"]) for each in entries(played) if each.data["audit"]]
    for machine in played.machines:
        own = [each for each in heads if each.session == machine.name]
        content = machine.operator.audit._lines.read()
        if own and machine.name not in played.simulation.dead:
            yield from (f"audit of {machine.name}: {each.problem}" for each in verify(content, own))
