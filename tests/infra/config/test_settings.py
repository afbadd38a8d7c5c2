"""What a stack's config may say, and the exact words for everything it may not."""

import json
import re
from typing import Any

import pytest

from haven.base.problems import Problems
from haven.config.base_model import FORMS
from haven.model.tiers import Tier
from haven_components import rds_certificates
from infra.config import stack_kinds
from infra.config.reader import fields
from infra.config.rules import engines
from infra.config.settings import AccountConfig, EnvironmentConfig, Settings

VALID: dict[str, Any] = {
    "account": "111122223333",
    "tier": "warm",
    "regions": {"primary": "eu-west-1", "recovery": "eu-central-1"},
}
ROOTS = {"certificates": rds_certificates.certificates("us-east-1")}


def config(**changes: Any) -> dict[str, str]:
    """A valid config as the engine hands it over, with changes; None takes a key out."""
    values = {**VALID, **changes}
    return {
        f"haven:{name}": value if isinstance(value, str) else json.dumps(value)
        for name, value in values.items()
        if value is not None
    }


def load(stack: str, config: dict[str, str]) -> Settings:
    settings = stack_kinds.load(stack, config)
    assert isinstance(settings, Settings)
    return settings


def refusal(stack: str = "test", **changes: Any) -> list[str]:
    with pytest.raises(Problems) as refused:
        load(stack, config(**changes))
    return [problem.render() for problem in refused.value.problems]


def test_three_keys_are_enough() -> None:
    settings = load("test", config())
    assert settings.tier is Tier.WARM
    assert settings.active == "eu-west-1"
    assert settings.demote == "eu-central-1"
    assert settings.zones["eu-central-1"] == ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
    assert not settings.ephemeral


def test_an_emulator_needs_no_account() -> None:
    settings = load("test", config(account=None, emulator="http://127.0.0.1:4566"))
    assert settings.account == "000000000000"


def test_an_empty_value_is_one_that_is_left_out() -> None:
    assert load("test", config(active="", zones={}, hostedZoneId="")) == load("test", config())


def test_a_system_without_a_tier_has_its_environments() -> None:
    settings = load("test", config(systems={"a": {"kind": "training"}, "b": {"kind": "training", "tier": "backup"}}))
    assert (settings.system_tier("a"), settings.system_tier("b"), settings.system_tier(None)) == (
        Tier.WARM, Tier.BACKUP, Tier.WARM,
    )  # fmt: skip


def test_several_faults_are_all_reported() -> None:
    found = refusal(account=None, tier="hot", active="us-east-1", zones={"eu-west-1": ["eu-west-1a"]}, colour="red")
    assert [line.partition(": got")[0] for line in found] == [
        "haven:colour",
        "haven:tier",
        "haven:zones.eu-west-1",
        "haven:account",
        "haven:active",
    ]


@pytest.mark.parametrize("stack", ["Prod", "prod_eu", "a-very-long-stack-name", "-x", "1st", "a--b"])
def test_a_stack_name_that_no_aws_name_can_carry_is_refused(stack: str) -> None:
    (line,) = refusal(stack)
    assert line.startswith(f'the stack\'s name: got "{stack}"; allowed: 1 to 15 lower-case letters')


def test_names_that_carry_a_long_code_leave_the_stack_less_room() -> None:
    apart = {"primary": "us-gov-west-1", "recovery": "us-gov-east-1"}
    zones = {region: [f"{region}a", f"{region}b"] for region in apart.values()}
    (line,) = refusal("fifteen-letters", regions=apart, zones=zones, database=ROOTS)
    assert line == (
        'the stack\'s name: got "fifteen-letters"; allowed: at most 14 characters where names carry usgovw1, for '
        "us-gov-west-1; fix: rename the stack, for example to fifteen-letter"
    )
    assert load("fourteen-signs", config(regions=apart, zones=zones, database=ROOTS, domain="example.com"))
    assert load("fifteen-letters", config(domain="example.com"))


def test_a_queue_with_a_bus_leaves_room_for_its_archive_s_name() -> None:
    (line,) = refusal("fifteen-letters", queues={"requests-to-us": {"bus": {}}, "requests-to-them": {}})
    assert line == (
        'haven:queues.requests-to-us: got "requests-to-us"; allowed: at most 13 characters with a bus: the '
        "archive's name contains the stack's; fix: rename it to requests-to-u, or give the stack a shorter name"
    )
    assert load("fifteen-letters", config(queues={"requests-to-u": {"bus": {}}}))


def test_every_pattern_is_explained_in_words() -> None:
    from pydantic import TypeAdapter

    def patterns(node: Any) -> set[str]:
        if isinstance(node, dict):
            own = {node["pattern"]} if "pattern" in node else set()
            keyed = set(node.get("patternProperties", {}))
            return own.union(keyed, *(patterns(each) for each in node.values()))
        return set().union(*(patterns(each) for each in node)) if isinstance(node, list) else set()

    keys = {**fields(EnvironmentConfig), **fields(AccountConfig)}
    used = set().union(*(patterns(TypeAdapter(key.rebuild_annotation()).json_schema()) for key in keys.values()))
    assert used == set(FORMS)
    assert [pattern for pattern, form in FORMS.items() if not re.search(pattern, form.example)] == []


@pytest.mark.parametrize("key", ["database", "cache", "watch", "objectives", "edge", "traffic"])
def test_text_is_taken_for_true_false_and_numbers_as_pulumi_config_set_writes_it(key: str) -> None:
    typed = {
        "database": {"instances": 3},
        "cache": {"shards": 4, "replicas": 2},
        "watch": {"prometheus": True, "thresholds": {"restarts": 7}, "logRetentionDays": 365},
        "objectives": {"rtoMinutes": 30, "availabilityPercent": 99.5},
        "edge": {"internal": False, "targetPort": 8443},
        "traffic": {"automatic": True},
    }[key]
    assert load("test", config(**{key: as_text(typed)})) == load("test", config(**{key: typed}))


def as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: as_text(each) for name, each in value.items()}
    return json.dumps(value)


def test_text_that_is_no_number_is_refused() -> None:
    (line,) = refusal(database={"instances": "two"})
    assert line == (
        'haven:database.instances: got "two"; allowed: a whole number; fix: write instances: 2, for example'
    )


def test_an_encrypted_value_is_taken_where_it_does_not_shape_the_plan() -> None:
    assert load("test", config(tags={"owner": "<secure>"})).tags == {"owner": "<secure>"}
    (line,) = refusal(database={"instances": "<secure>"})
    assert line == (
        "haven:database.instances: got a secure value; allowed: plain text: it shapes the plan; "
        "fix: pulumi config set --plaintext --path haven:database.instances <value>"
    )


def test_a_vpc_may_use_shared_address_space() -> None:
    network = load("test", config(network={"cidrs": {"primary": "100.64.0.0/16"}})).network
    assert network.cidrs.primary == "100.64.0.0/16"


@pytest.mark.parametrize("domain", ["ai.example.com.", "AI.Example.com"])
def test_a_domain_may_have_capitals_and_a_dot_at_its_end(domain: str) -> None:
    assert load("test", config(domain=domain)).domain == "ai.example.com"


def test_numbers_and_truth_values_are_values_of_tags() -> None:
    tags = {"cost-center": 1234, "rate": 1.5, "shared": True, "owner": "platform"}
    expected = {"cost-center": "1234", "rate": "1.5", "shared": "true", "owner": "platform"}
    assert load("test", config(tags=tags)).tags == expected


@pytest.mark.parametrize("pair", [("us-gov-west-1", "us-gov-east-1"), ("cn-north-1", "cn-northwest-1")])
def test_regions_of_other_partitions_have_zones_without_naming_them(pair: tuple[str, str]) -> None:
    settings = load("test", config(regions={"primary": pair[0], "recovery": pair[1]}))
    assert all(len(settings.zones[region]) >= 2 for region in pair)


def test_regions_without_known_certificates_are_taken_with_a_warning_unless_the_stack_file_has_them() -> None:
    regions = {"primary": "eu-west-1", "recovery": "il-central-1"}
    settings = load("test", config(regions=regions))
    (note,) = engines.notes(settings.database, settings.regions)
    assert "no root certificates of RDS in il-central-1:" in note
    given = load("test", config(regions=regions, database=ROOTS))
    assert not [*engines.notes(given.database, given.regions)]


def test_a_minor_version_that_is_newer_than_the_data_is_taken_with_a_warning() -> None:
    settings = load("test", config(database={"engineVersion": "16.13"}))
    (note,) = engines.notes(settings.database, settings.regions)
    assert "has no Aurora PostgreSQL 16.13" in note
    assert not [*engines.notes(load("test", config()).database, settings.regions)]


@pytest.mark.parametrize("kind", ["model-serving", "batch", "model-serving-v2", "agents"])
def test_a_system_may_have_a_kind_of_the_user_s_own(kind: str) -> None:
    assert load("test", config(systems={"chat": {"kind": kind}})).systems["chat"].kind == kind
