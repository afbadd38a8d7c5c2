"""The AWS provider itself validates and plans every AWS resource of every stack and of every example.

While it plans, the provider asks Kinesis for an account's limits, and retries for 44 seconds where nobody answers:
every service is a closed port of this machine here, and is tried once.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from haven.program import aws_types as aws
from haven.program.recording import Recording, Resource
from haven.terraform import cli, provider_differences
from haven.terraform.export import NO_KUBERNETES, Export, export
from haven.terraform.schema import ProviderSchema
from tests.environments import ACCOUNT, ALL_EXAMPLES, RECOVERY, TIERS, environment, example
from tests.infra.backups.test_restore import homecoming, restored
from tests.infra.recovery.test_rebuild import rebuilt

NOBODY = "http://127.0.0.1:1"
AWS_PROVIDER = "pulumi:providers:aws"
ABSENT_TYPES = {each.token for each in provider_differences.DIFFERENCES if not each.argument}
"""Types that the table of differences says the provider doesn't have."""
FURTHER = [pytest.param(each, marks=pytest.mark.exhaustive) for each in (ACCOUNT, "demo", *TIERS[:-1])]
"""What the lower tiers declare, the highest declares too, but for some values; the others are deployed in the demo's
test."""


def exported(recording: Recording, schema: ProviderSchema) -> Export:
    """For a provider that makes no call."""
    made = export(recording, schema, emulator=NOBODY)
    for provider in made.document["provider"]["aws"]:
        provider["max_retries"] = 1
    return made


def assert_accepted(recording: Recording, provider: cli.Terraform, folder: Path) -> None:
    made = exported(recording, provider.schema())
    assert {each.type for each in made.left_out if each.reason != NO_KUBERNETES} <= ABSENT_TYPES
    assert {each.reason for each in made.dropped} <= {each.reason for each in provider_differences.DIFFERENCES}
    verdict = provider.validate(made, folder)
    assert verdict.errors == []
    assert verdict.created == made.urns.keys()
    declared = [each.urn for each in recording.real() if each.type.startswith("aws:") and each.type not in ABSENT_TYPES]
    assert sorted(made.urns.values()) == sorted(declared)


def together(recordings: Sequence[Recording]) -> Recording:
    """One recording of several programs. Names begin with their program's; one provider serves each Region."""
    regions: dict[str | None, Resource] = {}
    kept: list[Resource] = []
    for recording in recordings:
        serving: dict[str, str] = {}
        for each in recording.resources:
            if each.type == AWS_PROVIDER:
                name = f"aws-{len(regions)}"
                first = regions.setdefault(str(each.inputs["region"]), replace(each, name=name, inputs=_plain(each)))
                serving[each.urn] = first.urn
        kept += [
            replace(each, name=f"{recording.project}-{each.name}", provider=serving.get(each.provider, each.provider))
            for each in recording.resources
            if each.type != AWS_PROVIDER
        ]
    return Recording("haven", "test", [*regions.values(), *kept], {})


def _plain(provider: Resource) -> dict[str, object]:
    """What a provider is given that all examples share: tags of one aren't another's."""
    return {"region": provider.inputs["region"]}


@pytest.mark.parametrize("stack", [TIERS[-1], *FURTHER])
def test_every_resource_of_a_stack_is_accepted(stack: str, provider: cli.Terraform, tmp_path: Path) -> None:
    assert_accepted(environment(stack), provider, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("stack", TIERS)
def test_every_resource_after_a_failover_is_accepted(stack: str, provider: cli.Terraform, tmp_path: Path) -> None:
    assert_accepted(environment(stack, active=RECOVERY), provider, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("step", [restored, homecoming], ids=["away", "home"])
def test_every_resource_of_a_restore_is_accepted(
    step: Callable[[], Recording], provider: cli.Terraform, tmp_path: Path
) -> None:
    assert_accepted(step(), provider, tmp_path)


@pytest.mark.exhaustive
def test_every_resource_of_a_rebuilt_region_is_accepted(provider: cli.Terraform, tmp_path: Path) -> None:
    assert_accepted(rebuilt("active-active"), provider, tmp_path)


def test_every_resource_of_every_example_is_accepted(provider: cli.Terraform, tmp_path: Path) -> None:
    """All of them in one document: what Terraform needs before it reads the first resource takes it 4 seconds."""
    whole = together([example(each) for each in ALL_EXAMPLES])
    assert examples_in(whole) == {each for each in ALL_EXAMPLES if examples_in(example(each))}
    assert_accepted(whole, provider, tmp_path)


def examples_in(recording: Recording) -> Collection[str]:
    """The examples of which at least one AWS resource is in a recording."""
    urns = {each.urn for each in recording.real() if each.type.startswith("aws:")}
    return {urn.split("::")[1] for urn in urns}


def test_what_the_provider_refuses_is_reported_with_its_address(provider: cli.Terraform, tmp_path: Path) -> None:
    wrong = environment("warm")
    broken = Recording(
        wrong.project,
        wrong.stack,
        [each for each in wrong.resources if each.is_provider or each.type == aws.EC2_VPC],
        {},
    )
    made = exported(broken, provider.schema())
    vpc = next(iter(made.document["resource"]["aws_vpc"]))
    made.document["resource"]["aws_vpc"][vpc]["cidr_block"] = "10.0.0.0/8"
    verdict = provider.validate(made, tmp_path)
    assert verdict.created == frozenset()
    assert any(f"aws_vpc.{vpc}" in error for error in verdict.errors)
