import re
from dataclasses import replace
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components.choices import DnsRouting
from haven_components.traffic.failover_dns import FailoverDns, FailoverDnsArgs

PRIMARY, RECOVERY = "eu-west-1", "eu-central-1"
SIDES: dict[str, dict[str, Any]] = {
    "primary": {"region": PRIMARY, "target": "a.example.net", "health_check_id": "check-a"},
    "recovery": {"region": RECOVERY, "target": "b.example.net", "health_check_id": "check-b"},
}
ALIASES = {role: {**side, "target_zone_id": "Z1"} for role, side in SIDES.items()}
PRIVATE = {"vpcs": [{"vpc_id": "vpc-a", "region": PRIMARY}, {"vpc_id": "vpc-b", "region": RECOVERY}]}


def _declare(**changes: Any) -> Recording:
    defaults = {"domain": "example.com", "record_name": "api", "routing": DnsRouting.FAILOVER, **SIDES}

    def program() -> None:
        provider = aws.Provider("aws", region=PRIMARY)
        args = {key: value for key, value in (defaults | changes).items() if value is not None and key != "name"}
        if changes.get("recovery_provider"):
            args["recovery_provider"] = aws.Provider("aws-recovery", region=RECOVERY)
        dns = FailoverDns(
            changes.get("name", "dns"), cast("FailoverDnsArgs", args), pulumi.ResourceOptions(providers=[provider])
        )
        pulumi.export("zones", [dns.zone_id, dns.private_zone_id])
        pulumi.export("name", dns.record_name)

    return record(program, stack="test")


def _all(recording: Recording, kind: str) -> dict[str, Resource]:
    return {each.name: each for each in recording.real() if each.type.endswith(f":{kind}")}


def _routed(recording: Recording) -> dict[str, Resource]:
    """The Regions' own records."""
    return {name: each for name, each in _all(recording, "Record").items() if "setIdentifier" in each.inputs}


def _plan(recording: Recording) -> dict[str, Any]:
    """Everything but the dependencies, which change no existing resource."""
    return {each.urn: (each.inputs, replace(each.options, dependencies=())) for each in recording.real()}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"ephemeral": True}, False),
        ({"accelerated_recovery": False}, False),
        ({"primary": SIDES["primary"] | {"region": "us-gov-west-1"}, "recovery": None}, False),
    ],
)
def test_the_public_zone_that_is_created_alone_has_accelerated_recovery(
    changes: dict[str, Any], *, expected: bool
) -> None:
    zones = _all(_declare(private_zone=PRIVATE, **changes), "Zone")
    given = {name: each.inputs.get("enableAcceleratedRecovery") for name, each in zones.items()}
    assert given == {"dns-zone": expected, "dns-private-zone": None}


def test_the_primary_region_s_record_is_the_primary_one_and_each_has_its_own_check() -> None:
    records = _routed(_declare())
    asked = ("name", "type", "setIdentifier", "records", "ttl", "healthCheckId", "failoverRoutingPolicies")
    assert {name: [each.inputs[key] for key in asked] for name, each in records.items()} == {
        "dns-failover-euw1-cname": [
            "failover.api.example.com",
            "CNAME",
            PRIMARY,
            ["a.example.net"],
            60,
            "check-a",
            [{"type": "PRIMARY"}],
        ],
        "dns-failover-euc1-cname": [
            "failover.api.example.com",
            "CNAME",
            RECOVERY,
            ["b.example.net"],
            60,
            "check-b",
            [{"type": "SECONDARY"}],
        ],
    }


def test_latency_records_lead_to_the_nearest_healthy_region() -> None:
    records = _routed(_declare(routing=DnsRouting.LATENCY))
    policies = {each.inputs["setIdentifier"]: each.inputs["latencyRoutingPolicies"] for each in records.values()}
    assert policies == {PRIMARY: [{"region": PRIMARY}], RECOVERY: [{"region": RECOVERY}]}
    assert {each.inputs["healthCheckId"] for each in records.values()} == {"check-a", "check-b"}
    assert {each.inputs["name"] for each in records.values()} == {"latency.api.example.com"}
    assert not [each for each in records.values() if "failoverRoutingPolicies" in each.inputs]


@pytest.mark.parametrize("routing", DnsRouting)
@pytest.mark.parametrize("private", [None, PRIVATE])
@pytest.mark.parametrize("sides", [SIDES, ALIASES])
def test_a_recovery_record_that_comes_later_only_adds(routing: DnsRouting, private: Any, sides: dict[str, Any]) -> None:
    before = _plan(_declare(routing=routing, private_zone=private, primary=sides["primary"], recovery=None))
    after = _plan(_declare(routing=routing, private_zone=private, **sides))
    assert before.keys() < after.keys()
    assert all(after[urn] == plan for urn, plan in before.items())


def test_aliases_answer_for_both_ip_versions_and_never_ask_their_target_how_it_is() -> None:
    recording = _declare(record_name="", **ALIASES)
    records = _all(recording, "Record")
    assert sorted(_routed(recording)) == [
        "dns-failover-euc1-a",
        "dns-failover-euc1-aaaa",
        "dns-failover-euw1-a",
        "dns-failover-euw1-aaaa",
    ]
    assert sorted(records.keys() - _routed(recording).keys()) == ["dns-a", "dns-aaaa"]
    for name, each in records.items():
        (alias,) = each.inputs["aliases"]
        assert alias["evaluateTargetHealth"] is False
        assert name not in _routed(recording) or alias["zoneId"] == "Z1"
        assert each.inputs["type"] == name.rpartition("-")[2].upper()
        assert each.inputs.keys().isdisjoint({"ttl", "records"})


@pytest.mark.parametrize("sides", [SIDES, ALIASES])
def test_the_service_s_name_is_an_alias_of_the_records_in_force_and_waits_for_them(sides: dict[str, Any]) -> None:
    for routing in DnsRouting:
        recording = _declare(routing=routing, private_zone={**PRIVATE, "domain": "internal.example.com"}, **sides)
        routed = _routed(recording)
        services = [each for name, each in _all(recording, "Record").items() if name not in routed]
        assert {each.inputs["name"] for each in services} == {"api.example.com", "api.internal.example.com"}
        for each in services:
            (alias,) = each.inputs["aliases"]
            target = f"{routing.value}.{each.inputs['name']}"
            same = [one for one in routed.values() if one.inputs["name"] == target]
            waited_for = [one for one in same if one.inputs["type"] == each.inputs["type"]]
            assert len(waited_for) == len(SIDES)
            assert {one.urn for one in waited_for} <= set(each.options.dependencies)
            assert (alias["name"], alias["zoneId"]) == (target, each.inputs["zoneId"])
            assert {one.inputs["zoneId"] for one in waited_for} == {each.inputs["zoneId"]}


@pytest.mark.parametrize("sides", [SIDES, ALIASES])
def test_another_routing_has_records_of_its_own_and_changes_only_where_the_service_s_name_leads(
    sides: dict[str, Any],
) -> None:
    plans = [_declare(routing=each, private_zone=PRIVATE, **sides) for each in DnsRouting]
    before, after = ({each.urn: each.inputs for each in plan.real()} for plan in plans)
    names = [{each.inputs["name"] for each in _routed(plan).values()} for plan in plans]
    assert names == [{"failover.api.example.com"}, {"latency.api.example.com"}]
    changed = {urn for urn in before.keys() & after.keys() if before[urn] != after[urn]}
    assert changed == {urn for urn, inputs in after.items() if "aliases" in inputs and "setIdentifier" not in inputs}
    for urn in changed:
        assert {key for key, value in after[urn].items() if before[urn][key] != value} == {"aliases"}


def test_the_private_zone_answers_in_the_vpcs_of_both_regions_with_the_same_records() -> None:
    recording = _declare(private_zone=PRIVATE)
    zone = _all(recording, "Zone")["dns-private-zone"]
    assert zone.inputs["vpcs"] == [
        {"vpcId": "vpc-a", "vpcRegion": PRIMARY},
        {"vpcId": "vpc-b", "vpcRegion": RECOVERY},
    ]
    records = _all(recording, "Record")
    for code in ("euw1", "euc1"):
        private = records[f"dns-private-failover-{code}-cname"].inputs
        public = records[f"dns-failover-{code}-cname"].inputs
        assert private["zoneId"] == f"@@{zone.key}.id@@"
        assert {**private, "zoneId": ""} == {**public, "zoneId": ""}


def test_a_private_zone_of_its_own_domain_leaves_the_public_names_visible() -> None:
    recording = _declare(private_zone={**PRIVATE, "domain": "internal.example.com"})
    assert {name: each.inputs["name"] for name, each in _all(recording, "Zone").items()} == {
        "dns-zone": "example.com",
        "dns-private-zone": "internal.example.com",
    }
    names = {each.inputs["name"] for name, each in _all(recording, "Record").items() if name.startswith("dns-private")}
    assert names == {"api.internal.example.com", "failover.api.internal.example.com"}


def test_without_a_zone_of_the_user_s_one_is_created() -> None:
    recording = _declare()
    (zone,) = _all(recording, "Zone").values()
    assert zone.inputs["comment"] == "Public names of dns"
    assert recording.outputs == {"zones": [f"@@{zone.key}.id@@", ""], "name": "api.example.com"}


def test_a_zone_of_the_user_s_is_used_and_none_is_created() -> None:
    recording = _declare(hosted_zone_id="Z9")
    assert not _all(recording, "Zone")
    assert {each.inputs["zoneId"] for each in _all(recording, "Record").values()} == {"Z9"}
    assert recording.outputs["zones"] == ["Z9", ""]


@pytest.mark.parametrize("ephemeral", [False, True])
def test_zones_are_kept_unless_they_are_throw_away_ones(ephemeral: bool) -> None:
    zones = _all(_declare(private_zone=PRIVATE, ephemeral=ephemeral), "Zone")
    assert len(zones) == 2
    for zone in zones.values():
        assert (zone.options.protect, zone.options.retain_on_delete) == (not ephemeral, not ephemeral)
        assert zone.inputs["forceDestroy"] is ephemeral


def test_resolvers_keep_an_answer_as_long_as_is_asked() -> None:
    records = _routed(_declare(ttl_seconds=30, private_zone=PRIVATE))
    assert {each.inputs["ttl"] for each in records.values()} == {30}


def test_the_recovery_region_s_records_are_made_through_its_own_provider_where_one_is_given() -> None:
    for given, expected in ((True, RECOVERY), (None, PRIMARY)):
        recording = _declare(recovery_provider=given, private_zone=PRIVATE)
        regions = {each.name: each.region for each in recording.real()}
        assert regions == {
            "dns-zone": PRIMARY,
            "dns-private-zone": PRIMARY,
            "dns-cname": PRIMARY,
            "dns-private-cname": PRIMARY,
            "dns-failover-euw1-cname": PRIMARY,
            "dns-private-failover-euw1-cname": PRIMARY,
            "dns-failover-euc1-cname": expected,
            "dns-private-failover-euc1-cname": expected,
        }


def test_every_problem_is_reported_at_once() -> None:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(
            name="DNS",
            domain="example.com.",
            record_name="",
            ttl_seconds=61,
            private_zone={"domain": "Internal", "vpcs": []},
            primary={"region": PRIMARY, "target": "a.example.net"},
            recovery={**SIDES["recovery"], "region": PRIMARY, "target_zone_id": "Z1"},
        )
    paths = re.findall(r"^  ([\w.]+): got", str(refused.value), re.MULTILINE)
    assert paths == [
        "name",
        "domain",
        "private_zone.domain",
        "ttl_seconds",
        "private_zone.vpcs",
        "primary.target_zone_id",
        "primary.health_check_id",
        "recovery.region",
        "recovery.target_zone_id",
    ]


@pytest.mark.parametrize("record_name", ["API", "api.", "api.example.com", "example.com", "-api", "a" * 64, "*"])
def test_a_name_that_isn_t_one_below_the_domain_is_refused(record_name: str) -> None:
    with pytest.raises(pulumi.InputPropertiesError, match="record_name: got"):
        _declare(record_name=record_name)


def test_a_name_longer_than_dns_allows_is_refused() -> None:
    with pytest.raises(pulumi.InputPropertiesError, match="at most 253 characters"):
        _declare(record_name=".".join(["a" * 60] * 4))


def test_latency_records_may_do_without_a_check() -> None:
    bare = {role: {key: side[key] for key in ("region", "target")} for role, side in SIDES.items()}
    records = _routed(_declare(routing=DnsRouting.LATENCY, **bare))
    assert not [each for each in records.values() if "healthCheckId" in each.inputs]
