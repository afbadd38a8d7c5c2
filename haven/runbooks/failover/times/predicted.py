"""What the steps of a failover are expected to take, from the recovery manifest and the terms that plans are made of.

The terms are in the package (`haven/model/data/recovery_terms.csv`, each with its source and date); numbers of nodes
and sizes are in the manifest. So an environment that was deployed long ago is predicted by the newest terms, without a
deployment; neither Pulumi nor numpy is loaded.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from haven.model.durations.gpu import GpuGroup
from haven.model.durations.graph import Node, Step, parallel, serial, steps
from haven.model.durations.sampling import Samples, quantile
from haven.model.node_disks import GB_IN_A_GIB, PULLED_SHARE
from haven.model.recovery_time import Detection, RecoveryInputs, Store, graphs
from haven.runbooks.failover import loss, plan
from haven.runbooks.failover.backups import restore
from haven.runbooks.manifest import RecoveryManifest, Side
from haven.runbooks.serving import steps as serving
from haven.runbooks.workflow.steps import Step as Goal

_TTL_SECONDS = 60.0
"""Of the records that Haven declares."""
_ANY = Detection(period_seconds=60, count=3, health_check=False)
"""Detecting is over when a runbook begins: it is in none of these."""
_SWITCH = ("switch: metric minute", "switch: Route 53 reads it", "DNS TTL", "verify")


@dataclass(frozen=True)
class Estimate:
    """What one step is expected to take, in seconds from its beginning."""

    p50: float
    p95: float
    basis: str
    """`assumed` where one of its terms has no source."""
    term: str = ""
    """The plan's name of it; empty: it has several terms."""


def known_terms(manifest: RecoveryManifest, to: str) -> Mapping[str, Node]:
    """Step of the runbook -> its terms; steps that the terms know nothing of are left out.

    Args:
        manifest: the environment's.
        to: the Region that becomes the writing one.
    """
    return dict(_nodes(manifest, to))


def estimates(known: Mapping[str, Node]) -> Mapping[str, Estimate]:
    """Step of the runbook -> what it is expected to take.

    Args:
        known: the terms of the steps.
    """
    samples = Samples()
    return {name: _estimate(node, samples) for name, node in known.items()}


def until_served(goals: Sequence[Goal], known: Mapping[str, Node]) -> Estimate:
    """From the confirmation until the new Region is verified, along the slowest of the steps that precede it.

    Args:
        goals: the steps of the runbook, in their order.
        known: the terms of the steps.
    """
    samples = Samples()
    ends: dict[str, list[float]] = {}
    for goal in goals:
        own = samples.total(known.get(goal.name, serial()))
        before = [ends[each] for each in goal.after]
        begins = list(map(max, zip(*before, strict=True))) if before else [0.0] * len(own)
        ends[goal.name] = list(map(float.__add__, begins, own))
    last = next((each for each in (serving.OUTSIDE, plan.VERIFIED) if each in ends), goals[-1].name)
    return Estimate(quantile(ends[last], 0.5), quantile(ends[last], 0.95), "assumed")


def _estimate(node: Node, samples: Samples) -> Estimate:
    terms = list(steps(node))
    basis = "assumed" if any(each.basis.kind == "assumed" for each in terms) else terms[0].basis.kind
    if len(terms) == 1:
        of = terms[0].duration.quantile
        return Estimate(float(of(0.5)), float(of(0.95)), basis, terms[0].name)
    draws = samples.total(node)
    return Estimate(quantile(draws, 0.5), quantile(draws, 0.95), basis)


def _nodes(manifest: RecoveryManifest, to: str) -> Iterator[tuple[str, Node]]:
    """The terms of each step that has some."""
    side = manifest.sides[to]
    terms = {each.name: each for each in steps(graphs(_inputs(manifest, side)).full)}
    for name, node in _steps(side, terms):
        if any(steps(node)):
            yield name, node


def _steps(side: Side, terms: Mapping[str, Step]) -> Iterator[tuple[str, Node]]:
    def of(*names: str) -> Node:
        return serial(*(terms[each] for each in names if each in terms))

    groups = side.cluster.node_groups
    tables = [f"{restore.TABLE}{name}" for name in side.tables.values()]
    for name in (*(f"{plan.SCALE}{each}" for each in groups), *_TERMS, *tables):
        yield name, of(term(side, name))
    gpus = {each.pool or name: each.streamed for name, each in groups.items() if each.gpu}
    waited = [name for name, serves in gpus.items() if serves or not any(gpus.values())]
    yield serving.READY, parallel(*(of(f"image {each}", f"weights {each}", f"engine {each}") for each in waited))
    database = of("restore database", "database instance")
    created = parallel(of("EKS cluster", "node group"), of("load balancer"), database)
    yield restore.DEPLOYED, serial(of("deploy", "NAT gateway"), created) if "deploy" in terms else serial()
    yield serving.OUTSIDE, of(*_SWITCH)


_TERMS: Mapping[str, str] = {
    loss.CLOSED: "fence",
    plan.INSTANCE: "database instance",
    plan.DATABASE: "promote database",
    plan.CACHE: "promote cache",
}
"""Step -> the plan's term for it."""


def term(side: Side, step: str) -> str:
    """The plan's term for what a step does; empty where there is none, or there are several.

    Args:
        side: the Region that becomes the writing one.
        step: the step's name.
    """
    if step.startswith(restore.TABLE):
        return "restore tables"
    name = step.removeprefix(plan.SCALE)
    group = side.cluster.node_groups.get(name) if name != step else None
    if group is None:
        return _TERMS.get(step, "")
    return f"GPU nodes {group.pool or name}" if group.gpu else "system nodes"


def _inputs(manifest: RecoveryManifest, side: Side) -> RecoveryInputs:
    standby = side.database.standby
    database = Store.BACKUP if standby is None else Store.REPLICATED if standby else Store.HEADLESS
    groups = side.cluster.node_groups
    return RecoveryInputs(
        detection=_ANY,
        automatic=False,
        ttl_seconds=_TTL_SECONDS,
        network=database is not Store.BACKUP,
        database=database,
        cache=Store.REPLICATED if manifest.replicates_cache else Store.REBUILT,
        tables=Store.BACKUP if database is Store.BACKUP and side.tables else Store.REPLICATED,
        missing_system_nodes=sum(_missing(each.full, each.standby) for each in groups.values() if not each.gpu),
        groups=tuple(_groups(side)),
    )


def _groups(side: Side) -> Iterator[GpuGroup]:
    """GPU node groups; what the manifest doesn't state of them is assumed as in a plan."""
    for name, group in side.cluster.node_groups.items():
        if not group.gpu:
            continue
        image, weights = group.image_gib, group.weights_gib
        yield GpuGroup(
            name=group.pool or name,
            full=group.full[1],
            standby=group.standby[1],
            image_gb=GpuGroup.image_gb if image is None else image * PULLED_SHARE * GB_IN_A_GIB,
            weights_gb=GpuGroup.weights_gb if weights is None else weights * GB_IN_A_GIB,
            loader="runai" if group.streamed else GpuGroup.loader,
            storage="s3" if group.streamed else GpuGroup.storage,
        )


def _missing(full: Sequence[int], standby: Sequence[int]) -> int:
    return max(0, full[1] - standby[1])
