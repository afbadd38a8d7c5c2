"""What would stop a deployment in AWS: the wrong account, quotas that are too small, instance types a zone lacks.

Asks and changes nothing. What AWS doesn't answer is unknown, and unknown is not fine.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from haven.model.catalog import Catalog, Quota, family_letters
from haven.program import aws_types as aws
from haven.program.queries import of_type, zones
from haven.program.recording import Recording, Resource
from haven.runbooks.clients import Client
from haven.runbooks.quota_usage import Others, own

_Answer = TypeVar("_Answer")
_CREDENTIALS = "the credentials"
_LISTED = "ec2:DescribeInstances, ec2:DescribeCapacityReservations, ec2:DescribeAddresses and ec2:DescribeVpcs"
"""What the list of what others use takes."""


class Status(StrEnum):
    """The outcome of one check."""

    OK = "ok"
    PROBLEM = "problem"
    UNKNOWN = "unknown"
    """AWS did not answer, or the data doesn't know; it may be either of the others."""


@dataclass(frozen=True)
class Check:
    """One thing that a deployment needs."""

    what: str
    region: str
    """Empty for the account as a whole."""
    status: Status
    got: str
    needed: str
    fix: str
    """Empty if it is ok."""


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


class _UnansweredError(Exception):
    """AWS did not answer."""


class _Region:
    """One Region; once it can't be reached it is not asked any more, as each request waits for its timeouts."""

    def __init__(self, name: str, client: Client) -> None:
        self.name = name
        self._client = client
        self._silent = ""

    def ask(self, service: str, question: Callable[[Any], _Answer]) -> _Answer:
        """The answer of a service.

        Raises:
            _UnansweredError: it does not answer, or denies the request.
        """
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  the tool starts fast
        from botocore.parsers import ResponseParserError  # noqa: PLC0415  the tool starts fast

        if self._silent:
            raise _UnansweredError(f"not asked, for {self._silent}")
        try:
            return question(self._client(service, self.name))
        except ClientError as error:
            raise _UnansweredError(f"no answer: {error}") from error
        except (BotoCoreError, ResponseParserError) as error:
            self._silent = f"no answer: {error}"
            raise _UnansweredError(self._silent) from error


def checks(recording: Recording, account: str, client: Client, catalog: Catalog) -> Iterator[Check]:
    """Every check, the account first; with credentials of another account nothing else is asked.

    Args:
        recording: what the stack's program declares.
        account: the stack's `haven:account`.
        client: service and Region to a boto3 client.
        catalog: the project's figures.
    """
    regions = [*recording.outputs["regions"].values()]
    active = str(recording.outputs.get("active") or regions[0])
    first = account_check(account, active, client)
    yield first
    if first.status is not Status.OK:
        return
    mine = own(recording, account)
    for region, demand in demands(recording, active, catalog).items():
        asked = _Region(region, client)
        yield from _quotas(asked, demand, catalog, Others(mine, catalog, asked.ask))
        yield from _offerings(asked, demand, _zones_of(recording, region))


def blocks(check: Check, active: str) -> bool:
    """Whether a check forbids a deployment: one that is unknown in the standby Region doesn't, because a failover is
    deployed while the other Region doesn't answer."""
    return check.status is Status.PROBLEM or (check.status is Status.UNKNOWN and check.region in ("", active))


def demands(recording: Recording, active: str, catalog: Catalog) -> Mapping[str, Demand]:
    """What each Region needs when it is the active one: as much as the active Region has now."""
    here = [each for each in recording.real() if each.region == active]
    groups = of_type(here, aws.EKS_NODE_GROUP)
    vcpus: dict[str, int] = {}
    uncounted = []
    for group in groups:
        types = [each for name in _types(group) if (each := catalog.instance(name))]
        if types:
            largest = max(types, key=lambda each: each.vcpu)
            letters = family_letters(largest.name)
            desired = int(group.inputs["scalingConfig"]["desiredSize"])
            vcpus[letters] = vcpus.get(letters, 0) + desired * largest.vcpu
        else:
            uncounted.append(group.name)
    full = Demand(
        vcpus,
        len(of_type(here, aws.EC2_EIP)),
        len(of_type(here, aws.EC2_VPC)),
        {each.name: _types(each) for each in groups},
        uncounted,
    )
    return dict.fromkeys((active, *recording.outputs["regions"].values()), full)


def _types(group: Resource) -> Sequence[str]:
    return [str(each) for each in group.inputs.get("instanceTypes", ())]


def _zones_of(recording: Recording, region: str) -> Sequence[str]:
    return zones([each for each in recording.real() if each.region == region])


def account_check(account: str, region: str, client: Client) -> Check:
    """Whether the credentials are of an account.

    Args:
        account: its 12 digits.
        region: where STS is asked.
        client: service and Region to a boto3 client.
    """
    needed = f"account {account}, as in haven:account"
    try:
        found = str(_Region(region, client).ask("sts", lambda sts: sts.get_caller_identity()["Account"]))
    except _UnansweredError as error:
        fix = "log in: aws sts get-caller-identity has to answer"
        return Check(_CREDENTIALS, "", Status.UNKNOWN, str(error), needed, fix)
    if found == account:
        return Check(_CREDENTIALS, "", Status.OK, f"account {found}", needed, "")
    fix = f"use credentials of account {account}, or write haven:account: '{found}'"
    return Check(_CREDENTIALS, "", Status.PROBLEM, f"account {found}", needed, fix)


def _quotas(region: _Region, demand: Demand, catalog: Catalog, others: Others) -> Iterator[Check]:
    quotas = catalog.quotas()
    for quota in quotas:
        needed = _needed(quota, demand)
        if needed:
            yield _quota(quota, needed, region, others)
    counted = {letters for quota in quotas for letters in quota.counts.split()}
    families = {f"{letters} instances": f"{count} vCPUs" for letters, count in demand.vcpus.items() if count}
    unknown = {each: vcpus for each, vcpus in families.items() if each.split()[0] not in counted}
    unknown |= {f"node group {each}": "the vCPUs of its nodes" for each in demand.uncounted}
    for what, vcpus in unknown.items():
        fix = f"compare by hand: Service Quotas console, Amazon EC2, {region.name}; take types that the data knows"
        yield Check(f"quota of {what}", region.name, Status.UNKNOWN, "the data doesn't know it", vcpus, fix)


def _needed(quota: Quota, demand: Demand) -> int:
    counted = {"addresses": demand.addresses, "vpcs": demand.vpcs}
    if quota.counts in counted:
        return counted[quota.counts]
    return sum(vcpus for letters, vcpus in demand.vcpus.items() if letters in quota.counts.split())


def _quota(quota: Quota, needed: int, region: _Region, others: Others) -> Check:
    what = f"quota {quota.name} ({quota.service} {quota.code})"
    wanted = f"{needed} for this environment at full scale"

    def check(status: Status, got: str, fix: str = "") -> Check:
        return Check(what, region.name, status, got, wanted, fix)

    def increase(to: int) -> str:
        return (
            f"aws service-quotas request-service-quota-increase --region {region.name} --service-code {quota.service}"
            f" --quota-code {quota.code} --desired-value {to}"
        )

    try:
        value = region.ask("service-quotas", lambda quotas: _value(quotas, quota))
    except _UnansweredError as error:
        return check(Status.UNKNOWN, str(error), f"allow servicequotas:GetServiceQuota; {increase(needed)}")
    if value < needed:
        return check(Status.PROBLEM, f"{value:g}, without what others use", increase(needed))
    try:
        use = others.use(quota)
    except _UnansweredError as error:
        return check(Status.UNKNOWN, f"{value:g}; what others use: {error}", f"allow {_LISTED}")
    got = f"{value:g}, of which others use {use.used}"
    if use.used + needed > value:
        return check(Status.PROBLEM, got, increase(use.used + needed))
    if use.uncounted:
        types = ", ".join(use.uncounted)
        fix = f"count the vCPUs of {types}, which the data doesn't know: Service Quotas console, {region.name}"
        return check(Status.UNKNOWN, f"{got} and {types}", fix)
    return check(Status.OK, got)


def _value(quotas: Any, quota: Quota) -> float:
    """The account's quota, or AWS's default where the account has none of its own."""
    names = {"ServiceCode": quota.service, "QuotaCode": quota.code}
    try:
        found = quotas.get_service_quota(**names)
    except quotas.exceptions.NoSuchResourceException:
        found = quotas.get_aws_default_service_quota(**names)
    return float(found["Quota"]["Value"])


def _offerings(region: _Region, demand: Demand, names: Sequence[str]) -> Iterator[Check]:
    if not names:
        return
    types = sorted({each for group in demand.groups.values() for each in group})
    try:
        offered = region.ask("ec2", lambda ec2: _offered(ec2, types))
    except _UnansweredError as error:
        fix = "allow ec2:DescribeInstanceTypeOfferings"
        yield Check("instance types", region.name, Status.UNKNOWN, str(error), ", ".join(types), fix)
        return
    for group, wanted in demand.groups.items():
        lacking = [zone for zone in names if not any((each, zone) in offered for each in wanted)]
        listed = " or ".join(wanted)
        if wanted:
            yield Check(
                f"instance types of {group}",
                region.name,
                Status.PROBLEM if lacking else Status.OK,
                f"none of them in {', '.join(lacking)}" if lacking else f"in {', '.join(names)}",
                f"{listed} in every zone of the stack",
                f"name other zones in haven:zones.{region.name}, or types that they offer" if lacking else "",
            )


def _offered(ec2: Any, types: Sequence[str]) -> set[tuple[str, str]]:
    """Instance type and zone name of everything that is offered."""
    pages = ec2.get_paginator("describe_instance_type_offerings").paginate(
        LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": list(types)}]
    )
    return {(each["InstanceType"], each["Location"]) for page in pages for each in page["InstanceTypeOfferings"]}
