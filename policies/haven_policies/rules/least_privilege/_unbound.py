"""Actions for which AWS knows no narrower resource than all of them."""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase

from haven_policies.rules.documents import Statement
from haven_policies.rules.least_privilege._callers import names
from haven_policies.rules.least_privilege._conditions import demands, demands_presence, demands_true

SHOWING = ("*:describe*", "*:list*")
"""Actions that show what there is and no data: many take no narrower resource."""

UNBOUND: Mapping[str, str] = {
    "access-analyzer:check*": "The policy that is checked is in the request.",
    "access-analyzer:validatepolicy": "The policy that is checked is in the request.",
    "aws-marketplace:batchmeterusage": "Usage of a product is no resource.",
    "aws-marketplace:getentitlements": "Entitlements are the account's.",
    "aws-marketplace:meterusage": "Usage of a product is no resource.",
    "aws-marketplace:registerusage": "Usage of a product is no resource.",
    "aws-marketplace:resolvecustomer": "A token in the request names the customer.",
    "bedrock:getfoundationmodelavailability": "Models' availability is the account's.",
    "ce:getcost*": "Costs are the account's.",
    "cloudformation:estimatetemplatecost": "The template is in the request.",
    "cloudformation:validatetemplate": "The template is in the request.",
    "cloudtrail:lookupevents": "The history of events is the account's.",
    "cloudwatch:getmetricdata": "Metrics are no resources.",
    "cloudwatch:getmetricstatistics": "Metrics are no resources.",
    "cloudwatch:putmetricdata": "Metrics are no resources; a condition may name their namespace.",
    "comprehend:batchdetect*": "The text is in the request.",
    "compute-optimizer:*": "Recommendations are the account's.",
    "config:putevaluations": "A token in the request names the rule.",
    "config:selectresourceconfig": "A query is no resource.",
    "ec2:getebsencryptionbydefault": "The setting is the account's.",
    "ec2:getinstancetypesfrominstancerequirements": "Instance types are everybody's.",
    "ec2:getspotplacementscores": "Scores are no resources.",
    "ec2:injectapierror": "Auto Scaling groups' ARNs hold an id that is unknown before.",
    "ec2messages:*": "Messages belong to whoever asks.",
    "ecr-public:getauthorizationtoken": "A token is the account's.",
    "ecr:getauthorizationtoken": "A token is the account's.",
    "ecs:discoverpollendpoint": "The endpoint is the Region's.",
    "eks:createcluster": "What is made has no ARN before.",
    "elasticloadbalancing:setwebacl": "AWS defines no resource for it.",
    "iam:generatecredentialreport": "The report is the account's.",
    "iam:getaccount*": "Summaries are the account's.",
    "iam:getcredentialreport": "The report is the account's.",
    "iam:simulatecustompolicy": "The policy is in the request.",
    "kms:createkey": "What is made has no ARN before.",
    "kms:generaterandom": "Random bytes belong to nothing.",
    "lambda:getaccountsettings": "Limits are the account's.",
    "logs:*logdelivery": "Deliveries of logs are no resources.",
    "logs:getqueryresults": "An answer belongs to a query, which is no resource.",
    "logs:putresourcepolicy": "The policies are the account's.",
    "logs:stopquery": "A query is no resource.",
    "logs:testmetricfilter": "The filter is in the request.",
    "pricing:*": "Prices are everybody's.",
    "resource-groups:searchresources": "A query is no resource.",
    "route53:getchange": "The id of a change is unknown before.",
    "route53:gethostedzonecount": "The count is the account's.",
    "route53domains:*": "Registered domains have no ARN.",
    "s3:createjob": "What is made has no ARN before.",
    "s3:getaccountpublicaccessblock": "The block is the account's.",
    "s3:putaccountpublicaccessblock": "The block is the account's.",
    "secretsmanager:getrandompassword": "Random text belongs to nothing.",
    "servicequotas:get*servicequota": "A quota that is read is no resource.",
    "ses:getsend*": "Quota and statistics are the account's.",
    "shield:createprotection": "What is made has no ARN before.",
    "shield:getsubscriptionstate": "The subscription is the account's.",
    "sns:getsmsattributes": "The settings are the account's.",
    "ssm:getinventory": "The inventory is the account's.",
    "ssmmessages:*": "Channels belong to whoever asks.",
    "sts:decodeauthorizationmessage": "The message is in the request.",
    "sts:getcalleridentity": "Everybody may know who they are.",
    "sts:getservicebearertoken": "A token belongs to whoever asks.",
    "sts:getsessiontoken": "A token belongs to whoever asks.",
    "support:*": "Cases are the account's.",
    "tag:*": "Tagging by this API takes each service's own permission too.",
    "transcribe:startstreamtranscription*": "The sound is in the request.",
    "xray:batchgettraces": "Traces are no resources.",
    "xray:getgroups": "Groups are read as a whole.",
    "xray:getsampling*": "Rules of sampling are read as a whole.",
    "xray:getservicegraph": "Traces are no resources.",
    "xray:gettimeseries*": "Traces are no resources.",
    "xray:gettrace*": "Traces are no resources.",
    "xray:put*": "Traces are no resources.",
}
"""Action, in small letters and with asterisks -> why it may be allowed on every resource (AWS Service Authorization
Reference, actions without required resource types; read 2026-11-21 and 2026-11-26)."""

_BOUND = ("s3:listbucket*", "s3:listmultipartuploadparts")

_NARROWING = re.compile(
    r"aws:resource(account|orgid|orgpaths)|aws:requesttag/.*|[a-z0-9-]+:resourcetag/.*|cloudwatch:namespace|ec2:vpc"
    r"|kms:(viaservice|encryptioncontext:.*)"
)
_TAGGED = re.compile(r"[a-z0-9-]+:resourcetag/.*")
_FOR_A_SERVICE = re.compile(r"kms:grantisforawsresource")
"""Keys of conditions, in small letters, that restrict the resources: by value, by their presence, by being true."""


def is_unbound(action: str) -> bool:
    """Whether AWS knows no narrower resource for an action, which may hold asterisks itself."""
    name = action.lower()
    bound = any(fnmatchcase(name, pattern) or name == pattern for pattern in _BOUND)
    return not bound and any(fnmatchcase(name, pattern) for pattern in (*SHOWING, *UNBOUND))


def narrows(found: Statement) -> bool:
    """Whether a statement's conditions restrict the resources."""
    return demands(found, _NARROWING, names) or demands_presence(found, _TAGGED) or demands_true(found, _FOR_A_SERVICE)
