"""What is read back from the real emulator, beside what a recording plans."""

import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from haven.base import terminal
from haven.emulator import actual, expected, gap_handling, leftovers, read_back
from haven.emulator.actual import Clients
from haven.emulator.expected import GLOBAL, Fact
from haven.emulator.ministack import Emulator
from haven.program import aws_types as aws
from haven.program import wire_format
from haven.program.recording import Recording, Resource, reference

PRIMARY, RECOVERY = "eu-west-1", "eu-central-1"
REGIONS = (PRIMARY, RECOVERY)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    place = tmp_path_factory.mktemp("emulator")
    with Emulator(place / "home", place / "run") as started:
        yield started


@pytest.fixture
def url(running: Emulator) -> str:
    """An emulator in which nothing stands but what it brings along."""
    reset = urllib.request.Request(f"{running.url}/_ministack/reset", method="POST")
    with urllib.request.urlopen(reset, timeout=30) as answer:
        assert answer.status == 200
    return running.url


def _record(token: str, key: str, region: str, /, **inputs: Any) -> Resource:
    return Resource(wire_format.key_of(key), f"urn:{key}", token, key, True, "", "", region, None, None, inputs)


def _property(key: str, path: str) -> str:
    return reference(wire_format.key_of(key), path)


def _recording(*records: Resource) -> Recording:
    return Recording("haven", "test", records, {})


BUCKETS = _recording(
    _record(aws.S3_BUCKET, "models", PRIMARY, bucket="models-euw1", objectLockEnabled=False),
    _record(aws.S3_BUCKET, "copies", RECOVERY, bucket="models-euc1", objectLockEnabled=False),
    *(
        _record(
            aws.S3_BUCKET_VERSIONING,
            f"{name}-versioning",
            region,
            bucket=_property(name, "bucket"),
            versioningConfiguration={"status": "Enabled"},
        )
        for name, region in (("models", PRIMARY), ("copies", RECOVERY))
    ),
    _record(
        aws.S3_BUCKET_REPLICATION_CONFIG,
        "replication",
        PRIMARY,
        bucket="models-euw1",
        rules=[{"destination": {"bucket": _property("copies", "arn"), "replicationTime": {"status": "Enabled"}}}],
    ),
)


def _make_buckets(url: str) -> None:
    clients = Clients(url)
    for region, name in ((PRIMARY, "models-euw1"), (RECOVERY, "models-euc1")):
        s3 = clients.of("s3", region)
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def _replicate(url: str, *, timed: bool) -> None:
    destination: dict[str, Any] = {"Bucket": "arn:aws:s3:::models-euc1"}
    if timed:
        destination["ReplicationTime"] = {"Status": "Enabled", "Time": {"Minutes": 15}}
        destination["Metrics"] = {"Status": "Enabled", "EventThreshold": {"Minutes": 15}}
    rule = {
        "ID": "all",
        "Priority": 1,
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Enabled"},
        "Destination": destination,
    }
    Clients(url).of("s3", PRIMARY).put_bucket_replication(
        Bucket="models-euw1",
        ReplicationConfiguration={"Role": "arn:aws:iam::000000000000:role/replication", "Rules": [rule]},
    )


def _wrong(rows: list[read_back.Row]) -> Mapping[str, tuple[str, str]]:
    return {row.fact.name: (row.planned, row.found) for row in rows if row.is_wrong}


def test_buckets_that_stand_as_planned_agree(url: str) -> None:
    _make_buckets(url)
    _replicate(url, timed=True)
    rows = read_back.read_back(BUCKETS, url, REGIONS)
    assert [(row.fact, row.agrees) for row in rows] == [
        (Fact(PRIMARY, "bucket", "models-euw1"), True),
        (Fact(RECOVERY, "bucket", "models-euc1"), True),
    ]


def test_replication_without_time_control_is_wrong_where_it_was_planned_with_it(url: str) -> None:
    _make_buckets(url)
    _replicate(url, timed=False)
    assert _wrong(read_back.read_back(BUCKETS, url, REGIONS)) == {
        "models-euw1": (
            "versioned, AES256, to models-euc1 with time control",
            "versioned, AES256, to models-euc1",
        )
    }


def test_a_bucket_in_the_wrong_region_is_missing_in_one_and_too_many_in_the_other(url: str) -> None:
    s3 = Clients(url).of("s3", PRIMARY)
    s3.create_bucket(Bucket="models-euc1", CreateBucketConfiguration={"LocationConstraint": PRIMARY})
    rows = read_back.read_back(_recording(BUCKETS.resources[1]), url, REGIONS)
    assert {(row.fact.region, bool(row.planned), bool(row.found)) for row in rows} == {
        (PRIMARY, False, True),
        (RECOVERY, True, False),
    }
    assert all(row.is_wrong for row in rows)


DATABASE = _recording(
    _record(aws.RDS_GLOBAL_CLUSTER, "global", PRIMARY, globalClusterIdentifier="db"),
    *(
        _record(
            aws.RDS_CLUSTER,
            f"db-{region}",
            region,
            clusterIdentifier=f"db-{region}",
            globalClusterIdentifier=_property("global", "id"),
            engineVersion="16.11",
            storageEncrypted=True,
            **({"masterUsername": "haven"} if region == PRIMARY else {}),
        )
        for region in REGIONS
    ),
    _record(
        aws.RDS_CLUSTER_INSTANCE,
        "writer",
        PRIMARY,
        clusterIdentifier=_property(f"db-{PRIMARY}", "id"),
        instanceClass="db.r6g.large",
        availabilityZone="eu-west-1a",
    ),
)


def _make_database(url: str) -> None:
    clients = Clients(url)
    engine = {"Engine": "aurora-postgresql", "EngineVersion": "16.11"}
    clients.of("rds", PRIMARY).create_global_cluster(GlobalClusterIdentifier="db", **engine, StorageEncrypted=True)
    for region in REGIONS:
        credentials = {"MasterUsername": "haven", "MasterUserPassword": "not-a-secret"} if region == PRIMARY else {}
        clients.of("rds", region).create_db_cluster(
            DBClusterIdentifier=f"db-{region}",
            GlobalClusterIdentifier="db",
            StorageEncrypted=True,
            KmsKeyId=f"arn:aws:kms:{region}:000000000000:key/1",
            **engine,
            **credentials,
        )
    clients.of("rds", PRIMARY).create_db_instance(
        DBInstanceIdentifier="writer",
        DBClusterIdentifier=f"db-{PRIMARY}",
        Engine="aurora-postgresql",
        DBInstanceClass="db.r6g.large",
        AvailabilityZone="eu-west-1a",
    )


def test_a_global_database_tells_who_writes_and_that_the_other_side_is_headless(url: str) -> None:
    _make_database(url)
    rows = {row.fact: row for row in read_back.read_back(DATABASE, url, REGIONS)}
    assert rows[Fact(GLOBAL, "database", "db")].found == "db-eu-central-1 reads, db-eu-west-1 writes"
    assert rows[Fact(RECOVERY, "database member", "db-eu-central-1")].found == "PostgreSQL 16.11, encrypted, headless"
    assert all(row.agrees for row in rows.values())


def test_after_a_switchover_the_writer_isn_t_the_planned_one(url: str) -> None:
    _make_database(url)
    Clients(url).of("rds", PRIMARY).switchover_global_cluster(
        GlobalClusterIdentifier="db",
        TargetDbClusterIdentifier=f"arn:aws:rds:{RECOVERY}:000000000000:cluster:db-{RECOVERY}",
    )
    assert _wrong(read_back.read_back(DATABASE, url, REGIONS)) == {
        "db": ("db-eu-central-1 reads, db-eu-west-1 writes", "db-eu-central-1 writes, db-eu-west-1 reads")
    }


SECRET = _recording(_record(aws.SECRETSMANAGER_SECRET, "s", PRIMARY, name="token", replicas=[{"region": RECOVERY}]))


def test_a_replica_that_the_emulator_forgot_is_a_known_defect_with_its_name(url: str) -> None:
    Clients(url).of("secretsmanager", PRIMARY).create_secret(
        Name="token", SecretString="x", AddReplicaRegions=[{"Region": RECOVERY}]
    )
    rows = read_back.read_back(SECRET, url, REGIONS)
    assert [(row.fact.region, row.agrees, row.is_wrong) for row in rows] == [
        (PRIMARY, True, False),
        (RECOVERY, False, False),
    ]
    assert rows[1].defect is not None
    assert "forgets a secret's replicas" in " ".join(" ".join(read_back.render(rows, terminal.Style())).split())


def test_a_replica_that_is_there_agrees(url: str) -> None:
    secrets = Clients(url).of("secretsmanager", PRIMARY)
    secrets.create_secret(Name="token", SecretString="x")
    secrets.replicate_secret_to_regions(SecretId="token", AddReplicaRegions=[{"Region": RECOVERY}])
    assert [row.agrees for row in read_back.read_back(SECRET, url, REGIONS)] == [True, True]


def test_a_secret_missing_at_home_is_no_known_defect(url: str) -> None:
    rows = read_back.read_back(SECRET, url, REGIONS)
    assert [(row.fact.region, row.is_wrong) for row in rows] == [(PRIMARY, True), (RECOVERY, False)]


def test_a_secret_without_a_value_is_wrong(url: str) -> None:
    Clients(url).of("secretsmanager", PRIMARY).create_secret(Name="token")
    assert _wrong(read_back.read_back(SECRET, url, REGIONS)) == {"token": ("holds a value", "holds nothing")}


def test_the_network_is_counted_by_zone(url: str) -> None:
    ec2 = Clients(url).of("ec2", PRIMARY)
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    for number, zone in enumerate("aab"):
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{number}.0/24", AvailabilityZone=f"{PRIMARY}{zone}")
    told = actual.facts(url, REGIONS)
    assert told[Fact(PRIMARY, "subnets", "10.9.0.0/16")] == "2 eu-west-1a, 1 eu-west-1b"
    assert told[Fact(PRIMARY, "NAT gateways", "10.9.0.0/16")] == "none"


@pytest.mark.parametrize("calculated", [True, False])
def test_an_alarm_on_what_is_calculated_is_told_from_one_on_a_metric(url: str, calculated: bool) -> None:
    metric = {"Namespace": "AWS/SQS", "MetricName": "NumberOfMessagesSent"}
    stat = {"MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
    on: dict[str, Any] = {"Metrics": [{"Id": "m", **stat}]} if calculated else {**metric, "Period": 60}
    Clients(url).of("cloudwatch", PRIMARY).put_metric_alarm(
        AlarmName="a", ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=1, Threshold=1, **on
    )
    alarm = _record(aws.CLOUDWATCH_METRIC_ALARM, "a", PRIMARY, name="a", metricQueries=[{"id": "m"}])
    assert [row.is_wrong for row in read_back.read_back(_recording(alarm), url, REGIONS)] == [not calculated]


def test_what_the_emulator_brings_along_is_not_told() -> None:
    assert expected.facts(_recording()) == {}


def test_a_fresh_emulator_tells_nothing(url: str) -> None:
    assert actual.facts(url, REGIONS) == {}


def test_a_proxy_of_the_user_s_is_not_asked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert actual.facts(url, REGIONS) == {}


def test_what_stands_before_and_after_is_told_apart_by_kind_and_name(url: str) -> None:
    before = leftovers.standing(url, REGIONS)
    clients = Clients(url)
    clients.of("logs", RECOVERY).create_log_group(logGroupName="forgotten")
    key = clients.of("kms", PRIMARY).create_key()["KeyMetadata"]["KeyId"]
    assert leftovers.standing(url, REGIONS) - before == {
        Fact(RECOVERY, "log group", "forgotten"),
        Fact(PRIMARY, "key", key),
    }
    clients.of("kms", PRIMARY).schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    clients.of("logs", RECOVERY).delete_log_group(logGroupName="forgotten")
    assert leftovers.standing(url, REGIONS) == before


def test_every_difference_is_shown_with_both_sides() -> None:
    fact = Fact(PRIMARY, "cache", "c")
    rows = read_back.compare({fact: "3 shards"}, {fact: "2 shards"}, REGIONS)
    assert read_back.render(rows, terminal.Style()) == [
        "",
        "  eu-west-1",
        "    WRONG  cache  c  planned: 3 shards; found: 2 shards",
    ]


def test_regions_come_in_the_order_of_the_stack_and_what_has_none_last() -> None:
    wanted = {Fact(GLOBAL, "database", "d"): "x", Fact(PRIMARY, "key", "k"): "x", Fact(RECOVERY, "key", "k"): "x"}
    rows = read_back.compare(wanted, wanted, REGIONS)
    assert [row.fact.region for row in rows] == [PRIMARY, RECOVERY, GLOBAL]


def test_a_known_defect_never_excuses_something_else() -> None:
    fact = Fact(RECOVERY, expected.REPLICA, "token")
    assert gap_handling.explain_absence(fact) is not None
    assert read_back.compare({fact: "holds a value"}, {fact: "holds nothing"}, REGIONS)[0].is_wrong
    assert read_back.compare({}, {fact: "holds a value"}, REGIONS)[0].is_wrong
