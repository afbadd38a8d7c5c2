"""Every flow of data in an environment."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from haven.program.recording import Resource
from haven_policies.rules.residency.copies import BACKUPS, REPLICAS
from haven_policies.rules.residency.data_paths import DataPath, DataPaths, FlowKind, values
from haven_policies.rules.residency.destinations import (
    Destination,
    NameIndex,
    Reader,
    bucket,
    by_region,
    destination,
    region_of,
)
from haven_policies.rules.residency.records import EVENTS, LOGS
from haven_policies.rules.residency.stores import LOGS_OF_ALL, Store, store_of
from haven_policies.rules.resource_graph import ResourceGraph


def _together(*tables: DataPaths) -> DataPaths:
    found: dict[str, Sequence[DataPath]] = {}
    for type_, paths in chain.from_iterable(each.items() for each in tables):
        found[type_] = (*found.get(type_, ()), *paths)
    return found


DATA_PATHS: DataPaths = _together(REPLICAS, BACKUPS, LOGS, EVENTS)
"""Type of a resource -> the properties that send data."""


@dataclass(frozen=True)
class DataFlow:
    """Data of one store goes to one place."""

    kind: FlowKind
    record: Resource
    """The resource that declares it."""
    path: str
    """In which property."""
    value: Any
    """With which value."""
    source: str | None
    """The Region that it comes from; None if unknown."""
    target: Destination
    store: Store


def data_flows(graph: ResourceGraph) -> Iterator[DataFlow]:
    """Every flow, in the order of the resources."""
    index = NameIndex(graph)
    for record in graph.records:
        for data_path in DATA_PATHS.get(record.type, ()):
            if data_path.when(record):
                yield from _along(index, record, data_path)


def _along(index: NameIndex, record: Resource, data_path: DataPath) -> Iterator[DataFlow]:
    for path, value in values(record.inputs, data_path.path):
        target = data_path.read(index, record, value)
        if target is not None:
            source, holder = _source(index, record, data_path)
            store = LOGS_OF_ALL if data_path.kind is FlowKind.LOG else store_of(holder, index.graph.facts.stack)
            yield DataFlow(data_path.kind, record, path, value, source, target, store)


def _source(index: NameIndex, record: Resource, data_path: DataPath) -> tuple[str | None, Resource]:
    """Where data comes from, and what holds it there: the resource itself where nothing else is known."""
    if not data_path.source:
        return region_of(record), record
    for _, value in values(record.inputs, data_path.source):
        found = _reader(data_path)(index, record, value)
        if found is not None:
            same = found.record is None or found.record.component == record.component
            return found.region, record if same else found.record or record
    return None, record


def _reader(data_path: DataPath) -> Reader:
    if data_path.source.endswith("Region"):
        return by_region
    return bucket if data_path.source == "bucket" else destination


def receiving(found: Sequence[DataFlow]) -> Mapping[str, DataFlow]:
    """URN of what takes data -> a flow that leads there from another Region."""
    return {each.target.record.urn: each for each in found if each.target.record and each.source != each.target.region}
