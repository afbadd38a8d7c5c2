"""The two Regions of whatever program says them, and what of one is used by something that the other has as well."""

from collections.abc import Iterator
from dataclasses import dataclass

from haven.program.recording import Record
from haven_policies.rules.counterparts import Counterparts
from haven_policies.rules.model import Finding
from haven_policies.rules.resource_graph import World


@dataclass(frozen=True)
class Pair:
    """A Region, and the one that has to hold what is used here."""

    world: World
    region: str
    other: str
    counterparts: Counterparts

    def here(self, type_: str) -> list[Record]:
        """The resources of a type in this Region."""
        return self.world.of(type_, region=self.region)

    def there(self, type_: str) -> list[Record]:
        """Those in the other one."""
        return self.world.of(type_, region=self.other)

    def user(self, record: Record) -> Record | None:
        """Something that uses this resource, and stands in the other Region as well."""
        return next((each for each in self.world.users(record) if self.counterparts.of(each) is not None), None)

    def lacks(self, record: Record, what: str, fix: str) -> Finding:
        """A finding about a resource that the other Region has nothing for."""
        return Finding(record, "", f"no {what} in {self.other}", f"one in {self.other} too", fix)


def pairs(world: World) -> Iterator[Pair]:
    """Both Regions, each as the one that may be lost; none where the program says no Regions."""
    facts = world.facts
    if facts.primary is None or facts.recovery is None:
        return
    counterparts = Counterparts(world)
    yield Pair(world, facts.primary, facts.recovery, counterparts)
    yield Pair(world, facts.recovery, facts.primary, counterparts)
