"""Violations of encryption and network exposure, and the rule that reports each."""

from haven.program import aws_types as aws
from tests.environments import PRIMARY, RECOVERY
from tests.policies.breaking import Mutation, adding, setting, without

CLUSTER = aws.RDS_CLUSTER
GROUP = aws.ELASTICACHE_REPLICATION_GROUP
QUEUE = aws.SQS_QUEUE
TEMPLATE = aws.EC2_LAUNCH_TEMPLATE
KUBERNETES = aws.EKS_CLUSTER
LISTENER = aws.LB_LISTENER
INGRESS = aws.VPC_SECURITY_GROUP_INGRESS_RULE
BUCKET_ENCRYPTION = aws.S3_BUCKET_SERVER_SIDE_ENCRYPTION_CONFIGURATION
BUCKET_PUBLIC = aws.S3_BUCKET_PUBLIC_ACCESS_BLOCK
BUCKET_OWNERSHIP = aws.S3_BUCKET_OWNERSHIP_CONTROLS
BUCKET_POLICY = aws.S3_BUCKET_POLICY
DEFAULT_RULE = "rules.0.applyServerSideEncryptionByDefault"
KEY = "arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab"
RECOVERY_KEY = KEY.replace(PRIMARY, RECOVERY)

_DATABASES = (
    Mutation("database-encrypted", "warm", "a database without a key", setting(CLUSTER, "kmsKeyId", None, "euw1")),
    Mutation("database-encrypted", "backup", "an open database", setting(CLUSTER, "storageEncrypted", False)),
    Mutation(
        "database-encrypted",
        "warm",
        "a database under AWS's own key",
        setting(CLUSTER, "kmsKeyId", "alias/aws/rds", "euc1"),
    ),
    Mutation(
        "database-encrypted",
        "demo",
        "an open global database, thrown away or not",
        setting(aws.RDS_GLOBAL_CLUSTER, "storageEncrypted", False),
    ),
    Mutation(
        "database-insights-encrypted",
        "warm",
        "statements kept under AWS's own key",
        setting(aws.RDS_CLUSTER_INSTANCE, "performanceInsightsKmsKeyId", None),
    ),
    Mutation(
        "snapshot-copy-encrypted",
        "warm",
        "a snapshot copied without a key",
        setting(aws.RDS_CLUSTER_SNAPSHOT_COPY, "kmsKeyId", None),
        base=adding(
            aws.RDS_CLUSTER_SNAPSHOT_COPY,
            "copied",
            {
                "sourceDbClusterSnapshotIdentifier": f"arn:aws:rds:{PRIMARY}:111122223333:cluster-snapshot:before",
                "targetDbClusterSnapshotIdentifier": "before",
                "kmsKeyId": RECOVERY_KEY,
            },
            RECOVERY,
        ),
    ),
    Mutation(
        "database-not-public",
        "warm",
        "a database on the internet",
        setting(aws.RDS_CLUSTER_INSTANCE, "publiclyAccessible", True),
    ),
    Mutation(
        "database-demands-tls",
        "warm",
        "a database that TLS is up to",
        setting(aws.RDS_CLUSTER_PARAMETER_GROUP, "parameters.2.value", "0"),
    ),
    Mutation(
        "database-demands-tls",
        "active-active",
        "a database with the engine's default parameters",
        setting(CLUSTER, "dbClusterParameterGroupName", None, "euc1"),
    ),
    Mutation("cache-encrypted", "warm", "an open cache", setting(GROUP, "atRestEncryptionEnabled", False, "euw1")),
    Mutation("cache-encrypted", "warm", "a cache's member without a key", setting(GROUP, "kmsKeyId", None, "euc1")),
    Mutation(
        "cache-demands-tls", "warm", "a cache without TLS", setting(GROUP, "transitEncryptionEnabled", False, "euw1")
    ),
    Mutation(
        "cache-demands-tls",
        "backup",
        "a cache that TLS is up to",
        setting(GROUP, "transitEncryptionMode", "preferred", "euw1"),
    ),
    Mutation(
        "search-domain-encrypted",
        "warm",
        "a search domain that answers plain HTTP",
        setting(aws.OPENSEARCH_DOMAIN, "domainEndpointOptions.enforceHttps", False),
        base=adding(
            aws.OPENSEARCH_DOMAIN,
            "search",
            {
                "encryptAtRest": {"enabled": True, "kmsKeyId": KEY},
                "nodeToNodeEncryption": {"enabled": True},
                "domainEndpointOptions": {"enforceHttps": True},
                "clusterConfig": {
                    "instanceCount": 3,
                    "zoneAwarenessEnabled": True,
                    "zoneAwarenessConfig": {"availabilityZoneCount": 3},
                },
            },
            PRIMARY,
            protect=True,
        ),
    ),
)

_STORES = (
    Mutation(
        "table-encrypted",
        "warm",
        "a table without a key",
        setting(aws.DYNAMODB_TABLE, "serverSideEncryption", None),
    ),
    Mutation(
        "table-encrypted",
        "warm",
        "a table's replica without a key",
        setting(aws.DYNAMODB_TABLE_REPLICA, "kmsKeyArn", None),
    ),
    Mutation(
        "messages-encrypted", "warm", "a queue without a key", setting(QUEUE, "kmsMasterKeyId", None, "euw1-queue")
    ),
    Mutation(
        "messages-encrypted",
        "backup",
        "a topic under AWS's own key",
        setting(aws.SNS_TOPIC, "kmsMasterKeyId", "alias/aws/sns", "alarms"),
    ),
    Mutation(
        "messages-encrypted",
        "demo",
        "an open stream",
        setting(aws.KINESIS_STREAM, "encryptionType", "NONE", "euw1"),
    ),
    Mutation(
        "messages-encrypted",
        "demo",
        "an event bus without a key",
        setting(aws.CLOUDWATCH_EVENT_BUS, "kmsKeyIdentifier", None, "euc1"),
    ),
    Mutation(
        "log-group-encrypted",
        "warm",
        "a log group without a key",
        setting(aws.CLOUDWATCH_LOG_GROUP, "kmsKeyId", None, "flow-logs"),
    ),
    Mutation(
        "secret-encrypted",
        "warm",
        "a secret without a key",
        setting(aws.SECRETSMANAGER_SECRET, "kmsKeyId", None, "db"),
    ),
    Mutation(
        "secret-encrypted",
        "warm",
        "a secret's replica under AWS's own key",
        setting(aws.SECRETSMANAGER_SECRET, "replicas.0.kmsKeyId", "alias/aws/secretsmanager", "cache"),
    ),
    Mutation(
        "image-repository-encrypted",
        "warm",
        "images under AWS's own key",
        setting(aws.ECR_REPOSITORY, "encryptionConfigurations", None, "euw1"),
    ),
    Mutation(
        "backup-vault-encrypted",
        "backup",
        "a backup vault without a key",
        setting(aws.BACKUP_VAULT, "kmsKeyArn", None, "euw1"),
    ),
    Mutation("trail-encrypted", "account", "a trail without a key", setting(aws.CLOUDTRAIL_TRAIL, "kmsKeyId", None)),
    Mutation(
        "volume-encrypted",
        "warm",
        "open volumes of nodes",
        setting(TEMPLATE, "blockDeviceMappings.0.ebs.encrypted", "false", "serving"),
    ),
    Mutation(
        "volume-encrypted",
        "pilot-light",
        "volumes of nodes without a key",
        setting(TEMPLATE, "blockDeviceMappings.0.ebs.kmsKeyId", None, "system"),
    ),
    Mutation(
        "volume-encrypted",
        "account",
        "volumes that are unencrypted by default",
        setting(aws.EBS_ENCRYPTION_BY_DEFAULT, "enabled", False),
    ),
    Mutation(
        "file-system-encrypted",
        "warm",
        "an open file system",
        setting(aws.EFS_FILE_SYSTEM, "encrypted", False),
        base=adding(aws.EFS_FILE_SYSTEM, "shared", {"encrypted": True, "kmsKeyId": KEY}, PRIMARY, protect=True),
    ),
    Mutation("key-rotated", "warm", "a key that stays the same", setting(aws.KMS_KEY, "enableKeyRotation", False)),
    Mutation(
        "key-deletion-can-be-undone",
        "warm",
        "a key that is gone after a week",
        setting(aws.KMS_REPLICA_KEY, "deletionWindowInDays", 7),
    ),
)

_BUCKETS = (
    Mutation("bucket-encrypted", "warm", "a bucket without encryption", without(BUCKET_ENCRYPTION, "models-euw1")),
    Mutation(
        "bucket-encrypted",
        "warm",
        "a bucket under S3's own keys",
        setting(BUCKET_ENCRYPTION, DEFAULT_RULE, {"sseAlgorithm": "AES256"}, "models-euc1"),
    ),
    Mutation(
        "bucket-encrypted",
        "account",
        "a bucket under AWS's own key",
        setting(BUCKET_ENCRYPTION, f"{DEFAULT_RULE}.kmsMasterKeyId", None, "audit-logs-euw1"),
    ),
    Mutation(
        "bucket-encrypted",
        "demo",
        "a bucket without a bucket key",
        setting(BUCKET_ENCRYPTION, "rules.0.bucketKeyEnabled", False, "models-euw1"),
    ),
    Mutation("bucket-demands-tls", "warm", "a bucket without a policy", without(BUCKET_POLICY, "models-euw1")),
    Mutation(
        "bucket-demands-tls",
        "backup",
        "a policy that refuses TLS and not the lack of it",
        setting(BUCKET_POLICY, "policy.Statement.0.Condition.Bool", {"aws:SecureTransport": "true"}, "models-euw1"),
    ),
    Mutation(
        "bucket-demands-tls",
        "warm",
        "a policy that speaks of no objects",
        setting(
            BUCKET_POLICY, "policy.Statement.0.Resource", "arn:aws:s3:::haven-warm-euw1-logs-111122223333", "euw1-logs"
        ),
    ),
    Mutation("bucket-not-public", "warm", "a bucket that may be public", without(BUCKET_PUBLIC, "euw1-logs")),
    Mutation(
        "bucket-not-public",
        "warm",
        "a bucket that a policy can make public",
        setting(BUCKET_PUBLIC, "blockPublicPolicy", False, "models-euw1"),
    ),
    Mutation(
        "public-access-blocked",
        "account",
        "an account that may have public buckets",
        setting(aws.S3_ACCOUNT_PUBLIC_ACCESS_BLOCK, "restrictPublicBuckets", None),
    ),
    Mutation(
        "public-access-blocked",
        "active-active",
        "a public access point",
        setting(
            aws.S3CONTROL_MULTI_REGION_ACCESS_POINT,
            "details.publicAccessBlock.blockPublicPolicy",
            False,
        ),
    ),
    Mutation("bucket-without-lists", "warm", "a bucket that may have lists", without(BUCKET_OWNERSHIP, "models-euw1")),
    Mutation(
        "bucket-without-lists",
        "account",
        "a bucket whose objects belong to their writers",
        setting(BUCKET_OWNERSHIP, "rule.objectOwnership", "ObjectWriter", "audit-logs-euc1"),
    ),
)

_WAYS = (
    Mutation(
        "listener-demands-tls",
        "warm",
        "a listener that serves plain HTTP",
        setting(LISTENER, "defaultActions.0", {"type": "forward", "targetGroupArn": "arn:aws:x"}, "euw1-80"),
    ),
    Mutation(
        "listener-demands-tls",
        "warm",
        "a listener that speaks TLS 1.0",
        setting(LISTENER, "sslPolicy", "ELBSecurityPolicy-2016-08", "euc1-443"),
    ),
    Mutation(
        "listener-demands-tls",
        "demo",
        "a listener without a TLS policy",
        setting(LISTENER, "sslPolicy", None, "euc1-443"),
    ),
    Mutation(
        "balancer-drops-invalid-headers",
        "warm",
        "a balancer that lets any header through",
        setting(aws.LB_LOAD_BALANCER, "dropInvalidHeaderFields", False),
    ),
    Mutation(
        "topic-demands-tls",
        "warm",
        "a topic that takes messages without TLS",
        setting(aws.SNS_TOPIC_POLICY, "policy.Statement.1.Condition", None),
    ),
    Mutation("queue-demands-tls", "warm", "a queue without a policy", setting(QUEUE, "policy", None, "euw1-queue")),
    Mutation(
        "cluster-secrets-encrypted",
        "warm",
        "Kubernetes secrets without a key",
        setting(KUBERNETES, "encryptionConfig", None),
    ),
    Mutation(
        "cluster-endpoint-not-public",
        "warm",
        "a cluster that everybody can talk to",
        setting(KUBERNETES, "vpcConfig.endpointPublicAccess", True),
    ),
    Mutation(
        "cluster-endpoint-not-public",
        "backup",
        "a cluster that its nodes reach over the internet",
        setting(KUBERNETES, "vpcConfig.endpointPrivateAccess", False),
    ),
    Mutation(
        "instance-metadata-v2",
        "warm",
        "nodes that answer version 1 of the metadata service",
        setting(TEMPLATE, "metadataOptions.httpTokens", "optional"),
    ),
    Mutation(
        "instance-metadata-v2",
        "demo",
        "nodes that answer from far away",
        setting(TEMPLATE, "metadataOptions.httpPutResponseHopLimit", 64),
    ),
    Mutation(
        "instance-without-public-address",
        "warm",
        "nodes with public addresses",
        setting(aws.EC2_SUBNET, "mapPublicIpOnLaunch", True, "euw1-private-a"),
    ),
    Mutation(
        "instance-without-public-address",
        "warm",
        "a launch template with public addresses",
        setting(TEMPLATE, "networkInterfaces", [{"associatePublicIpAddress": "true"}], "serving"),
    ),
    Mutation(
        "security-group-not-open",
        "warm",
        "a database that everybody can reach",
        setting(INGRESS, "cidrIpv4", "0.0.0.0/0", "db-euw1"),
    ),
    Mutation(
        "security-group-not-open",
        "demo",
        "a balancer that takes more than web traffic from everybody",
        setting(INGRESS, "toPort", 8443, "euw1-from", "443"),
    ),
    Mutation(
        "security-group-not-open",
        "warm",
        "a default security group that lets everybody in",
        setting(
            aws.EC2_DEFAULT_SECURITY_GROUP,
            "ingress",
            [{"protocol": "-1", "fromPort": 0, "toPort": 0, "ipv6CidrBlocks": ["::/0"]}],
        ),
    ),
)

MUTATIONS: tuple[Mutation, ...] = _DATABASES + _STORES + _BUCKETS + _WAYS
