"""Trust and resource policies with one thing broken: a part of the family least privilege."""

import json
from typing import Any

from haven.program import aws_types as aws
from tests.environments import PRIMARY
from tests.policies.breaking import Mutation, adding, both, setting

ROLE = aws.IAM_ROLE
ROLE_POLICY = aws.IAM_ROLE_POLICY
TOPIC_POLICY = aws.SNS_TOPIC_POLICY
BUCKET_POLICY = aws.S3_BUCKET_POLICY
KEY = aws.KMS_KEY
ARN = "arn:aws:s3:::haven-warm-models-111122223333-euw1"
OTHER = "arn:aws:iam::999999999999:root"
GITHUB = "token.actions.githubusercontent.com"
FIRST = "policy.Statement.0"
TRUST = "assumeRolePolicy.Statement.0"


def _federated(provider: str, action: str, condition: Any = None) -> dict[str, Any]:
    found = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::111122223333:{provider}"},
        "Action": action,
    }
    return {**found, "Condition": condition} if condition else found


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


OPERATOR = both(
    adding(
        ROLE,
        "operator",
        {
            "name": "operator-of-warm-and-active-active",
            "assumeRolePolicy": _document(
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
                    "Action": "sts:AssumeRole",
                    "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
                }
            ),
        },
        PRIMARY,
    ),
    adding(
        ROLE_POLICY,
        "operator-moves-writer",
        {
            "role": "operator-of-warm-and-active-active",
            "policy": _document(
                {
                    "Effect": "Allow",
                    "Action": ["rds:FailoverGlobalCluster", "rds:SwitchoverGlobalCluster"],
                    "Resource": "arn:aws:rds::111122223333:global-cluster:haven-warm-db-global",
                }
            ),
        },
        PRIMARY,
    ),
)
SWITCHING = {
    "Effect": "Allow",
    "Action": "cloudwatch:PutMetricData",
    "Resource": "*",
    "Condition": {"StringEquals": {"cloudwatch:namespace": "Haven/TrafficSwitch"}},
}

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "no-wildcard-principal",
        "warm",
        "a topic that everybody may write to",
        setting(TOPIC_POLICY, FIRST, {"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": ARN}),
    ),
    Mutation(
        "no-wildcard-principal",
        "backup",
        "a key that everybody may use",
        setting(KEY, "policy.Statement.2.Condition", None),
    ),
    Mutation(
        "no-wildcard-principal",
        "warm",
        "a key that everybody may use who wants to",
        setting(KEY, "policy.Statement.2.Condition", {"StringEqualsIfExists": {"kms:CallerAccount": "111122223333"}}),
    ),
    Mutation(
        "no-wildcard-principal",
        "warm",
        "a role that everybody may assume",
        setting(ROLE, f"{TRUST}.Principal", {"AWS": ["*"]}, "backups-backup"),
    ),
    Mutation(
        "no-wildcard-principal",
        "account",
        "a bucket that lets everybody in but one",
        setting(
            BUCKET_POLICY,
            "policy.Statement.2",
            {"Effect": "Allow", "NotPrincipal": {"AWS": OTHER}, "Action": "s3:GetObject", "Resource": f"{ARN}/*"},
            "audit-logs-euw1",
        ),
    ),
    Mutation(
        "other-accounts-on-condition",
        "warm",
        "a role that another account may assume",
        setting(ROLE, f"{TRUST}.Principal", {"AWS": OTHER}, "backups-backup"),
    ),
    Mutation(
        "other-accounts-on-condition",
        "warm",
        "a key that another account may use",
        setting(
            KEY,
            "policy.Statement.4",
            {"Effect": "Allow", "Principal": {"AWS": ["999999999999"]}, "Action": "kms:Decrypt", "Resource": "*"},
        ),
    ),
    Mutation(
        "federated-subjects-named",
        "warm",
        "a role that every workflow on GitHub may assume",
        setting(ROLE, TRUST, _federated(f"oidc-provider/{GITHUB}", "sts:AssumeRoleWithWebIdentity"), "backups-backup"),
    ),
    Mutation(
        "federated-subjects-named",
        "warm",
        "a role for any repository",
        setting(
            ROLE,
            TRUST,
            _federated(
                f"oidc-provider/{GITHUB}",
                "sts:AssumeRoleWithWebIdentity",
                {"StringLike": {f"{GITHUB}:sub": ["repo:example/haven:*", "repo:*"]}},
            ),
            "backups-backup",
        ),
    ),
    Mutation(
        "federated-subjects-named",
        "backup",
        "a role for whoever signs in anywhere",
        setting(ROLE, TRUST, _federated("saml-provider/people", "sts:AssumeRoleWithSAML"), "backups-backup"),
    ),
    Mutation(
        "service-acts-for-account",
        "warm",
        "a topic for anybody's budgets",
        setting(TOPIC_POLICY, f"{FIRST}.Condition", None, "cost"),
    ),
    Mutation(
        "service-acts-for-account",
        "warm",
        "a role for anybody's flow logs",
        setting(ROLE, f"{TRUST}.Condition", None, "euw1-flow-logs"),
    ),
    Mutation(
        "service-acts-for-account",
        "account",
        "a trail's bucket for anybody's trails",
        setting(BUCKET_POLICY, "policy.Statement.2.Condition", None, "audit-logs-euc1"),
    ),
    Mutation(
        "failover-role-demands-mfa",
        "warm",
        "an operator without a second factor",
        setting(ROLE, f"{TRUST}.Condition", None, "operator"),
        base=OPERATOR,
    ),
    Mutation(
        "failover-role-demands-mfa",
        "warm",
        "an operator whose access key needs no second factor",
        setting(ROLE, f"{TRUST}.Condition", {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, "operator"),
        base=OPERATOR,
    ),
    Mutation(
        "failover-role-demands-mfa",
        "active-active",
        "an operator of the traffic switch without a second factor",
        setting(ROLE, f"{TRUST}.Condition", None, "operator"),
        base=both(OPERATOR, setting(ROLE_POLICY, FIRST, SWITCHING, "operator-moves-writer")),
    ),
)
