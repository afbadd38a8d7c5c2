"""Whom a role or a resource trusts, and on which conditions."""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from haven.config.policy import Level
from haven.program import aws_types as aws
from haven.program.recording import Resource
from haven_policies.rules.documents import IDENTITY, RESOURCE, TRUST, Statement, statements
from haven_policies.rules.least_privilege._callers import CALLERS, names, names_arn, names_caller, refuses_others
from haven_policies.rules.least_privilege._conditions import demands, demands_true, is_exact
from haven_policies.rules.least_privilege._subjects import names_saml, names_subject
from haven_policies.rules.model import Finding, Severity, against, resource_rule, stack_rule
from haven_policies.rules.resource_graph import ResourceGraph
from haven_policies.rules.values import is_off, is_unknown, value_at

_TRUSTING = {**RESOURCE, **TRUST}

_CALLED_FROM = ("sourceAccount", "sourceArn", "principalOrgId")
_GRANTS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    aws.CLOUDWATCH_EVENT_PERMISSION: ("principal", "*", ("condition",)),
    aws.EC2_AMI_LAUNCH_PERMISSION: ("group", "all", ()),
    aws.LAMBDA_LAYER_VERSION_PERMISSION: ("principal", "*", ("organizationId",)),
    aws.LAMBDA_PERMISSION: ("principal", "*", _CALLED_FROM),
}
"""Type that is one statement of a resource's policy -> the property with whom it lets in, its value for everybody, and
the properties that restrict that."""


@resource_rule(
    *_TRUSTING,
    *_GRANTS,
    description="Nothing trusts everybody.",
    remediation="Name who may come in, or add a condition on the account, the organization or the caller's ARN.",
    page="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
    severity=Severity.CRITICAL,
)
def no_wildcard_principal(holder: Resource) -> Iterator[Finding]:
    """An asterisk is everybody with an AWS account, or without one."""
    if holder.type in _GRANTS:
        path, everybody, restricting = _GRANTS[holder.type]
        if value_at(holder.inputs, path) == everybody and not any(_restricts(holder, name) for name in restricting):
            fix = f"name them{', or set ' if restricting else ''}{' or '.join(restricting)}"
            yield against(holder, path, "those who may come in", fix)
    found = list(statements(holder, _TRUSTING))
    for each in (one for one in found if one.allows):
        anybody = any(_is_anybody(one) for principals in each.principals().values() for one in principals)
        if anybody and not names_caller(each) and not any(refuses_others(one, each) for one in found):
            fix = "name them, or add a condition such as aws:PrincipalOrgID or aws:SourceArn"
            yield each.against("Principal", "those who may come in", fix)
        if "NotPrincipal" in each.content:
            yield each.against(
                "NotPrincipal", "Principal, with those who may come in", "list who may, and not who may not"
            )


def _restricts(holder: Resource, path: str) -> bool:
    value = value_at(holder.inputs, path)
    if is_off(value) or not isinstance(value, str):
        return not is_off(value)
    return is_unknown(value) or (names_arn(value) if path == "sourceArn" else is_exact(value))


def _is_anybody(principal: str) -> bool:
    return principal.startswith("*") or _ANY_ACCOUNT.fullmatch(principal) is not None


_ANY_ACCOUNT = re.compile(r"arn:[^:]*:[^:]*:[^:]*:[^:]*[*?][^:]*:.*")
_ACCOUNT = re.compile(r"(?:arn:[a-z-]+:(?:iam|sts)::)?(\d{12})(?::.*)?")
_CONDITIONS = re.compile(rf"{CALLERS.pattern}|sts:externalid|aws:principaltag/.*|kms:(viaservice|encryptioncontext:.*)")
_SECOND_FACTOR = re.compile(r"aws:multifactorauthpresent")


@stack_rule(
    description="Other accounts are trusted on a condition only.",
    remediation="Add sts:ExternalId, aws:PrincipalOrgID or aws:SourceArn to the statement.",
    page="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html",
    severity=Severity.HIGH,
)
def other_accounts_on_condition(graph: ResourceGraph) -> Iterator[Finding]:
    """Somebody else's user of that account could make it act for them."""
    own = graph.facts.config.get("account")
    if not isinstance(own, str) or not own:
        return
    for holder in graph.of(*_TRUSTING):
        for each in statements(holder, _TRUSTING):
            others = [name for name in each.principals().get("AWS", ()) if _other(name, own)]
            held = demands(each, _CONDITIONS, names) or demands_true(each, _SECOND_FACTOR)
            if each.allows and others and not held:
                allowed = f"account {own} alone, or a condition such as sts:ExternalId or aws:PrincipalOrgID"
                yield each.against("Principal", allowed, f"add a condition, or take {', '.join(others)} out")


def _other(name: str, own: str) -> bool:
    found = _ACCOUNT.fullmatch(name)
    return found is not None and found[1] != own


_WEB = "sts:AssumeRoleWithWebIdentity"


@resource_rule(
    *TRUST,
    description="A role for an identity provider's users names which of them may assume it.",
    remediation="Add a condition on the token's subject (…:sub), or on SAML:aud.",
    page="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html",
    severity=Severity.CRITICAL,
)
def federated_subjects_named(role: Resource) -> Iterator[Finding]:
    """A provider such as GitHub's has the whole world as its users."""
    for each in statements(role, TRUST):
        if not (each.allows and each.principals().get("Federated")):
            continue
        web = any(fnmatchcase(_WEB.lower(), action.lower()) for action in each.listed("Action"))
        if web and not names_subject(each):
            fix = "add StringEquals on the provider's :sub, such as repo:owner/name:environment:production"
            yield each.against("Condition", "a condition on the token's subject that names its owner", fix)
        if not web and not names_saml(each):
            yield each.against("Condition", "a condition on SAML:aud", "add StringEquals on SAML:aud")


_FOR_OTHERS = re.compile(r"(bedrock|config|eks|fis|grafana|pods\.eks|scheduler|vpc-flow-logs)\.amazonaws\.com")
"""Services that assume roles for whoever asks them, and pass on whose behalf (their guides' examples of trust policies
have the condition; read 2026-11-21). Others, such as S3 and EC2, pass nothing."""

_BEHALF = re.compile(r"aws:source(account|arn|orgid|orgpaths)|kms:(calleraccount|viaservice|encryptioncontext:.*)")
_OWN_FOLDER = re.compile(r".*/AWSLogs/\d{12}/.*")


@resource_rule(
    *_TRUSTING,
    description="A service is trusted only when it acts for this account.",
    remediation="Add aws:SourceAccount or aws:SourceArn to the statement.",
    page="https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
    severity=Severity.MEDIUM,
    level=Level.ADVISORY,
)
def service_acts_for_account(holder: Resource) -> Iterator[Finding]:
    """Every account of AWS can ask the same service to write here."""
    for each in statements(holder, _TRUSTING):
        services = each.principals().get("Service", [])
        if holder.type in TRUST:
            services = [name for name in services if _FOR_OTHERS.fullmatch(name)]
        folders = each.listed("Resource")
        spared = bool(folders) and all(map(_OWN_FOLDER.fullmatch, folders))
        if each.allows and services and not spared and not demands(each, _BEHALF, names):
            allowed = f"a condition on aws:SourceAccount or aws:SourceArn for {', '.join(services)}"
            yield each.against("Condition", allowed, "add the account that it acts for")


FAILOVER = (
    "arc-region-switch:StartPlanExecution",
    "elasticache:FailoverGlobalReplicationGroup",
    "rds:FailoverGlobalCluster",
    "rds:RemoveFromGlobalCluster",
    "rds:SwitchoverGlobalCluster",
    "route53-recovery-cluster:UpdateRoutingControlState",
    "route53-recovery-cluster:UpdateRoutingControlStates",
)
"""Actions that move an environment to its other Region."""
_SWITCH = "Haven/TrafficSwitch"
"""The namespace of the metric that turns a Region's traffic off."""


@stack_rule(
    description="People who can move an environment to its other Region have shown a second factor.",
    remediation="Add Bool aws:MultiFactorAuthPresent true to the role's trust policy.",
    page="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html",
    severity=Severity.HIGH,
)
def failover_role_demands_mfa(graph: ResourceGraph) -> Iterator[Finding]:
    """A stolen access key must not be enough to move everything. Services and identity providers ask for themselves."""
    for role in _movers(graph):
        for each in statements(role, TRUST):
            people = [name for name in each.principals().get("AWS", ()) if "/AWSReservedSSO_" not in name]
            if each.allows and people and not _second_factor(each):
                fix = "add it to the statement; BoolIfExists lets access keys in"
                yield each.against("Condition", "Bool aws:MultiFactorAuthPresent true", fix)


def _movers(graph: ResourceGraph) -> list[Resource]:
    """Roles that may move the environment."""
    roles = graph.of(aws.IAM_ROLE)
    by_name = {name: each for each in roles if isinstance(name := value_at(each.inputs, "name"), str)}
    moving = {each.urn: each for each in roles if any(map(_moves, statements(each, IDENTITY)))}
    for policy in graph.of(aws.IAM_ROLE_POLICY, aws.IAM_POLICY):
        if any(map(_moves, statements(policy, IDENTITY))):
            attachments = graph.users(policy, aws.IAM_ROLE_POLICY_ATTACHMENT)
            for each in (_role(graph, holder, by_name) for holder in (policy, *attachments)):
                moving |= {each.urn: each} if each is not None else {}
    return list(moving.values())


def _role(graph: ResourceGraph, holder: Resource, by_name: Mapping[str, Resource]) -> Resource | None:
    value = value_at(holder.inputs, "role")
    return (graph.target(value) or by_name.get(value)) if isinstance(value, str) else None


def _moves(found: Statement) -> bool:
    if not found.allows:
        return False
    actions = found.listed("Action")
    switching = any(key == "cloudwatch:namespace" and _SWITCH in values for _, key, values in found.conditions)
    wanted = (*FAILOVER, "cloudwatch:PutMetricData") if switching else FAILOVER
    return any(fnmatchcase(one.lower(), action.lower()) for action in actions for one in wanted)


def _second_factor(found: Statement) -> bool:
    return any(
        (operator == "Bool" and key == "aws:multifactorauthpresent" and values == ["true"])
        or (operator.startswith("NumericLessThan") and key == "aws:multifactorauthage" and "IfExists" not in operator)
        for operator, key, values in found.conditions
    )
