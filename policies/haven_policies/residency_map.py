"""Where the data of each store is, and where it may be: the residency rules' view as a table."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from haven.program.recording import Recording
from haven_policies.rules.residency.allowed import Limits
from haven_policies.rules.residency.data_flows import DataFlow, data_flows
from haven_policies.rules.residency.data_paths import FlowKind
from haven_policies.rules.residency.destinations import region_of
from haven_policies.rules.residency.stores import HOMES, Store, store_of
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.stack_facts import read_stack_facts


@dataclass(frozen=True)
class StorePlaces:
    """The places of one store's data."""

    store: str
    """As `haven:residency.stores` names it."""
    limits: Sequence[str]
    """What limits it, such as a data class."""
    allowed: Sequence[str] | None
    """Regions that every limit allows. None: any Region."""
    places: Mapping[str, Sequence[str]]
    """Region, `outside AWS` or `not declared` -> what is there: `store`, `replica`, `backup`, `log`, `event`."""


def residency_map(recording: Recording, config: Mapping[str, str]) -> list[StorePlaces]:
    """The places of every store's data, by the store's name.

    Args:
        recording: what the stack's program declared.
        config: the stack's, as the engine hands it to programs.

    Raises:
        Problems: the policy keys of the config are invalid.
    """
    facts = read_stack_facts(recording.stack, config)
    graph, limits = ResourceGraph(recording, facts), Limits(facts)
    found: dict[Store, dict[str, list[str]]] = {}
    for store, place, what in _places(graph):
        kinds = found.setdefault(store, {}).setdefault(place, [])
        if what not in kinds:
            kinds.append(what)
    return [_row(store, places, limits) for store, places in sorted(found.items(), key=lambda each: each[0].keys[0])]


def _places(graph: ResourceGraph) -> Iterator[tuple[Store, str, str]]:
    flows = list(data_flows(graph))
    copies = {each.target.record.urn for each in flows if each.target.record and each.source != each.target.region}
    for record in graph.of(*HOMES):
        region = region_of(record)
        if region is not None and record.urn not in copies:
            yield store_of(record, graph.facts.stack), region, "store"
    for flow in flows:
        if flow.kind is FlowKind.REPLICA and flow.source:
            yield flow.store, flow.source, "store"
    for flow in flows:
        if flow.kind is not FlowKind.REPLICA or flow.source != flow.target.region:
            yield flow.store, _target(flow), str(flow.kind)


def _target(flow: DataFlow) -> str:
    if flow.target.outside:
        return "outside AWS"
    return flow.target.region or "not declared"


def _row(store: Store, places: Mapping[str, Sequence[str]], limits: Limits) -> StorePlaces:
    own = limits.of(store)
    allowed = frozenset.intersection(*(each.regions for each in own)) if own else None
    return StorePlaces(
        store.keys[0],
        [each.because for each in own],
        None if allowed is None else sorted(allowed),
        {place: places[place] for place in sorted(places)},
    )
