"""The two Regions of an environment, and what the tier wants of each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from haven.model.tiers import STANDBY, Standby, Tier
from haven.program.recording import Resource
from haven_policies.rules.counterparts import Counterparts
from haven_policies.rules.model import Finding
from haven_policies.rules.resource_graph import ResourceGraph

STRATEGIES = (
    "https://docs.aws.amazon.com/whitepapers/latest/disaster-recovery-workloads-on-aws/"
    "disaster-recovery-options-in-the-cloud.html"
)


@dataclass(frozen=True)
class RegionSide:
    """One Region, seen beside the other one: it has to hold what that one holds, as far as the tier requires."""

    graph: ResourceGraph
    region: str
    other: str
    tier: Tier
    counterparts: Counterparts

    @property
    def serves(self) -> bool:
        """Whether writes go here: then everything has to run at full scale, in every tier."""
        return self.region == self.graph.facts.active

    @property
    def standby(self) -> Standby:
        """What the tier demands of a standby."""
        return STANDBY[self.tier]

    @property
    def why(self) -> str:
        """In words."""
        return f"{self.region} serves" if self.serves else f"{self.region} is on standby in tier {self.tier}"

    def wants(self, stands_by: bool) -> bool:
        """Whether something has to be here, given whether this tier has it on standby."""
        return self.serves or stands_by

    def here(self, *types: str) -> list[Resource]:
        """The resources of these types in this Region."""
        return self.graph.of(*types, region=self.region)

    def there(self, *types: str) -> list[Resource]:
        """Those in the other Region."""
        return self.graph.of(*types, region=self.other)

    @cached_property
    def standby_share(self) -> Any:
        """The stack's own share of GPU nodes; None where it names none."""
        return _map(self.graph.facts.config.get("cluster")).get("standbyShare")

    def tier_of(self, system: Any) -> Tier:
        """The tier of a system, which may be below the environment's."""
        own = _map(_map(self.graph.facts.config.get("systems")).get(str(system))).get("tier")
        return Tier(own) if own in list(Tier) else self.tier

    def lacks(self, model: Resource, what: str, fix: str) -> Finding:
        """A finding about something of which the other Region has one, `model`, and this Region none."""
        lower = "" if self.serves else ", or choose a lower haven:tier"
        return Finding(model, "", f"no {what} in {self.region} beside it", f"one: {self.why}", f"{fix}{lower}")


def sides(graph: ResourceGraph) -> Iterator[RegionSide]:
    """Both Regions of an environment with a tier; none of any other."""
    facts = graph.facts
    if facts.stack_kind != "environment" or facts.tier is None or facts.primary is None or facts.recovery is None:
        return
    counterparts = graph.once(Counterparts)
    yield RegionSide(graph, facts.primary, facts.recovery, facts.tier, counterparts)
    yield RegionSide(graph, facts.recovery, facts.primary, facts.tier, counterparts)


def count(value: Any) -> int:
    """The count in a property; 0 where it has none, or not yet."""
    if isinstance(value, str):
        return int(value) if value.isdecimal() else 0
    return int(value) if isinstance(value, int | float) else 0


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
