"""The shape of the config keys for single parts: tables, queues, images, secrets, backups, balancers, cost."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from haven.config.base_model import Model
from infra.config.models import AllowedCidr, Days

ACCOUNT = r"^\d{12}$"
EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
KEY_TYPE = r"^[SNB]$"
PARAMETER = r"^[a-zA-Z0-9_.-]+(/[a-zA-Z0-9_.-]+)*$"
REPOSITORY = r"^[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*$"
SCHEDULE = r"^(rate\(\d+ (hours?|days?)\)|cron\([^()]+\))$"

Account = Annotated[str, Field(pattern=ACCOUNT)]
Parameter = Annotated[str, Field(pattern=PARAMETER, max_length=200)]
Repository = Annotated[str, Field(pattern=REPOSITORY, max_length=150)]
Port = Annotated[int, Field(ge=1, le=65535)]
Count = Annotated[int, Field(ge=1)]


class TableKey(Model):
    """The attribute that items are found or ordered by."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    type: Annotated[str, Field(pattern=KEY_TYPE)] = "S"
    """S (text), N (number) or B (bytes)."""


class TableIndex(Model):
    """A global secondary index."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{3,255}$")]
    hash_key: TableKey
    range_key: TableKey | None = None
    included: list[str] | None = None
    """Attributes beside the keys. Omitted: every one."""


class Table(Model):
    """A DynamoDB table, with a replica in the recovery Region from tier pilot-light up."""

    hash_key: TableKey
    """Another one re-creates the table."""
    range_key: TableKey | None = None
    """Another one re-creates the table."""
    indexes: list[TableIndex] = []
    ttl_attribute: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    """The attribute that says when an item may go, in seconds since 1970. Omitted: items stay."""
    consistency: Annotated[str, Field(pattern=r"^(eventual|strong)$")] = "eventual"
    """strong: only at creation, with a third Region and without TTL."""
    witness_region: str | None = None
    """With strong consistency: the third Region."""
    system: str | None = None
    """The system of `haven:systems` whose tier decides whether there is a replica. Omitted: the environment's tier."""


class Stream(Model):
    """A Kinesis stream beside a queue."""

    retention_hours: Annotated[int, Field(ge=24, le=8760)] = 168


class Bus(Model):
    """An EventBridge bus in front of a queue, whose events can be replayed."""

    archive_days: Days = 14


class Queue(Model):
    """A queue with dead letters, in each Region one of its own."""

    fifo: bool = False
    """Decided at creation."""
    visibility_timeout_seconds: Annotated[int, Field(ge=0, le=43200)] = 300
    """Longer than the work on a message takes."""
    retention_seconds: Annotated[int, Field(ge=60, le=1123200)] = 345600
    max_receives: Annotated[int, Field(ge=1, le=1000)] = 5
    age_alarm_seconds: Annotated[int, Field(ge=1, le=1123200)] = 300
    stream: Stream | None = None
    """Omitted: no stream."""
    bus: Bus | None = None
    """Omitted: senders write to the queue."""


class Images(Model):
    """Container images, under the same names in both Regions."""

    repositories: Annotated[list[Repository], Field(min_length=1)] = ["serving"]
    untagged_days: Days = 14
    kept: Annotated[int, Field(ge=1, le=20000)] = 500
    """How many images a repository keeps."""
    reader_account_ids: list[Account] = []
    """Other accounts that may pull."""


class Rotation(Model):
    """How a secret's value is replaced by itself."""

    lambda_arn: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:lambda:")]
    schedule: Annotated[str, Field(pattern=SCHEDULE)]


class Secret(Model):
    """A secret that both Regions hold; its first value is generated."""

    description: Annotated[str, Field(min_length=1, max_length=2048)]
    generated_characters: Annotated[int, Field(ge=16, le=4096)] = 40
    rotation: Rotation | None = None
    """Omitted: the value stays until another one is written."""


class Backups(Model):
    """AWS Backup: how long backups are kept, and what a recovery point is assumed to take."""

    hourly_days: Days = 3
    """Kept this long where backups are hourly: in tier backup, whose recovery point they are."""
    daily_days: Days = 35
    monthly_days: Days = 365
    assumed_job_minutes: Annotated[int, Field(ge=1, le=1440)] = 30
    """An assumption: measure it."""
    assumed_copy_minutes: Annotated[int, Field(ge=1, le=1440)] = 30
    """An assumption: measure it."""
    compliance_lock_cooling_off_days: Annotated[int, Field(ge=3, le=36500)] | None = None
    """Lock the vaults for good after this many days: **it can't be undone**. Omitted: those with permission may."""
    isolated_vault_arn: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:backup:")] | None = None
    """A vault in another account that takes a second copy. Omitted: none."""
    restore_tests: bool = True
    """Whether copies are restored every week, to show that they can be."""


class Edge(Model):
    """The load balancers before the Regions' clusters; there are some where there is a domain."""

    internal: bool = False
    """Whether they are reached from inside the networks alone."""
    client_cidrs: Annotated[list[AllowedCidr], Field(min_length=1)] = ["0.0.0.0/0"]
    target_port: Port = 8080
    encrypted_targets: bool = False
    """Whether targets are spoken to in HTTPS."""
    rate_limit: Annotated[int, Field(ge=10, le=2_000_000_000)] = 2000
    """Requests within five minutes after which an address is refused."""
    counted_rules: list[str] = ["SizeRestrictions_BODY"]
    """Rules of AWS's common rule set that only count; the default lets prompts of more than 8 KB through."""
    idle_timeout_seconds: Annotated[int, Field(ge=1, le=4000)] = 300
    """Longer than the model thinks before its first word."""
    deregistration_delay_seconds: Annotated[int, Field(ge=0, le=3600)] = 120
    """As long as the longest answer takes."""
    certificates: Mapping[str, Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:acm:")]] = {}
    """Region -> the ARN of a valid certificate there. Omitted: one for every name below the domain is requested."""


class Cost(Model):
    """A monthly budget for the environment."""

    monthly_limit_usd: Annotated[float, Field(gt=0)]
    anomaly_impact_usd: Annotated[float, Field(gt=0)] = 100.0
    """What an anomaly must cost to be told."""
    emails: list[Annotated[str, Field(pattern=EMAIL)]] = []
    """At most ten. Omitted: the topic alone is told."""


class Saml(Model):
    """An identity provider of one's own."""

    metadata_url: Annotated[str, Field(pattern=r"^https://[^\s]+$")]
    role_attribute: Annotated[str, Field(min_length=1)]
    admin_roles: Annotated[list[str], Field(min_length=1)]
    editor_roles: Annotated[list[str], Field(min_length=1)]


class Grafana(Model):
    """A managed Grafana workspace in each Region that reads both."""

    admin_group_ids: list[str] = []
    """Groups of IAM Identity Center whose members administer it."""
    saml: Saml | None = None
    """Omitted: IAM Identity Center says who somebody is."""


class Thresholds(Model):
    """From which values on something is wrong. Each omitted: the default of `Observability`."""

    database_lag_milliseconds: Count | None = None
    cache_lag_seconds: Count | None = None
    cache_cpu_percent: Count | None = None
    bucket_lag_seconds: Count | None = None
    table_lag_milliseconds: Count | None = None
    error_percent: Count | None = None
    latency_p99_milliseconds: Count | None = None
    gpu_percent: Count | None = None
    restarts: Count | None = None


class Watch(Model):
    """Alarms, topics and dashboards in both Regions; they are always there."""

    emails: list[Annotated[str, Field(pattern=EMAIL)]] = []
    """Whom both Regions' topics tell. Omitted: whoever subscribes."""
    log_retention_days: Annotated[int, Field(ge=1)] = 90
    """A number that CloudWatch Logs accepts."""
    thresholds: Thresholds = Thresholds()
    prometheus: bool = False
    """Whether each Region has a managed Prometheus workspace, with alerting rules."""
    grafana: Grafana | None = None
    """Omitted: none."""
    tracing: bool = False
    """Whether X-Ray has a group and a sampling rule."""


class RecoveryPlan(Model):
    """AWS's own tools: an ARC Region switch plan and a Resilience Hub policy with the environment's objectives."""

    approval_role_arn: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$")]
    """The role of those who let the plan go on."""
    criticality: Annotated[
        str, Field(pattern=r"^(mission-critical|critical|important|core-services|non-critical)$")
    ] = "critical"
