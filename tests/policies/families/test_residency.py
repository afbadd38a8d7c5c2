"""Where data may be: classes, presets, and what odd input does."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from botocore.loaders import create_loader
from pydantic import ValidationError

from haven.base.problems import Problems
from haven.base.terminal import Style
from haven.config.data_classes import regions_of
from haven.config.policy import DataClass, Residency
from haven.config.presets import PresetStatement, names, preset
from haven.program import aws_types as aws
from haven.program.recording import Recording
from haven_policies.judge import Verdict
from haven_policies.report import as_json, render
from haven_policies.rules.residency.allowed import Limits
from haven_policies.rules.residency.data_flows import DATA_PATHS, data_flows
from haven_policies.rules.residency.stores import HOMES, Store
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.stack_facts import read_stack_facts
from infra.config.rules.residency import WHOLE_STORES
from tests.environments import environment
from tests.policies.breaking import TODAY, adding, find, setting, verdict_of
from tests.policies.mutations.residency import residency


def limits(store: Store, **keys: Any) -> list[set[str]]:
    config = {"haven:regions": json.dumps({"primary": "eu-west-1", "recovery": "eu-central-1"})}
    facts = read_stack_facts("test", {**config, "haven:residency": json.dumps(keys)})
    return [set(each.regions) for each in Limits(facts).of(store)]


def judged(recording: Recording, config: dict[str, str]) -> Verdict:
    return verdict_of("warm", recording, config)


COMMERCIAL_AND_GOVCLOUD = ("aws", "aws-us-gov")
CLASSES = {"home": {"regions": ["eu-west-1"]}, "far": {"regions": ["us-east-1"]}, "any": {}}


def test_what_has_no_class_stays_in_the_environments_own_regions() -> None:
    assert limits(Store("tables", "features")) == [{"eu-west-1", "eu-central-1"}]


def test_the_nearest_name_of_a_store_decides_on_its_class() -> None:
    stores = {"tables": "far", "tables.features": "home"}
    assert limits(Store("tables", "features"), classes=CLASSES, stores=stores) == [{"eu-west-1"}]
    assert limits(Store("tables", "other"), classes=CLASSES, stores=stores) == [{"us-east-1"}]
    assert limits(Store("database"), classes=CLASSES, stores=stores, default="home") == [{"eu-west-1"}]


def test_data_of_a_class_without_regions_may_be_anywhere() -> None:
    assert limits(Store("cache"), classes=CLASSES, default="any") == []


def test_backups_without_a_class_of_their_own_keep_to_the_limits_of_all_that_they_hold() -> None:
    stores = {"tables.features": "home", "parameters": "far", "database": "any"}
    assert limits(Store("backups"), classes=CLASSES, stores=stores, default="any") == [{"eu-west-1"}]
    assert limits(Store("backups"), classes=CLASSES, stores={**stores, "backups": "any"}) == []


def test_presets_and_regions_of_a_class_all_have_to_allow_a_region() -> None:
    found = DataClass(presets=["gdpr", "swiss-fadp"], regions=["eu-west-1", "eu-west-2", "eu-central-2"])
    assert regions_of(found) == frozenset({"eu-west-1"})


def test_regions_that_the_stack_file_itself_names_are_the_environments_own() -> None:
    config = {
        "haven:regions": json.dumps({"primary": "eu-west-1", "recovery": "eu-central-1"}),
        "haven:tables": json.dumps({"sessions": {"consistency": "strong", "witnessRegion": "eu-west-3"}}),
        "haven:backups": json.dumps({"isolatedVaultArn": "arn:aws:backup:eu-north-1:444455556666:backup-vault:apart"}),
        "haven:account": "111122223333",
    }
    found = Limits(read_stack_facts("test", config))
    assert found.of(Store("tables"))[0].regions == {"eu-west-1", "eu-central-1", "eu-west-3", "eu-north-1"}
    assert set(found.accounts) == {"111122223333", "444455556666"}


def test_a_program_that_says_nothing_of_regions_is_not_judged() -> None:
    assert Limits(read_stack_facts("test", {})).of(Store("tables")) == []


@pytest.mark.parametrize("name", names())
def test_a_preset_says_where_each_region_stands_what_it_claims_and_what_not(name: str) -> None:
    found = preset(name)
    assert all(found.regions.values())
    assert found.claims
    assert found.does_not_claim
    assert any(each.checked in {"whole", "excerpt"} for each in found.statements)


@pytest.mark.parametrize("name", names())
def test_a_preset_takes_only_regions_that_aws_names_after_the_place_that_it_gives(name: str) -> None:
    partitions = {each["id"]: each["regions"] for each in create_loader().load_data("partitions")["partitions"]}
    known = {
        region: about["description"] for each in COMMERCIAL_AND_GOVCLOUD for region, about in partitions[each].items()
    }
    for region, place in preset(name).regions.items():
        (named,) = re.findall(r"\((.+)\)", known[region])
        assert named in place


STATEMENT = {
    "description": "Data may go to a place under this statement.",
    "source": "https://example.org/law",
    "checked": "excerpt",
}


@pytest.mark.parametrize(
    ("config", "reading"),
    [
        ({"read": "2026-11-21"}, "excerpt read 2026-11-21"),
        ({"checked": "not read"}, "not read"),
        (
            {"checked": "second hand", "seenAt": "https://example.org/it", "read": "2026-11-21"},
            "second hand, from https://example.org/it, read 2026-11-21",
        ),
    ],
)
def test_a_statement_says_how_much_of_its_source_was_read_and_when(config: dict[str, str], reading: str) -> None:
    assert PresetStatement.model_validate(STATEMENT | config).reading == reading


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"checked": "not read", "read": "2026-11-21"},
        {"checked": "second hand", "read": "2026-11-21"},
        {"seenAt": "https://example.org/it", "read": "2026-11-21"},
    ],
)
def test_a_statement_does_not_claim_a_reading_that_there_was_not(config: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="and nothing else has"):
        PresetStatement.model_validate(STATEMENT | config)


def test_there_are_presets_of_europe_and_of_the_united_states() -> None:
    assert {"gdpr", "hipaa"} <= set(names())
    assert not set(preset("gdpr").regions) & set(preset("hipaa").regions)


def test_a_report_names_the_presets_and_in_detail_what_they_claim_and_what_not() -> None:
    config = residency(classes={"personal": {"presets": ["gdpr"]}}, default="personal")
    verdict = judged(environment("warm"), config)
    short = render(verdict, TODAY, Style()).splitlines()
    assert short[1:] == ["  Preset gdpr: haven plan --policy --detail has what is claimed, and the sources."]
    text = " ".join(render(verdict, TODAY, Style(), detail=True).split())
    assert "Preset gdpr: " in text
    assert preset("gdpr").claims[0] in text
    assert preset("gdpr").does_not_claim[0] in text
    for each in preset("gdpr").statements:
        assert f"{each.source} ({each.reading})" in text
    (entry,) = as_json(verdict)["presets"]
    assert entry["name"] == "gdpr"
    assert {"claims", "doesNotClaim", "statements", "regions", "title"} <= entry.keys()


def test_presets_that_no_class_uses_are_not_reported() -> None:
    verdict = judged(environment("warm"), residency(classes={"here": {"regions": ["eu-west-1", "eu-central-1"]}}))
    assert "Preset" not in render(verdict, TODAY, Style())


def test_a_preset_that_there_is_none_of_is_refused_where_only_the_rules_run_too() -> None:
    config = {"default": "other", "classes": {"personal": {"presets": ["gdrp"]}}}
    with pytest.raises(Problems) as refused:
        read_stack_facts("test", {"haven:residency": json.dumps(config)})
    assert [each.what for each in refused.value.problems] == [
        "haven:residency.classes.personal.presets",
        "haven:residency.default",
    ]


def test_a_finding_names_what_leads_where_what_is_allowed_by_whom_and_the_fix() -> None:
    broken = setting(aws.SECRETSMANAGER_SECRET, "replicas.0.region", "us-east-1", "model-hub")
    config = residency(classes={"secret": {"regions": ["eu-west-1", "eu-central-1"]}}, stores={"secrets": "secret"})
    found = [each for each in judged(broken(environment("warm")), config).violations if "replicas" in each.rule.name]
    assert [each.message for each in found] == [
        "haven-warm-model-hub-secret replicas[0].region: got us-east-1; "
        'allowed: "eu-central-1", "eu-west-1" (data class secret); '
        "fix: keep the replica of secrets.model-hub in one of these Regions, "
        "or give the store a class that allows it; this one is haven:residency.classes.secret"
    ]


@pytest.mark.parametrize("odd", [None, 7, "", "x", True, [], {}, ["x", 7, None], {"x": [None]}, "{not json", "arn:x"])
def test_odd_values_crash_no_rule(odd: Any) -> None:
    recording = environment("active-active")
    tops = {
        type_: {data_path.path.partition(".")[0].removesuffix("[]") for data_path in paths}
        for type_, paths in DATA_PATHS.items()
    }
    for index, (type_, properties) in enumerate(tops.items()):
        inputs = {**dict.fromkeys(properties, odd), "region": odd}
        recording = adding(type_, f"odd-{index}", inputs, "eu-west-1")(recording)
    facts = read_stack_facts("test", {"haven:regions": odd if isinstance(odd, str) else json.dumps(odd)})
    list(data_flows(ResourceGraph(recording, facts)))


def test_the_kinds_of_stores_are_the_same_for_the_config_and_for_the_rules() -> None:
    facts = read_stack_facts("warm", {})
    graph = ResourceGraph(environment("warm"), replace(facts, residency=Residency()))
    assert {each.store.kind for each in data_flows(graph)} <= set(WHOLE_STORES)
    assert find(environment("warm"), HOMES[HOMES.index(aws.SQS_QUEUE)])
