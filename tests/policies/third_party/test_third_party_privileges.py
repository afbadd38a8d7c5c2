"""The rules of least privilege, asked about what Haven's own stacks have nothing of."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from haven.program import aws_types as aws
from haven.program.recording import Recording, reference
from tests.policies.breaking import Change, adding, both, find, setting
from tests.policies.third_party.programs import EMPTY, NAME, Case, case, document, found, one

ROLE = aws.IAM_ROLE
POLICY = aws.IAM_POLICY
ATTACHED = aws.IAM_ROLE_POLICY_ATTACHMENT
MFA = {"Bool": {"aws:MultiFactorAuthPresent": True}}
ADMIN_ACCESS = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


def allow(action: Any, resource: Any = "arn:aws:s3:::theirs", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trust(principal: Any, **condition: Any) -> str:
    return document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, "Condition": condition})


def referring(type_: str, name: str, inputs: Mapping[str, Any], **to: str) -> Change:
    """Adds a resource with properties that are the ARN of what other types there is one of."""

    def change(recording: Recording) -> Recording:
        made = {path: reference(find(recording, other).key, "arn") for path, other in to.items()}
        return adding(type_, name, {**inputs, **made})(recording)

    return change


def mover(attached: Change) -> Change:
    """A role, and a policy of its own that moves caches, attached to it."""
    moves = document(allow("elasticache:Failover*"))
    return both(
        one(ROLE, name="mover", assumeRolePolicy=trust({"AWS": "111122223333"}, **MFA)),
        one(POLICY, policy=moves),
        attached,
    )


CASES = (
    case(
        "no-all-actions",
        "policy",
        POLICY,
        "policy.Statement.0.Action",
        ["s3:GetObject", "*:*"],
        policy=document(allow("s3:GetObject")),
    ),
    case(
        "no-all-actions",
        "inline policy",
        ROLE,
        "inlinePolicies.0.policy.Statement.0.Action",
        "ec2:*",
        inlinePolicies=[{"name": "x", "policy": document(allow("ec2:RunInstances"))}],
    ),
    case(
        "no-all-actions",
        "lone statement",
        POLICY,
        "policy.Statement.Effect",
        "Allow",
        policy=json.dumps({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}),
    ),
    case(
        "no-all-resources",
        "tagged resources",
        POLICY,
        "policy.Statement.0.Condition",
        None,
        policy=document(allow("ec2:StopInstances", "*", Condition={"StringEquals": {"aws:ResourceTag/team": "ai"}})),
    ),
    case(
        "no-all-resources",
        "lists of objects",
        POLICY,
        "policy.Statement.0.Action",
        "s3:ListBucket",
        policy=document(allow("s3:ListAllMyBuckets", "*")),
    ),
    case(
        "no-administrators-policy",
        "user",
        aws.IAM_USER_POLICY_ATTACHMENT,
        "policyArn",
        "arn:aws:iam::aws:policy/PowerUserAccess",
        policyArn="arn:aws:iam::aws:policy/ReadOnlyAccess",
    ),
    case(
        "no-wildcard-principal",
        "condition that names everybody",
        aws.SQS_QUEUE_POLICY,
        "policy.Statement.0.Condition.ArnLike",
        {"aws:SourceArn": "*"},
        policy=document(
            allow(
                "sqs:SendMessage",
                Principal="*",
                Condition={"ArnLike": {"aws:SourceArn": "arn:aws:sns:eu-west-1:111122223333:x"}},
            )
        ),
    ),
    case(
        "no-wildcard-principal",
        "vault",
        aws.BACKUP_VAULT_POLICY,
        "policy.Statement.0.Condition",
        None,
        policy=document(
            allow(
                "backup:CopyIntoBackupVault",
                "*",
                Principal={"AWS": "*"},
                Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
            )
        ),
    ),
    case(
        "no-all-actions",
        "asterisks and question marks",
        POLICY,
        "policy.Statement.0.Action",
        "i?m:*?",
        policy=document(allow("iam:GetRole")),
    ),
    case(
        "no-wildcard-principal",
        "function that anybody may call",
        aws.LAMBDA_PERMISSION,
        "sourceAccount",
        None,
        principal="*",
        sourceAccount="111122223333",
    ),
    case(
        "other-accounts-on-condition",
        "external id",
        ROLE,
        "assumeRolePolicy.Statement.0.Condition",
        {},
        assumeRolePolicy=trust({"AWS": "arn:aws:iam::999999999999:role/vendor"}, StringEquals={"sts:ExternalId": "x"}),
    ),
    case(
        "other-accounts-on-condition",
        "own account",
        ROLE,
        "assumeRolePolicy.Statement.0.Principal.AWS.1",
        "arn:aws:iam::999999999999:user/x",
        assumeRolePolicy=trust({"AWS": ["111122223333", "arn:aws:iam::111122223333:user/x"]}),
    ),
    case(
        "federated-subjects-named",
        "service accounts",
        ROLE,
        "assumeRolePolicy.Statement.0.Condition.StringLike",
        {"oidc.example:sub": "system:serviceaccount:*:*"},
        assumeRolePolicy=document(
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Principal": {"Federated": reference("0123456789ab", "arn")},
                "Condition": {"StringLike": {"oidc.example:sub": "system:serviceaccount:serving:*"}},
            }
        ),
    ),
    Case(
        "failover-role-demands-mfa",
        "policy attached by reference",
        mover(referring(ATTACHED, NAME, {"role": "mover"}, policyArn=POLICY)),
        setting(ROLE, "assumeRolePolicy.Statement.0.Condition.Bool", {"aws:MultiFactorAuthPresent": "false"}),
    ),
    Case(
        "failover-role-demands-mfa",
        "role attached by reference",
        mover(referring(ATTACHED, NAME, {}, policyArn=POLICY, role=ROLE)),
        setting(
            ROLE,
            "assumeRolePolicy.Statement.0.Condition",
            {"NumericLessThanIfExists": {"aws:MultiFactorAuthAge": "3600"}},
        ),
    ),
    Case(
        "failover-role-demands-mfa",
        "people of an identity provider",
        both(
            mover(referring(ATTACHED, NAME, {"role": "mover"}, policyArn=POLICY)),
            setting(
                ROLE,
                "assumeRolePolicy.Statement.0",
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Principal": {
                        "AWS": "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_ops_1"
                    },
                },
            ),
        ),
        setting(ROLE, "assumeRolePolicy.Statement.0.Principal.AWS", "arn:aws:iam::111122223333:user/ops"),
    ),
    Case(
        "cluster-access-without-admin",
        "people's role",
        both(
            one(ROLE, assumeRolePolicy=trust({"AWS": "111122223333"})),
            referring(
                aws.EKS_ACCESS_POLICY_ASSOCIATION,
                NAME,
                {"policyArn": ADMIN_ACCESS},
                principalArn=ROLE,
            ),
        ),
        setting(ROLE, "assumeRolePolicy.Statement.0.Principal", {"Service": "lambda.amazonaws.com"}),
    ),
    case(
        "workload-without-cluster-admin",
        "everybody",
        "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
        "subjects.0.name",
        "system:authenticated",
        roleRef={"name": "cluster-admin"},
        subjects=[{"kind": "Group", "name": "ops"}],
    ),
    case(
        "pod-apart-from-node",
        "scheduled job",
        "kubernetes:batch/v1:CronJob",
        "spec.jobTemplate.spec.template.spec.initContainers.0.securityContext",
        {"privileged": True},
        spec={"jobTemplate": {"spec": {"template": {"spec": {"initContainers": [{"name": "a"}]}}}}},
    ),
)


@pytest.mark.parametrize("row", CASES, ids=lambda row: f"{row.rule}: {row.what}")
def test_what_is_right_passes_and_what_is_wrong_is_found(row: Case) -> None:
    row.is_seen()


def test_nobody_s_account_is_another_where_nobody_says_which_is_their_own() -> None:
    role = one(ROLE, assumeRolePolicy=trust({"AWS": "999999999999"}))(EMPTY)
    assert found("other-accounts-on-condition", role) != []
    assert found("other-accounts-on-condition", role, {}) == []


def test_what_only_another_resource_knows_counts_as_said() -> None:
    later = reference("0123456789ab", "arn")
    assert found("database-encrypted", one(aws.RDS_CLUSTER, storageEncrypted=later, kmsKeyId=later)(EMPTY)) == []
    assert found("no-all-actions", one(POLICY, policy=later)(EMPTY)) == []
