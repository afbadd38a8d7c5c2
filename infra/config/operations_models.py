"""The shape of the config keys of runbooks: where their lease has its third vote, and who may run them."""

from typing import Annotated

from pydantic import Field

from haven.config.base_model import Model, form
from haven.config.policy import RegionName
from haven_components import limits
from infra.config.fields import within

PrincipalArn = Annotated[
    str,
    form(
        limits.PRINCIPAL_ARN,
        "the ARN of an IAM user or role, not that of a session",
        "arn:aws:iam::111122223333:user/on-call",
    ),
]
PolicyArn = Annotated[
    str,
    form(limits.POLICY_ARN, "the ARN of an IAM policy", "arn:aws:iam::111122223333:policy/boundary"),
]


class Operations(Model):
    """What `haven failover` and its like need in AWS: operations tables and audit buckets, which are always there, and
    a role for operators."""

    witness_region: Annotated[RegionName, Field(examples=["eu-north-1"])] | None = None
    """The third Region, with a vote in the lease of runbooks and nothing else. Omitted: none, and `haven failover`
    refuses to run: with two votes the loss of one Region leaves no majority."""
    audit_days: Annotated[int, within(limits.OBJECT_LOCK_DAYS)] = 365
    """Days for which Object Lock keeps a record of the audit."""
    operator_arns: list[PrincipalArn] = []
    """IAM users, who show a second factor, and roles of IAM Identity Center that may take the operator's role. Name one
    that doesn't depend on the Region of Identity Center. Omitted: there is no such role."""
    permissions_boundary: PolicyArn | None = None
    """The policy beyond which the operator's role can do nothing. Omitted: none."""
    session_hours: Annotated[int, within(limits.ROLE_SESSION_HOURS)] = 4
    """Hours for which an operator's session lasts."""
