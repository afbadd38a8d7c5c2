"""What a report contains. Every number is in a part that has `sources`; the page and the Markdown show these parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from haven.report.figures import Figure, Source, Statement
from haven.report.topology import Topology


@dataclass(frozen=True)
class ObjectiveRow:
    """One objective of the stack beside what is predicted."""

    name: str
    """`RTO`, `RPO` or `availability`."""
    wanted: Figure
    predicted: Figure
    margin: Figure
    """What is left of it, or by how much it is missed; of a year's error budget for availability."""
    met: bool


@dataclass(frozen=True)
class Result:
    """How long something takes, or how much may be lost."""

    name: str
    p50: Figure | None
    """None: everything is lost."""
    p95: Figure | None
    p99: Figure | None
    note: str = ""
    shorten: Statement | None = None
    """The term to shorten first."""


@dataclass(frozen=True)
class Bar:
    """One term of the recovery on a timeline."""

    name: str
    start: Figure
    """Median, seconds after the loss."""
    end: Figure
    p50: Figure
    """Of the term itself."""
    p95: Figure
    saves: Figure | None
    """By how much the RTO's p95 is shorter without it; None for a term that the RTO does not wait for."""
    shorten: str
    shorten_costs: Statement | None
    """What that costs."""
    basis: str


@dataclass(frozen=True)
class Named:
    """A figure with a name."""

    name: str
    figure: Figure


@dataclass(frozen=True)
class ComponentCost:
    """What a component costs a month in each Region."""

    component: str
    total: Figure
    regions: Mapping[str, Figure]


@dataclass(frozen=True)
class Cost:
    """What an environment costs a month."""

    total: Figure
    regions: Mapping[str, Figure]
    failover: Figure
    """The standby Region alone, at full scale."""
    extra_an_hour: Figure | Statement
    """Of a failover: USD of each hour at full scale, over what the standby Region costs anyway; in words where unknown
    prices would change it."""
    once: Figure
    """Of a failover and its failback: USD beside those hours, of what has a price."""
    once_items: Sequence[Named]
    """Each part of it that has a price."""
    usage: Figure
    """Of the total: what rests on assumed use."""
    systems: Sequence[Named]
    components: Sequence[ComponentCost]
    unknown: Sequence[str]
    """What has no price and is in no sum."""
    stale: Statement | None


@dataclass(frozen=True)
class BreakEven:
    """From what cost of an outage on a tier costs less than the one below."""

    lower: str
    higher: str
    dearer: Figure | Statement
    """USD a year that the higher tier costs more; in words where unknown prices would change it."""
    shorter: Figure
    """Expected downtime a year that it has less."""
    usd: Figure | Statement | None
    """USD of an hour of outage; in words where unknown prices would change it. None: never."""
    anyway: bool
    """Whether the higher tier costs less whatever an outage costs."""


@dataclass(frozen=True)
class Move:
    """What changes on the way to a tier from the stack's own."""

    counts: Statement
    irreversible: Sequence[Statement]
    """What moving back doesn't undo."""


@dataclass(frozen=True)
class TopologyPart:
    """The two Regions."""

    shape: Topology
    sources: Sequence[Source]


@dataclass(frozen=True)
class TierPart:
    """What one tier takes and costs."""

    tier: str
    own: bool
    """Whether it is the stack's."""
    resources: Figure
    topology: TopologyPart
    objectives: Sequence[ObjectiveRow]
    recovery: Sequence[Result]
    """The RTO first."""
    systems: Sequence[Result]
    """Until each system works again, with the term to shorten first."""
    timeline: Sequence[Bar]
    losses: Sequence[Result]
    """The RPO first."""
    availability: Sequence[Named]
    """The expected availability and the downtime first."""
    levels: Sequence[Named]
    """Objective, error budget, what AWS agrees to, what is predicted."""
    slas: Statement | None
    """Whether what AWS agrees to adds up to the objective. None: the stack has none."""
    cost: Cost
    capacity: Sequence[Statement]
    measured: Sequence[Statement]
    """What drills and failovers took, the newest first."""
    notes: Sequence[str]
    with_outages: Figure | None
    """USD a year with its expected downtime. None: the stack file has no cost of an outage."""
    move: Move | None
    """None: the stack's own tier."""

    @property
    def missed(self) -> Sequence[ObjectiveRow]:
        """The objectives that are missed."""
        return [each for each in self.objectives if not each.met]


@dataclass(frozen=True)
class SystemRow:
    """One system of the stack."""

    name: str
    kind: str
    tier: str
    runs: Mapping[str, Statement]
    """Region -> replicas and GPUs; empty where nothing of it runs on the clusters."""


@dataclass(frozen=True)
class ResidencyRow:
    """Where the data of one store is, and where it may be."""

    store: str
    limits: Sequence[str]
    """What limits it, such as a data class."""
    allowed: Sequence[str] | None
    """None: any Region."""
    places: Mapping[str, Sequence[str]]
    """Region, or what leads elsewhere -> `store`, `replica`, `backup`, `log`, `event`."""


@dataclass(frozen=True)
class Violation:
    """A violated rule of the policy pack, with the resources that violate it in the same way."""

    rule: str
    level: str
    resources: Sequence[str]
    got: str
    allowed: str
    fix: str


@dataclass(frozen=True)
class PolicyPart:
    """The verdict of the policy pack."""

    summary: str
    violations: Sequence[Violation]
    sources: Sequence[Source]


@dataclass(frozen=True)
class Report:
    """All of it."""

    stack: str
    tier: str
    active: str
    regions: Sequence[str]
    """Primary first."""
    planned: Statement
    tiers: Sequence[TierPart]
    """From the least to the most."""
    break_even: Sequence[BreakEven]
    """Each tier beside the one below."""
    systems: Sequence[SystemRow]
    residency: Sequence[ResidencyRow]
    policy: PolicyPart | None
    notes: Sequence[Statement]
    sources: Sequence[Source]

    @property
    def own(self) -> TierPart:
        """The part of the stack's own tier."""
        return next(each for each in self.tiers if each.own)
