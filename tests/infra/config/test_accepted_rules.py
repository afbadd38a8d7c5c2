"""What AWS accepts beyond the form of a single value: lengths of domains, services of Regions, keys of tables."""

import json
from typing import Any

import pytest
from botocore.loaders import Loader

from haven_components import offerings
from haven_components.names import partition
from infra.config import stack_kinds

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
