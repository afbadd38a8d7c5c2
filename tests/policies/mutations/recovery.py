"""What one Region uses, and the other one lacks."""

from haven.program import aws_types as aws
from tests.environments import PRIMARY, RECOVERY
from tests.policies.breaking import Mutation, both, setting, without

_ASSOCIATION = aws.EKS_POD_IDENTITY_ASSOCIATION
_LOG_GROUP = aws.CLOUDWATCH_LOG_GROUP
_PARAMETERS = {"parameters": '{"serving/model": "large"}'}

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "keys-in-both-regions",
        "warm",
        "the recovery Region's key is another one's replica",
        setting(
            aws.KMS_REPLICA_KEY,
            "primaryKeyArn",
            f"arn:aws:kms:{PRIMARY}:111122223333:key/mrk-00000000000000000000000000000000",
        ),
    ),
    Mutation(
        "keys-in-both-regions",
        "warm",
        "a key with a replica that is for one Region alone",
        setting(aws.KMS_KEY, "multiRegion", False),
    ),
    Mutation(
        "secrets-in-both-regions",
        "backup",
        "a secret has no replica",
        setting(aws.SECRETSMANAGER_SECRET, "replicas", None, "model-hub"),
    ),
    Mutation(
        "images-in-both-regions",
        "pilot-light",
        "the recovery Region has no repository for what serves",
        both(
            without(aws.ECR_LIFECYCLE_POLICY, "serving", region=RECOVERY),
            without(aws.ECR_REPOSITORY, "serving", region=RECOVERY),
        ),
    ),
    Mutation(
        "images-in-both-regions",
        "warm",
        "the recovery Region's repository is called something else",
        setting(aws.ECR_REPOSITORY, "name", "haven-warm-images/train", "training", region=RECOVERY),
    ),
    Mutation(
        "certificates-in-both-regions",
        "active-active",
        "the recovery Region's certificate is for another name",
        setting(aws.ACM_CERTIFICATE, "domainName", "*.example.com", region=RECOVERY),
    ),
    Mutation(
        "parameters-in-both-regions",
        "warm",
        "a parameter is in the primary Region alone",
        without(aws.SSM_PARAMETER, "serving", region=RECOVERY),
        config=_PARAMETERS,
    ),
    Mutation(
        "log-groups-in-both-regions",
        "warm",
        "the recovery Region's balancer has nowhere to log its firewall",
        without(_LOG_GROUP, "waf-logs", region=RECOVERY),
    ),
    Mutation(
        "log-groups-in-both-regions",
        "active-active",
        "the recovery Region's cache has nowhere to log",
        without(_LOG_GROUP, "cache-euc1-slow-log", region=RECOVERY),
    ),
    Mutation(
        "pod-roles-in-both-regions",
        "pilot-light",
        "pods that claim disks have no role in the recovery Region",
        without(_ASSOCIATION, "ebs-csi", region=RECOVERY),
    ),
    Mutation(
        "permissions-in-both-regions",
        "warm",
        "nodes of the recovery Region may not pull images",
        without(aws.IAM_ROLE_POLICY_ATTACHMENT, "node-images", region=RECOVERY),
    ),
    Mutation(
        "permissions-in-both-regions",
        "active-active",
        "pods of the recovery Region may use the other Region's key alone",
        setting(
            aws.IAM_ROLE_POLICY,
            "policy.Statement.0.Resource",
            [f"arn:aws:kms:{PRIMARY}:111122223333:key/mrk-00000000000000000000000000000000"],
            "ebs-csi",
            region=RECOVERY,
        ),
    ),
)
