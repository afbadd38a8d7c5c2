"""Who can be let do too much, and the rule that sees it."""

from haven.program import aws_types as aws
from haven.program.recording import Recording, reference
from tests.environments import PRIMARY
from tests.policies.breaking import Mutation, adding, both, find, setting
from tests.policies.mutations.trust import MUTATIONS as TRUST_MUTATIONS

ROLE = aws.IAM_ROLE
ROLE_POLICY = aws.IAM_ROLE_POLICY
ATTACHMENT = aws.IAM_ROLE_POLICY_ATTACHMENT
BUCKET_POLICY = aws.S3_BUCKET_POLICY
KEY = aws.KMS_KEY
ACCESS = aws.EKS_ACCESS_POLICY_ASSOCIATION
BINDING = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding"
CLUSTER_ROLE = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
JOB = "kubernetes:batch/v1:Job"
ARN = "arn:aws:s3:::haven-warm-models-111122223333-euw1"
FIRST = "policy.Statement.0"
LABELS = {"app.kubernetes.io/name": "example", "app.kubernetes.io/part-of": "serving"}


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

MUTATIONS: tuple[Mutation, ...] = _PERMISSIONS + TRUST_MUTATIONS + _KUBERNETES
