"""Checks of arguments that several components take alike."""

import re

from haven_components.shared.support import Checks, partition

LOG_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180),
    *(365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""What CloudWatch Logs accepts (PutRetentionPolicy, read 2026-11-21)."""

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


def require_account(checks: Checks, account_id: str) -> None:
    """ARNs can be composed from the account's id."""
    checks.require(
        re.fullmatch(r"\d{12}", account_id) is not None,
        "account_id",
        got=account_id,
        allowed="twelve digits",
        fix="give the AWS account's id",
    )


def require_log_retention(checks: Checks, days: int) -> None:
    """CloudWatch Logs knows this retention."""
    checks.require(
        days in LOG_RETENTION_DAYS,
        "log_retention_days",
        got=days,
        allowed=", ".join(str(each) for each in LOG_RETENTION_DAYS),
        fix="choose one of the retentions that CloudWatch Logs accepts",
    )


def require_other_region(checks: Checks, path: str, region: str, primary: str) -> None:
    """The second Region is another one, in the same partition: nothing replicates beyond it."""
    checks.require(
        region != primary and partition(region) == partition(primary),
        path,
        got=region,
        allowed=f"a Region other than {primary}, in the partition {partition(primary)}",
        fix="name the Region that takes over when the primary one is lost",
    )
