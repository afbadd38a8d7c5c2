"""Resources read back from the real emulator, compared with a recording."""

import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from haven.base import terminal
from haven.emulator import gap_handling
from haven.emulator.clients import Clients
from haven.emulator.ministack import Emulator
from haven.emulator.read_back import actual, comparison, expected, leftovers
from haven.emulator.subject import GLOBAL, REPLICATED_SECRET, Subject
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
    """An emulator without any resources of its user."""
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


def _wrong(rows: list[comparison.ComparedResource]) -> Mapping[str, tuple[str, str]]:
    return {row.subject.name: (row.expected, row.actual) for row in rows if row.is_wrong}


def test_buckets_deployed_as_declared_agree(url: str) -> None:
    _make_buckets(url)
    _replicate(url, timed=True)
    rows = comparison.read_back(BUCKETS, url, REGIONS)
    assert [(row.subject, row.agrees) for row in rows] == [
        (Subject(PRIMARY, "bucket", "models-euw1"), True),
        (Subject(RECOVERY, "bucket", "models-euc1"), True),
    ]


def test_replication_without_the_declared_time_control_is_wrong(url: str) -> None:
    _make_buckets(url)
    _replicate(url, timed=False)
    assert _wrong(comparison.read_back(BUCKETS, url, REGIONS)) == {
        "models-euw1": (
            "versioned, AES256, to models-euc1 with time control",
            "versioned, AES256, to models-euc1",
        )
    }


def test_a_bucket_in_the_wrong_region_is_missing_in_one_and_unexpected_in_the_other(url: str) -> None:
    s3 = Clients(url).of("s3", PRIMARY)
    s3.create_bucket(Bucket="models-euc1", CreateBucketConfiguration={"LocationConstraint": PRIMARY})
    rows = comparison.read_back(_recording(BUCKETS.resources[1]), url, REGIONS)
    assert {(row.subject.region, bool(row.expected), bool(row.actual)) for row in rows} == {
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


def test_a_global_database_is_described_with_its_writer_and_its_headless_member(url: str) -> None:
    _make_database(url)
    rows = {row.subject: row for row in comparison.read_back(DATABASE, url, REGIONS)}
    assert rows[Subject(GLOBAL, "database", "db")].actual == "db-eu-central-1 reads, db-eu-west-1 writes"
    assert (
        rows[Subject(RECOVERY, "database member", "db-eu-central-1")].actual == "PostgreSQL 16.11, encrypted, headless"
    )
    assert all(row.agrees for row in rows.values())


def test_after_a_switchover_the_writer_is_not_the_expected_one(url: str) -> None:
    _make_database(url)
    Clients(url).of("rds", PRIMARY).switchover_global_cluster(
        GlobalClusterIdentifier="db",
        TargetDbClusterIdentifier=f"arn:aws:rds:{RECOVERY}:000000000000:cluster:db-{RECOVERY}",
    )
    assert _wrong(comparison.read_back(DATABASE, url, REGIONS)) == {
        "db": ("db-eu-central-1 reads, db-eu-west-1 writes", "db-eu-central-1 writes, db-eu-west-1 reads")
    }


SECRET = _recording(_record(aws.SECRETSMANAGER_SECRET, "s", PRIMARY, name="token", replicas=[{"region": RECOVERY}]))


def test_a_replica_that_the_emulator_loses_is_a_known_defect_with_its_name(url: str) -> None:
    Clients(url).of("secretsmanager", PRIMARY).create_secret(
        Name="token", SecretString="x", AddReplicaRegions=[{"Region": RECOVERY}]
    )
    rows = comparison.read_back(SECRET, url, REGIONS)
    assert [(row.subject.region, row.agrees, row.is_wrong) for row in rows] == [
        (PRIMARY, True, False),
        (RECOVERY, False, False),
    ]
    assert rows[1].defect is not None
    assert "loses a secret's replicas" in " ".join(" ".join(comparison.render(rows, terminal.Style())).split())


def test_an_existing_replica_agrees(url: str) -> None:
    secrets = Clients(url).of("secretsmanager", PRIMARY)
    secrets.create_secret(Name="token", SecretString="x")
    secrets.replicate_secret_to_regions(SecretId="token", AddReplicaRegions=[{"Region": RECOVERY}])
    assert [row.agrees for row in comparison.read_back(SECRET, url, REGIONS)] == [True, True]


def test_a_secret_missing_at_home_is_no_known_defect(url: str) -> None:
    rows = comparison.read_back(SECRET, url, REGIONS)
    assert [(row.subject.region, row.is_wrong) for row in rows] == [(PRIMARY, True), (RECOVERY, False)]


def test_a_secret_without_a_value_is_wrong(url: str) -> None:
    Clients(url).of("secretsmanager", PRIMARY).create_secret(Name="token")
    assert _wrong(comparison.read_back(SECRET, url, REGIONS)) == {"token": ("holds a value", "holds nothing")}


def test_the_network_is_counted_by_zone(url: str) -> None:
    ec2 = Clients(url).of("ec2", PRIMARY)
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    for number, zone in enumerate("aab"):
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{number}.0/24", AvailabilityZone=f"{PRIMARY}{zone}")
    described = actual.descriptions(url, REGIONS)
    assert described[Subject(PRIMARY, "subnets", "10.9.0.0/16")] == "2 eu-west-1a, 1 eu-west-1b"
    assert described[Subject(PRIMARY, "NAT gateways", "10.9.0.0/16")] == "none"


@pytest.mark.parametrize("calculated", [True, False])
def test_an_alarm_on_a_metric_expression_differs_from_one_on_a_metric(url: str, calculated: bool) -> None:
    metric = {"Namespace": "AWS/SQS", "MetricName": "NumberOfMessagesSent"}
    stat = {"MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
    on: dict[str, Any] = {"Metrics": [{"Id": "m", **stat}]} if calculated else {**metric, "Period": 60}
    Clients(url).of("cloudwatch", PRIMARY).put_metric_alarm(
        AlarmName="a", ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=1, Threshold=1, **on
    )
    alarm = _record(aws.CLOUDWATCH_METRIC_ALARM, "a", PRIMARY, name="a", metricQueries=[{"id": "m"}])
    assert [row.is_wrong for row in comparison.read_back(_recording(alarm), url, REGIONS)] == [not calculated]


def test_an_empty_recording_expects_nothing() -> None:
    assert expected.descriptions(_recording()) == {}


def test_a_fresh_emulator_has_nothing_to_describe(url: str) -> None:
    assert actual.descriptions(url, REGIONS) == {}


def test_the_user_s_proxy_is_ignored(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert actual.descriptions(url, REGIONS) == {}


def test_leftovers_are_the_difference_by_kind_and_name(url: str) -> None:
    before = leftovers.existing(url, REGIONS)
    clients = Clients(url)
    clients.of("logs", RECOVERY).create_log_group(logGroupName="left-behind")
    key = clients.of("kms", PRIMARY).create_key()["KeyMetadata"]["KeyId"]
    assert leftovers.existing(url, REGIONS) - before == {
        Subject(RECOVERY, "log group", "left-behind"),
        Subject(PRIMARY, "key", key),
    }
    clients.of("kms", PRIMARY).schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    clients.of("logs", RECOVERY).delete_log_group(logGroupName="left-behind")
    assert leftovers.existing(url, REGIONS) == before


def test_every_difference_is_shown_with_both_sides() -> None:
    subject = Subject(PRIMARY, "cache", "c")
    rows = comparison.compare({subject: "3 shards"}, {subject: "2 shards"}, REGIONS)
    assert comparison.render(rows, terminal.Style()) == [
        "",
        "  eu-west-1",
        "    WRONG  cache  c  expected: 3 shards; actual: 2 shards",
    ]


def test_regions_come_in_the_order_of_the_stack_and_what_has_none_last() -> None:
    wanted = {
        Subject(GLOBAL, "database", "d"): "x",
        Subject(PRIMARY, "key", "k"): "x",
        Subject(RECOVERY, "key", "k"): "x",
    }
    rows = comparison.compare(wanted, wanted, REGIONS)
    assert [row.subject.region for row in rows] == [PRIMARY, RECOVERY, GLOBAL]


def test_a_known_defect_never_excuses_something_else() -> None:
    subject = Subject(RECOVERY, REPLICATED_SECRET, "token")
    assert gap_handling.explain_absence(subject) is not None
    assert comparison.compare({subject: "holds a value"}, {subject: "holds nothing"}, REGIONS)[0].is_wrong
    assert comparison.compare({}, {subject: "holds a value"}, REGIONS)[0].is_wrong
