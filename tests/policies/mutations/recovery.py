"""What one Region uses, and the other one would look for in vain."""

from tests.environments import PRIMARY, RECOVERY
from tests.policies.breaking import Mutation, both, setting, without

_ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
_LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
_PARAMETERS = {"parameters": '{"serving/model": "large"}'}

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "keys-in-both-regions",
        "warm",
        "the recovery Region's key is another one's replica",
        setting(
            "aws:kms/replicaKey:ReplicaKey",
            "primaryKeyArn",
            f"arn:aws:kms:{PRIMARY}:111122223333:key/mrk-00000000000000000000000000000000",
        ),
    ),
    Mutation(
        "keys-in-both-regions",
        "warm",
        "a key with a replica that is for one Region alone",
        setting("aws:kms/key:Key", "multiRegion", False),
    ),
    Mutation(
        "secrets-in-both-regions",
        "backup",
        "a secret has no replica",
        setting("aws:secretsmanager/secret:Secret", "replicas", None, "model-hub"),
    ),
    Mutation(
        "images-in-both-regions",
        "pilot-light",
        "the recovery Region has no repository for what serves",
        both(
            without("aws:ecr/lifecyclePolicy:LifecyclePolicy", "serving", region=RECOVERY),
            without("aws:ecr/repository:Repository", "serving", region=RECOVERY),
        ),
    ),
    Mutation(
        "images-in-both-regions",
        "warm",
        "the recovery Region's repository is called something else",
        setting("aws:ecr/repository:Repository", "name", "haven-warm-images/train", "training", region=RECOVERY),
    ),
    Mutation(
        "certificates-in-both-regions",
        "active-active",
        "the recovery Region's certificate is for another name",
        setting("aws:acm/certificate:Certificate", "domainName", "*.example.com", region=RECOVERY),
    ),
    Mutation(
        "parameters-in-both-regions",
        "warm",
        "a parameter is in the primary Region alone",
        without("aws:ssm/parameter:Parameter", "serving", region=RECOVERY),
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
        without("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "node-images", region=RECOVERY),
    ),
    Mutation(
        "permissions-in-both-regions",
        "active-active",
        "pods of the recovery Region may use the other Region's key alone",
        setting(
            "aws:iam/rolePolicy:RolePolicy",
            "policy.Statement.0.Resource",
            [f"arn:aws:kms:{PRIMARY}:111122223333:key/mrk-00000000000000000000000000000000"],
            "ebs-csi",
            region=RECOVERY,
        ),
    ),
)
