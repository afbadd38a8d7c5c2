"""What must hold however a scenario goes."""

from collections.abc import Iterator

from haven.runbooks.failover.consumers.steps import CLOSED, REOPENED
from haven.runbooks.failover.guard import accepted_ms
from haven.runbooks.workflow import journal as log
from haven.runbooks.workflow.audit import Head, verify
from haven.runbooks.workflow.journal import Entry
from haven.runbooks.workflow.report import Report, State
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
        *played.seen,
        *(["the writer went back within the hour, which nobody has acknowledged"] if played.went_back else []),
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
    unconfirmed = [each for each in decisions if each.data["fence"] != "confirmed"]
    ends = [each for each in entries(played) if each.kind == log.END and each.data["divergence"]]
    for store, seconds in played.model.both_open.items():
        if seconds and not (unconfirmed or played.unseen):
            yield f"both Regions took writes of {store} for {seconds:.1f} s although the old writer was to be closed"
        elif seconds and not (ends or played.unseen):
            yield f"both Regions took writes of {store} for {seconds:.1f} s, and no record has it"


def _loss(played: Played) -> Iterator[str]:
    most = _accepted_seconds(played)
    late = {(call.operation, at) for _, call, at in played.simulation.late}
    in_hand = {at for what, at in late if what.startswith("failover_")}
    for store, lost, at in played.model.losses:
        if lost > most and at not in in_hand:  # what was judged before the pause
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
    model = played.model
    regions, new = model.regions, model.regions[model.new]
    for store in STORES:
        writers = [name for name, region in regions.items() if region.accepts(store)]
        if writers != [model.new]:
            yield f"in the end {writers} take writes of {store}"
    off = [name for name, region in regions.items() if region.off]
    # The primary Region is turned on in the other one: where that is lost, a person moves DNS by hand.
    if off != ([P] if model.new == R else []) and not (off == [P] and not played.scenario.returns):
        yield f"in the end traffic is off in {off}"
    if new.mode != "read-write":
        yield f"in the end applications in {model.new} have {new.mode}"
    if new.closed:
        yield f"in the end {model.new} is closed to clients"
    yield from _consumers(played)
    if new.nodes[1] != 3 and not new.off:
        yield f"in the end {model.new} has {new.nodes[1]} nodes"
    workloads = new.workloads
    if (workloads.replicas, workloads.minimum, workloads.suspended) != (FULL, FULL, False) and not new.off:
        yield f"in the end {model.new} has {workloads}"


def _consumers(played: Played) -> Iterator[str]:
    """Whoever takes messages does so in the new Region, and in the old one only if it couldn't be closed out; once
    every queue heeds its policy."""
    regions, new, old = played.model.regions, played.model.new, played.model.old
    for each in regions.values():
        each.queue.heed()
    if regions[new].queue.denied:
        yield f"in the end consumers in {new} get no messages"
    if any("EventsOfTheBus" not in each.queue.policy for each in regions.values()):
        yield f"in the end a queue lacks what its owner has in its policy: {regions}"
    steps = [each.data for each in entries(played) if each.kind == log.DONE and each.data["step"].startswith(CLOSED)]
    reopened = [each for each in entries(played) if each.kind == log.DONE and each.data["step"].startswith(REOPENED)]
    if steps and not reopened and regions[old].alive and not regions[old].queue.denied:
        yield f"in the end consumers in {old} get messages, although its queue was closed"


def _audits(played: Played) -> Iterator[str]:
    heads = [Head(**each.data["audit"]) for each in entries(played) if each.data["audit"]]
    for machine in played.machines:
        own = [each for each in heads if each.session == machine.name]
        content = machine.operator.audit._lines.read()
        if own and machine.name not in played.simulation.dead:
            yield from (f"audit of {machine.name}: {each.problem}" for each in verify(content, own))
