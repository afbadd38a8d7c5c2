"""Actions for which AWS knows no narrower resource than all of them."""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase

UNBOUND: Mapping[str, str] = {
    "*:describe*": "Describing takes no resource in most services, and shows no data.",
    "*:list*": "Lists are of a whole account, and show no data; those of S3 that take a bucket are named below.",
    "aps:getlabels": "Labels belong to queries.",
    "ce:get*": "Costs are the account's.",
    "cloudwatch:getmetric*": "Metrics are no resources.",
    "cloudwatch:putmetricdata": "Metrics are no resources; a condition may name their namespace.",
    "ec2:injectapierror": "Auto Scaling groups' ARNs hold an id that nobody knows before.",
    "ec2messages:*": "Messages belong to whoever asks.",
    "ecr:getauthorizationtoken": "A token is the account's.",
    "kms:createkey": "What is made has no ARN before.",
    "kms:generaterandom": "Random bytes belong to nothing.",
    "logs:*logdelivery": "Deliveries of logs are no resources.",
    "logs:*logdeliveries": "Deliveries of logs are no resources.",
    "logs:getqueryresults": "An answer belongs to a query, which is no resource.",
    "logs:stopquery": "A query is no resource.",
    "pricing:*": "Prices are everybody's.",
    "s3:getaccountpublicaccessblock": "The block is the account's.",
    "secretsmanager:getrandompassword": "Random text belongs to nothing.",
    "ssmmessages:*": "Channels belong to whoever asks.",
    "sts:getcalleridentity": "Everybody may know who they are.",
    "tag:get*": "Finding resources by tag takes no resource.",
    "xray:*": "Traces are no resources.",
}
"""Action, in small letters and with asterisks -> why it may be allowed on every resource (AWS Service Authorization
Reference, actions without resource types; read 2026-11-21)."""

_BOUND = ("s3:listbucket*", "s3:listmultipartuploadparts")

_NARROWING = re.compile(
    r"aws:resource(account|orgid|orgpaths)|aws:requesttag/.*|[a-z0-9-]+:resourcetag/.*|cloudwatch:namespace|ec2:vpc"
    r"|kms:(viaservice|encryptioncontext:.*|grantisforawsresource)"
)
"""Keys of conditions, in small letters, that say which resources are meant."""


def is_unbound(action: str) -> bool:
    """Whether AWS knows no narrower resource for an action, which may hold asterisks itself."""
    name = action.lower()
    bound = any(fnmatchcase(name, pattern) or name == pattern for pattern in _BOUND)
    return not bound and any(fnmatchcase(name, pattern) for pattern in UNBOUND)


def narrows(key: str) -> bool:
    """Whether a condition with this key, in small letters, says which resources are meant."""
    return _NARROWING.fullmatch(key) is not None
