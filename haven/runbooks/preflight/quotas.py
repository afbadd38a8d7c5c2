"""Room in a Region for an environment at full scale: service quotas, and instance types that its zones offer."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from haven.model.catalog import Catalog, Quota, family_letters
from haven.runbooks.preflight.checks import Check, Status
from haven.runbooks.preflight.quota_usage import Use

LISTED = "ec2:DescribeInstances, ec2:DescribeCapacityReservations, ec2:DescribeAddresses and ec2:DescribeVpcs"
"""What the list of what others use takes."""
OFFERINGS = "ec2:DescribeInstanceTypeOfferings"
CONCURRENCY = Quota("lambda", "L-B99A9384", "Concurrent executions", "")
"""Young accounts have less than AWS's default of 1,000, some 10 (Lambda Developer Guide, quotas; read 2026-11-27)."""
UNRESERVED = 100
"""Executions that no reservation may take: Lambda keeps them for functions without one (Lambda API,
PutFunctionConcurrency; read 2026-11-27)."""


@dataclass(frozen=True)
class Executions:
    """A Region's concurrent executions of Lambda functions."""

    limit: int
    unreserved: int
    own: int
    """What the environment's functions have reserved already."""

    def judge(self, reserved: int, region: str) -> Check:
        """Whether enough is left without a reservation.

        Args:
            reserved: what all functions of the environment reserve there.
            region: the Region.
        """
        lacking = UNRESERVED - (self.unreserved - max(0, reserved - self.own))
        fix = (
            f"aws service-quotas request-service-quota-increase --region {region} --service-code {CONCURRENCY.service}"
            f" --quota-code {CONCURRENCY.code} --desired-value {self.limit + lacking}"
        )
        status = Status.PROBLEM if lacking > 0 else Status.OK
        return executions_check(status, f"{self.unreserved} of {self.limit} unreserved", reserved, region, fix)


def executions(lambda_: Any, functions: Sequence[str]) -> Executions:
    """What Lambda has, and what some functions have reserved of it; one that isn't there has none."""
    limits = lambda_.get_account_settings()["AccountLimit"]
    own = 0
    for each in functions:
        with suppress(lambda_.exceptions.ResourceNotFoundException):
            own += lambda_.get_function_concurrency(FunctionName=each).get("ReservedConcurrentExecutions", 0)
    return Executions(limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"], own)


def executions_check(status: Status, got: str, reserved: int, region: str, fix: str) -> Check:
    """The line of Lambda's quota; `fix` is left out where it is ok."""
    what = f"quota {CONCURRENCY.name} ({CONCURRENCY.service} {CONCURRENCY.code})"
    needed = (
        f"{UNRESERVED} unreserved, beside {reserved} for the heartbeats" if reserved else f"{UNRESERVED} unreserved"
    )
    return Check(what, region, status, got, needed, "" if status is Status.OK else fix)


@dataclass(frozen=True)
class Demand:
    """What an environment needs in a Region at full scale."""

    vcpus: Mapping[str, int]
    """First letters of an instance family -> vCPUs of its node groups at their desired size, on the largest type."""
    addresses: int
    """Elastic IP addresses."""
    vpcs: int
    groups: Mapping[str, Sequence[str]]
    """Node group -> its instance types."""
    uncounted: Sequence[str]
    """Node groups of whose types the data knows none, so that their vCPUs are in no sum."""

    @classmethod
    def of(
        cls, groups: Mapping[str, tuple[Sequence[str], int]], catalog: Catalog, *, addresses: int, vpcs: int
    ) -> "Demand":
        """The demand of node groups.

        Args:
            groups: node group -> its instance types and its desired size.
            catalog: the project's figures.
            addresses: Elastic IP addresses.
            vpcs: VPCs.
        """
        vcpus: dict[str, int] = {}
        uncounted = []
        for name, (types, desired) in groups.items():
            known = [each for type_ in types if (each := catalog.instance(type_))]
            if known:
                largest = max(known, key=lambda each: each.vcpu)
                letters = family_letters(largest.name)
                vcpus[letters] = vcpus.get(letters, 0) + desired * largest.vcpu
            else:
                uncounted.append(name)
        return cls(vcpus, addresses, vpcs, {name: types for name, (types, _) in groups.items()}, uncounted)

    def of_quota(self, quota: Quota) -> int:
        """How much of a quota."""
        counted = {"addresses": self.addresses, "vpcs": self.vpcs}
        if quota.counts in counted:
            return counted[quota.counts]
        return sum(vcpus for letters, vcpus in self.vcpus.items() if letters in quota.counts.split())


def uncounted(demand: Demand, quotas: Sequence[Quota], region: str) -> Iterator[Check]:
    """What no quota that the data knows counts."""
    counted = {letters for quota in quotas for letters in quota.counts.split()}
    families = {f"{letters} instances": f"{count} vCPUs" for letters, count in demand.vcpus.items() if count}
    unknown = {each: vcpus for each, vcpus in families.items() if each.split()[0] not in counted}
    unknown |= {f"node group {each}": "the vCPUs of its nodes" for each in demand.uncounted}
    for what, vcpus in unknown.items():
        fix = f"compare by hand: Service Quotas console, Amazon EC2, {region}; take types that the data knows"
        yield Check(f"quota of {what}", region, Status.UNKNOWN, "the data doesn't know it", vcpus, fix)


@dataclass(frozen=True)
class Comparison:
    """A quota of a Region and what the environment needs of it."""

    quota: Quota
    needed: int
    region: str

    def too_small(self, value: float) -> Check:
        """Whatever others use of it."""
        return self._check(Status.PROBLEM, f"{value:g}, without what others use", self._increase(self.needed))

    def without_value(self, why: str) -> Check:
        """The quota itself is unknown."""
        return self._check(Status.UNKNOWN, why, f"allow servicequotas:GetServiceQuota; {self._increase(self.needed)}")

    def without_use(self, value: float, why: str) -> Check:
        """What others use is unknown."""
        return self._check(Status.UNKNOWN, f"{value:g}; what others use: {why}", f"allow {LISTED}")

    def judge(self, value: float, use: Use) -> Check:
        """Everything is known."""
        got = f"{value:g}, of which others use {use.used}"
        if use.used + self.needed > value:
            return self._check(Status.PROBLEM, got, self._increase(use.used + self.needed))
        if use.uncounted:
            types = ", ".join(use.uncounted)
            fix = f"count the vCPUs of {types}, which the data doesn't know: Service Quotas console, {self.region}"
            return self._check(Status.UNKNOWN, f"{got} and {types}", fix)
        return self._check(Status.OK, got)

    def _check(self, status: Status, got: str, fix: str = "") -> Check:
        what = f"quota {self.quota.name} ({self.quota.service} {self.quota.code})"
        return Check(what, self.region, status, got, f"{self.needed} for this environment at full scale", fix)

    def _increase(self, to: int) -> str:
        return (
            f"aws service-quotas request-service-quota-increase --region {self.region} --service-code"
            f" {self.quota.service} --quota-code {self.quota.code} --desired-value {to}"
        )


def value(quotas: Any, quota: Quota) -> float:
    """The account's quota, or AWS's default where the account has none of its own."""
    names = {"ServiceCode": quota.service, "QuotaCode": quota.code}
    try:
        found = quotas.get_service_quota(**names)
    except quotas.exceptions.NoSuchResourceException:
        found = quotas.get_aws_default_service_quota(**names)
    return float(found["Quota"]["Value"])


def types(demand: Demand) -> list[str]:
    """Every instance type of the node groups."""
    return sorted({each for group in demand.groups.values() for each in group})


def unknown_offerings(demand: Demand, region: str, why: str) -> Check:
    """AWS doesn't answer what the zones offer."""
    return Check("instance types", region, Status.UNKNOWN, why, ", ".join(types(demand)), f"allow {OFFERINGS}")


def offerings(
    demand: Demand, region: str, zones: Sequence[str], offered: Collection[tuple[str, str]]
) -> Iterator[Check]:
    """Whether each zone offers one type of each node group.

    Args:
        demand: the node groups.
        region: whose zones.
        zones: their names.
        offered: instance type and zone of everything that is offered.
    """
    for group, wanted in demand.groups.items():
        lacking = [zone for zone in zones if not any((each, zone) in offered for each in wanted)]
        listed = " or ".join(wanted)
        if wanted:
            yield Check(
                f"instance types of {group}",
                region,
                Status.PROBLEM if lacking else Status.OK,
                f"none of them in {', '.join(lacking)}" if lacking else f"in {', '.join(zones)}",
                f"{listed} in every zone of the stack",
                f"name other zones in haven:zones.{region}, or types that they offer" if lacking else "",
            )


def offered(ec2: Any, names: Sequence[str]) -> set[tuple[str, str]]:
    """Instance type and zone name of everything that is offered."""
    pages = ec2.get_paginator("describe_instance_type_offerings").paginate(
        LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": list(names)}]
    )
    return {(each["InstanceType"], each["Location"]) for page in pages for each in page["InstanceTypeOfferings"]}
