"""What else uses a Region's quotas: what EC2 lists, without what the environment has there itself.

Quotas of On-Demand Instances count vCPUs of instances that run, and of capacity reservations, used or not; Spot
Instances, Capacity Blocks and Dedicated Hosts have quotas of their own (EC2 User Guide, On-Demand Instance quotas and
Capacity Reservations; read 2026-11-26).
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haven.model.catalog import Catalog, Quota, family_letters
from haven.program import aws_types as aws
from haven.program.queries import of_type
from haven.program.recording import Recording, Resource

_ENVIRONMENT, _CLUSTER = "haven:environment", "eks:cluster-name"
"""Tags: the program's own, and the one that EKS gives the instances of its node groups (EKS User Guide, tagging your
resources; read 2026-11-26)."""
_RUNNING = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
_ACTIVE = [{"Name": "state", "Values": ["active"]}]
_TARGET = "capacityReservationTarget"

Ask = Callable[[str, Callable[[Any], Any]], Any]
"""A service and a question to its client: the answer, or an error that names what did not answer."""


@dataclass(frozen=True)
class Own:
    """What of a Region's resources is the environment's own."""

    stack: str
    account: str
    clusters: Collection[str]
    reservations: Collection[str]
    """Ids of the capacity reservations that its node groups start in."""

    def has(self, tags: Mapping[str, str]) -> bool:
        """Whether a resource with these tags belongs to it."""
        return tags.get(_ENVIRONMENT) == self.stack or tags.get(_CLUSTER) in self.clusters


@dataclass(frozen=True)
class Use:
    """How much of one quota others use."""

    used: int
    uncounted: Sequence[str] = ()
    """Instance types that the data doesn't know, so that their vCPUs are not in the sum."""


def own(recording: Recording, account: str) -> Own:
    """What is an environment's own, in every Region: the names of its clusters differ.

    Args:
        recording: what the stack's program declares.
        account: the stack's `haven:account`.
    """
    real = list(recording.real())
    names = (each.inputs.get("name") for each in of_type(real, aws.EKS_CLUSTER))
    reservations = (_reservation(each) for each in of_type(real, aws.EC2_LAUNCH_TEMPLATE))
    return Own(
        recording.stack,
        account,
        frozenset(each for each in names if isinstance(each, str)),
        frozenset(each for each in reservations if each),
    )


def _reservation(template: Resource) -> str:
    target = (template.inputs.get("capacityReservationSpecification") or {}).get(_TARGET) or {}
    return str(target.get("capacityReservationId") or "")


class Others:
    """What others use of one Region's quotas; each list is asked for once.

    Args:
        own: what isn't counted.
        catalog: the project's figures.
        ask: asks the Region; its errors are passed on.
    """

    def __init__(self, own: Own, catalog: Catalog, ask: Ask) -> None:
        self._own = own
        self._catalog = catalog
        self._ask = ask
        self._types: Counter[str] | None = None

    def use(self, quota: Quota) -> Use:
        """How much of a quota."""
        if quota.counts == "addresses":
            return Use(self._ask("ec2", self._addresses))
        return Use(self._ask("ec2", self._vpcs)) if quota.counts == "vpcs" else self._vcpus(quota)

    def _vcpus(self, quota: Quota) -> Use:
        if self._types is None:
            self._types = self._ask("ec2", self._instances)
        used, uncounted = 0, []
        for name, count in self._types.items():
            if family_letters(name) in quota.counts.split():
                known = self._catalog.instance(name)
                used += known.vcpu * count if known else 0
                uncounted += [] if known else [name]
        return Use(used, sorted(uncounted))

    def _instances(self, ec2: Any) -> Counter[str]:
        """Instance type -> running On-Demand Instances, and instances that capacity reservations have room for."""
        found: Counter[str] = Counter()
        for page in ec2.get_paginator("describe_instances").paginate(Filters=_RUNNING):
            for each in (one for group in page["Reservations"] for one in group["Instances"]):
                on_host = each.get("Placement", {}).get("Tenancy") == "host"
                if not each.get("InstanceLifecycle") and not on_host and not self._own.has(_tags(each)):
                    found[each["InstanceType"]] += 1
        for page in ec2.get_paginator("describe_capacity_reservations").paginate(Filters=_ACTIVE):
            for each in page["CapacityReservations"]:
                foreign = each["OwnerId"] != self._own.account or each.get("ReservationType") == "capacity-block"
                if not foreign and each["CapacityReservationId"] not in self._own.reservations:
                    found[each["InstanceType"]] += each["AvailableInstanceCount"]
        return +found

    def _addresses(self, ec2: Any) -> int:
        return sum(not self._own.has(_tags(each)) for each in ec2.describe_addresses()["Addresses"])

    def _vpcs(self, ec2: Any) -> int:
        pages = ec2.get_paginator("describe_vpcs").paginate()
        return sum(not self._own.has(_tags(each)) for page in pages for each in page["Vpcs"])


def _tags(found: Mapping[str, Any]) -> Mapping[str, str]:
    return {each["Key"]: each["Value"] for each in found.get("Tags", [])}
