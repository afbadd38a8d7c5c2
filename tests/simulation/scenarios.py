"""Disasters by seed: what happens to the Regions, who works on it from when, and which calls go wrong."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

from haven.runbooks.failover.decision import Request
from haven.runbooks.failover.guard import UNKNOWN
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.workflow.requests import Call
from tests.simulation.clock import Fault, Simulation
from tests.simulation.model import Model, P, R
from tests.simulation.observed.onlooker import Onlooker, decides, has_judged
from tests.simulation.operators import FORWARDING, MANIFESTS, Machine, machine, start
from tests.simulation.regions import CACHE, DATABASE

BEGIN, END = 400.0, 6000.0
"""When the first operator begins, and when all faults end. Seconds."""
KINDS = (
    "timeout-before",
    "timeout-after",
    "error-before",
    "error-after",
    "crash-before",
    "crash-after",
    "throttle",
    "pause",
)
ACCEPTED = ("", "", "", "", "10m", "2m", UNKNOWN)
"""To lose, in place of the objective of five minutes."""
RETURNS = 0.6
"""Share of the seeds in which the Region that is left is there in the end, whatever happened to it."""
BACK = "back"
"""Who wants the Region back that was left, too soon and without acknowledging that."""
FORWARDS = 0.2
"""Share of the seeds whose member isn't headless in which its readers forward writes."""
SERVICES = ("dynamodb", "rds", "ec2")
OPENED = ("done:judge-loss", "takeover")
"""Entries of the journal at which somebody opens the fence."""
PRIMARIES = ("up", "dead", "isolated", "partitioned", "flapping", "read-only", "dies later", "comes back")


@dataclass(frozen=True)
class CallFault:
    """What happens to one operator's call of a number, or to its changing call of a number."""

    operator: str
    number: int
    fault: Fault
    effects: bool = False


@dataclass(frozen=True)
class Worker:
    """One operator."""

    name: str
    at: float
    request: Request
    skew: float = 0.0
    confirmed_after: float | None = None
    """Seconds for which somebody reads what is shown. None: nothing is shown."""


@dataclass(frozen=True)
class Event:
    """What happens to a Region at a time."""

    at: float
    what: str


@dataclass(frozen=True)
class Scenario:
    """Everything that a seed decides."""

    seed: int
    primary: str
    headless: bool
    aws_fences: bool
    workers: Sequence[Worker]
    faults: Sequence[CallFault]
    events: Sequence[Event]
    returns: bool = True
    """Whether the Region that is left is there in the end; if it isn't, whoever comes then takes it for lost."""
    to: str = R
    """The Region that becomes the writing one."""
    opened: str = ""
    """When somebody opens the fence; empty: nobody does."""
    slept: float = 0.0
    """Seconds for which the first operator is paused when it has decided, each time. 0: it isn't."""
    forwards: bool = False
    """Whether the tier is one in which readers forward the writes of their clients."""
    held_up: float = 0.0
    """Seconds for which the first operator is paused when it has judged the loss, each time. 0: it isn't."""
    paused: int = 0
    """Before which of its effects the first operator is paused for longer than the lease lasts. 0: none."""

    def manifest(self) -> RecoveryManifest:
        """Of the environment."""
        return FORWARDING if self.forwards else MANIFESTS[0 if self.headless else 1]

    def without(self, place: int) -> "Scenario":
        """The same with one fault fewer."""
        return replace(self, faults=[*self.faults[:place], *self.faults[place + 1 :]])


def scenario(seed: int) -> Scenario:
    """What a seed decides."""
    rng = random.Random(seed)
    primary = rng.choice(PRIMARIES)
    planned = primary == "up" and rng.random() < 0.7
    force = "a reason" if rng.random() < (0.15 if primary != "up" else 0.6) and not planned else ""
    accepted = random.Random(f"accepted {seed}").choice(ACCEPTED)  # apart: seeds that found something stay themselves
    undrained = _undrained(random.Random(f"drains {seed}"), planned=planned)
    if undrained and planned and random.Random(f"accepts nothing {seed}").random() < 0.8:
        accepted = ""  # else it hasn't to wait for the cache
    workers = [Worker("a", BEGIN, Request(planned, force, accepted), rng.choice((0, 0, -300, 300)))]
    if rng.random() < 0.5:
        workers.append(
            Worker("b", BEGIN + rng.choice((0.0, 0.01, rng.uniform(0, 400))), Request(planned, force, accepted))
        )
    if rng.random() < 0.2:
        workers.append(Worker("c", BEGIN + rng.uniform(0, 900), Request(planned=False, acknowledged=True), 300))
    faults = [_fault(rng, worker.name) for worker in workers for _ in range(rng.choice((0, 1, 1, 2, 4)))]
    returns = random.Random(f"returns {seed}").random() < RETURNS
    headless, aws_fences = rng.random() < 0.2, rng.random() < 0.5
    events = [*_events(rng), *_death(random.Random(f"dies {seed}")), *undrained]
    events += _parts(random.Random(f"parts {seed}"))
    events += _taken_back(random.Random(f"takes back {seed}"))
    chosen = Scenario(seed, primary, headless, aws_fences, workers, faults, events, returns)
    return _turned(chosen, random.Random(f"turned {seed}"))


def _turned(chosen: Scenario, rng: random.Random) -> Scenario:
    """The same with what seeds have decided only since 2026-11-27."""
    shown = [
        replace(each, confirmed_after=rng.choice((2.0, 15.0, 60.0))) if rng.random() < 0.2 else each
        for each in chosen.workers
    ]
    if rng.random() < 0.08:
        shown.append(Worker(BACK, BEGIN + rng.uniform(500, 3000), Request(planned=True)))
    paused = [
        replace(each, fault=replace(each.fault, kind="pause-checked"))
        if each.fault.kind == "pause" and rng.random() < 0.5
        else each
        for each in chosen.faults
    ]
    to, opened = rng.choice((R, R, R, P)), rng.choice(OPENED) if rng.random() < 0.15 else ""
    number = rng.randrange(1, 9) if rng.random() < 0.06 else 0
    if number:
        shown.append(Worker("e", BEGIN + rng.uniform(80, 200), chosen.workers[0].request))
    slept = _slept(random.Random(f"sleeps {chosen.seed}"))
    turned = replace(chosen, workers=shown, faults=paused, to=to, opened=opened, paused=number, slept=slept)
    return _forwarding(turned, random.Random(f"forwards {chosen.seed}"))


def _forwarding(chosen: Scenario, rng: random.Random) -> Scenario:
    """The same, where writes go on behind the fence. In half of them the database's copy has stood still for nearly as
    long as the objective allows, somebody who knows leaves a Region that is up, and is held up for a little less than
    the lease lasts."""
    if chosen.headless or rng.random() >= FORWARDS:
        return chosen
    if rng.random() < 0.5:
        return replace(chosen, forwards=True)
    first = replace(chosen.workers[0], request=Request(planned=False, force="a reason"))
    return replace(
        chosen,
        primary="up",
        forwards=True,
        held_up=35.0,
        workers=[first, *chosen.workers[1:]],
        events=[*chosen.events, Event(BEGIN - rng.uniform(240, 285), "database lags")],
    )


def _slept(rng: random.Random) -> float:
    """A laptop that is closed between the look and the promotion."""
    return rng.choice((90.0, 300.0, 900.0)) if rng.random() < 0.1 else 0.0


def _fault(rng: random.Random, name: str) -> CallFault:
    kind = rng.choice(KINDS)
    effects = rng.random() < 0.6
    return CallFault(name, rng.randrange(30 if effects else 150), Fault(kind, rng.choice((10.0, 70.0, 200.0))), effects)


def _events(rng: random.Random) -> list[Event]:
    found = []
    if rng.random() < 0.4:
        found.append(Event(rng.uniform(0, BEGIN), "lag"))
    if rng.random() < 0.2:
        at = BEGIN + rng.uniform(0, 100)
        found += [Event(at, "silent"), Event(at + rng.uniform(5, 60), "speaks")]
    if rng.random() < 0.2:
        found.append(Event(BEGIN + rng.uniform(0, 60), "stale"))
    if rng.random() < 0.1:
        found.append(Event(rng.uniform(0, BEGIN), "nonsense"))
    if rng.random() < 0.1:
        found.append(Event(rng.uniform(0, BEGIN + 60), "unreached"))
    return found


def _parts(rng: random.Random) -> list[Event]:
    """One service of the Region that is left is silent for a while, or its database alone fails."""
    found = [Event(rng.uniform(0, BEGIN + 60), "fails")] if rng.random() < 0.06 else []
    if rng.random() < 0.25:
        at, service = rng.uniform(0, BEGIN + 100), rng.choice(SERVICES)
        found += [Event(at, f"{service} out"), Event(at + rng.uniform(30, 900), f"{service} back")]
    return found


def _death(rng: random.Random) -> list[Event]:
    """The Region that is left is lost while somebody is at work."""
    return [Event(BEGIN + rng.uniform(0, 400), "dies")] if rng.random() < 0.15 else []


def _undrained(rng: random.Random, *, planned: bool) -> list[Event]:
    """What is written to the cache arrives late, for a while: a planned failover has to wait for it, so most of the few
    that are planned meet it, and then mostly before the fence."""
    if rng.random() >= (0.7 if planned else 0.15):
        return []
    at = BEGIN + (rng.uniform(-40, -5) if planned else rng.uniform(-60, 60))
    return [Event(at, "cache lags"), Event(at + rng.uniform(60 if planned else 5, 300), "cache drains")]


def _taken_back(rng: random.Random) -> list[Event]:
    """RDS takes the next switchover back."""
    return [Event(0.0, rng.choice(("taken back soon", "taken back late")))] if rng.random() < 0.15 else []


@dataclass
class Played:
    """A scenario that has been played to its end."""

    scenario: Scenario
    model: Model
    simulation: Simulation
    machines: list[Machine]
    last: Machine
    """The operator who came when all faults had ended."""
    seen: list[str]
    """What an onlooker has seen that must not be."""
    unseen: bool
    """Whether somebody opened the fence of a Region that was silent then to whoever promoted."""
    went_back: bool = False
    """Whether the writer moved to the Region that was left, which nobody has acknowledged."""


def play(chosen: Scenario) -> Played:
    """Play a scenario."""
    instances = 0 if chosen.headless else 1
    model = Model(instances=instances, aws_fences=chosen.aws_fences, to=chosen.to, forwards=chosen.forwards)
    faults = {(each.operator, each.effects, each.number): each.fault for each in chosen.faults}
    calls, changes, effects = (defaultdict[str, Iterator[int]](count) for _ in range(3))
    machines: dict[str, Machine] = {}
    onlooker = Onlooker(model, machines)
    onlooker.opens_when = chosen.opened

    def fault(owner: str, call: Call, now: float) -> Fault | None:
        found = faults.get((owner, False, next(calls[owner])))
        if call.changes:
            of_change = faults.get((owner, True, next(changes[owner])))
            found = found or of_change
        if call.not_after is not None and (owner, next(effects[owner]) + 1) == ("a", chosen.paused):
            found = Fault("pause-checked", 200.0)
        if chosen.slept and owner == "a" and decides(call):
            found = Fault("pause-checked", chosen.slept)
        if chosen.held_up and owner == "a" and has_judged(call):
            found = Fault("pause-checked", chosen.held_up)
        onlooker.sent(owner, call, found)
        return found

    simulation = onlooker.simulation = Simulation(onlooker, fault)
    _happen(chosen, model)
    manifest = chosen.manifest()
    for worker in chosen.workers:
        to = model.old if worker.name == BACK else model.new
        made = machine(simulation, worker.name, to=to, skew=worker.skew, manifest=manifest)
        machines[worker.name] = made
        start(simulation, made, worker.request, worker.at, worker.confirmed_after)
    simulation.run(until=END)
    simulation.run()
    went_back, onlooker.opens_when = model.went_back, ""
    last = _finish(chosen, model, simulation, machines)
    simulation.abandon()
    played = Played(
        chosen, model, simulation, list(machines.values()), last, onlooker.found, onlooker.unseen, went_back
    )
    machines.clear()  # else whoever decides about faults knows the machines, these the simulation, and it the former
    onlooker.simulation = None
    return played


def _finish(chosen: Scenario, model: Model, simulation: Simulation, machines: dict[str, Machine]) -> Machine:
    """All faults end; whoever comes then ends what is open, or fails over: as planned, or from a Region that is lost
    for good, of which somebody has made sure."""
    simulation.now = max(simulation.now, END)
    model.advance(simulation.now)
    if chosen.returns:
        model.revive(simulation.now)
    elif model.regions[model.old].alive:
        model.kill(simulation.now)
    model.silent.clear()
    workloads = model.regions[model.new].workloads
    workloads.silent, workloads.wrong_since = False, None
    at = simulation.now + 60
    for number in range(3):
        last = machine(simulation, f"z{number}", to=model.new, manifest=chosen.manifest())
        machines[last.name] = last
        # A person decides at last: where a safe bound of what may be lost can't be had any more, and that a failover
        # the other way, which died, is left open.
        accepted, reads = (UNKNOWN, 1.0) if number == 2 else ("", None)
        force = "" if chosen.returns and number < 2 else "for good"
        start(simulation, last, Request(chosen.returns, force, accepted, acknowledged=True), at, reads)
        simulation.run()
        at = simulation.now + 60
        ended = last.outcome[0] if last.outcome else None
        asks = any("--accept-loss" in each for each in getattr(ended, "why", ()))  # of a cache that isn't promoted
        if getattr(ended, "state", "") in ("done", "nothing to do") and not asks:
            break
    return last


def _happen(chosen: Scenario, model: Model) -> None:
    region, before = model.regions[model.old], BEGIN - 60

    def isolate(now: float) -> None:
        model.cut(now)
        region.reachable = lambda _: False

    events: dict[str, list[tuple[float, Callable[[float], None]]]] = {
        "dead": [(before, model.kill)],
        "comes back": [(before, model.kill), (BEGIN + 200, model.revive)],
        "dies later": [(BEGIN + 15, model.kill)],
        "isolated": [(before, isolate)],
        "flapping": [(before, model.cut)],
        "read-only": [(before, lambda _: setattr(region, "database_writes", False))],
    }
    if chosen.primary == "partitioned":
        region.reachable = lambda now: now < before or now > BEGIN + 600
    if chosen.primary == "flapping":
        region.reachable = lambda now: now < before or int(now * 0.7) % 2 == 0
    for at, event in events.get(chosen.primary, []):
        model.at(at, event)
    for each in chosen.events:
        model.at(each.at, _event(model, each.what))


def _event(model: Model, what: str) -> Callable[[float], None]:
    service, _, state = what.partition(" ")
    if service in SERVICES:
        out = model.regions[model.old].out
        return lambda _: out.add(service) if state == "out" else out.discard(service)
    return _EVENTS[what](model)


_EVENTS: dict[str, Callable[[Model], Callable[[float], None]]] = {
    "cache drains": lambda model: model.drain,
    "cache lags": lambda model: lambda now: model.cut(now, CACHE),
    "database lags": lambda model: lambda now: model.cut(now, DATABASE),
    "dies": lambda model: model.kill,
    "fails": lambda model: model.fail,
    "lag": lambda model: model.cut,
    "silent": lambda model: lambda _: model.silent.add(model.new),
    "speaks": lambda model: lambda _: model.silent.discard(model.new),
    "nonsense": lambda model: lambda now: setattr(model.regions[model.new].workloads, "wrong_since", now),
    "taken back late": lambda model: lambda _: setattr(model, "takes_back_after", 50.0),
    "taken back soon": lambda model: lambda _: setattr(model, "takes_back_after", 1.0),
    "unreached": lambda model: lambda _: setattr(model.regions[model.new].workloads, "silent", True),
    "stale": lambda model: lambda now: setattr(model, "stale_until", now + 15),
}
