"""What a bucket's policy allows to AWS services that write into it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi

from haven_components import limits
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks


class BucketGrantArgs(TypedDict):
    sid: str
    """Name of the statement in the policy: letters and digits, each name once."""
    service: str
    """The service that is let in, for example `cloudtrail.amazonaws.com`."""
    actions: list[str]
    """What it may do, for example `["s3:PutObject"]`; no wildcards."""
    path: NotRequired[str]
    """The objects that it may do this to, for example `AWSLogs/123456789012/*`. Omitted: to the bucket itself."""
    source_arns: list[str]
    """ARNs on whose behalf the service may act, or patterns of such: it acts for other accounts too."""


def statements(grants: Sequence[BucketGrantArgs], bucket_arn: pulumi.Output[str]) -> list[Mapping[str, Any]]:
    """The grants as statements of one bucket's policy."""
    return [
        {
            "Sid": each["sid"],
            "Effect": "Allow",
            "Principal": {"Service": each["service"]},
            "Action": list(each["actions"]),
            "Resource": pulumi.Output.concat(bucket_arn, "/", each["path"]) if "path" in each else bucket_arn,
            "Condition": {"ArnLike": {"aws:SourceArn": list(each["source_arns"])}},
        }
        for each in grants
    ]


def require_grants(checks: Checks, grants: Sequence[BucketGrantArgs]) -> None:
    """Each grant has a name of its own, and lets one service do what is named, for somebody who is named."""
    sids = [each["sid"] for each in grants]
    checks.require(
        len(set(sids)) == len(sids) and all(re.fullmatch(r"[A-Za-z0-9]+", each) for each in sids),
        "grants",
        got=sids,
        allowed="names of letters and digits, each once",
        fix="rename a grant",
    )
    for index, grant in enumerate(grants):
        _checks.require_match(
            checks,
            f"grants[{index}].service",
            grant["service"],
            limits.SERVICE_PRINCIPAL,
            allowed="a service's principal, such as cloudtrail.amazonaws.com",
            fix="name the service as policies do",
        )
        checks.require(
            len(grant["actions"]) > 0 and all(re.fullmatch(r"s3:[A-Za-z]+", each) for each in grant["actions"]),
            f"grants[{index}].actions",
            got=list(grant["actions"]),
            allowed="actions of S3, one or more, without wildcards",
            fix="name what the service does, and nothing else",
        )
        checks.require(
            len(grant["source_arns"]) > 0 and all(each.startswith("arn:") for each in grant["source_arns"]),
            f"grants[{index}].source_arns",
            got=list(grant["source_arns"]),
            allowed="ARNs, one or more",
            fix="name on whose behalf the service acts",
        )
