"""Checks of arguments that several components take alike."""

import ipaddress
import re
from collections.abc import Sequence
from enum import StrEnum

from haven_components import limits
from haven_components.names import partition
from haven_components.shared.support import Checks

DEFAULT_LOG_RETENTION_DAYS = 90


def require_name(checks: Checks, name: str, longest: int) -> None:
    """The component's name leaves room for the suffixes of what is named after it."""
    checks.require(
        len(name) <= longest and re.fullmatch(r"[a-z][a-z0-9-]*", name) is not None,
        "name",
        got=name,
        allowed=f"at most {longest} lower-case letters, digits and hyphens, the first a letter",
        fix="choose another name: AWS names are made from it",
    )


def require_account(checks: Checks, account_id: str, path: str = "account_id") -> None:
    """ARNs can be composed from the account's id."""
    require_match(
        checks,
        path,
        account_id,
        r"\d{12}",
        allowed="twelve digits",
        fix="give the AWS account's id",
    )


def require_match(
    checks: Checks, path: str, got: str, pattern: str | re.Pattern[str], *, allowed: str, fix: str
) -> None:
    """A text has a certain form as a whole."""
    checks.require(re.fullmatch(pattern, got) is not None, path, got=got, allowed=allowed, fix=fix)


def require_principals(checks: Checks, path: str, principals: Sequence[str]) -> None:
    """Each is the ARN of an IAM role or user; `path` has `{}` in the place of its number."""
    for index, arn in enumerate(principals):
        require_match(
            checks,
            path.format(index),
            arn,
            limits.PRINCIPAL_ARN,
            allowed="the ARN of an IAM role or user",
            fix="give the role's own ARN, not that of a session (`assumed-role`)",
        )


def require_choice(checks: Checks, path: str, got: str, choices: type[StrEnum]) -> bool:
    """A text is one of several choices; returns whether it is."""
    values = [each.value for each in choices]
    checks.require(got in values, path, got=got, allowed=", ".join(values), fix="choose one of them")
    return got in values


def require_log_retention(checks: Checks, days: int) -> None:
    """CloudWatch Logs knows this retention."""
    fix = "choose one of the retentions that CloudWatch Logs accepts"
    require_member(checks, "log_retention_days", days, limits.LOG_RETENTION_DAYS, fix=fix)


def require_member(checks: Checks, path: str, got: int, allowed: Sequence[int], *, fix: str) -> None:
    """A number is one of a list."""
    checks.require(got in allowed, path, got=got, allowed=", ".join(map(str, allowed)), fix=fix)


def require_other_region(checks: Checks, path: str, region: str, primary: str) -> None:
    """The second Region is another one, in the same partition: nothing replicates beyond it."""
    checks.require(
        region != primary and partition(region) == partition(primary),
        path,
        got=region,
        allowed=f"a Region other than {primary}, in the partition {partition(primary)}",
        fix="name the Region that takes over when the primary one is lost",
    )


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


def require_replica(checks: Checks, primary: str, replica: str) -> None:
    """The secret's replica is not where the secret is."""
    checks.require(
        replica != primary,
        "recovery_secret.region",
        got=replica,
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


def require_subnets(checks: Checks, path: str, subnet_ids: object) -> None:
    """There are subnets in two zones at least, as far as it is known before they exist."""
    if isinstance(subnet_ids, Sequence):
        checks.require(
            len(subnet_ids) >= limits.FEWEST_SUBNETS,
            path,
            got=f"{len(subnet_ids)} subnets",
            allowed=f"{limits.FEWEST_SUBNETS} or more, in different zones",
            fix="give a subnet of each zone",
        )


def require_some(checks: Checks, path: str, got: Sequence[str]) -> None:
    """One or more, each once."""
    checks.require(
        len(got) > 0 and len(set(got)) == len(got),
        path,
        got=got,
        allowed="one or more, each once",
        fix="name each of them once",
    )


def require_key_prefix(checks: Checks, path: str, got: str) -> None:
    """What keys of objects in a bucket begin with."""
    require_match(
        checks,
        path,
        got,
        r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*",
        allowed="letters, digits, dots, underscores and hyphens, with single slashes in between",
        fix="leave out slashes at the start and the end",
    )


def require_between(checks: Checks, path: str, got: float, allowed: limits.Range, *, fix: str) -> None:
    """A whole number within limits."""
    checks.require(
        allowed.holds(got),
        path,
        got=got,
        allowed=f"a whole number from {allowed}",
        fix=fix,
    )
