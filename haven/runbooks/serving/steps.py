"""The steps that make a Region serve, and those that take the other one back to standby scale."""

from collections.abc import Iterator, Sequence

from haven.runbooks.manifest import Side, Workload
from haven.runbooks.serving import prompts, scaling
from haven.runbooks.serving.place import Place
from haven.runbooks.serving.workloads import Scale
from haven.runbooks.workflow.steps import Step

STARTED, DEPENDENT, READY = "start-workloads", "start-dependent-workloads", "await-workloads"
INFERS, OUTSIDE, RESTED = "await-inference", "ask-from-outside", "rest-workloads"
_WAITS_FOR_THE_WRITER = ("workflow-orchestration", "training")
"""Kinds that don't start on a database that can only be read, or whose work is to be done in one Region alone."""
_SETTLE = 10.0
"""Seconds after which a cluster's API shows what a call did: it reads its own writes, and a request may be late."""
_DNS_SECONDS = 300.0
"""For which this machine's resolver may still have the other Region: the record's 60 s, the health check's 90, and
more; an assumption."""


def at_once(place: Place) -> Iterator[Step]:
    """What is scaled with the node groups, and scaled back by an abort."""
    chosen = _first(place.side)
    if not chosen:
        return
    title = f"Scale workloads in {place.region} back"
    back = Step(
        f"undo-{STARTED}", title, scaling.scaled(place, chosen, Scale.STANDBY), settle=_SETTLE, hold=60, essential=False
    )
    yield Step(
        STARTED,
        f"Scale {_names(chosen)} in {place.region} to full scale",
        scaling.scaled(place, chosen, Scale.FULL),
        deadline=1500,
        every=10,
        settle=_SETTLE,
        essential=False,
        undo=back,
    )


def dependent(place: Place, after: tuple[str, ...]) -> Iterator[Step]:
    """What is scaled when the database is written in the Region."""
    chosen = [each for each in place.side.workloads if each.kind in _WAITS_FOR_THE_WRITER]
    if chosen:
        title = f"Scale {_names(chosen)} in {place.region} to full scale"
        look = scaling.scaled(place, chosen, Scale.FULL)
        yield Step(DEPENDENT, title, look, after, deadline=1500, every=10, settle=_SETTLE, essential=False)


def awaited(place: Place, after: tuple[str, ...], patience: float) -> Iterator[Step]:
    """The wait for what answers clients; everything that is scaled at once, where the manifest doesn't name it.

    Args:
        place: where.
        after: what scales nodes.
        patience: seconds after which one replica of each Deployment is enough.
    """
    system = place.side.inference.system if place.side.inference else ""
    chosen = [each for each in _first(place.side) if not system or each.system == system]
    if chosen:
        look = scaling.ready(place, chosen, patience)
        title = f"Wait until {_names(chosen)} in {place.region} is ready"
        yield Step(READY, title, look, (STARTED, *after), deadline=1800, every=10, essential=False)


def asked(place: Place, after: tuple[str, ...], patience: float) -> Iterator[Step]:
    """The golden prompts, before any traffic moves."""
    if place.side.inference is not None:
        title = f"Ask the golden prompts in {place.region}"
        look = prompts.inferring(place, patience)
        yield Step(INFERS, title, look, after, deadline=1800, every=15, fresh=True)


def outside(place: Place, service: str, after: tuple[str, ...]) -> Iterator[Step]:
    """The golden prompts under the public name, when traffic has moved."""
    if place.side.inference is not None and service:
        look = prompts.reached(place, service, _DNS_SECONDS)
        yield Step(
            OUTSIDE, f"Ask the golden prompts at {service}", look, after, deadline=600, every=15, essential=False
        )


def rested(place: Place, after: tuple[str, ...]) -> Iterator[Step]:
    """The Region that was left goes to standby scale, when clients have left it; the last to start go first."""
    chosen = place.side.workloads
    if any(each.jobs or any(size.full != size.standby for size in each.deployments.values()) for each in chosen):
        look = scaling.drained(place, scaling.scaled(place, chosen, Scale.STANDBY))
        title = f"Scale workloads in {place.region} to standby scale"
        yield Step(RESTED, title, look, after, deadline=900, every=10, settle=_SETTLE, essential=False)


def _first(side: Side) -> Sequence[Workload]:
    return [each for each in side.workloads if each.kind not in _WAITS_FOR_THE_WRITER]


def _names(workloads: Sequence[Workload]) -> str:
    return ", ".join(each.system for each in workloads)
