"""What somebody writes who installs the package beside code of their own."""

ENVIRONMENT = '''
"""A key and a secret in two Regions."""

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components import OWNER
from haven_components import MultiRegionKey, ReplicatedSecret

PRIMARY, RECOVERY = "eu-west-1", "eu-central-1"

there = aws.Provider("there", region=RECOVERY)
here = pulumi.ResourceOptions(providers=[aws.Provider("here", region=PRIMARY), random.Provider("random")])

key = MultiRegionKey(
    "shop-key",
    {
        "primary_region": PRIMARY,
        "recovery_region": RECOVERY,
        "recovery_provider": there,
        "account_id": "123456789012",
        "description": f"What {OWNER} stores",
    },
    here,
)
token = ReplicatedSecret(
    "shop-token",
    {
        "description": "Signs requests",
        "primary": {"region": PRIMARY, "kms_key_arn": key.primary_arn},
        "recovery": {"region": RECOVERY, "kms_key_arn": key.recovery_arn},
    },
    here,
)
'''

TESTS = '''
"""Tests of the environment, under Pulumi's mocks."""

from typing import Any, cast

import pulumi
import pytest

import infra
import policies


class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        return f"{args.name}-id", {"arn": f"arn:of:{args.name}", **args.inputs}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"the program looks up {args.token}")


pulumi.runtime.set_mocks(Mocks())


def test_the_packages_beside_the_library_are_the_consumer_s_own() -> None:
    assert (infra.OWNER, policies.OWNER) == ("the shop", "the shop")


@pulumi.runtime.test
def test_the_environment_is_declared() -> pulumi.Output[None]:
    import environment

    def check(arns: list[str]) -> None:
        assert [each[:13] for each in arns] == ["arn:of:shop-k", "arn:of:shop-t"]

    return pulumi.Output.all(environment.key.primary_arn, environment.token.secret_arn).apply(check)


def test_arguments_that_do_not_fit_are_refused_by_name() -> None:
    from haven_components import MultiRegionKey

    args = {"primary_regoin": "eu-west-1", "recovery_region": "eu-central-1", "account_id": "12"}
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        MultiRegionKey("shop-key", cast("Any", args))
    assert {each["property_path"] for each in refused.value.errors or []} == {
        "primary_regoin", "primary_region", "recovery_provider", "account_id", "description"
    }


def test_arguments_are_documented() -> None:
    from haven_components import MultiRegionKeyArgs

    assert "recovery_region: str (required)\\n    The Region of the replica." in str(MultiRegionKeyArgs.__doc__)
'''

MISTAKEN = '''
"""Mistakes that a type checker finds, each marked in its line."""

from haven_components import MultiRegionKey, NetworkPeeringArgs, RegionalNetwork

network: dict[str, str] = {"region": "eu-west-1", "vpc_id": "vpc-1", "cidr": "10.0.0.0/16"}
missing: NetworkPeeringArgs = {"account_id": "123456789012"}  # MISTAKE: missing
RegionalNetwork("n", {"region": 7, "account_id": "1", "zones": [], "cidr": "c", "nat": True})  # MISTAKE: kind
RegionalNetwork("n", {"region": "r", "account_id": "1", "zones": [], "cidr": "c", "nat": True, "x": 1})  # MISTAKE: name
RegionalNetwork("n", {"region": "r", "account_id": "1", "zones": [], "cidr": "c", "nat": True}).vpc  # MISTAKE: output
MultiRegionKey("k", network)  # MISTAKE: no arguments
'''
