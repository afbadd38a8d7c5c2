import json
import re
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components.data.replicated_registry import ReplicatedRegistry, ReplicatedRegistryArgs

PRIMARY, RECOVERY = "eu-west-1", "eu-central-1"
CODES = {PRIMARY: "euw1", RECOVERY: "euc1"}
KEYS = {region: f"arn:aws:kms:{region}:123456789012:key/mrk-1" for region in CODES}
NAME = "haven-test-images"
each_region = pytest.mark.parametrize(("region", "code"), CODES.items())


def _declare(name: str = NAME, **changes: Any) -> Recording:
    def program() -> None:
        providers = {region: aws.Provider(region, region=region) for region in CODES}
        args = {
            "primary": {"region": PRIMARY, "kms_key_arn": KEYS[PRIMARY]},
            "recovery": {"region": RECOVERY, "kms_key_arn": KEYS[RECOVERY]},
            "recovery_provider": providers[RECOVERY],
            "repositories": ["serving", "training/trainer"],
        }
        registry = ReplicatedRegistry(
            name, cast("ReplicatedRegistryArgs", args | changes), pulumi.ResourceOptions(providers=[providers[PRIMARY]])
        )
        pulumi.export("prefix", registry.repository_prefix)
        pulumi.export("urls", [registry.primary_urls, registry.recovery_urls])

    return record(program, stack="test")


def _named(recording: Recording, kind: str) -> dict[str, Resource]:
    return {each.name: each for each in recording.real() if each.type.endswith(f":{kind}")}


def _rules(**changes: Any) -> Any:
    policies = {each.inputs["policy"] for each in _named(_declare(**changes), "LifecyclePolicy").values()}
    (policy,) = policies
    return json.loads(policy)["rules"]


@each_region
def test_each_region_has_every_repository_under_the_same_name(region: str, code: str) -> None:
    repositories = _named(_declare(), "Repository")
    found = {name: each.inputs["name"] for name, each in repositories.items() if each.region == region}
    assert found == {
        f"{NAME}-{code}-serving": f"{NAME}/serving",
        f"{NAME}-{code}-training/trainer": f"{NAME}/training/trainer",
    }


@each_region
def test_images_are_encrypted_with_their_own_region_s_key(region: str, code: str) -> None:
    for each in _named(_declare(), "Repository").values():
        key = KEYS[str(each.region)]
        assert each.inputs["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": key}]


def test_tags_never_move_and_images_are_scanned_when_they_are_pushed() -> None:
    for each in _named(_declare(), "Repository").values():
        assert each.inputs["imageTagMutability"] == "IMMUTABLE"
        assert each.inputs["imageScanningConfiguration"] == {"scanOnPush": True}


@each_region
def test_lifecycle_and_readers_stand_beside_their_repository(region: str, code: str) -> None:
    recording = _declare(reader_account_ids=["210987654321"])
    repositories = _named(recording, "Repository")
    for kind, suffix in (("LifecyclePolicy", "lifecycle"), ("RepositoryPolicy", "readers")):
        policy = _named(recording, kind)[f"{NAME}-{code}-serving-{suffix}"]
        assert (policy.region, policy.inputs["repository"]) == (region, f"{NAME}/serving")
        assert policy.options.property_dependencies["repository"] == (repositories[f"{NAME}-{code}-serving"].urn,)


@pytest.mark.parametrize(
    ("changes", "days", "images"), [({}, 14, 500), ({"untagged_days": 3.0, "kept_images": 50.0}, 3, 50)]
)
def test_untagged_images_go_after_some_days_and_the_oldest_beyond_a_number(
    changes: Any, days: int, images: int
) -> None:
    untagged, oldest = _rules(**changes)
    assert untagged["selection"] == {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": days,
    }
    assert oldest["selection"] == {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": images}
    assert [each["action"] for each in (untagged, oldest)] == [{"type": "expire"}] * 2


def test_the_rule_for_all_images_comes_last() -> None:
    ordered = sorted(_rules(), key=lambda each: each["rulePriority"])
    assert [each["selection"]["tagStatus"] for each in ordered] == ["untagged", "any"]


def test_named_accounts_may_pull_and_nothing_else() -> None:
    for each in _named(_declare(reader_account_ids=["210987654321"]), "RepositoryPolicy").values():
        (statement,) = json.loads(each.inputs["policy"])["Statement"]
        assert statement["Principal"] == {"AWS": ["arn:aws:iam::210987654321:root"]}
        assert statement["Action"] == [
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
        ]


def test_nobody_else_may_pull_unless_it_is_asked_for() -> None:
    assert not _named(_declare(), "RepositoryPolicy")


def test_outputs_lead_to_each_repository_in_each_region() -> None:
    recording = _declare()
    repositories = _named(recording, "Repository")
    assert recording.outputs["urls"] == [
        {
            each: f"@@{repositories[f'{NAME}-{code}-{each}'].key}.repositoryUrl@@"
            for each in ("serving", "training/trainer")
        }
        for code in CODES.values()
    ]
    assert recording.outputs["prefix"] == f"{NAME}/"


@pytest.mark.parametrize("ephemeral", [False, True])
def test_repositories_with_images_are_kept_unless_they_are_throw_away_ones(ephemeral: bool) -> None:
    for each in _named(_declare(ephemeral=ephemeral), "Repository").values():
        assert (each.options.protect, each.options.retain_on_delete) == (not ephemeral, not ephemeral)
        assert each.inputs["forceDelete"] is ephemeral


def _problems(name: str = NAME, **changes: Any) -> list[str]:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(name, **changes)
    return re.findall(r"^  ([\w.\[\]]+): got", str(refused.value), re.MULTILINE)


def test_every_problem_is_reported_at_once() -> None:
    assert _problems(
        "n" * 65,
        recovery={"region": PRIMARY, "kms_key_arn": "k"},
        repositories=["serving", "serving"],
        reader_account_ids=["1"],
        untagged_days=0,
        kept_images=20001,
    ) == ["name", "recovery.region", "repositories", "reader_account_ids[0]", "untagged_days", "kept_images"]


@pytest.mark.parametrize("repository", ["Serving", "a--b", "/a", "a/", "a_", "a" * 240, ""])
def test_a_name_that_ecr_would_refuse_is_refused_first(repository: str) -> None:
    assert _problems(repositories=[repository]) == ["repositories[0]"]


@pytest.mark.parametrize("name", ["haven--images", "haven-"])
def test_a_component_s_name_that_ecr_would_refuse_is_refused_first(name: str) -> None:
    assert _problems(name) == ["name"]


def test_empty_lists_are_refused() -> None:
    assert _problems(repositories=[], reader_account_ids=[]) == ["repositories", "reader_account_ids"]
