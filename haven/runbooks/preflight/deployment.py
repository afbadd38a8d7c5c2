"""What would stop a deployment in AWS: the wrong account, quotas that are too small, instance types a zone lacks.

Asks and changes nothing. What AWS doesn't answer is unknown, and unknown is not fine.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from haven.model.catalog import Catalog
from haven.program import aws_types as aws
from haven.program.queries import of_type, zones
from haven.program.recording import Recording, Resource
from haven.runbooks.clients import Client
from haven.runbooks.preflight import quotas
from haven.runbooks.preflight.checks import Check, Status
from haven.runbooks.preflight.quota_usage import Others, own
from haven.runbooks.preflight.quotas import Demand

_Answer = TypeVar("_Answer")
_CREDENTIALS = "the credentials"


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
    active = regions(recording)[0]
    for each in _checks(recording, account, active, client, catalog):
        yield replace(each, blocks=_blocks(each, active))


def regions(recording: Recording) -> tuple[str, ...]:
    """The stack's Regions, the active one first: whom preflight asks, for credentials too."""
    both = recording.outputs["regions"].values()
    return tuple(dict.fromkeys([str(recording.outputs.get("active") or next(iter(both))), *map(str, both)]))


def answered(found: Sequence[Check]) -> bool:
    """Whether somebody answered: without the account's own answer nothing else is asked."""
    return found[0].status is not Status.UNKNOWN


def _checks(recording: Recording, account: str, active: str, client: Client, catalog: Catalog) -> Iterator[Check]:
    first = account_check(account, active, client)
    yield first
    if first.status is not Status.OK:
        return
    mine = own(recording, account)
    for region, demand in demands(recording, active, catalog).items():
        asked = _Region(region, client)
        yield from _quotas(asked, demand, catalog, Others(mine, catalog, asked.ask))
        yield from _offerings(asked, demand, _zones_of(recording, region))
        yield from _executions(asked, recording)


def _blocks(check: Check, active: str) -> bool:
    """Whether a check forbids a deployment: one that is unknown in the standby Region doesn't, because a failover is
    deployed while the other Region doesn't answer."""
    return check.status is Status.PROBLEM or (check.status is Status.UNKNOWN and check.region in ("", active))


def demands(recording: Recording, active: str, catalog: Catalog) -> Mapping[str, Demand]:
    """What each Region needs when it is the active one: as much as the active Region has now."""
    here = [each for each in recording.real() if each.region == active]
    groups = {
        each.name: (_types(each), int(each.inputs["scalingConfig"]["desiredSize"]))
        for each in of_type(here, aws.EKS_NODE_GROUP)
    }
    addresses, vpcs = len(of_type(here, aws.EC2_EIP)), len(of_type(here, aws.EC2_VPC))
    full = Demand.of(groups, catalog, addresses=addresses, vpcs=vpcs)
    return dict.fromkeys(regions(recording), full)


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
    known = catalog.quotas()
    for quota in known:
        needed = demand.of_quota(quota)
        if needed:
            yield _quota(quotas.Comparison(quota, needed, region.name), region, others)
    yield from quotas.uncounted(demand, known, region.name)


def _quota(compared: quotas.Comparison, region: _Region, others: Others) -> Check:
    quota = compared.quota
    try:
        value = region.ask("service-quotas", lambda client: quotas.value(client, quota))
    except _UnansweredError as error:
        return compared.without_value(str(error))
    if value < compared.needed:
        return compared.too_small(value)
    try:
        return compared.judge(value, others.use(quota))
    except _UnansweredError as error:
        return compared.without_use(value, str(error))


def _executions(region: _Region, recording: Recording) -> Iterator[Check]:
    """What the functions of a Region reserve has to leave the rest of the account enough."""
    functions = of_type([each for each in recording.real() if each.region == region.name], aws.LAMBDA_FUNCTION)
    found = {str(each.inputs["name"]): int(each.inputs.get("reservedConcurrentExecutions") or 0) for each in functions}
    reserving = {name: reserved for name, reserved in found.items() if reserved > 0}
    if not reserving:
        return
    reserved = sum(reserving.values())
    try:
        yield region.ask("lambda", lambda client: quotas.executions(client, list(reserving))).judge(
            reserved, region.name
        )
    except _UnansweredError as error:
        fix = "allow lambda:GetAccountSettings and lambda:GetFunctionConcurrency"
        yield quotas.executions_check(Status.UNKNOWN, str(error), reserved, region.name, fix)


def _offerings(region: _Region, demand: Demand, names: Sequence[str]) -> Iterator[Check]:
    if not names:
        return
    wanted = quotas.types(demand)
    try:
        offered = region.ask("ec2", lambda ec2: quotas.offered(ec2, wanted))
    except _UnansweredError as error:
        yield quotas.unknown_offerings(demand, region.name, str(error))
        return
    yield from quotas.offerings(demand, region.name, names, offered)
