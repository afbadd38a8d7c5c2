"""The recovery Region is made like the primary one: what differs is what the tier, or AWS, makes different."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import product

import pytest

from haven.program import aws_types as aws
from haven.program.recording import REFERENCE
from tests.environments import PRIMARY, RECOVERY, TIERS, environment, of_type
from tests.sides import Standing, side

Moment = tuple[str, bool]
"""A tier, and whether writes have moved to the recovery Region."""

MOMENTS: tuple[Moment, ...] = tuple(product(TIERS, (False, True)))
BACKUP, PILOT_LIGHT, WARM, ACTIVE_ACTIVE = TIERS
REPLICATED = {(tier, moved) for tier, moved in MOMENTS if tier != BACKUP}
STANDING_BY = {(tier, moved) for tier, moved in MOMENTS if not moved}
ONE_TABLE = set(MOMENTS) - REPLICATED
CACHED_ONCE = {(BACKUP, False), (PILOT_LIGHT, False)}
FROM_WARM = {(tier, moved) for tier, moved in MOMENTS if tier in (WARM, ACTIVE_ACTIVE)}
ACCESS_POINTS = {(ACTIVE_ACTIVE, False), (ACTIVE_ACTIVE, True)}
CLUSTERS = set(MOMENTS) - {(BACKUP, False)}

ONLY_PRIMARY, ONLY_RECOVERY = "exists in the primary Region alone", "exists in the recovery Region alone"


@dataclass(frozen=True)
class Found:
    """One difference between the sides."""

    kind: str
    name: str
    component: str | None
    what: str
    """A property, `options.` and an option, or that it exists on one side alone."""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.what}"


@dataclass(frozen=True)
class Allowed:
    """Differences that are meant."""

    kinds: str
    what: str
    reason: str
    when: Collection[Moment] = MOMENTS
    names: str = ".*"
    components: str = ".*"

    def covers(self, found: Found) -> bool:
        pairs = (
            (self.kinds, found.kind),
            (self.what, found.what),
            (self.names, found.name),
            (self.components, found.component or ""),
        )
        return all(re.fullmatch(pattern, text) for pattern, text in pairs)


BY_TIER = (
    Allowed(
        ".*",
        ONLY_PRIMARY,
        "backup has no network there, and nothing in it, until writes move",
        {(BACKUP, False)},
        components="RegionalNetwork|InferenceCluster|EdgeBalancer|Cluster.*|Model.*|Training.*|Workflow.*",
    ),
    Allowed(
        ".*",
        ONLY_PRIMARY,
        "a registry needs a database, which backup restores there",
        {(BACKUP, True)},
        components="ModelRegistry",
    ),
    Allowed(
        "secrets-store.*",
        ONLY_PRIMARY,
        "a database that isn't restored yet has no administrator",
        {(BACKUP, True)},
        ".*-secret-database-administrator",
    ),
    Allowed(
        "(apps|batch)/v1",
        "spec",
        "fewer replicas on standby; jobs and checks are suspended; a registry reads from the reader",
        STANDING_BY - {(BACKUP, False)},
    ),
    Allowed(
        "batch/v1",
        "metadata",
        "a Job's name has a digest of what it runs, which names its Region",
        REPLICATED,
        ".*-migration",
    ),
    Allowed(
        "route53/record", ONLY_PRIMARY, "no balancer, so no entrance", {(BACKUP, False)}, "entrance-.*|dns-.*-<here>.*"
    ),
    Allowed(
        ".*",
        ONLY_PRIMARY,
        "backup has no member of the database there: one is restored",
        {(BACKUP, False), (BACKUP, True)},
        components="GlobalDatabase",
    ),
    Allowed(".*", ONLY_PRIMARY, "the cache is rebuilt, empty", CACHED_ONCE, components="GlobalCache"),
    Allowed("ec2/(eip|natGateway)", ONLY_PRIMARY, "pilot-light needs no egress yet", {(PILOT_LIGHT, False)}),
    Allowed("ec2/route", ONLY_PRIMARY, "pilot-light needs no egress yet", {(PILOT_LIGHT, False)}, ".*-nat-.*"),
    Allowed(
        "eks/nodeGroup",
        "scalingConfig",
        "fewer standby nodes",
        {(PILOT_LIGHT, False), (WARM, False)},
    ),
    Allowed(
        "rds/clusterInstance",
        ONLY_PRIMARY,
        "fewer standby instances",
        {(PILOT_LIGHT, False), (WARM, False)},
    ),
    Allowed(
        "ec2/vpcEndpoint",
        f"{ONLY_PRIMARY}|subnetIds",
        "pilot-light needs what a start needs, in one zone",
        {(PILOT_LIGHT, False)},
    ),
    Allowed(
        "ssm/parameter",
        "insecureValue",
        "a Region without a database or a cache names none to its applications",
        {*ONE_TABLE, *CACHED_ONCE},
        "endpoints-<here>",
    ),
    Allowed(
        "backup/restoreTestingSelection",
        ONLY_PRIMARY,
        "a restored database needs a network, which backup has in the primary Region",
        {(BACKUP, False), (BACKUP, True)},
        "backups-<here>-restore-test-aurora",
    ),
    Allowed("dynamodb/table", ONLY_PRIMARY, "tables are backed up, not replicated", ONE_TABLE),
    Allowed(
        "cloudwatch/metricAlarm",
        ONLY_PRIMARY,
        "backup has no balancer there for good",
        {(BACKUP, False), (BACKUP, True)},
        names="watch-<here>-balancer-.*",
    ),
    Allowed(
        "cloudwatch/compositeAlarm",
        "sums up .*-balancer-.*",
        "backup has no balancer there for good",
        {(BACKUP, False), (BACKUP, True)},
    ),
    Allowed("s3control/.*", ONLY_PRIMARY, "one access point routes to both buckets", ACCESS_POINTS),
    Allowed(
        "backup/(plan|selection)",
        ONLY_PRIMARY,
        "backups are made where writes go, and copied",
        STANDING_BY,
    ),
)

BY_NATURE = (
    Allowed(
        "cloudwatch/metricAlarm",
        ONLY_PRIMARY,
        "the recovery Region makes backups only after a failover, and silence must not sound",
        names="watch-.*-backup-age",
    ),
    Allowed("cloudwatch/compositeAlarm", "sums up .*-backup-age", "there is no such alarm in the recovery Region"),
    Allowed("cloudwatch/dashboard", "dashboardBody", "a side's dashboard shows that side's alarms"),
    Allowed("cloudwatch/dashboard", ONLY_PRIMARY, "one dashboard shows both", names="watch-dashboard"),
    Allowed(
        "(fis|iam)/.*",
        ONLY_PRIMARY,
        "losing the writer's instance is tried where the writer was born",
        FROM_WARM,
        names="faults-<here>-database.*",
    ),
    Allowed("backup/restoreTesting.*", ONLY_RECOVERY, "what is tried is whether copies can be restored"),
    Allowed("budgets/.*|costexplorer/.*|sns/.*", ONLY_PRIMARY, "one budget covers both", components="CostGuard"),
    Allowed(
        "iam/.*",
        ONLY_PRIMARY,
        "IAM is one for all Regions, and this role works on both sides",
        names=r"(.*-replication|backups-backup|backups-restore)(-.*)?",
    ),
    Allowed("iam/policy", ONLY_PRIMARY, "IAM is one for all Regions: it reads both", names="read-endpoints"),
    Allowed("route53/(zone|healthCheck)", ONLY_PRIMARY, "Route 53 is one for all Regions"),
    Allowed(
        "route53/record",
        ONLY_PRIMARY,
        "one record shows to both Regions' certificates whose the domain is",
        names=".*-certificate-record",
    ),
    Allowed("route53/record", ONLY_PRIMARY, "the service has one name", names="dns-(private-)?cname"),
    Allowed("secretsmanager/.*", ONLY_PRIMARY, "a secret is declared with its copies"),
    Allowed("rds/globalCluster", ONLY_PRIMARY, "what holds both members is one"),
    Allowed("kms/key", "enableKeyRotation|multiRegion|primaryKeyArn", "a replica has these from its key"),
    Allowed("dynamodb/table", r"globalTableArn|options\.ignore_changes", "a replica names its table", REPLICATED),
    Allowed("elasticache/globalReplicationGroup", ONLY_PRIMARY, "what holds both groups is one", FROM_WARM),
    Allowed(
        "elasticache/replicationGroup",
        "(atRest|transit)Encryption.*|engine(Version)?|nodeType|numNodeGroups|parameterGroupName|port"
        r"|globalReplicationGroupId|options\.ignore_changes",
        "a secondary group has these from the Global Datastore",
        FROM_WARM,
    ),
    Allowed("elasticache/parameterGroup", ONLY_PRIMARY, "a secondary group has its parameters from there", FROM_WARM),
    Allowed(
        "elasticache/replicationGroup|rds/cluster.*",
        "(preferredM|m)aintenanceWindow",
        "the sides are never maintained on the same day",
        CLUSTERS,
    ),
    Allowed("rds/cluster", "databaseName|master.*", "a secondary refuses what a database is born with", REPLICATED),
    Allowed("rds/cluster", "sourceRegion", "a secondary names the Region that it is copied from", REPLICATED),
    Allowed(
        "route53/record",
        "failoverRoutingPolicies",
        "one record is PRIMARY and one is SECONDARY, for good",
        {(BACKUP, True), *((tier, moved) for tier, moved in MOMENTS if tier in (PILOT_LIGHT, WARM))},
    ),
    Allowed("lambda/function", "code", "it has the roots of the Region's own database", REPLICATED, ".*-heartbeat"),
    Allowed(
        "core/v1",
        "data|metadata",
        "it has the roots of the Region's own database, and a digest of them in its name",
        REPLICATED,
        ".*-schema",
    ),
    Allowed("(apps|batch)/v1", "spec", "pods mount these roots", REPLICATED, ".*-registry-(server|migration)"),
    Allowed("eks/nodeGroup", "nodeGroupName", "the name ends in a digest of the Region's own subnets", CLUSTERS),
    Allowed(
        "ec2/(vpcPeeringConnection|peeringConnectionOptions)", ".*", "one side asks, the other one accepts", REPLICATED
    ),
)

ALLOWED = (*BY_TIER, *BY_NATURE)


def differences(moment: Moment) -> Iterator[Found]:
    tier, moved = moment
    recording = environment(tier, active=RECOVERY) if moved else environment(tier)
    primary, recovery = side(recording, PRIMARY), side(recording, RECOVERY)
    for key in primary.keys() | recovery.keys():
        found = primary.get(key) or recovery[key]
        kind, name = found.kind.split(":")[1], found.name.removeprefix(f"haven-{tier}-")
        for what in _between(primary.get(key), recovery.get(key)):
            yield Found(kind, name, found.record.component, what)


def _between(primary: Standing | None, recovery: Standing | None) -> Iterator[str]:
    if primary is None:
        yield ONLY_RECOVERY
    elif recovery is None:
        yield ONLY_PRIMARY
    else:
        for name in primary.inputs.keys() | recovery.inputs.keys():
            same = primary.inputs.get(name) == recovery.inputs.get(name)
            word_for_word = name in primary.record.inputs and (
                primary.record.inputs[name] == recovery.record.inputs.get(name)
            )
            if not same and not word_for_word:
                yield name


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_the_sides_differ_in_what_the_tier_names_alone(moment: Moment) -> None:
    rows = [row for row in ALLOWED if moment in row.when]
    assert sorted(str(each) for each in differences(moment) if not any(row.covers(each) for row in rows)) == []


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_every_allowed_difference_is_there(moment: Moment) -> None:
    found = list(differences(moment))
    needless = [row for row in ALLOWED if moment in row.when and not any(row.covers(each) for each in found)]
    assert [f"{row.kinds} {row.what}: {row.reason}" for row in needless] == []


@pytest.mark.parametrize("stack", TIERS)
def test_the_copy_of_a_secret_has_the_recovery_region_s_key(stack: str) -> None:
    recording = environment(stack)
    secrets = of_type(recording, aws.SECRETSMANAGER_SECRET, PRIMARY)
    keys = {
        recording.by_key[found["key"]].type
        for each in secrets
        for replica in each.inputs["replicas"]
        if (found := REFERENCE.fullmatch(replica["kmsKeyId"]))
    }
    assert secrets
    assert keys == {aws.KMS_REPLICA_KEY}
