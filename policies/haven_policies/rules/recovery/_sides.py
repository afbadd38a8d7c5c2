"""The two Regions of any program that names them, and what of one is used by something that the other has as well."""

from collections.abc import Iterator
from dataclasses import dataclass

from haven.program.recording import Resource
from haven_policies.rules.counterparts import Counterparts
from haven_policies.rules.model import Finding
from haven_policies.rules.resource_graph import ResourceGraph


@dataclass(frozen=True)
class Pair:
    """A Region, and the one that has to hold what is used here."""

    graph: ResourceGraph
    region: str
    other: str
    counterparts: Counterparts

    def here(self, type_: str) -> list[Resource]:
        """The resources of a type in this Region."""
        return self.graph.of(type_, region=self.region)

    def there(self, type_: str) -> list[Resource]:
        """Those in the other one."""
        return self.graph.of(type_, region=self.other)

    def user(self, record: Resource) -> Resource | None:
        """Something that uses this resource, and exists in the other Region as well."""
        return next((each for each in self.graph.users(record) if self.counterparts.of(each) is not None), None)

    def lacks(self, record: Resource, what: str, fix: str) -> Finding:
        """A finding about a resource that the other Region has nothing for."""
        return Finding(record, "", f"no {what} in {self.other}", f"one in {self.other} too", fix)


def pairs(graph: ResourceGraph) -> Iterator[Pair]:
    """Both Regions, each as the one that may be lost; none where the program names no Regions."""
    facts = graph.facts
    if facts.primary is None or facts.recovery is None:
        return
    counterparts = graph.once(Counterparts)
    yield Pair(graph, facts.primary, facts.recovery, counterparts)
    yield Pair(graph, facts.recovery, facts.primary, counterparts)
