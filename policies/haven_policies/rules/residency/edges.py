"""Every edge of an environment that moves data from one place to another."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from haven.program.recording import Resource
from haven_policies.rules.residency.copies import BACKUPS, REPLICAS
from haven_policies.rules.residency.places import Atlas, Place, Reader, bucket, by_region, destination, region_of
from haven_policies.rules.residency.records import EVENTS, LOGS
from haven_policies.rules.residency.stores import LOGS_OF_ALL, Store, store_of
from haven_policies.rules.residency.ways import Kind, Way, Ways, values
from haven_policies.rules.resource_graph import ResourceGraph


def _together(*tables: Ways) -> Ways:
    found: dict[str, Sequence[Way]] = {}
    for type_, ways in chain.from_iterable(each.items() for each in tables):
        found[type_] = (*found.get(type_, ()), *ways)
    return found


WAYS: Ways = _together(REPLICAS, BACKUPS, LOGS, EVENTS)
"""Type of a resource -> the ways in which it moves data."""


@dataclass(frozen=True)
class Edge:
    """Data of one store goes to one place."""

    kind: Kind
    record: Resource
    """What says so."""
    path: str
    """In which property."""
    value: Any
    """With which value."""
    source: str | None
    """The Region that it comes from; None where nobody can tell."""
    target: Place
    store: Store


def edges(graph: ResourceGraph) -> Iterator[Edge]:
    """Every edge, in the order of the resources."""
    atlas = Atlas(graph)
    for record in graph.records:
        for way in WAYS.get(record.type, ()):
            if way.when(record):
                yield from _along(atlas, record, way)


def _along(atlas: Atlas, record: Resource, way: Way) -> Iterator[Edge]:
    for path, value in values(record.inputs, way.path):
        target = way.read(atlas, record, value)
        if target is not None:
            source, holder = _source(atlas, record, way)
            store = LOGS_OF_ALL if way.kind is Kind.LOG else store_of(holder, atlas.graph.facts.stack)
            yield Edge(way.kind, record, path, value, source, target, store)


def _source(atlas: Atlas, record: Resource, way: Way) -> tuple[str | None, Resource]:
    """Where data comes from, and what holds it there: the resource itself where nothing else is known."""
    if not way.source:
        return region_of(record), record
    for _, value in values(record.inputs, way.source):
        found = _reader(way)(atlas, record, value)
        if found is not None:
            same = found.record is None or found.record.component == record.component
            return found.region, record if same else found.record or record
    return None, record


def _reader(way: Way) -> Reader:
    if way.source.endswith("Region"):
        return by_region
    return bucket if way.source == "bucket" else destination


def receiving(found: Sequence[Edge]) -> Mapping[str, Edge]:
    """URN of what takes data -> an edge that leads there from another Region."""
    return {each.target.record.urn: each for each in found if each.target.record and each.source != each.target.region}
