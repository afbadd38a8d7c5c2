"""Actions for which AWS knows no narrower resource than all of them."""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase

SHOWING = ("*:describe*", "*:list*")
"""Actions that show what there is and no data: many take no narrower resource."""

UNBOUND: Mapping[str, str] = {
    "ce:getcost*": "Costs are the account's.",
    "cloudwatch:getmetricdata": "Metrics are no resources.",
    "cloudwatch:getmetricstatistics": "Metrics are no resources.",
    "cloudwatch:putmetricdata": "Metrics are no resources; a condition may name their namespace.",
    "ec2:injectapierror": "Auto Scaling groups' ARNs hold an id that is unknown before.",
    "ec2messages:*": "Messages belong to whoever asks.",
    "ecr:getauthorizationtoken": "A token is the account's.",
    "kms:createkey": "What is made has no ARN before.",
    "kms:generaterandom": "Random bytes belong to nothing.",
    "logs:*logdelivery": "Deliveries of logs are no resources.",
    "logs:getqueryresults": "An answer belongs to a query, which is no resource.",
    "logs:stopquery": "A query is no resource.",
    "pricing:*": "Prices are everybody's.",
    "s3:getaccountpublicaccessblock": "The block is the account's.",
    "secretsmanager:getrandompassword": "Random text belongs to nothing.",
    "ssmmessages:*": "Channels belong to whoever asks.",
    "sts:getcalleridentity": "Everybody may know who they are.",
    "tag:get*": "Finding resources by tag takes no resource.",
    "xray:batchgettraces": "Traces are no resources.",
    "xray:getsampling*": "Rules of sampling are read as a whole.",
    "xray:getgroups": "Groups are read as a whole.",
    "xray:getservicegraph": "Traces are no resources.",
    "xray:gettimeseries*": "Traces are no resources.",
    "xray:gettrace*": "Traces are no resources.",
    "xray:put*": "Traces are no resources.",
}
"""Action, in small letters and with asterisks -> why it may be allowed on every resource (AWS Service Authorization
Reference, actions without required resource types; read 2026-11-21)."""

_BOUND = ("s3:listbucket*", "s3:listmultipartuploadparts")

_NARROWING = re.compile(
    r"aws:resource(account|orgid|orgpaths)|aws:requesttag/.*|[a-z0-9-]+:resourcetag/.*|cloudwatch:namespace|ec2:vpc"
    r"|kms:(viaservice|encryptioncontext:.*|grantisforawsresource)"
)
"""Keys of conditions, in small letters, that restrict the resources."""


def is_unbound(action: str) -> bool:
    """Whether AWS knows no narrower resource for an action, which may hold asterisks itself."""
    name = action.lower()
    bound = any(fnmatchcase(name, pattern) or name == pattern for pattern in _BOUND)
    return not bound and any(fnmatchcase(name, pattern) for pattern in (*SHOWING, *UNBOUND))


def narrows(key: str) -> bool:
    """Whether a condition with this key, in small letters, restricts the resources."""
    return _NARROWING.fullmatch(key) is not None
