"""`haven preflight --failover` on what the manifest names in the emulator, behind a gateway that silences a Region."""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pytest

from haven.emulator.clients import Clients
from haven.emulator.ministack import Emulator
from haven.model.catalog import Catalog
from haven.runbooks.clients import clients
from haven.runbooks.manifest import Located, parse
from haven.runbooks.preflight import failover
from haven.runbooks.preflight.checks import Check, Status
from haven_components.resilience._operator_args import OperatorRoleArgs
from haven_components.resilience._operator_rights import Scope
from infra.config.settings import EMULATOR_ACCOUNT
from tests.environments import PRIMARY, RECOVERY, ROOT, environment
from tests.gateway import Fault, Gateway, gateway
from tests.haven.runbooks.data_acls.associations import Associations, subnets
from tests.haven.runbooks.traffic import switch_alarm

pytestmark = [pytest.mark.timeout(300), pytest.mark.exhaustive]
THIRD, ROLE = "eu-north-1", "haven-warm-operator"
IMAGE = json.dumps({"schemaVersion": 2})
DIGEST = f"sha256:{hashlib.sha256(IMAGE.encode()).hexdigest()}"
LACKS = (
    "quota ",
    "instance types",
    "load balancer ",
    "copy of ",
    "copies ",
    "restore tests",
    "Global Datastore of ",
    "permission for the cache's Global Datastore",
)
"""What the emulator doesn't answer, or has none of."""


def manifest() -> Mapping[str, Any]:
    """That of tier `warm`, with images and weights that a test can make."""
    found: Mapping[str, Any] = environment("warm").outputs["manifest"]
    images = [f"{each.partition('@')[0]}@{DIGEST}" for each in found["images"]]
    weights = [{**each, "gib": 1e-6} for each in found["weights"]]
    tables = {**found["operations"]["tables"], THIRD: "haven-warm.operations"}
    operations = {**found["operations"], "tables": tables, "role": f"arn:aws:iam::{EMULATOR_ACCOUNT}:role/{ROLE}"}
    return {**found, "operations": operations, "account": EMULATOR_ACCOUNT, "images": images, "weights": weights}


@dataclass
class Ground:
    """The emulator with an environment, and the gateway before it."""

    gateway: Gateway
    aws: Clients

    def checks(self) -> Mapping[str, Check]:
        """What is found, however busy this machine is, by name and Region."""
        located = Located(parse(json.dumps(manifest()), "a test"))
        found = failover.observe(located, clients(self.gateway.url), catalog=Catalog(), within=60)
        assert found.to == RECOVERY
        return {f"{each.what} in {each.region}": each for each in found.checks}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Associations]:
    with Emulator(ROOT / ".haven" / "emulator", tmp_path_factory.mktemp("emulator")) as running:
        yield Associations(running.url, _fill(Clients(running.url)))


@pytest.fixture
def ground(emulator: Associations) -> Iterator[Ground]:
    with gateway(emulator.emulator) as before:
        emulator.put_into(before)
        yield Ground(before, Clients(emulator.emulator))


def _fill(aws: Clients) -> Mapping[str, Sequence[str]]:
    """Create what the manifest names; returns each Region's network ACL with its subnets."""
    found, acls = manifest(), {}
    rds = aws.of("rds", PRIMARY)
    rds.create_global_cluster(
        GlobalClusterIdentifier=found["database"]["globalCluster"], Engine="aurora-postgresql", EngineVersion="16.11"
    )
    key = aws.of("kms", PRIMARY).create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    aws.of("kms", PRIMARY).replicate_key(KeyId=key, ReplicaRegion=RECOVERY)
    for name in found["secrets"]:
        secrets = aws.of("secretsmanager", PRIMARY)
        secrets.create_secret(Name=name, SecretString="x")
        secrets.replicate_secret_to_regions(SecretId=name, AddReplicaRegions=[{"Region": RECOVERY}])
    _role(aws.of("iam", PRIMARY), found, key)
    for region in (PRIMARY, RECOVERY):
        aws.of("kms", region).create_alias(AliasName=found["key"], TargetKeyId=key)
        made = subnets(aws, region, found["sides"][region])
        acls[made.acl] = made.data
        _database(aws.of("rds", region), found, region)
        _stored(aws, found, region)
        _entrances(aws, found, region)
        aws.of("ssm", region).put_parameter(Name="/haven/warm/manifest", Value=json.dumps(found), Type="String")
        for queue in found["sides"][region]["queues"].values():
            aws.of("sqs", region).create_queue(QueueName=queue)
    for region in (PRIMARY, RECOVERY, THIRD):
        _operations(aws, found, region)
    return acls


def _role(iam: Any, found: Mapping[str, Any], key: str) -> None:
    """With the statements of the component; the emulator's simulation knows no condition of theirs."""

    def side(region: str) -> Mapping[str, Any]:
        there = found["sides"][region]
        return {
            "region": region,
            "kms_key_arn": f"arn:aws:kms:{region}:{EMULATOR_ACCOUNT}:key/{key}",
            "database_cluster": there["database"]["cluster"],
            "subnet_group": there["database"]["subnetGroup"],
            "cache_group": there["cache"],
            "cluster_name": there["cluster"]["name"],
            "vault": there["vault"],
            "audit_bucket": found["operations"]["audit"][region],
            "heartbeat_function": "heartbeat",
            "queues": list(there["queues"].values()),
        }

    tables = found["operations"]["tables"].items()
    args = {
        "account_id": EMULATOR_ACCOUNT,
        "primary": side(PRIMARY),
        "recovery": side(RECOVERY),
        "operations_table_arns": [f"arn:aws:dynamodb:{each}:{EMULATOR_ACCOUNT}:table/{name}" for each, name in tables],
        "global_cluster": found["database"]["globalCluster"],
        "datastore_suffix": "global",
        "tables": found["replicatedTables"],
        "manifest_parameter": "/haven/warm/manifest",
        "mode_parameter": found["operations"]["mode"],
    }
    statements = Scope(cast("OperatorRoleArgs", args), ROLE).statements()
    policy = [{key: each[key] for key in ("Sid", "Effect", "Action", "Resource")} for each in statements]
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": EMULATOR_ACCOUNT}}
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
    document = json.dumps({"Version": "2012-10-17", "Statement": policy})
    iam.put_role_policy(RoleName=ROLE, PolicyName=ROLE, PolicyDocument=document)


def _database(rds: Any, found: Mapping[str, Any], region: str) -> None:
    side = found["sides"][region]["database"]
    password = {"MasterUsername": "root", "MasterUserPassword": "not-a-secret-1"} if region == PRIMARY else {}
    rds.create_db_cluster(
        DBClusterIdentifier=side["cluster"],
        Engine="aurora-postgresql",
        EngineVersion="16.11",
        GlobalClusterIdentifier=found["database"]["globalCluster"],
        **password,
    )
    rds.create_db_instance(
        DBInstanceIdentifier=next(iter(side["instances"])),
        DBClusterIdentifier=side["cluster"],
        DBInstanceClass="db.r6g.large",
        Engine="aurora-postgresql",
    )


def _stored(aws: Clients, found: Mapping[str, Any], region: str) -> None:
    for image in found["images"]:
        repository = image.partition("@")[0]
        aws.of("ecr", region).create_repository(repositoryName=repository)
        aws.of("ecr", region).put_image(repositoryName=repository, imageManifest=IMAGE, imageTag="latest")
    audit = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    aws.of("s3", region).create_bucket(Bucket=found["operations"]["audit"][region], **audit)
    for name in found["replicatedTables"]:
        _table(aws, name, region)
    for each in found["weights"]:
        bucket = found["sides"][region]["buckets"][each["bucket"]]
        place = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        aws.of("s3", region).create_bucket(Bucket=bucket, **place)
        aws.of("s3", region).put_object(Bucket=bucket, Key=f"{each['prefix']}/model", Body=b"x" * 2000)


def _table(aws: Clients, name: str, region: str) -> None:
    if region == RECOVERY:
        return  # the replica
    dynamodb = aws.of("dynamodb", region)
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    dynamodb.update_table(TableName=name, ReplicaUpdates=[{"Create": {"RegionName": RECOVERY}}])


def _entrances(aws: Clients, found: Mapping[str, Any], region: str) -> None:
    side = found["sides"][region]
    role = "arn:aws:iam::111122223333:role/any"
    aws.of("eks", region).create_cluster(
        name=side["cluster"]["name"], roleArn=role, resourcesVpcConfig={"subnetIds": ["subnet-1"]}
    )
    caches = aws.of("elasticache", region)
    caches.create_replication_group(
        ReplicationGroupId=side["cache"], ReplicationGroupDescription="a cache", Engine="valkey"
    )
    group = caches.describe_replication_groups(ReplicationGroupId=side["cache"])["ReplicationGroups"][0]
    cluster = aws.of("rds", region).describe_db_clusters(DBClusterIdentifier=side["database"]["cluster"])
    document = {
        "database": {"writer": cluster["DBClusters"][0]["Endpoint"]},
        "cache": {"host": group["NodeGroups"][0]["PrimaryEndpoint"]["Address"]},
    }
    aws.of("ssm", region).put_parameter(Name="/haven/warm/endpoints", Value=json.dumps(document), Type="String")
    aws.of("elbv2", region).create_target_group(
        Name=side["balancer"]["targetGroup"], Protocol="HTTP", Port=80, VpcId="vpc-1"
    )
    switch = next(each for each in found["traffic"].values() if each["writeIn"] == region)
    switch_alarm(aws.of("cloudwatch", region), switch)


def _operations(aws: Clients, found: Mapping[str, Any], region: str) -> None:
    operations = found["operations"]
    dynamodb = aws.of("dynamodb", region)
    dynamodb.create_table(
        TableName=operations["tables"][region],
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "entry", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in ("id", "entry")],
    )
    _beat(dynamodb, found, region)


def _beat(dynamodb: Any, found: Mapping[str, Any], region: str, *, seconds_ago: float = 0) -> None:
    operations = found["operations"]
    for store in operations["heartbeats"]["stores"]:
        at = str(round((time.time() - seconds_ago) * 1000))
        item = {"id": {"S": "heartbeat"}, "entry": {"S": store}, "newest": {"N": at}, "interval": {"N": "10000"}}
        dynamodb.put_item(TableName=operations["tables"][region], Item=item)


def test_what_is_there_is_ok_and_what_the_emulator_lacks_is_not_fine(ground: Ground) -> None:
    _beat(ground.aws.of("dynamodb", RECOVERY), manifest(), RECOVERY)
    found = ground.checks()
    others = {name: each for name, each in found.items() if not name.startswith(LACKS) or "lambda" in name}
    assert {name: each.got for name, each in others.items() if each.status is not Status.OK} == {}
    assert len(others) > 30
    assert Status.OK not in {each.status for name, each in found.items() if name not in others}


def test_each_thing_that_is_missing_is_a_blocker_of_its_own(ground: Ground) -> None:
    found = manifest()
    _beat(ground.aws.of("dynamodb", RECOVERY), found, RECOVERY, seconds_ago=3600)
    image = found["images"][0]
    bucket = found["sides"][RECOVERY]["buckets"]["models"]
    ground.aws.of("ecr", RECOVERY).batch_delete_image(
        repositoryName=image.partition("@")[0], imageIds=[{"imageDigest": DIGEST}]
    )
    ground.aws.of("s3", RECOVERY).delete_object(Bucket=bucket, Key=f"{found['weights'][0]['prefix']}/model")
    ground.aws.of("ssm", PRIMARY).put_parameter(
        Name="/haven/warm/manifest", Value=json.dumps({**found, "tier": "backup"}), Type="String", Overwrite=True
    )
    table = found["operations"]["tables"][RECOVERY]
    lease = {"token": {"N": "3"}, "holder": {"S": "h"}, "who": {"S": "ada"}, "state": {"S": "held"}}
    ground.aws.of("dynamodb", RECOVERY).put_item(
        TableName=table, Item={"id": {"S": "lease"}, "entry": {"S": "0"}, **lease}
    )
    seen = ground.checks()
    blockers = {name for name, each in seen.items() if each.blocks and not name.startswith(LACKS)}
    assert blockers == {
        f"images of {image.partition('@')[0]} in {RECOVERY}",
        f"weights {found['weights'][0]['prefix']} in {bucket} in {RECOVERY}",
        "manifests of both Regions in ",
        "lease in ",
        *(f"heartbeat of {store} in {RECOVERY}" for store in found["operations"]["heartbeats"]["stores"]),
    }


def test_while_rds_of_the_region_that_would_be_left_is_silent_its_network_acl_is_judged(ground: Ground) -> None:
    ground.gateway.faults[PRIMARY, "rds"] = Fault.REFUSE
    found = ground.checks()
    judged = (
        f"network ACL of {manifest()['sides'][PRIMARY]['database']['subnetGroup']} in {PRIMARY}",
        f"permission for network ACLs in {PRIMARY} in {RECOVERY}",
    )
    assert {each: found[each].status for each in judged} == dict.fromkeys(judged, Status.OK)


def test_a_silent_region_that_would_be_left_forbids_nothing(ground: Ground) -> None:
    before = {name for name, each in ground.checks().items() if each.blocks}
    ground.gateway.faults[PRIMARY, "*"] = Fault.BLACKHOLE
    seen = ground.checks()
    after = {name for name, each in seen.items() if each.blocks}
    assert after - before == set()
    silent = [each for each in seen.values() if each.region == PRIMARY]
    assert silent
    assert {each.status for each in silent} == {Status.UNKNOWN}
