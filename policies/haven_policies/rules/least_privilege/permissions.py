"""What somebody may do, and with what."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.documents import IDENTITY, KEYS, RESOURCE, TRUST, Statement, statements
from haven_policies.rules.least_privilege._conditions import is_exact
from haven_policies.rules.least_privilege._unbound import is_unbound, narrows
from haven_policies.rules.model import Finding, Severity, resource_rule
from haven_policies.rules.property_rules import Property, property_rule
from haven_policies.rules.values import is_unknown

DOCUMENTS = {**TRUST, **RESOURCE, **IDENTITY, aws.IAM_ROLE: ("assumeRolePolicy", "inlinePolicies")}
"""Everything that holds a policy document."""

_WHOLE = re.compile(r"\*+|[A-Za-z0-9*?-]+:[*?]*\*[*?]*")
_ROOT = re.compile(r"\d{12}|arn:[a-z-]+:iam::\d{12}:root")


@resource_rule(
    *DOCUMENTS,
    description="No policy allows every action, of AWS or of a service, or every action but some.",
    remediation="Name the actions that are used.",
    page="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
    severity=Severity.CRITICAL,
)
def no_all_actions(holder: Resource) -> Iterator[Finding]:
    """Every new action of the service would be allowed too. A key's policy leaves the key to its account: it has to."""
    for each in statements(holder, DOCUMENTS):
        if not each.allows:
            continue
        if any(_WHOLE.fullmatch(action) for action in each.listed("Action")) and not _account_keeps_key(each):
            yield each.against("Action", "the actions that are used, by name", "name the actions that are used")
        if "NotAction" in each.content:
            yield each.against(
                "NotAction", "Action, with the actions that are used", "list what is allowed, and not what isn't"
            )


def _account_keeps_key(found: Statement) -> bool:
    """Whether it is what every key needs so that it can be managed at all: the account's IAM policies apply."""
    if found.record.type not in KEYS or set(found.listed("Action")) != {"kms:*"}:
        return False
    principals = found.principals()
    return set(principals) == {"AWS"} and all(_ROOT.fullmatch(name) for name in principals["AWS"])


@resource_rule(
    *IDENTITY,
    description="No permission is for every resource where AWS knows a narrower one.",
    remediation="Name the resources, or add a condition on their tags.",
    page="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
    severity=Severity.HIGH,
)
def no_all_resources(holder: Resource) -> Iterator[Finding]:
    """Some actions take no resource; those are spared, and so is what a condition narrows. `arn:aws:s3:::*` is every
    bucket as much as `*` is."""
    for each in statements(holder, IDENTITY):
        if not each.allows:
            continue
        if "NotResource" in each.content:
            yield each.against(
                "NotResource", "Resource, with the resources that it needs", "list them, and not the others"
            )
        wide = [action for action in each.listed("Action") if not is_unbound(action) and not _WHOLE.fullmatch(action)]
        passing = all(map(_passes_roles, wide))  # which roles is for another rule
        if wide and any(_is_all(name, passing) for name in each.listed("Resource")) and not narrows(each):
            allowed = f"the resources of {', '.join(wide)}"
            yield each.against("Resource", allowed, "name them by ARN, or add a condition on aws:ResourceTag")


@resource_rule(
    *IDENTITY,
    description="Roles that somebody may hand to a service are named.",
    remediation="Name the roles in the resource of iam:PassRole.",
    page="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html",
    severity=Severity.HIGH,
)
def passed_roles_named(holder: Resource) -> Iterator[Finding]:
    """Whoever may pass any role gets the permissions of every role; an asterisk alone is for another rule."""
    for each in statements(holder, IDENTITY):
        passes = any(_passes_roles(action) and not _WHOLE.fullmatch(action) for action in each.listed("Action"))
        if each.allows and passes and any(_is_every_one(name) for name in each.listed("Resource")):
            yield each.against("Resource", "the ARNs of the roles that are meant", "name them")


def _passes_roles(action: str) -> bool:
    return fnmatchcase("iam:passrole", action.lower())


_ANYTHING = re.compile(r"[*?:/]*[*?][*?:/]*")
_KIND = re.compile(r"/?[a-zA-Z-]+[:/]")


def _is_all(resource: str, passing: bool) -> bool:
    """Whether a resource is everything there is, or every one of a kind in any account or Region."""
    if is_unknown(resource):
        return False
    parts = _parts(resource)
    if len(parts) < _FIELDS:
        return _ANYTHING.fullmatch(resource) is not None or (resource.startswith("arn:") and not is_exact(resource))
    home = parts[3:5]
    at_large = parts[4] == "" or not all(map(is_exact, home)) or parts[2] in _HOLDING_DATA
    return not passing and at_large and _is_every_one(resource)


_HOLDING_DATA = ("kms", "secretsmanager")
"""Services where even those of one account and Region are everything that anybody wanted to keep."""


def _is_every_one(resource: str) -> bool:
    """Whether an ARN names a kind of resource, and no name: `key/*`, `secret:*`, every bucket."""
    parts = _parts(resource)
    if len(parts) < _FIELDS or is_unknown(parts[-1]):
        return False
    kind = None if parts[2] == "s3" else _KIND.match(parts[-1])
    return _ANYTHING.fullmatch(parts[-1][kind.end() if kind else 0 :]) is not None


_FIELDS = 6
"""Of an ARN."""


def _parts(arn: str) -> list[str]:
    return arn.split(":", _FIELDS - 1)


_ONE_POLICY = (
    aws.IAM_GROUP_POLICY_ATTACHMENT,
    aws.IAM_POLICY_ATTACHMENT,
    aws.IAM_ROLE_POLICY_ATTACHMENT,
    aws.IAM_USER_POLICY_ATTACHMENT,
)
_POLICIES = (
    aws.IAM_GROUP_POLICY_ATTACHMENTS_EXCLUSIVE,
    aws.IAM_ROLE_POLICY_ATTACHMENTS_EXCLUSIVE,
    aws.IAM_USER_POLICY_ATTACHMENTS_EXCLUSIVE,
)
_POWER = re.compile(
    r"arn:[a-z-]+:iam::aws:policy/([A-Za-z-]+/)?"
    r"(AdministratorAccess.*|PowerUserAccess|.*FullAccess.*|(Database|Network|System)Administrator)"
)


def _is_for_few(policy: object) -> bool:
    return not (isinstance(policy, str) and _POWER.fullmatch(policy))


no_administrators_policy = property_rule(
    "least privilege/no-administrators-policy",
    # AdministratorAccess, PowerUserAccess and everything called FullAccess reach all data of a service or of all.
    *(
        Property(
            types,
            path,
            _is_for_few,
            "policies with the actions that are used",
            "write a policy with the actions that are used",
        )
        for types, path in (
            (_ONE_POLICY, "policyArn"),
            (_POLICIES, "policyArns[]"),
            ((aws.IAM_ROLE,), "managedPolicyArns[]"),
            ((aws.SSOADMIN_MANAGED_POLICY_ATTACHMENT,), "managedPolicyArn"),
            ((aws.SSOADMIN_MANAGED_POLICY_ATTACHMENTS_EXCLUSIVE,), "managedPolicyArns[]"),
        )
    ),
    description="Nobody has one of AWS's policies for administrators.",
    remediation="Write a policy with the actions that are used.",
    page="https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html",
    severity=Severity.CRITICAL,
)
