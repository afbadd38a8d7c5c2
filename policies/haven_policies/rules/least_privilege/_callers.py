"""Which values of condition keys name a caller: an account, an organization, a network, an ARN of somebody's."""

import re
from fnmatch import fnmatchcase
from ipaddress import ip_network

from haven_policies.rules.documents import Statement
from haven_policies.rules.least_privilege._conditions import demands, demands_true, is_exact, literal, refuses

CALLERS = re.compile(
    r"aws:principal(account|arn|orgid|orgpaths|servicename|servicenameslist)"
    r"|aws:source(account|arn|ip|orgid|orgpaths|owner|vpc|vpce)"
    r"|kms:calleraccount|s3:dataaccesspoint(account|arn)|aws:userid"
)
"""Keys, in small letters, that restrict the caller (IAM User Guide, global condition keys; S3 User Guide, the meaning
of "public"; read 2026-11-21). Tags aren't among them: everybody can tag a principal of their own account."""

_FROM_WITHIN = re.compile(r"elasticfilesystem:accessedviamounttarget|aws:principalisawsservice")
"""The same, for keys that are true or false."""

_PATH = re.compile(r"o-[a-z0-9]+/")
_USER = re.compile(r"[A-Z0-9]+:")
_WIDEST = {4: 8, 6: 16}
"""Version of IP -> the length of the largest range that anybody was given: a wider one is the internet."""


def names_caller(found: Statement) -> bool:
    """Whether a statement's conditions let nobody in but a named caller."""
    return demands(found, CALLERS, names) or demands_true(found, _FROM_WITHIN)


def refuses_others(found: Statement, allowed: Statement) -> bool:
    """Whether a denial takes back what another statement allows, from everybody but a named caller."""
    everybody = "*" in found.principals().get("AWS", ())
    actions = [each.lower() for each in found.listed("Action")]
    covers = all(any(fnmatchcase(each.lower(), one) for one in actions) for each in allowed.listed("Action"))
    return everybody and covers and refuses(found, CALLERS, names)


def names(key: str, pattern: str) -> bool:
    """Whether a value of a key names somebody."""
    if key.endswith(("account", "orgid", "sourceowner", "sourcevpc", "sourcevpce")):
        return is_exact(pattern)
    if key.endswith("orgpaths"):
        return is_exact(pattern) or _PATH.match(literal(pattern)) is not None
    if key == "aws:userid":
        return is_exact(pattern) or _USER.match(literal(pattern)) is not None
    if key.endswith("sourceip"):
        return _is_narrow(pattern)
    return names_arn(pattern) if key.endswith("arn") or pattern.startswith("arn:") else bool(literal(pattern))


def names_arn(pattern: str) -> bool:
    """Whether an ARN names something of an account's, or at least the beginning of a name where it has no account."""
    if is_exact(pattern):
        return True
    parts = pattern.split(":", 5)
    if len(parts) < 6 or not is_exact(parts[4]):
        return False
    return bool(parts[4] or literal(parts[5]))


def _is_narrow(addresses: str) -> bool:
    try:
        network = ip_network(addresses, strict=False)
    except ValueError:
        return False
    return network.prefixlen >= _WIDEST[network.version]
