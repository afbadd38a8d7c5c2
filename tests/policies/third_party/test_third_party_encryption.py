"""The rules of encryption, asked about what Haven's own stacks have nothing of."""

import pytest

from haven.program import aws_types as aws
from haven.program.recording import Recording, reference
from tests.environments import environment
from tests.policies.breaking import Change, adding, both, find, setting, verdict_of, without
from tests.policies.third_party.programs import EMPTY, NAME, Case, case, document, found, one

KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
TLS = {
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
    "Action": "s3:*",
    "Resource": ["arn:aws:s3:::theirs", "arn:aws:s3:::theirs/*"],
    "Condition": {"Bool": {"aws:SecureTransport": False}},
}
BUCKET = aws.S3_BUCKET_V2
OLD_ENCRYPTION = aws.S3_BUCKET_SERVER_SIDE_ENCRYPTION_CONFIGURATION_V2
DEFAULT = {
    "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY},
    "bucketKeyEnabled": True,
}
ANYWHERE = {"fromPort": 443, "toPort": 443, "protocol": "tcp", "cidrBlocks": ["0.0.0.0/0"]}
GROUP = aws.EC2_SECURITY_GROUP
BALANCER = aws.ALB_LOAD_BALANCER


def balanced() -> Change:
    """A group with a rule for everybody, and a load balancer that uses it."""

    def change(recording: Recording) -> Recording:
        group = reference(find(recording, GROUP).key, "id")
        return adding(BALANCER, NAME, {"securityGroups": [group], "internal": False})(recording)

    return both(one(GROUP, ingress=[ANYWHERE]), change)


CASES = (
    case(
        "database-encrypted",
        "RDS instance",
        aws.RDS_INSTANCE,
        "kmsKeyId",
        None,
        storageEncrypted=True,
        kmsKeyId=KEY,
    ),
    case(
        "database-encrypted",
        "replica in another Region",
        aws.RDS_INSTANCE,
        "replicateSourceDb",
        "arn:aws:rds:eu-central-1:111122223333:db:theirs",
        replicateSourceDb="theirs",
    ),
    case(
        "database-encrypted",
        "Neptune",
        aws.NEPTUNE_CLUSTER,
        "storageEncrypted",
        False,
        storageEncrypted=True,
        kmsKeyArn=KEY,
    ),
    case(
        "database-encrypted",
        "warehouse",
        aws.REDSHIFT_CLUSTER,
        "encrypted",
        None,
        encrypted="true",
        kmsKeyId=KEY,
    ),
    case("database-not-public", "RDS instance", aws.RDS_INSTANCE, "publiclyAccessible", True),
    case(
        "database-demands-tls",
        "MySQL",
        aws.RDS_PARAMETER_GROUP,
        "parameters.0.value",
        "OFF",
        family="mysql8.0",
        parameters=[{"name": "require_secure_transport", "value": "ON"}],
    ),
    case(
        "database-demands-tls",
        "PostgreSQL",
        aws.RDS_PARAMETER_GROUP,
        "parameters",
        None,
        family="postgres16",
        parameters=[{"name": "rds.force_ssl", "value": "1"}],
    ),
    case(
        "cache-encrypted",
        "serverless cache",
        aws.ELASTICACHE_SERVERLESS_CACHE,
        "kmsKeyId",
        None,
        kmsKeyId=KEY,
    ),
    case("cache-encrypted", "MemoryDB", aws.MEMORYDB_CLUSTER, "kmsKeyArn", "", kmsKeyArn=KEY),
    case("cache-demands-tls", "MemoryDB", aws.MEMORYDB_CLUSTER, "tlsEnabled", False),
    case(
        "cache-demands-tls",
        "memcached",
        aws.ELASTICACHE_CLUSTER,
        "transitEncryptionEnabled",
        None,
        transitEncryptionEnabled=True,
    ),
    case(
        "snapshot-copy-encrypted",
        "volume's snapshot",
        aws.EBS_SNAPSHOT_COPY,
        "encrypted",
        None,
        encrypted=True,
        kmsKeyId=KEY,
    ),
    case(
        "table-encrypted",
        "replica in a table",
        aws.DYNAMODB_TABLE,
        "replicas.0.kmsKeyArn",
        None,
        serverSideEncryption={"enabled": True, "kmsKeyArn": KEY},
        replicas=[{"regionName": "eu-central-1", "kmsKeyArn": KEY}],
    ),
    case(
        "messages-encrypted",
        "Kafka",
        aws.MSK_CLUSTER,
        "encryptionInfo",
        None,
        encryptionInfo={"encryptionAtRestKmsKeyArn": KEY},
    ),
    case("secret-encrypted", "secret parameter", aws.SSM_PARAMETER, "type", "SecureString", type="String"),
    case(
        "secret-encrypted",
        "parameter's key",
        aws.SSM_PARAMETER,
        "keyId",
        "alias/aws/ssm",
        type="SecureString",
        keyId="alias/own",
    ),
    case("volume-encrypted", "volume", aws.EBS_VOLUME, "encrypted", False, encrypted=True, kmsKeyId=KEY),
    case(
        "volume-encrypted",
        "instance's volume",
        aws.EC2_INSTANCE,
        "rootBlockDevice.kmsKeyId",
        None,
        rootBlockDevice={"encrypted": True, "kmsKeyId": KEY},
    ),
    case(
        "file-system-encrypted",
        "Lustre",
        aws.FSX_LUSTRE_FILE_SYSTEM,
        "deploymentType",
        "PERSISTENT_2",
        deploymentType="SCRATCH_2",
    ),
    case(
        "file-system-encrypted",
        "Lustre without the property",
        aws.FSX_LUSTRE_FILE_SYSTEM,
        "deploymentType",
        "PERSISTENT_1",
    ),
    case("key-rotated", "key", aws.KMS_KEY, "keyUsage", None, keyUsage="SIGN_VERIFY"),
    case(
        "instance-metadata-v2",
        "instance",
        aws.EC2_INSTANCE,
        "metadataOptions",
        {"httpEndpoint": "enabled"},
        metadataOptions={"httpEndpoint": "disabled"},
    ),
    case(
        "instance-metadata-v2",
        "instance of a template",
        aws.EC2_INSTANCE,
        "launchTemplate",
        None,
        launchTemplate={"id": "lt-1"},
    ),
    case("instance-without-public-address", "instance", aws.EC2_INSTANCE, "associatePublicIpAddress", True),
    case(
        "listener-demands-tls",
        "old name of a listener",
        aws.ALB_LISTENER,
        "protocol",
        "HTTP",
        protocol="TCP",
    ),
    case(
        "listener-demands-tls",
        "redirect to HTTP",
        aws.LB_LISTENER,
        "defaultActions.0.redirect.protocol",
        "HTTP",
        protocol="HTTP",
        defaultActions=[{"type": "redirect", "redirect": {"protocol": "HTTPS", "statusCode": "HTTP_301"}}],
    ),
    case(
        "balancer-drops-invalid-headers",
        "network balancer",
        BALANCER,
        "loadBalancerType",
        "application",
        loadBalancerType="network",
    ),
    case(
        "cluster-endpoint-not-public",
        "named ranges",
        aws.EKS_CLUSTER,
        "vpcConfig.publicAccessCidrs.0",
        "0.0.0.0/0",
        vpcConfig={"endpointPrivateAccess": True, "publicAccessCidrs": ["192.0.2.0/24"]},
    ),
    case(
        "cluster-secrets-encrypted",
        "other resources",
        aws.EKS_CLUSTER,
        "encryptionConfig.resources.0",
        "other",
        encryptionConfig={"provider": {"keyArn": KEY}, "resources": ["secrets"]},
    ),
    Case("security-group-not-open", "group of an internal balancer", balanced(), setting(BALANCER, "internal", True)),
    Case("security-group-not-open", "group without a balancer", balanced(), without(BALANCER)),
    Case("security-group-not-open", "more ports", balanced(), setting(GROUP, "ingress.0.toPort", 8443)),
    case(
        "security-group-not-open",
        "old rule",
        aws.EC2_SECURITY_GROUP_RULE,
        "type",
        "ingress",
        type="egress",
        cidrBlocks=["0.0.0.0/0"],
        fromPort=0,
        toPort=0,
        protocol="-1",
    ),
    Case(
        "bucket-encrypted",
        "old names",
        both(one(BUCKET, bucket="theirs"), one(OLD_ENCRYPTION, bucket="theirs", rules=[DEFAULT])),
        setting(OLD_ENCRYPTION, "rules.0.applyServerSideEncryptionByDefault.sseAlgorithm", "AES256"),
    ),
    Case(
        "bucket-encrypted",
        "another bucket's encryption",
        both(one(BUCKET, bucket="theirs"), one(OLD_ENCRYPTION, bucket="theirs", rules=[DEFAULT])),
        setting(OLD_ENCRYPTION, "bucket", "another"),
    ),
    case(
        "bucket-encrypted",
        "classic bucket",
        aws.S3_BUCKET,
        "serverSideEncryptionConfiguration.rule.bucketKeyEnabled",
        None,
        serverSideEncryptionConfiguration={"rule": DEFAULT},
    ),
    case(
        "bucket-demands-tls",
        "classic bucket",
        aws.S3_BUCKET,
        "policy.Statement.0.Principal",
        "arn:aws:iam::111122223333:root",
        policy=document(TLS),
    ),
    case(
        "bucket-demands-tls",
        "a second condition",
        aws.S3_BUCKET,
        "policy.Statement.0.Condition.StringEquals",
        {"aws:PrincipalTag/x": "y"},
        policy=document(TLS),
    ),
    case(
        "bucket-demands-tls",
        "policy that only another resource knows",
        aws.S3_BUCKET,
        "policy",
        None,
        policy=reference("0123456789ab", "json"),
    ),
    case(
        "bucket-demands-tls",
        "refused where the protocol is unknown",
        aws.S3_BUCKET,
        "policy.Statement.0.Condition.BoolIfExists",
        {"aws:SecureTransport": "true"},
        policy=document({**TLS, "Condition": {"BoolIfExists": {"aws:SecureTransport": "false"}}}),
    ),
    case(
        "queue-demands-tls",
        "queue",
        aws.SQS_QUEUE,
        "policy.Statement.0.Effect",
        "Allow",
        policy=document({**TLS, "Action": "SQS:*"}),
    ),
    case(
        "public-access-blocked",
        "access point",
        aws.S3_ACCESS_POINT,
        "publicAccessBlockConfiguration.blockPublicPolicy",
        False,
        publicAccessBlockConfiguration={"blockPublicAcls": True},
    ),
)


@pytest.mark.parametrize("row", CASES, ids=lambda row: f"{row.rule}: {row.what}")
def test_what_is_right_passes_and_what_is_wrong_is_found(row: Case) -> None:
    row.is_seen()


def test_a_throw_away_environment_may_lose_its_key_in_a_week() -> None:
    week = one(aws.KMS_KEY, deletionWindowInDays=7)(EMPTY)
    assert found("key-deletion-can-be-undone", week) != []
    assert found("key-deletion-can-be-undone", week, {"haven:ephemeral": "true"}) == []


def test_a_bucket_that_a_balancer_logs_to_needs_no_key_since_no_balancer_could_use_it() -> None:
    bucket = one(BUCKET, bucket="logs")(EMPTY)
    assert found("bucket-encrypted", bucket) != []
    logged = one(BALANCER, accessLogs={"bucket": "logs", "enabled": True})(bucket)
    assert found("bucket-encrypted", logged) == []


def test_nodes_in_public_subnets_are_one_finding_that_names_them() -> None:
    recording, nodes = environment("warm"), aws.EKS_NODE_GROUP
    subnets = [find(recording, aws.EC2_SUBNET, f"public-{zone}", region="eu-west-1") for zone in "ab"]
    inside = [reference(each.key, "id") for each in subnets]
    verdict = verdict_of("warm", setting(nodes, "subnetIds", inside, "system", region="eu-west-1")(recording), {})
    (violation,) = verdict.violations
    assert (violation.rule.name, violation.finding.path) == ("instance-without-public-address", "subnetIds")
    assert all(each.name in violation.finding.got for each in subnets)


@pytest.mark.parametrize("half", ["0.0.0.0/1", "128.0.0.0/1"])
def test_half_of_the_internet_is_as_open_as_all_of_it(half: str) -> None:
    rule = aws.EC2_SECURITY_GROUP_RULE
    group = one(rule, type="ingress", protocol="tcp", fromPort=22, toPort=22, cidrBlocks=["10.0.0.0/8"])(EMPTY)
    assert found("security-group-not-open", group) == []
    assert found("security-group-not-open", setting(rule, "cidrBlocks", [half])(group)) != []
