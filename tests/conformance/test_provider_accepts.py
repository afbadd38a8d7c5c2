"""The AWS provider itself validates and plans every AWS resource of every stack and of every example."""

from pathlib import Path

import pytest

from haven.program import aws_types
from haven.program.recorder import record
from haven.program.recording import Recording
from haven.terraform import cli, provider_differences
from haven.terraform.export import export
from tests.environments import EVERY_STACK, RECOVERY, ROOT, TIERS, environment

EXAMPLES = sorted(path.parent.name for path in (ROOT / "examples").glob("*/__main__.py"))

ABSENT_TYPES = {each.token for each in provider_differences.DIFFERENCES if not each.argument}
"""Types that the table of differences says the provider doesn't have."""


def assert_accepted(recording: Recording, provider: cli.Terraform, folder: Path) -> None:
    exported = export(recording, provider.schema())
    assert {each.type for each in exported.left_out} <= ABSENT_TYPES
    assert {each.reason for each in exported.dropped} <= {each.reason for each in provider_differences.DIFFERENCES}
    verdict = provider.validate(exported, folder)
    assert verdict.errors == []
    assert verdict.created == exported.urns.keys()
    aws = [each.urn for each in recording.real() if each.type.startswith("aws:") and each.type not in ABSENT_TYPES]
    assert sorted(exported.urns.values()) == sorted(aws)


@pytest.mark.parametrize("stack", EVERY_STACK)
def test_every_resource_of_a_stack_is_accepted(stack: str, provider: cli.Terraform, tmp_path: Path) -> None:
    assert_accepted(environment(stack), provider, tmp_path)


@pytest.mark.parametrize("stack", TIERS)
def test_every_resource_after_a_failover_is_accepted(stack: str, provider: cli.Terraform, tmp_path: Path) -> None:
    assert_accepted(environment(stack, active=RECOVERY), provider, tmp_path)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_resource_of_an_example_is_accepted(example: str, provider: cli.Terraform, tmp_path: Path) -> None:
    recording = record(ROOT / "examples" / example, stack="test", project=example)
    assert_accepted(recording, provider, tmp_path)


def test_what_the_provider_refuses_is_said_with_its_address(provider: cli.Terraform, tmp_path: Path) -> None:
    wrong = environment("warm")
    broken = Recording(
        wrong.project,
        wrong.stack,
        [each for each in wrong.resources if each.is_provider or each.type == aws_types.EC2_VPC],
        {},
    )
    exported = export(broken, provider.schema())
    vpc = next(iter(exported.document["resource"]["aws_vpc"]))
    exported.document["resource"]["aws_vpc"][vpc]["cidr_block"] = "10.0.0.0/8"
    verdict = provider.validate(exported, tmp_path)
    assert verdict.created == frozenset()
    assert any(f"aws_vpc.{vpc}" in error for error in verdict.errors)
