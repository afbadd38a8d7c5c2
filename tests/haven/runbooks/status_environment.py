"""The environment that `haven status` looks at: the emulator's API alone, for nothing here is about deploying."""

import json
import time
from collections.abc import Mapping
from typing import Any

from haven.emulator.clients import Clients
from tests.environments import PRIMARY, RECOVERY, environment
from tests.haven.runbooks.traffic import switch_alarm


def manifest() -> Mapping[str, Any]:
    """The recovery manifest of a shipped stack, without what the emulator has no API for."""
    found: Mapping[str, Any] = environment("warm").outputs["manifest"]
    left_out = ("workloads", "inference")
    sides = {
        region: {key: value for key, value in side.items() if key not in left_out}
        for region, side in found["sides"].items()
    }
    return {**found, "sides": sides}


def fill(aws: Clients) -> None:
    """Create what the manifest names."""
    name = manifest()["database"]["globalCluster"]
    aws.of("rds", PRIMARY).create_global_cluster(GlobalClusterIdentifier=name, Engine="aurora-postgresql")
    for region in (PRIMARY, RECOVERY):
        side = manifest()["sides"][region]
        aws.of("ssm", region).put_parameter(Name="/haven/warm/manifest", Value=json.dumps(manifest()), Type="String")
        _database(aws.of("rds", region), name, side["database"], full=region == PRIMARY)
        aws.of("elasticache", region).create_replication_group(
            ReplicationGroupId=side["cache"], ReplicationGroupDescription="a cache", Engine="valkey"
        )
        eks = aws.of("eks", region)
        role = "arn:aws:iam::111122223333:role/any"
        eks.create_cluster(name=side["cluster"]["name"], roleArn=role, resourcesVpcConfig={"subnetIds": ["subnet-1"]})
        for group, sizes in side["cluster"]["nodeGroups"].items():
            least, wanted, most = sizes["full" if region == PRIMARY else "standby"]
            eks.create_nodegroup(
                clusterName=side["cluster"]["name"],
                nodegroupName=group,
                nodeRole=role,
                subnets=["subnet-1"],
                scalingConfig={"minSize": least, "desiredSize": wanted, "maxSize": most},
            )
        _heartbeats(aws.of("dynamodb", region), manifest()["operations"], region)
    for switch in manifest()["traffic"].values():
        switch_alarm(aws.of("cloudwatch", switch["writeIn"]), switch)


def _heartbeats(dynamodb: Any, operations: Mapping[str, Any], region: str) -> None:
    """Heartbeats of each store, but for two: the database's is late, and the cache's second shard has none."""
    table = operations["tables"][region]
    dynamodb.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "entry", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in ("id", "entry")],
    )
    for store in operations["heartbeats"]["stores"]:
        if store != "cache#1":
            # From the future, so that a slow machine finds them new.
            age = {"database": 4000, "bucket:models": 600}.get(store, -4000)
            at = str(round((time.time() - age) * 1000))
            item = {"id": {"S": "heartbeat"}, "entry": {"S": store}, "newest": {"N": at}, "interval": {"N": "10000"}}
            dynamodb.put_item(TableName=table, Item=item)


def _database(rds: Any, global_cluster: str, side: Mapping[str, Any], *, full: bool) -> None:
    password = {"MasterUsername": "root", "MasterUserPassword": "not-a-secret-1"} if full else {}
    rds.create_db_cluster(
        DBClusterIdentifier=side["cluster"],
        Engine="aurora-postgresql",
        GlobalClusterIdentifier=global_cluster,
        **password,
    )
    for instance in list(side["instances"])[: None if full else side["standby"]]:
        rds.create_db_instance(
            DBInstanceIdentifier=instance,
            DBClusterIdentifier=side["cluster"],
            DBInstanceClass="db.r6g.large",
            Engine="aurora-postgresql",
        )
