"""`haven preflight` against a server on loopback that boto3 asks over HTTP."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from haven.model.catalog import Catalog
from haven.program.aws_types import EKS_NODE_GROUP
from haven.program.queries import of_type
from haven.runbooks.clients import clients
from haven.runbooks.preflight import capacity
from haven.runbooks.preflight.checks import Check, Status
from haven.runbooks.preflight.deployment import checks, demands
from tests.environments import PRIMARY, RECOVERY, environment
from tests.haven.runbooks.loopback_aws import LoopbackAws, serving
from tests.haven.runbooks.preflight.answers import manifest

ACCOUNT = "111122223333"
ENOUGH = dict.fromkeys(("L-1216C47A", "L-DB2E81BA", "L-0263D0A3", "L-F678F1CE"), 1000.0)


@pytest.fixture
def aws() -> Iterator[LoopbackAws]:
    with serving(LoopbackAws(quotas=ENOUGH)) as server:
        yield server


def found(aws: LoopbackAws) -> list[Check]:
    return list(checks(environment("warm"), ACCOUNT, clients(aws.url), Catalog()))


def test_an_account_with_room_passes_in_both_regions(aws: LoopbackAws) -> None:
    passed = found(aws)
    assert [each for each in passed if each.status is not Status.OK] == []
    assert {each.region for each in passed} == {"", PRIMARY, RECOVERY}
    assert {operation for operation, _ in aws.asked} == {
        "GetCallerIdentity",
        "GetServiceQuota",
        "DescribeInstanceTypeOfferings",
        "DescribeInstances",
        "DescribeCapacityReservations",
        "DescribeAddresses",
        "DescribeVpcs",
        "GetAccountSettings",
        "GetFunctionConcurrency",
    }
    assert len(aws.asked) == len(set(aws.asked)) + 3 * 2  # each list once a Region, four quotas


def test_credentials_of_another_account_are_a_problem_and_nothing_else_is_asked(aws: LoopbackAws) -> None:
    aws.account = "444455556666"
    [check] = found(aws)
    assert (check.status, check.got) == (Status.PROBLEM, "account 444455556666")
    assert "use credentials of account 111122223333" in check.fix
    assert [operation for operation, _ in aws.asked] == ["GetCallerIdentity"]


def test_a_quota_that_is_too_small_is_a_problem_with_the_command_that_raises_it(aws: LoopbackAws) -> None:
    aws.quotas = {**ENOUGH, "L-DB2E81BA": 8.0}
    short = [each for each in found(aws) if each.status is Status.PROBLEM]
    assert {each.region for each in short} == {PRIMARY, RECOVERY}
    assert all("G and VT" in each.what and "--quota-code L-DB2E81BA" in each.fix for each in short)


def _instances(type_: str, count: int, extra: str = "") -> str:
    one = f"<item><instanceType>{type_}</instanceType>{extra}</item>"
    return f"<item><instancesSet>{one * count}</instancesSet></item>"


def _tagged(key: str, value: str) -> str:
    return f"<tagSet><item><key>{key}</key><value>{value}</value></item></tagSet>"


def _reserved(type_: str, free: int, account: str = ACCOUNT, kind: str = "default") -> str:
    return (
        f"<item><capacityReservationId>cr-1</capacityReservationId><ownerId>{account}</ownerId><instanceType>{type_}"
        f"</instanceType><availableInstanceCount>{free}</availableInstanceCount><reservationType>{kind}"
        "</reservationType></item>"
    )


def _on_gpus(aws: LoopbackAws) -> list[Check]:
    return [each for each in found(aws) if "G and VT" in each.what]


def test_what_others_use_of_a_quota_is_not_left_for_the_environment(aws: LoopbackAws) -> None:
    need = int(_on_gpus(aws)[0].needed.split()[0])
    aws.quotas = {**ENOUGH, "L-DB2E81BA": float(need + 8)}
    aws.listed = {"DescribeInstances": _instances("g5.xlarge", 2)}
    assert {(each.status, each.got) for each in _on_gpus(aws)} == {(Status.OK, f"{need + 8}, of which others use 8")}
    aws.listed = {
        "DescribeInstances": _instances("g5.xlarge", 2),
        "DescribeCapacityReservations": _reserved("g5.xlarge", 1),
    }
    short = _on_gpus(aws)
    assert {(each.status, each.got) for each in short} == {(Status.PROBLEM, f"{need + 8}, of which others use 12")}
    assert all(each.fix.endswith(f"--quota-code L-DB2E81BA --desired-value {need + 12}") for each in short)
    aws.quotas = {**ENOUGH, "L-0263D0A3": 5.0, "L-F678F1CE": 1.0}
    aws.listed = {"DescribeAddresses": "<item/>" * 4, "DescribeVpcs": "<item/>"}
    assert {each.what[-15:] for each in found(aws) if each.status is Status.PROBLEM} == {
        "(ec2 L-0263D0A3)"[-15:],
        "(vpc L-F678F1CE)"[-15:],
    }


@pytest.mark.parametrize(
    ("operation", "items"),
    [
        ("DescribeInstances", _instances("g5.xlarge", 9, _tagged("eks:cluster-name", "haven-warm-euw1"))),
        ("DescribeInstances", _instances("g5.xlarge", 9, _tagged("haven:environment", "warm"))),
        ("DescribeInstances", _instances("g5.xlarge", 9, "<instanceLifecycle>spot</instanceLifecycle>")),
        ("DescribeInstances", _instances("g5.xlarge", 9, "<placement><tenancy>host</tenancy></placement>")),
        ("DescribeCapacityReservations", _reserved("g5.xlarge", 9, account="444455556666")),
        ("DescribeCapacityReservations", _reserved("g5.xlarge", 9, kind="capacity-block")),
        ("DescribeVpcs", f"<item>{_tagged('haven:environment', 'warm')}</item>"),
    ],
)
def test_what_is_the_environment_s_own_or_counts_elsewhere_is_not_others_use(
    aws: LoopbackAws, operation: str, items: str
) -> None:
    aws.listed = {operation: items}
    got = {each.got for each in found(aws) if each.what.startswith("quota") and "lambda" not in each.what}
    assert got == {"1000, of which others use 0"}


def test_use_by_others_that_is_unknown_is_not_fine(aws: LoopbackAws) -> None:
    aws.listed = {"DescribeInstances": _instances("g99.large", 1)}
    assert {(each.status, each.got) for each in _on_gpus(aws)} == {
        (Status.UNKNOWN, "1000, of which others use 0 and g99.large")
    }
    aws.denied = ("DescribeInstances",)
    denied = _on_gpus(aws)
    assert {each.status for each in denied} == {Status.UNKNOWN}
    assert all(each.got.startswith("1000; what others use: no answer") for each in denied)
    assert all("allow ec2:DescribeInstances" in each.fix for each in denied)


def test_a_quota_without_a_value_of_the_account_s_own_is_aws_s_default(aws: LoopbackAws) -> None:
    aws.quotas = {code: value for code, value in ENOUGH.items() if code != "L-F678F1CE"}
    vpcs = [each for each in found(aws) if "L-F678F1CE" in each.what]
    assert [(each.status, each.got) for each in vpcs] == [(Status.OK, "10, of which others use 0")] * 2


@pytest.mark.parametrize(
    ("limit", "unreserved", "reserved", "more"),
    [(10, 10, 0, 104), (103, 103, 0, 104), (104, 104, 0, 0), (104, 100, 4, 0)],
)
def test_the_heartbeats_reservation_leaves_lambda_the_executions_that_nobody_may_reserve(
    aws: LoopbackAws, limit: int, unreserved: int, reserved: int, more: int
) -> None:
    aws.executions, aws.reserved = (limit, unreserved), reserved
    lines = [each for each in found(aws) if "L-B99A9384" in each.what]
    assert {each.region for each in lines} == {PRIMARY, RECOVERY}
    assert {each.needed for each in lines} == {"100 unreserved, beside 4 for the heartbeats"}
    for each in lines:
        assert (each.status, each.blocks) == ((Status.PROBLEM, True) if more else (Status.OK, False))
        raise_it = f"--region {each.region} --service-code lambda --quota-code L-B99A9384 --desired-value {more}"
        assert each.fix.endswith(raise_it) if more else not each.fix


def test_executions_that_are_not_shown_are_unknown_with_the_right_that_lacks(aws: LoopbackAws) -> None:
    aws.denied = ("GetAccountSettings",)
    lines = [each for each in found(aws) if "L-B99A9384" in each.what]
    assert {each.status for each in lines} == {Status.UNKNOWN}
    assert all("allow lambda:GetAccountSettings" in each.fix for each in lines)


def test_instances_whose_quota_or_size_the_data_does_not_know_are_unknown_and_not_fine(aws: LoopbackAws) -> None:
    recording = environment("warm")
    groups = of_type([each for each in recording.real() if each.region == PRIMARY], EKS_NODE_GROUP)
    types = dict(zip([each.urn for each in groups], (["mac2-m2.metal"], ["g99.large"]), strict=False))
    swapped = [
        replace(each, inputs={**each.inputs, "instanceTypes": types[each.urn]}) if each.urn in types else each
        for each in recording.resources
    ]
    seen = checks(replace(recording, resources=swapped), ACCOUNT, clients(aws.url), Catalog())
    unknown = {each.what for each in seen if each.status is Status.UNKNOWN}
    assert unknown == {"quota of mac instances", f"quota of node group {groups[1].name}"}


def test_a_zone_that_offers_none_of_a_group_s_types_is_a_problem(aws: LoopbackAws) -> None:
    aws.zones = ("a", "b")
    lacking = [each for each in found(aws) if each.status is Status.PROBLEM]
    assert len(lacking) == 6
    assert all(each.got == f"none of them in {each.region}c" for each in lacking)


def test_what_aws_denies_is_unknown_and_not_fine(aws: LoopbackAws) -> None:
    aws.denied = ("GetServiceQuota", "DescribeInstanceTypeOfferings")
    unknown = [each for each in found(aws) if each.status is Status.UNKNOWN]
    assert {each.region for each in unknown} == {PRIMARY, RECOVERY}
    assert all("no answer" in each.got and each.fix for each in unknown)
    assert {each.region for each in unknown if each.blocks} == {PRIMARY}


def test_a_region_that_does_not_answer_is_asked_once_and_blocks_no_failover(aws: LoopbackAws) -> None:
    alive, dead = clients(aws.url), clients("http://127.0.0.1:9")
    recording = environment("warm", active=RECOVERY)
    asked = checks(recording, ACCOUNT, lambda *to: (dead if to[1] == PRIMARY else alive)(*to), Catalog())
    unknown = [each for each in asked if each.status is Status.UNKNOWN]
    assert {each.region for each in unknown} == {PRIMARY}
    assert sum(each.got.startswith("no answer") for each in unknown) == 1
    assert not any(each.blocks for each in unknown)


def test_an_answer_that_is_not_aws_s_is_unknown(aws: LoopbackAws) -> None:
    aws.garbled = True
    [check] = found(aws)
    assert (check.status, check.region) == (Status.UNKNOWN, "")
    assert check.blocks


def test_what_a_manifest_demands_is_what_a_recording_of_the_failover_does() -> None:
    own = demands(environment("warm", active=RECOVERY), RECOVERY, Catalog())[RECOVERY]
    found = capacity.demand(manifest(), RECOVERY, Catalog())
    assert (found.vcpus, found.addresses, found.vpcs) == (own.vcpus, own.addresses, own.vpcs)
