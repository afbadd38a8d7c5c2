"""Hand-made recordings: what plans and comparisons are tried on without running a program."""

import hashlib
from collections.abc import Mapping
from typing import Any

from haven.model.objectives import judge
from haven.model.tiers import PROMISES, Tier
from haven.program import aws_types as aws
from haven.program.recording import Options, Recording, Resource, Secret, reference

PRIMARY, RECOVERY = "eu-west-1", "eu-central-1"


def resource(
    type_: str,
    name: str,
    inputs: Mapping[str, Any] | None = None,
    *,
    region: str | None = PRIMARY,
    component: str | None = None,
    custom: bool = True,
    protect: bool = False,
) -> Resource:
    """A hand-made record, keyed by its name."""
    return Resource(
        key=hashlib.sha256(f"{type_}::{name}".encode()).hexdigest()[:12],
        urn=f"urn:pulumi:test::haven::{type_}::{name}",
        type=type_,
        name=name,
        custom=custom,
        parent="",
        provider="",
        region=region,
        component=component,
        component_name=f"haven-{component}" if component else None,
        inputs=inputs or {},
        options=Options(protect=protect),
    )


def node_group(name: str, desired: int, *, gpu: bool, region: str = PRIMARY) -> Resource:
    inputs = {
        "amiType": "BOTTLEROCKET_x86_64_NVIDIA" if gpu else "BOTTLEROCKET_x86_64",
        "scalingConfig": {"minSize": 0, "desiredSize": desired, "maxSize": 9},
        "instanceTypes": ["g6.xlarge", "g5.xlarge"],
    }
    return resource(aws.EKS_NODE_GROUP, name, inputs, region=region, component="InferenceCluster")


CACHE_HERE = resource(
    aws.ELASTICACHE_REPLICATION_GROUP,
    "cache-euw1",
    {"numNodeGroups": 3, "replicasPerNodeGroup": 1, "replicationGroupId": "cache-euw1"},
    component="GlobalCache",
)
DATASTORE = resource(
    aws.ELASTICACHE_GLOBAL_REPLICATION_GROUP,
    "cache-global",
    {"primaryReplicationGroupId": reference(CACHE_HERE.key, "id")},
    component="GlobalCache",
)
CACHE_THERE = resource(
    aws.ELASTICACHE_REPLICATION_GROUP,
    "cache-euc1",
    {"globalReplicationGroupId": reference(DATASTORE.key, "globalReplicationGroupId"), "replicasPerNodeGroup": 1},
    region=RECOVERY,
    component="GlobalCache",
)


def promises(tier: Tier) -> dict[str, Any]:
    return {
        name: {
            "says": each.description,
            "atBestMinutes": each.best_case.value if each.best_case else None,
            "atBestSource": each.best_case.source if each.best_case else None,
            "atMostMinutes": each.worst_case.value if each.worst_case else None,
            "atMostSource": getattr(each.worst_case, "source", None),
            "assumption": getattr(each.worst_case, "why", None),
        }
        for name, each in PROMISES[tier].items()
    }


def recording(*resources: Resource, tier: Tier = Tier.WARM, **outputs: Any) -> Recording:
    """A hand-made recording with the outputs of a stack."""
    objectives = {"rtoMinutes": 30, "rpoMinutes": 15}
    judgements = [
        {"objective": e.objective, "wanted": e.wanted, "promise": e.promise, "verdict": e.verdict.value, "because": ""}
        for e in judge(tier, objectives)
    ]
    known = {
        "tier": tier.value,
        "active": PRIMARY,
        "regions": {"primary": PRIMARY, "recovery": RECOVERY},
        "promises": promises(tier),
        "objectives": objectives,
        "judgements": judgements,
        "systems": {"serving": {"kind": "model-serving", "tier": "warm"}},
        "notes": ["a note"],
    }
    return Recording("haven", "test", sorted(resources, key=lambda each: each.urn), known | outputs)


EVERYTHING = (
    resource("pulumi:providers:aws", "aws-eu-west-1", {"region": PRIMARY}),
    resource("haven:index:GlobalDatabase", "db", custom=False),
    resource(aws.EC2_VPC, "vpc", {"cidrBlock": "10.0.0.0/16"}, component="RegionalNetwork"),
    resource(aws.EC2_SUBNET, "a", {"availabilityZone": "eu-west-1a"}, component="RegionalNetwork"),
    resource(aws.EC2_SUBNET, "b", {"availabilityZone": "eu-west-1b"}, component="RegionalNetwork"),
    resource(aws.EC2_NAT_GATEWAY, "nat", component="RegionalNetwork"),
    resource(aws.EKS_CLUSTER, "eks", {"version": "1.36"}, component="InferenceCluster", protect=True),
    node_group("system", 3, gpu=False),
    node_group("serving", 4, gpu=True),
    node_group("serving-there", 2, gpu=True, region=RECOVERY),
    resource(aws.RDS_CLUSTER, "db-euw1", {"engineVersion": "16.11"}, component="GlobalDatabase"),
    resource(aws.RDS_CLUSTER_INSTANCE, "db-1", {"instanceClass": "c"}, component="GlobalDatabase"),
    resource(aws.RDS_CLUSTER, "db-euc1", {}, region=RECOVERY, component="GlobalDatabase"),
    CACHE_HERE,
    DATASTORE,
    CACHE_THERE,
    resource(aws.S3_BUCKET, "models", {"bucket": "models-euw1"}, component="ReplicatedBucket"),
    resource("random:index/randomPassword:RandomPassword", "password", region=None, component="GlobalDatabase"),
    resource(aws.SSM_PARAMETER, "manifest", {"value": Secret("hush-hush")}),
)
