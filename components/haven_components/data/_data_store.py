"""What databases and caches share: who may connect, where they stand, and a password that both Regions hold."""

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from haven_components.shared.support import Checks, region_code, stateful

PASSWORD_CHARACTERS = 40
"""RDS documents 8 to 41 characters for a cluster's master password, ElastiCache 16 to 128 for a token (CreateDBCluster
and CreateReplicationGroup, read 2026-11-21). Letters and digits alone need no escaping anywhere; 40 of them hold more
than 230 bits."""

SECRET_RECOVERY_DAYS = 30
"""The longest that Secrets Manager keeps a deleted secret (DeleteSecret, read 2026-11-21)."""

FEWEST_SUBNETS = 2

ChildOptions = Callable[[], pulumi.ResourceOptions]
"""Makes the options of a child that stands in one Region."""


class RecoverySecretArgs(TypedDict):
    region: str
    """The Region that holds the replica of the secret."""
    kms_key_arn: pulumi.Input[str]
    """ARN of the key, in that Region, that encrypts the replica."""


def generated(
    component: pulumi.Resource, name: str, *, ephemeral: bool, characters: int = PASSWORD_CHARACTERS
) -> pulumi.Output[str]:
    """Letters and digits made once and never again: they have no keepers, so no change elsewhere makes new ones."""
    password = random.RandomPassword(
        f"{name}-password",
        length=characters,
        special=False,
        opts=stateful(component, ephemeral=ephemeral),
    )
    return password.result


class StoredSecret:
    """A secret under one name in two Regions."""

    def __init__(
        self,
        component: pulumi.Resource,
        name: str,
        *,
        description: str,
        kms_key_arn: pulumi.Input[str],
        replica: RecoverySecretArgs,
        ephemeral: bool,
    ) -> None:
        self._name = name
        self._secret = aws.secretsmanager.Secret(
            secret_name(name),
            name=secret_name(name),
            description=description,
            kms_key_id=kms_key_arn,
            replicas=[{"region": replica["region"], "kms_key_id": replica["kms_key_arn"]}],
            # A replica left behind by an earlier secret of this name would otherwise keep its old password.
            force_overwrite_replica_secret=True,
            recovery_window_in_days=0 if ephemeral else SECRET_RECOVERY_DAYS,
            tags={"Name": secret_name(name)},
            # A promoted replica has left. Declared again, it would be overwritten with the primary's older value.
            opts=stateful(component, ephemeral=ephemeral, ignore_changes=["replicas"]),
        )
        self.arn: pulumi.Output[str] = self._secret.arn

    def write(
        self, text: pulumi.Input[str], opts: pulumi.ResourceOptions, *, stages: Sequence[str] | None = None
    ) -> aws.secretsmanager.SecretVersion:
        """Write the secret's value, and label the version that holds it."""
        return aws.secretsmanager.SecretVersion(
            f"{self._name}-secret-value",
            secret_id=self._secret.id,
            secret_string=text,
            version_stages=stages,
            opts=opts,
        )


class SharedSecret(StoredSecret):
    """A generated password, and the secret that holds it, under one name in two Regions."""

    def __init__(
        self,
        component: pulumi.Resource,
        name: str,
        *,
        description: str,
        kms_key_arn: pulumi.Input[str],
        replica: RecoverySecretArgs,
        ephemeral: bool,
    ) -> None:
        self.password = generated(component, name, ephemeral=ephemeral)
        self._options = stateful(component, ephemeral=ephemeral)
        super().__init__(
            component, name, description=description, kms_key_arn=kms_key_arn, replica=replica, ephemeral=ephemeral
        )

    def hold(self, value: Mapping[str, Any]) -> None:
        """Write the secret's value: a JSON object."""
        self.write(pulumi.Output.json_dumps(dict(value), sort_keys=True), self._options)


def secret_name(name: str) -> str:
    """Name of the secret, the same in both Regions, of the component called `name`."""
    return f"{name}-secret"


def sited(name: str, region: str) -> str:
    """What a component calls the things that it has in one Region."""
    return f"{name}-{region_code(region)}"


def client_access(
    name: str, *, vpc_id: pulumi.Input[str], port: int, cidrs: Sequence[str], options: ChildOptions
) -> aws.ec2.SecurityGroup:
    """A security group that lets these networks in on one port, and nothing out."""
    group = aws.ec2.SecurityGroup(
        f"{name}-clients",
        name=f"{name}-clients",
        description=f"Clients of {name}",
        vpc_id=vpc_id,
        tags={"Name": f"{name}-clients"},
        opts=options(),
    )
    for cidr in cidrs:
        label = f"{name}-from-{re.sub(r'[./]', '-', cidr)}"
        aws.vpc.SecurityGroupIngressRule(
            label,
            security_group_id=group.id,
            description="Clients",
            cidr_ipv4=cidr,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            tags={"Name": label},
            opts=options(),
        )
    return group


def require_identifier(checks: Checks, name: str) -> None:
    """RDS and ElastiCache refuse two hyphens in a row and one at the end."""
    checks.require(
        "--" not in name and not name.endswith("-"),
        "name",
        got=name,
        allowed="single hyphens, none at the end",
        fix="choose another name: AWS names are made from it",
    )


def require_two_sides(checks: Checks, primary: str, recovery: str | None, *, has_provider: bool) -> None:
    """The two sides are in two Regions, and the second one comes with its provider."""
    checks.require(
        recovery != primary,
        "recovery.region",
        got=recovery,
        allowed="another Region than the primary side's",
        fix="choose another Region, or leave the recovery side out",
    )
    checks.require(
        recovery is None or has_provider,
        "recovery_provider",
        got="nothing",
        allowed="the AWS provider of the recovery side's Region",
        fix="give the provider that works there",
    )


def require_replica(checks: Checks, primary: str, replica: RecoverySecretArgs) -> None:
    """The secret's replica is not where the secret is."""
    checks.require(
        replica["region"] != primary,
        "recovery_secret.region",
        got=replica["region"],
        allowed="another Region than the primary side's",
        fix="name the Region that takes over",
    )


def require_clients(checks: Checks, side: str, cidrs: Sequence[str]) -> None:
    """Somebody may connect, each network is named once, and none of them is everybody."""
    path = f"{side}.client_cidrs"
    allowed = "IPv4 networks, each once, none wider than /8, such as 10.20.0.0/16"
    fix = "name the networks whose clients connect"
    checks.require(len(cidrs) > 0, path, got=list(cidrs), allowed=allowed, fix=fix)
    checks.require(len(set(cidrs)) == len(cidrs), path, got=list(cidrs), allowed=allowed, fix="name each network once")
    for index, cidr in enumerate(cidrs):
        checks.require(_is_client_network(cidr), f"{path}[{index}]", got=cidr, allowed=allowed, fix=fix)


def _is_client_network(cidr: str) -> bool:
    try:
        return ipaddress.IPv4Network(cidr).prefixlen >= 8
    except ValueError:
        return False


def require_subnets(checks: Checks, side: str, subnet_ids: object) -> None:
    """There are subnets in two zones at least, as far as that can be told before they exist."""
    if isinstance(subnet_ids, Sequence):
        checks.require(
            len(subnet_ids) >= FEWEST_SUBNETS,
            f"{side}.subnet_ids",
            got=f"{len(subnet_ids)} subnets",
            allowed="two or more, in different zones",
            fix="give a subnet of each zone",
        )


def require_between(checks: Checks, path: str, got: float, least: int, most: int, *, fix: str) -> None:
    """A whole number within limits."""
    whole = got == int(got)
    allowed = f"a whole number from {least} to {most}"
    checks.require(whole and least <= got <= most, path, got=got, allowed=allowed, fix=fix)
