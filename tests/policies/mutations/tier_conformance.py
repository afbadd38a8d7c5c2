"""What makes an environment fall short of its tier."""

from haven.program import aws_types as aws
from haven.program.recording import Recording
from tests.environments import PRIMARY, RECOVERY
from tests.policies.breaking import Change, Mutation, both, find, putting, setting, without

_CACHE = aws.ELASTICACHE_REPLICATION_GROUP
_DATABASE = aws.RDS_CLUSTER
_GROUP = aws.EKS_NODE_GROUP
_RECORD = aws.ROUTE53_RECORD
_REPLICATION = aws.S3_BUCKET_REPLICATION_CONFIG
_SUBNET = aws.EC2_SUBNET


def _desired(nodes: int, *words: str, region: str = RECOVERY) -> Change:
    """Gives a node group another size, and a smallest one that fits it."""
    return both(
        setting(_GROUP, "scalingConfig.minSize", min(nodes, 1), *words, region=region),
        setting(_GROUP, "scalingConfig.desiredSize", nodes, *words, region=region),
    )


def _into_zone(zone: str, *words: str) -> Change:
    """Puts the subnets with these words in their names into another zone of the recovery Region."""

    def change(recording: Recording) -> Recording:
        for tier in ("public", "private", "data"):
            subnet = find(recording, _SUBNET, tier, *words, region=RECOVERY)
            recording = putting(subnet, "availabilityZone", zone)(recording)
        return recording

    return change


def _by_policy(policy: str, *words: str) -> Change:
    """Gives a pair of failover records another routing policy."""
    return both(
        *(
            both(
                setting(_RECORD, "failoverRoutingPolicies", None, *words, region=region),
                setting(_RECORD, policy, [{"region": region}], *words, region=region),
            )
            for region in (PRIMARY, RECOVERY)
        )
    )


MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "standby-network",
        "pilot-light",
        "no network in the recovery Region",
        without(aws.EC2_VPC, region=RECOVERY),
    ),
    Mutation("standby-zones", "warm", "the recovery Region has two zones of three", _into_zone(f"{RECOVERY}a", "-c")),
    Mutation(
        "standby-nat",
        "warm",
        "no NAT gateway in the recovery Region",
        both(
            without(aws.EC2_NAT_GATEWAY, region=RECOVERY),
            without(aws.EC2_ROUTE, "-nat-", region=RECOVERY),
        ),
    ),
    Mutation(
        "standby-cluster",
        "pilot-light",
        "no control plane in the recovery Region",
        without(aws.EKS_CLUSTER, region=RECOVERY),
    ),
    Mutation(
        "standby-system-nodes", "warm", "the recovery Region's system nodes at two of three", _desired(2, "system")
    ),
    Mutation(
        "standby-system-nodes",
        "pilot-light",
        "a single system node in the recovery Region",
        _desired(1, "system"),
    ),
    Mutation("standby-gpu-nodes", "warm", "no standby GPU node for serving", _desired(0, "serving")),
    Mutation(
        "standby-gpu-nodes",
        "warm",
        "two thirds of the GPU nodes where the stack asks for all of them",
        _desired(2, "serving"),
        base=_desired(3, "serving"),
        judged_as={"cluster": '{"standbyShare": 1}'},
    ),
    Mutation(
        "standby-gpu-nodes",
        "active-active",
        "after a failover, the old primary Region has fewer GPU nodes",
        _desired(2, "serving", region=PRIMARY),
        config={"active": RECOVERY},
    ),
    Mutation(
        "standby-room-to-grow",
        "warm",
        "the recovery Region's group can't reach the full size",
        setting(_GROUP, "scalingConfig.maxSize", 2, "serving", region=RECOVERY),
    ),
    Mutation(
        "database-born-global",
        "backup",
        "the database is a cluster of its own",
        setting(_DATABASE, "globalClusterIdentifier", None),
    ),
    Mutation(
        "standby-database",
        "pilot-light",
        "no member in the recovery Region",
        without(_DATABASE, region=RECOVERY),
    ),
    Mutation(
        "standby-database-instances",
        "warm",
        "the member in the recovery Region is headless",
        without(aws.RDS_CLUSTER_INSTANCE, region=RECOVERY),
    ),
    Mutation(
        "standby-database-instances",
        "active-active",
        "one reader instead of two",
        without(aws.RDS_CLUSTER_INSTANCE, "-2", region=RECOVERY),
    ),
    Mutation(
        "standby-write-forwarding",
        "active-active",
        "the recovery Region refuses writes",
        setting(_DATABASE, "enableGlobalWriteForwarding", False, region=RECOVERY),
    ),
    Mutation(
        "standby-cache",
        "warm",
        "the recovery Region's cache follows another one",
        setting(_CACHE, "globalReplicationGroupId", "erpgt-another", region=RECOVERY),
    ),
    Mutation(
        "standby-cache",
        "pilot-light",
        "no cache where writes went",
        without(_CACHE, region=RECOVERY),
        config={"active": RECOVERY},
    ),
    Mutation(
        "objects-replicated-both-ways",
        "backup",
        "no way back for models",
        without(_REPLICATION, "models", region=RECOVERY),
    ),
    Mutation(
        "objects-replicated-both-ways",
        "active-active",
        "the rule for checkpoints is off",
        setting(_REPLICATION, "rules.0.status", "Disabled", "checkpoints", region=PRIMARY),
    ),
    Mutation(
        "objects-replicated-in-time",
        "pilot-light",
        "artifacts come when they come",
        setting(_REPLICATION, "rules.0.destination.replicationTime.status", "Disabled", "artifacts", region=PRIMARY),
    ),
    Mutation(
        "objects-under-one-name",
        "active-active",
        "models have no name for both Regions",
        both(
            without(aws.S3CONTROL_MULTI_REGION_ACCESS_POINT_POLICY, "models"),
            without(aws.S3CONTROL_MULTI_REGION_ACCESS_POINT, "models"),
        ),
    ),
    Mutation(
        "tables-replicated",
        "pilot-light",
        "a table without its replica",
        without(aws.DYNAMODB_TABLE_REPLICA, "sessions"),
    ),
    Mutation(
        "queues-in-both-regions",
        "warm",
        "no bus for those who go on in the recovery Region",
        without(aws.CLOUDWATCH_EVENT_BUS, region=RECOVERY),
        config={"queues": '{"requests": {"bus": {}}}'},
    ),
    Mutation(
        "traffic-follows-tier",
        "pilot-light",
        "the recovery Region has no record",
        without(_RECORD, "dns-failover-", region=RECOVERY),
    ),
    Mutation(
        "traffic-follows-tier",
        "active-active",
        "one zone of the two has no record for the recovery Region",
        without(_RECORD, "dns-private-latency-", region=RECOVERY),
    ),
    Mutation(
        "no-traffic-to-standby",
        "warm",
        "clients go to the nearest Region",
        _by_policy("latencyRoutingPolicies", "dns-failover-"),
    ),
    Mutation(
        "objects-replicated-both-ways",
        "warm",
        "objects of one prefix are replicated, and no others",
        setting(_REPLICATION, "rules.0.filter", {"prefix": "models/"}, "artifacts-euw1"),
    ),
    Mutation(
        "standby-balancer",
        "pilot-light",
        "the recovery Region's load balancer has no listener",
        without(aws.LB_LISTENER, region=RECOVERY),
    ),
    Mutation(
        "standby-firewall",
        "warm",
        "the recovery Region's balancer has no firewall before it",
        without(aws.WAFV2_WEB_ACL_ASSOCIATION, region=RECOVERY),
    ),
    Mutation(
        "standby-endpoints",
        "warm",
        "the recovery Region's network has no endpoint of the registry",
        without(aws.EC2_VPC_ENDPOINT, "ecr-api", region=RECOVERY),
    ),
    Mutation(
        "standby-endpoints",
        "pilot-light",
        "a standby Region whose pods get no credentials",
        without(aws.EC2_VPC_ENDPOINT, "eks-auth", region=RECOVERY),
    ),
    Mutation(
        "standby-same-machines",
        "warm",
        "a smaller reader in the recovery Region",
        setting(aws.RDS_CLUSTER_INSTANCE, "instanceClass", "db.r6g.medium", region=RECOVERY),
    ),
    Mutation(
        "standby-same-machines",
        "warm",
        "other GPUs in the recovery Region",
        setting(_GROUP, "instanceTypes", ["g4dn.2xlarge", "g5.2xlarge"], "serving", region=RECOVERY),
    ),
    Mutation(
        "standby-same-versions",
        "pilot-light",
        "an older Kubernetes in the recovery Region",
        setting(aws.EKS_CLUSTER, "version", "1.32", region=RECOVERY),
    ),
)
