"""What AWS accepts beyond the form of a single value: lengths of domains, services of Regions, keys of tables."""

import json
import re
from typing import Any

import pytest
from botocore.loaders import Loader

from haven_components import offerings
from haven_components.names import partition
from infra.config import stack_kinds
from tests.environments import ROOT

VALID = {
    "haven:account": "111122223333",
    "haven:tier": "warm",
    "haven:regions": '{"primary": "eu-west-1", "recovery": "eu-central-1"}',
}


def _keys(**changes: Any) -> list[str]:
    texts = {name: each if isinstance(each, str) else json.dumps(each) for name, each in changes.items()}
    found = stack_kinds.problems("test", VALID | {f"haven:{name}": text for name, text in texts.items()})
    return [each.what for each in found]


@pytest.mark.parametrize(("length", "refused"), [(53, []), (54, ["haven:domain"])])
def test_a_domain_leaves_room_for_the_names_that_certificates_are_requested_for(
    length: int, refused: list[str]
) -> None:
    assert len(f"*.internal.{'a' * 41}.example.com") == 64
    assert _keys(domain=f"{'a' * (length - 12)}.example.com") == refused


def test_a_domain_with_certificates_of_its_own_is_as_long_as_dns_takes() -> None:
    arns = {
        region: f"arn:aws:acm:{region}:111122223333:certificate/11111111-2222-3333-4444-555555555555"
        for region in ("eu-west-1", "eu-central-1")
    }
    domain = ".".join([*["a" * 60] * 3, "a" * 30, "example.com"])
    assert len(domain) == 225
    assert _keys(domain=domain, edge={"certificates": arns}) == []
    assert _keys(domain=f"a{domain}", edge={"certificates": arns}) == ["haven:domain"]


@pytest.mark.parametrize(
    ("pair", "services", "refused"),
    [
        (("me-central-1", "il-central-1"), {"watch": {"prometheus": True}}, []),
        (("me-central-1", "il-central-1"), {"watch": {"grafana": {}}}, ["haven:watch.grafana"]),
        (("us-gov-west-1", "us-gov-east-1"), {"watch": {"prometheus": True, "grafana": {}}}, []),
        (("us-gov-west-1", "us-gov-east-1"), {"resilienceHub": "true"}, ["haven:resilienceHub"]),
        (("us-gov-west-1", "us-gov-east-1"), {"cost": {"monthlyLimitUsd": 100}}, ["haven:cost"]),
        (("cn-north-1", "cn-northwest-1"), {"cost": {"monthlyLimitUsd": 100}}, []),
        (("eu-west-1", "eu-south-1"), {"resilienceHub": "true"}, []),
        (("cn-north-1", "cn-northwest-1"), {}, []),
    ],
)
def test_a_service_is_wanted_only_where_aws_offers_it(
    pair: tuple[str, str], services: dict[str, Any], refused: list[str]
) -> None:
    zones = {region: [f"{region}a", f"{region}b"] for region in pair}
    assert _keys(regions={"primary": pair[0], "recovery": pair[1]}, zones=zones, **services) == refused


@pytest.mark.parametrize(("offering", "endpoints"), [(offerings.PROMETHEUS, "aps"), (offerings.GRAFANA, "grafana")])
def test_offerings_are_those_of_botocore(offering: offerings.Offering, endpoints: str) -> None:
    partitions = {"aws", "aws-cn", "aws-us-gov"}
    described = [each for each in Loader().load_data("endpoints")["partitions"] if each["partition"] in partitions]
    offered = {region for each in described for region in each["services"].get(endpoints, {}).get("endpoints", {})}
    every = {region for each in described for region in each["regions"]}
    assert len(every) > 30
    assert {region for region in every if offering.covers(region)} == offered & every
    assert {partition(region) for region in every} == partitions


ENDPOINTS = {
    "accessanalyzer": ["access-analyzer"], "acm": ["acm"], "amp": ["aps"], "arcregionswitch": ["arc-region-switch"],
    "backup": ["backup"], "budgets": ["budgets"], "cfg": ["config"], "cloudtrail": ["cloudtrail"],
    "cloudwatch": ["monitoring", "logs", "events"], "costexplorer": ["ce"], "dynamodb": ["dynamodb"], "ebs": ["ec2"],
    "ec2": ["ec2"], "ecr": ["api.ecr"], "eks": ["eks"], "elasticache": ["elasticache"], "fis": ["fis"],
    "grafana": ["grafana"], "guardduty": ["guardduty"], "iam": ["iam"], "kinesis": ["kinesis"], "kms": ["kms"],
    "lambda_": ["lambda"], "lb": ["elasticloadbalancing"], "rds": ["rds"], "resiliencehub": ["resiliencehub"],
    "route53": ["route53"], "s3": ["s3"], "s3control": ["s3-control"], "scheduler": ["scheduler"],
    "secretsmanager": ["secretsmanager"], "sns": ["sns"], "sqs": ["sqs"], "ssm": ["ssm"], "vpc": ["ec2"],
    "wafv2": ["wafv2"], "xray": ["xray"],
}  # fmt: skip
"""Module of pulumi_aws that resources are declared from -> what botocore calls the endpoints of its services."""
NOT_LISTED = {"arc-region-switch", "fis"}
"""Services of which botocore's endpoints.json has nothing."""
BY_CHOICE = {
    "aps": offerings.PROMETHEUS,
    "budgets": offerings.BUDGETS,
    "ce": offerings.BUDGETS,
    "grafana": offerings.GRAFANA,
    "resiliencehub": offerings.RESILIENCE_HUB,
    "s3-control": offerings.ACCESS_POINTS,
}


def test_a_service_that_some_region_lacks_is_in_the_table_with_that_region() -> None:
    sources = [
        path.read_text() for room in ("components/haven_components", "infra") for path in (ROOT / room).rglob("*.py")
    ]
    assert set(re.findall(r"\baws\.([a-z0-9_]+)\.[A-Z]", "\n".join(sources))) == ENDPOINTS.keys()
    described = {each["partition"]: each for each in Loader().load_data("endpoints")["partitions"]}
    unlisted: set[str] = set()
    contradicted: dict[str, set[str]] = {}
    for service in sorted({each for services in ENDPOINTS.values() for each in services}):
        if not any(service in each["services"] for each in described.values()):
            unlisted.add(service)
            continue
        lacking = {region for name in ("aws", "aws-cn", "aws-us-gov") for region in _lacking(described[name], service)}
        offering = BY_CHOICE.get(service)
        wrong = {region for region in lacking if offering is None or offering.covers(region)}
        contradicted |= {service: wrong} if wrong else {}
    assert unlisted == NOT_LISTED
    assert contradicted == {}


def _lacking(partition: dict[str, Any], service: str) -> set[str]:
    found = partition["services"].get(service, {})
    global_one = found.get("isRegionalized") is False
    return set() if global_one else partition["regions"].keys() - found.get("endpoints", {}).keys()


def test_a_table_may_use_an_attribute_as_a_key_of_several_indexes() -> None:
    owner, time = {"name": "owner"}, {"name": "time", "type": "N"}
    indexes = [
        {"name": "by-owner", "hashKey": owner, "rangeKey": time},
        {"name": "by-time", "hashKey": time, "rangeKey": owner},
    ]
    assert _keys(tables={"sessions": {"hashKey": {"name": "id"}, "rangeKey": time, "indexes": indexes}}) == []


def test_indexes_of_a_table_include_100_attributes_together() -> None:
    def table(last: int) -> dict[str, Any]:
        counts = [20, 20, 20, 20, last, 1]
        indexes = [
            {"name": f"by-{index}", "hashKey": {"name": "owner"}, "included": [f"a{each}" for each in range(count)]}
            for index, count in enumerate(counts)
        ]
        return {"sessions": {"hashKey": {"name": "id"}, "indexes": indexes}}

    assert _keys(tables=table(19)) == []
    assert _keys(tables=table(20)) == ["haven:tables.sessions.indexes"]


def test_lists_that_name_a_thing_twice_are_refused_in_a_stack_of_kind_account_too() -> None:
    baseline = {"imagePrefixes": ["haven-", "haven-"]}
    config = {name: text for name, text in VALID.items() if name != "haven:tier"}
    found = stack_kinds.problems("test", config | {"haven:kind": "account", "haven:baseline": json.dumps(baseline)})
    assert [each.what for each in found] == ["haven:baseline.imagePrefixes"]


FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:rotate"


@pytest.mark.parametrize(
    "schedule",
    [
        *("rate(1 day)", "rate(999 days)", "rate(4 hours)", "rate(12 hours)", "cron(0 */8 * * ? *)"),
        *("cron(0 8 1 * ? *)", "cron(0 18 L * ? *)", "cron(0 10 ? * MON-FRI *)", "cron(0 1 ? 1/3 SUN#2 *)"),
        *("cron(0 0/4 * * ? *)", "cron(0 8,12,20 * * ? *)", "cron(0 2-20/6 * * ? *)", "cron(0 23 * * ? *)"),
    ],
)
def test_a_schedule_that_secrets_manager_takes_is_accepted(schedule: str) -> None:
    rotation = {"lambdaArn": FUNCTION, "schedule": schedule}
    assert _keys(secrets={"token": {"description": "a", "rotation": rotation}}) == []


@pytest.mark.parametrize(
    "schedule",
    [
        *("rate(0 days)", "rate(1000 days)", "rate(3 hours)", "rate(1 hour)", "rate(10 minutes)", "cron(banana)"),
        *("cron(0 * * * ? *)", "cron(0 */2 * * ? *)", "cron(30 8 1 * ? *)", "cron(0 8 1 * ?)", "cron(0 8 1 * ? 2027)"),
        *(
            "cron(0 24 * * ? *)",
            "cron(0 -,/ * * ? *)",
            "cron(0 0/2 * * ? *)",
            "cron(0 8/3 ? * MON *)",
            "cron(0 8-20 * * ? *)",
            "cron(0 8,20,10 * * ? *)",
        ),
    ],
)
def test_a_schedule_that_secrets_manager_refuses_is_refused(schedule: str) -> None:
    rotation = {"lambdaArn": FUNCTION, "schedule": schedule}
    refused = ["haven:secrets.token.rotation.schedule"]
    assert _keys(secrets={"token": {"description": "a", "rotation": rotation}}) == refused


@pytest.mark.parametrize("qualifier", ["", ":live", ":7", ":$LATEST"])
def test_a_version_or_an_alias_of_a_function_rotates_too(qualifier: str) -> None:
    rotation = {"lambdaArn": FUNCTION + qualifier, "schedule": "rate(30 days)"}
    assert _keys(secrets={"token": {"description": "a", "rotation": rotation}}) == []


def test_a_boundary_is_a_policy_of_the_account_or_of_aws() -> None:
    for owner in ("111122223333", "aws"):
        assert _keys(operations={"permissionsBoundary": f"arn:aws:iam::{owner}:policy/boundary"}) == []


def test_arns_of_the_regions_partition_are_accepted_and_those_of_another_are_not() -> None:
    zones = {region: [f"{region}a", f"{region}b"] for region in ("cn-north-1", "cn-northwest-1")}
    china = {"regions": {"primary": "cn-north-1", "recovery": "cn-northwest-1"}, "zones": zones}

    def keys(part: str) -> list[str]:
        return _keys(
            **china,
            backups={"isolatedVaultArn": f"arn:{part}:backup:cn-north-1:444455556666:backup-vault:isolated"},
            cluster={"adminRoleArns": [f"arn:{part}:iam::111122223333:role/admin"]},
            database={"homeSnapshot": f"arn:{part}:rds:cn-north-1:111122223333:cluster-snapshot:copied"},
        )

    assert keys("aws-cn") == []
    assert sorted(keys("aws")) == [
        "haven:backups.isolatedVaultArn",
        "haven:cluster.adminRoleArns[0]",
        "haven:database.homeSnapshot",
    ]


def test_a_parameter_may_hold_braces_and_have_as_many_levels_as_systems_manager_takes() -> None:
    deepest = "/".join("abcdefghijklm")
    assert f"/haven/test/{deepest}".count("/") == 15
    assert _keys(parameters={deepest: '{"a": {"b": 1}}', "open": "{{ not closed"}) == []
    assert _keys(parameters={f"{deepest}/n": "x"}) == [f"haven:parameters.{deepest}/n"]
    assert _keys(parameters={"prompt": "Hello {{name}}"}) == ["haven:parameters.prompt"]
