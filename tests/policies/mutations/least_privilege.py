"""Who can be let do too much, and the rule that sees it."""

import json
from typing import Any

from haven.program import aws_types as aws
from haven.program.recording import Recording, reference
from tests.environments import PRIMARY
from tests.policies.breaking import Mutation, adding, both, find, setting

ROLE = aws.IAM_ROLE
ROLE_POLICY = aws.IAM_ROLE_POLICY
ATTACHMENT = aws.IAM_ROLE_POLICY_ATTACHMENT
TOPIC_POLICY = aws.SNS_TOPIC_POLICY
BUCKET_POLICY = aws.S3_BUCKET_POLICY
KEY = aws.KMS_KEY
ACCESS = aws.EKS_ACCESS_POLICY_ASSOCIATION
BINDING = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding"
CLUSTER_ROLE = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
JOB = "kubernetes:batch/v1:Job"
ARN = "arn:aws:s3:::haven-warm-models-111122223333-euw1"
OTHER = "arn:aws:iam::999999999999:root"
GITHUB = "token.actions.githubusercontent.com"
FIRST = "policy.Statement.0"
TRUST = "assumeRolePolicy.Statement.0"
LABELS = {"app.kubernetes.io/name": "example", "app.kubernetes.io/part-of": "serving"}


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _federated(provider: str, action: str, condition: Any = None) -> dict[str, Any]:
    found = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::111122223333:{provider}"},
        "Action": action,
    }
    return {**found, "Condition": condition} if condition else found


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


def _viewing(recording: Recording) -> Recording:
    node = find(recording, ROLE, "euw1-node")
    inputs = {
        "clusterName": "haven-warm-euw1",
        "principalArn": reference(node.key, "arn"),
        "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
        "accessScope": {"type": "cluster"},
    }
    return adding(ACCESS, "nodes-view", inputs, PRIMARY)(recording)


_PEOPLE = adding(
    BINDING,
    "people",
    {
        "metadata": {"name": "people", "labels": LABELS},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "platform"}],
    },
)
_READER = adding(
    CLUSTER_ROLE,
    "reader",
    {
        "metadata": {"name": "reader", "labels": LABELS},
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}],
    },
)
_JOB = adding(
    JOB,
    "job",
    {
        "metadata": {"name": "job", "namespace": "serving", "labels": LABELS},
        "spec": {
            "template": {
                "metadata": {"labels": LABELS},
                "spec": {
                    "restartPolicy": "Never",
                    "containers": [
                        {
                            "name": "main",
                            "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/job@sha256:" + "0" * 64,
                            "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
                            "securityContext": {"privileged": False},
                        }
                    ],
                },
            }
        },
    },
)
_POD = "spec.template.spec"

_PERMISSIONS = (
    Mutation(
        "passed-roles-named",
        "warm",
        "somebody who may hand any role to a service",
        setting(
            ROLE_POLICY,
            FIRST,
            {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::111122223333:role/*"},
            "euw1-flow-logs",
        ),
    ),
    Mutation(
        "no-all-actions",
        "warm",
        "a role that may do anything with its buckets",
        setting(ROLE_POLICY, f"{FIRST}.Action", ["s3:GetObject", "s3:*"], "models-replication"),
    ),
    Mutation(
        "no-all-actions",
        "warm",
        "a role that may do anything",
        setting(ROLE_POLICY, f"{FIRST}.Action", "*", "euw1-flow-logs"),
    ),
    Mutation(
        "no-all-actions",
        "account",
        "a role that may do everything but something",
        setting(
            ROLE_POLICY, FIRST, {"Effect": "Allow", "NotAction": ["iam:*"], "Resource": ARN}, "audit-logs-replication"
        ),
    ),
    Mutation(
        "no-all-actions",
        "warm",
        "a bucket that lets a service do anything",
        setting(BUCKET_POLICY, "policy.Statement.1.Action", "s3:*", "euw1-logs"),
    ),
    Mutation(
        "no-all-actions",
        "demo",
        "a key that lets a service do anything",
        setting(KEY, "policy.Statement.1.Action", ["kms:*"]),
    ),
    Mutation(
        "no-all-resources",
        "warm",
        "a role that may write every log",
        setting(ROLE_POLICY, f"{FIRST}.Resource", "*", "euw1-flow-logs"),
    ),
    Mutation(
        "no-all-resources",
        "backup",
        "a role that may write everything but something",
        setting(
            ROLE_POLICY, FIRST, {"Effect": "Allow", "Action": "logs:PutLogEvents", "NotResource": ARN}, "euw1-flow-logs"
        ),
    ),
    Mutation(
        "no-administrators-policy",
        "warm",
        "nodes that administer the account",
        both(
            *(
                setting(ATTACHMENT, "policyArn", "arn:aws:iam::aws:policy/AdministratorAccess", f"{each}-node-worker")
                for each in ("euw1", "euc1")
            )
        ),
    ),
    Mutation(
        "no-administrators-policy",
        "pilot-light",
        "nodes that may do anything with all buckets",
        both(
            *(
                setting(ROLE, "managedPolicyArns", ["arn:aws:iam::aws:policy/AmazonS3FullAccess"], f"{each}-node")
                for each in ("euw1", "euc1")
            )
        ),
    ),
    Mutation(
        "no-administrators-policy",
        "account",
        "a recorder that administers databases",
        setting(
            ATTACHMENT, "policyArn", "arn:aws:iam::aws:policy/job-function/DatabaseAdministrator", "recorder-reads"
        ),
    ),
)

_TRUST = (
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

_KUBERNETES = (
    Mutation(
        "workload-without-cluster-admin",
        "warm",
        "a service account that administers its cluster",
        setting(BINDING, "subjects.0", {"kind": "ServiceAccount", "name": "default", "namespace": "serving"}, "people"),
        base=_PEOPLE,
    ),
    Mutation(
        "workload-without-cluster-admin",
        "warm",
        "all service accounts of a namespace administer their cluster",
        setting(BINDING, "subjects.0.name", "system:serviceaccounts:serving", "people"),
        base=_PEOPLE,
    ),
    Mutation(
        "kubernetes-role-without-wildcards",
        "warm",
        "a role for every verb",
        setting(CLUSTER_ROLE, "rules.0.verbs", ["*"], "reader"),
        base=_READER,
    ),
    Mutation(
        "kubernetes-role-without-wildcards",
        "warm",
        "a role for every resource",
        setting(CLUSTER_ROLE, "rules.0.resources", ["pods", "*"], "reader"),
        base=_READER,
    ),
    Mutation(
        "kubernetes-role-without-wildcards",
        "warm",
        "a role that gives itself rights",
        setting(CLUSTER_ROLE, "rules.0", {"resources": ["roles"], "verbs": ["escalate"]}, "reader"),
        base=_READER,
    ),
    Mutation(
        "cluster-access-without-admin",
        "warm",
        "nodes that administer their cluster",
        setting(ACCESS, "policyArn", "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"),
        base=_viewing,
    ),
    Mutation(
        "pod-apart-from-node",
        "warm",
        "a job that has its node",
        setting(JOB, f"{_POD}.containers.0.securityContext.privileged", True),
        base=_JOB,
    ),
    Mutation(
        "pod-apart-from-node",
        "warm",
        "a job in its node's network",
        setting(JOB, f"{_POD}.hostNetwork", True),
        base=_JOB,
    ),
)

MUTATIONS: tuple[Mutation, ...] = _PERMISSIONS + _TRUST + _KUBERNETES
