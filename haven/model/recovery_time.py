"""Recovery time: from plain inputs to a graph of terms in the order of the runbook, and what it takes.

The order is that of `haven failover`: detect, acknowledge, lease, observe, decide; then node groups and workloads scale
in parallel to fence and promotions; once all of them are done the switch is thrown and the answer verified. Two results
are kept apart: *inference* answers again (GPU nodes, DNS) and *writes* are taken again (the stores, DNS).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from haven.model.durations.distributions import Fixed, Slowest, Uniform
from haven.model.durations.gpu import GpuGroup, gpu_path
from haven.model.durations.graph import Basis, Node, Parallel, Serial, Step, mean, parallel, serial, steps
from haven.model.durations.terms import Fitted, Terms

if TYPE_CHECKING:
    from haven.model.durations.simulation import Effect, Simulation, Summary

SERVING = "model-serving"
AFTER_THE_WRITER = frozenset({"workflow-orchestration", "training"})
"""Kinds of systems that start once the database is written here, and don't wait for the traffic."""
_POD_IMAGE_GB = 1.0
"""Image of a server without GPUs. An assumption."""

_GUIDE = Basis("documented", ("Amazon Route 53 developer guide, health checks (2026-11-21)",))
_ALARM = Basis("documented", ("Amazon CloudWatch user guide, alarms (2026-11-21)",))


class Store(StrEnum):
    """How a store comes to the recovery Region."""

    REPLICATED = "replicated"
    HEADLESS = "headless"
    """Replicated into a member without an instance."""
    BACKUP = "backup"
    """Restored from a copied backup."""
    REBUILT = "rebuilt"
    """Created empty."""
    NONE = "none"


@dataclass(frozen=True)
class Detection:
    """How somebody, or Route 53, finds out."""

    period_seconds: float
    """Interval of the health check, or period of the alarm."""
    count: int
    """Failed checks, or breaching periods."""
    health_check: bool


@dataclass(frozen=True)
class System:
    """A part of the environment with a recovery of its own."""

    name: str
    kind: str
    tier: str
    later: bool = False
    """Whether its tier is below the environment's: then it comes after everything that serves."""
    starts: bool = False
    """Whether pods of it start that don't run on standby."""


@dataclass(frozen=True)
class RecoveryInputs:
    """What decides how long a recovery takes."""

    detection: Detection
    automatic: bool
    """Whether Route 53 takes the lost Region out by itself."""
    ttl_seconds: float
    network: bool
    """Whether the recovery Region has its network, its cluster and its load balancer."""
    database: Store
    cache: Store
    tables: Store
    missing_system_nodes: int = 0
    groups: Sequence[GpuGroup] = field(default_factory=tuple)
    systems: Sequence[System] = field(default_factory=tuple)


@dataclass(frozen=True)
class Graphs:
    """What has to happen until each result."""

    environment: Node
    """Everything that serves answers, reads and writes."""
    inference: Node
    writes: Node
    full: Node
    """As `environment`, with all nodes, and the systems of a lower tier after it."""
    systems: Mapping[System, Node]
    """What has to happen until each system works again."""


@dataclass(frozen=True)
class SystemPrediction:
    """How long one system takes to work again, in seconds."""

    system: System
    summary: "Summary"
    steps: Sequence[Step]
    """Its terms, in the order of the runbook."""
    slowest: Step | None
    """The term to shorten first. None: it has none."""
    saves: float
    """By how much its p95 is shorter without that term."""


@dataclass(frozen=True)
class Prediction:
    """How long a recovery takes, in seconds."""

    environment: "Summary"
    inference: "Summary"
    writes: "Summary"
    full: "Summary"
    closed_form_mean: float | None
    """Of `environment`, where there is one."""
    effects: "Sequence[Effect]"
    """Of each step on `environment`, the one to shorten first at the top."""
    schedule: "dict[str, tuple[float, float]]"
    """Step -> median start and end, in `full`."""
    systems: Sequence[SystemPrediction]


def predict(graphs: Graphs, simulation: "Simulation") -> Prediction:
    """What the graphs take, by simulation."""
    return Prediction(
        environment=simulation.summary(graphs.environment),
        inference=simulation.summary(graphs.inference),
        writes=simulation.summary(graphs.writes),
        full=simulation.summary(graphs.full),
        closed_form_mean=mean(graphs.environment),
        effects=simulation.tornado(graphs.environment),
        schedule=dict(simulation.schedule(graphs.full)),
        systems=[_predicted(system, node, simulation) for system, node in graphs.systems.items()],
    )


def _predicted(system: System, node: Node, simulation: "Simulation") -> SystemPrediction:
    own = {each.name: each for each in steps(node)}
    saved = simulation.saved(node)
    slowest = max(saved, key=lambda name: (saved[name], name), default=None)
    return SystemPrediction(
        system,
        simulation.summary(node),
        list(own.values()),
        own[slowest] if slowest is not None else None,
        saved[slowest] if slowest is not None else 0.0,
    )


def graphs(inputs: RecoveryInputs, terms: Terms | None = None) -> Graphs:
    """The graphs of an environment.

    Args:
        inputs: what decides how long it takes.
        terms: the fitted terms. Omitted: all of the data.
    """
    known = terms or Terms()
    serving = [each for each in inputs.groups if each.serves]
    gpu = parallel(*(gpu_path(each, known, each.opening) for each in serving))
    nodes = _system_nodes(inputs.missing_system_nodes, known)
    before, after = _before(inputs, known), _cut_over(inputs, known)
    stores = _stores(inputs, known)
    start = _provision if not inputs.network else _scale
    later = [each for each in inputs.groups if not each.serves]
    all_nodes = parallel(*(gpu_path(each, known, each.full) for each in serving))
    environment = serial(before, start(known, parallel(gpu, nodes), stores), after)
    return Graphs(
        environment=environment,
        inference=_inference(inputs, serial(before, start(known, parallel(gpu, nodes), serial()), after), gpu),
        writes=serial(before, start(known, nodes, stores), after),
        full=serial(
            before,
            start(known, parallel(all_nodes, nodes), stores),
            after,
            *(gpu_path(each, known, each.full) for each in later),
        ),
        systems={each: _system(each, inputs, known, environment) for each in inputs.systems},
    )


def _system(system: System, inputs: RecoveryInputs, terms: Terms, environment: Node) -> Node:
    """The steps until a system works again: its own nodes and pods, and those of the stores and of the switch that it
    waits for."""
    own = [each for each in inputs.groups if each.system == system.name]
    pods = _pods(system, terms) if not own else serial()
    if system.later:
        return serial(environment, parallel(*(gpu_path(each, terms, each.full) for each in own)), pods)
    start = _provision if not inputs.network else _scale
    before, after = _before(inputs, terms), _cut_over(inputs, terms)
    nodes = _system_nodes(inputs.missing_system_nodes, terms)
    if system.kind == SERVING:
        serving = own or [each for each in inputs.groups if each.serves and not each.system]
        gpu = serial(parallel(*(gpu_path(each, terms, each.opening) for each in serving)), pods)
        return _inference(inputs, serial(before, start(terms, parallel(gpu, nodes), serial()), after), gpu)
    gpu = serial(parallel(*(gpu_path(each, terms, each.full) for each in own)))
    started = serial(before, start(terms, parallel(gpu, nodes), _stores(inputs, terms)), pods)
    return started if system.kind in AFTER_THE_WRITER else serial(started, after)


def _pods(system: System, terms: Terms) -> Node:
    if not system.starts:
        return serial()
    pulled = terms["image_pull"]
    basis = Basis("assumed", (*pulled.basis.sources, f"assumption: an image of {_POD_IMAGE_GB:g} GB"))
    return Step(f"pods {system.name}", pulled.for_size(_POD_IMAGE_GB), basis, "tier warm keeps them running")


def _system_nodes(missing: int, terms: Terms) -> Node:
    if not missing:
        return serial()
    launched = terms["system_node"]
    return Step("system nodes", Slowest(launched.duration, missing), launched.basis, "a higher tier")


def _before(inputs: RecoveryInputs, terms: Terms) -> Node:
    return serial(
        _detect(inputs.detection),
        _step("acknowledge", terms["acknowledge"], "a shorter on-call path"),
        _step("lease", terms["lease"]),
        _step("observe", terms["observe"]),
        _step("decide", terms["decide"], "drills, and a rule of when to fail over"),
    )


def _detect(detection: Detection) -> Step:
    longest = detection.period_seconds * detection.count
    basis = _GUIDE if detection.health_check else _ALARM
    return Step("detect", Uniform(longest - detection.period_seconds, longest), basis, "a shorter interval")


def _cut_over(inputs: RecoveryInputs, terms: Terms) -> Node:
    return serial(
        Step("switch: metric minute", Uniform(0, 60), _ALARM),
        _step("switch: Route 53 reads it", terms["route53_read"]),
        Step("DNS TTL", Fixed(inputs.ttl_seconds), _GUIDE),
        _step("verify", terms["verify"]),
    )


def _inference(inputs: RecoveryInputs, by_runbook: Node, gpu: Node) -> Node:
    """Where Route 53 takes the lost Region out by itself and the other one serves already, nobody has to decide."""
    if inputs.automatic and inputs.network and not any(steps(gpu)):
        return serial(_detect(inputs.detection), Step("DNS TTL", Fixed(inputs.ttl_seconds), _GUIDE))
    return by_runbook


def _scale(_: Terms, nodes: Node, stores: Node) -> Parallel:
    return parallel(nodes, stores)


def _provision(terms: Terms, nodes: Node, stores: Node) -> Serial:
    """Tier backup: the recovery Region is created first."""
    cluster = serial(
        _step("EKS cluster", terms["cluster"], "tier pilot-light"), _step("node group", terms["node_group"])
    )
    return serial(
        _step("deploy", terms["deploy"]),
        _step("NAT gateway", terms["nat_gateway"]),
        parallel(serial(cluster, nodes), _step("load balancer", terms["load_balancer"]), stores),
    )


def _stores(inputs: RecoveryInputs, terms: Terms) -> Node:
    promoted = parallel(_database(inputs.database, terms), _cache(inputs.cache, terms), _tables(inputs.tables, terms))
    return serial(_step("fence", terms["fence"]), promoted)


def _database(store: Store, terms: Terms) -> Node:
    instance = _step(
        "database instance", terms["database_instance"], "tier warm keeps an instance in the recovery Region"
    )
    if store is Store.BACKUP:
        return serial(_step("restore database", terms["database_restore"], "tier pilot-light replicates it"), instance)
    if store is Store.NONE:
        return serial()
    promotion = _step("promote database", terms["database_promotion"])
    return serial(instance, promotion) if store is Store.HEADLESS else promotion


def _cache(store: Store, terms: Terms) -> Node:
    if store is Store.REPLICATED:
        return _step("promote cache", terms["cache_promotion"])
    return _step("create cache", terms["cache_creation"], "tier warm") if store is Store.REBUILT else serial()


def _tables(store: Store, terms: Terms) -> Node:
    """A replica takes writes as it is."""
    return _step("restore tables", terms["table_restore"], "tier pilot-light") if store is Store.BACKUP else serial()


def _step(name: str, term: Fitted, shorten: str = "") -> Step:
    return Step(name, term.duration, term.basis, shorten)
