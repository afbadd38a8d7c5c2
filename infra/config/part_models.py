"""The shape of the config keys for single parts: tables, queues, images, secrets, backups, balancers, cost."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from haven.base.problems import nearest
from haven.config.base_model import Model, form, refusal
from haven.config.policy import Account, RegionName
from haven.model.cost import SIZED_ELSEWHERE, USAGE
from haven.model.sources import BACKUP_COPY_MINUTES, BACKUP_JOB_MINUTES
from haven_components import limits, rotation_hours
from haven_components.choices import TableKeyType
from haven_components.firewall_rules import BODY_RULES, RULES
from infra.config.fields import within
from infra.config.models import AllowedCidr, Consistency, Days, RoleArn

Parameter = Annotated[
    str,
    form(
        r"^[a-zA-Z0-9_.-]+(/[a-zA-Z0-9_.-]+)*$",
        "letters, digits, dots, hyphens and underscores, with slashes between",
        "serving/model",
        max_length=200,
    ),
]
Repository = Annotated[
    str,
    form(limits.REPOSITORY_NAME, "the name of a repository, such as serving/llm", "serving/llm", max_length=150),
]
Email = Annotated[str, form(r"^[^@\s]+@[^@\s]+\.[^@\s]+$", "an e-mail address", "team@example.com")]


def _firewall_rule(name: str) -> str:
    known = [rule for rules in RULES.values() for rule in rules]
    if name not in known:
        allowed = f"a rule of {' or '.join(RULES)}: AWS WAF ignores other names without an error"
        raise refusal(allowed, f"write {nearest(name, known) or next(iter(BODY_RULES))}")
    return name


FirewallRule = Annotated[str, AfterValidator(_firewall_rule), Field(examples=["SizeRestrictions_BODY"])]
Port = Annotated[int, within(limits.PORT)]


def _usage(name: str) -> str:
    if key := SIZED_ELSEWHERE.get(name):
        raise refusal(f"use that no other key states: {key} is the size of the database", f"write {key} instead")
    if name not in USAGE:
        raise refusal(
            f"use that a plan prices: {', '.join(USAGE)}", f"write {nearest(name, list(USAGE)) or 'bucket-storage'}"
        )
    return name


UsageName = Annotated[str, AfterValidator(_usage), Field(examples=["bucket-storage"])]


def _log_retention(days: int) -> int:
    if days not in limits.LOG_RETENTION_DAYS:
        near = min(limits.LOG_RETENTION_DAYS, key=lambda each: abs(each - days))
        allowed = ", ".join(str(each) for each in limits.LOG_RETENTION_DAYS)
        raise refusal(f"one of {allowed}: CloudWatch Logs takes no other", f"write {near}")
    return days


LogRetentionDays = Annotated[
    int,
    AfterValidator(_log_retention),
    Field(examples=[90], json_schema_extra={"words": "a retention that CloudWatch Logs accepts"}),
]


def threshold(name: str) -> Any:
    """The field of one threshold."""
    return within(limits.WATCH_THRESHOLDS[name].range, examples=[limits.WATCH_THRESHOLDS[name].default])


class TableKey(Model):
    """The attribute that items are found or ordered by."""

    name: Annotated[
        str,
        Field(
            min_length=limits.TABLE_ATTRIBUTE_CHARACTERS.least,
            max_length=limits.TABLE_ATTRIBUTE_CHARACTERS.most,
            examples=["session"],
        ),
    ]
    """Name of the attribute."""
    type: Annotated[TableKeyType, Field(strict=False)] = TableKeyType.TEXT
    """S (text), N (number) or B (bytes)."""


class TableIndex(Model):
    """A global secondary index."""

    name: Annotated[
        str,
        form(limits.TABLE_NAME, "3 to 255 letters, digits, hyphens, dots and underscores", "by-expiry"),
    ]
    """Its name."""
    hash_key: TableKey
    """The attribute that items are found by."""
    range_key: TableKey | None = None
    """The attribute that items are ordered by. Omitted: none."""
    included: Annotated[list[str], Field(max_length=limits.TABLE_INDEX_ATTRIBUTES, examples=[["owner"]])] | None = None
    """Attributes beside the keys. Omitted: every one."""


class Table(Model):
    """A DynamoDB table, with a replica in the recovery Region from tier pilot-light up."""

    hash_key: TableKey
    """The attribute that items are found by. A change replaces the table."""
    range_key: TableKey | None = None
    """The attribute that items are ordered by. A change replaces the table. Omitted: none."""
    indexes: Annotated[list[TableIndex], Field(max_length=limits.TABLE_INDEXES)] = []
    """Global secondary indexes. Omitted: none."""
    ttl_attribute: (
        Annotated[
            str,
            Field(
                min_length=limits.TABLE_ATTRIBUTE_CHARACTERS.least,
                max_length=limits.TABLE_ATTRIBUTE_CHARACTERS.most,
                examples=["expires"],
            ),
        ]
        | None
    ) = None
    """The attribute with an item's expiry, in seconds since 1970. Omitted: items are kept."""
    consistency: Consistency = "eventual"
    """strong: only at creation, with a third Region and without TTL."""
    witness_region: RegionName | None = None
    """With strong consistency: the third Region. Omitted: none."""
    system: Annotated[str, Field(examples=["serving"])] | None = None
    """The system of haven:systems whose tier decides whether there is a replica. Omitted: the environment's tier."""
    restored: bool = False
    """Without a replica, after a failover: whether the table was restored from a backup in the recovery Region."""


class Stream(Model):
    """A Kinesis stream beside a queue."""

    retention_hours: Annotated[int, within(limits.STREAM_RETENTION_HOURS)] = 168
    """How long records are kept."""


class Bus(Model):
    """An EventBridge bus in front of a queue, whose events can be replayed."""

    archive_days: Annotated[int, within(limits.BUS_ARCHIVE_DAYS)] = 14
    """How long events can be replayed."""


class Queue(Model):
    """A queue with a dead-letter queue, one in each Region."""

    fifo: bool = False
    """Whether messages keep their order; decided at creation."""
    visibility_timeout_seconds: Annotated[int, within(limits.QUEUE_VISIBILITY_SECONDS)] = 300
    """Longer than the work on a message takes."""
    retention_seconds: Annotated[int, within(limits.QUEUE_RETENTION_SECONDS)] = 345600
    """How long a message is kept."""
    max_receives: Annotated[int, within(limits.QUEUE_RECEIVES)] = 5
    """Receives after which a message is moved to the dead-letter queue."""
    age_alarm_seconds: Annotated[int, within(limits.QUEUE_AGE_ALARM_SECONDS)] = 300
    """Age of the oldest message from which an alarm goes off."""
    stream: Stream | None = None
    """A Kinesis stream beside the queue. Omitted: none."""
    bus: Bus | None = None
    """An EventBridge bus in front of the queue. Omitted: senders write to the queue."""


class Images(Model):
    """Container images, under the same names in both Regions."""

    repositories: Annotated[list[Repository], Field(min_length=1)] = ["serving"]
    """Repositories, each once."""
    untagged_days: Annotated[int, within(limits.UNTAGGED_IMAGE_DAYS)] = 14
    """How long images without a tag are kept."""
    kept: Annotated[int, within(limits.KEPT_IMAGES)] = 500
    """How many images a repository keeps."""
    reader_account_ids: list[Account] = []
    """Other accounts that may pull. Omitted: none."""


def _rotation_schedule(schedule: str) -> str:
    if hours := rotation_hours.too_close(schedule):
        least = limits.LEAST_ROTATION_HOURS
        allowed = f"{least} hours or more between two rotations: {hours[0]} and {hours[1]} o'clock are closer"
        raise refusal(allowed, f"write {rotation_hours.apart(schedule)}")
    return schedule


class Rotation(Model):
    """How a secret's value is replaced automatically."""

    lambda_arn: Annotated[
        str,
        form(
            limits.FUNCTION_ARN,
            "the ARN of a Lambda function",
            "arn:aws:lambda:eu-west-1:111122223333:function:rotate",
        ),
    ]
    """The Lambda function that writes the new value, in the primary Region of this account."""
    schedule: Annotated[
        str,
        form(limits.SECRET_ROTATION_SCHEDULE, limits.ROTATION_SCHEDULE_WORDS, "rate(30 days)"),
        AfterValidator(_rotation_schedule),
    ]
    """When: rate(N days), rate(N hours) or cron(0 HOURS DAY MONTH WEEKDAY *), in UTC."""


class Secret(Model):
    """A secret that both Regions hold; its first value is generated."""

    description: Annotated[str, Field(min_length=1, max_length=2048, examples=["Token for the model hub"])]
    """What it is for."""
    generated_characters: Annotated[int, within(limits.SECRET_GENERATED_CHARACTERS)] = 40
    """Characters of the first value."""
    rotation: Rotation | None = None
    """How the value is replaced automatically. Omitted: it stays until another one is written."""


def _vault_arn(region: str) -> Any:
    """The form of a backup vault's ARN, with an example in a Region."""
    example = f"arn:aws:backup:{region}:444455556666:backup-vault:isolated"
    return form(r"^arn:aws[a-z-]*:backup:[a-z0-9-]+:\d{12}:backup-vault:\S+$", "the ARN of a backup vault", example)


class Backups(Model):
    """AWS Backup: how long backups are kept, and how long a recovery point is assumed to take."""

    hourly_days: Days = 3
    """How long hourly backups are kept: those of tier backup, whose recovery point they are."""
    daily_days: Days = 35
    """How long daily backups are kept."""
    monthly_days: Days = 365
    """How long monthly backups are kept."""
    assumed_job_minutes: Annotated[int, Field(ge=1, le=1440)] = int(BACKUP_JOB_MINUTES.value)
    """How long a backup job takes. An assumption: measure it."""
    assumed_copy_minutes: Annotated[int, Field(ge=1, le=1440)] = int(BACKUP_COPY_MINUTES.value)
    """How long a copy to the other Region takes. An assumption: measure it."""
    compliance_lock_cooling_off_days: (
        Annotated[int, within(limits.VAULT_LOCK_COOLING_OFF_DAYS, examples=[14])] | None
    ) = None
    """Lock the vaults for good after this many days: **it can't be undone**. Omitted: those with permission may."""
    isolated_vault_arn: Annotated[str, _vault_arn("eu-west-1")] | None = None
    """A vault in another account that takes a second copy, in the primary Region. Omitted: none."""
    recovery_isolated_vault_arn: Annotated[str, _vault_arn("eu-central-1")] | None = None
    """The same for backups that the recovery Region makes after a failover. Omitted: isolatedVaultArn."""
    restore_tests: bool = True
    """Whether copies are restored every week, to show that they can be."""

    @property
    def isolated_vaults(self) -> list[str]:
        """The ARNs of the vaults in other accounts."""
        return [each for each in (self.isolated_vault_arn, self.recovery_isolated_vault_arn) if each is not None]


class Edge(Model):
    """The Regions' load balancers; there are some where there is a domain."""

    internal: bool = False
    """Whether they are reached from inside the networks alone."""
    client_cidrs: Annotated[list[AllowedCidr], Field(min_length=1)] = ["0.0.0.0/0"]
    """Networks of the clients, each once."""
    target_port: Port = 8080
    """Port of the targets."""
    encrypted_targets: bool = False
    """Whether targets speak HTTPS."""
    rate_limit: Annotated[int, within(limits.BALANCER_RATE_LIMIT)] = 2000
    """Requests within five minutes after which an address is refused."""
    counted_rules: list[FirewallRule] = list(BODY_RULES)
    """Rules of AWS's managed rule groups that only count. The default is those that read bodies, because prompts
    contain code; take out those that the firewall's log shows no match of."""
    idle_timeout_seconds: Annotated[int, within(limits.BALANCER_IDLE_TIMEOUT_SECONDS)] = 300
    """Longer than the model needs for its first word."""
    deregistration_delay_seconds: Annotated[int, within(limits.BALANCER_DEREGISTRATION_SECONDS)] = 120
    """As long as the longest answer takes."""
    certificates: Mapping[
        RegionName,
        Annotated[
            str,
            form(
                limits.CERTIFICATE_ARN,
                "the ARN of a certificate",
                "arn:aws:acm:eu-west-1:111122223333:certificate/11111111-2222-3333-4444-555555555555",
            ),
        ],
    ] = {}
    """Region -> the ARN of a valid certificate there. Omitted: one for every name below the domain is requested."""


class Cost(Model):
    """A monthly budget for the environment."""

    monthly_limit_usd: Annotated[float, Field(ge=0.01, examples=[10000])]
    """What a month may cost before somebody is notified."""
    anomaly_impact_usd: Annotated[float, Field(ge=0.01)] = 100.0
    """What an anomaly must cost to be reported."""
    emails: list[Email] = []
    """At most ten addresses to notify. Omitted: the topic alone."""
    outage_usd_per_hour: Annotated[float, Field(gt=0, examples=[5000])] | None = None
    """What an hour of downtime costs the business: `haven plan --all-tiers` shows which tier costs the least with it.
    Omitted: each tier's break-even alone."""
    savings_plan_percent: Annotated[float, Field(ge=0, lt=100, examples=[28])] = 0
    """What a Savings Plan takes off the list price of instances in the plan's costs; reserved capacity that doesn't run
    stays at full price."""
    usage: Annotated[Mapping[UsageName, Annotated[float, Field(ge=0)]], Field(examples=[{"bucket-storage": 500}])] = {}
    """Use that the program doesn't decide, each month and for each resource: `haven plan --detail` lists the names with
    their defaults."""


class Saml(Model):
    """An identity provider of your own."""

    metadata_url: Annotated[str, form(r"^https://[^\s]+$", "an HTTPS address", "https://idp.example.com/metadata.xml")]
    """Where its metadata is."""
    role_attribute: Annotated[str, Field(min_length=1, examples=["role"])]
    """The attribute of its answer that holds a person's roles."""
    admin_roles: Annotated[list[str], Field(min_length=1, examples=[["platform"]])]
    """Roles whose members administer Grafana."""
    editor_roles: Annotated[list[str], Field(min_length=1, examples=[["engineer"]])]
    """Roles whose members edit dashboards."""


class Grafana(Model):
    """A managed Grafana workspace in each Region that reads both."""

    admin_group_ids: Annotated[list[str], Field(examples=[["1111222233-11111111-2222-3333-4444-555555555555"]])] = []
    """Groups of IAM Identity Center whose members administer it. Omitted: none."""
    saml: Saml | None = None
    """An identity provider of your own. Omitted: IAM Identity Center."""


class Thresholds(Model):
    """From which values on something is wrong. Each omitted: the default of `Observability`."""

    database_lag_milliseconds: Annotated[int, threshold("database_lag_milliseconds")] | None = None
    """Replication lag of the database. Omitted: 5000."""
    cache_lag_seconds: Annotated[int, threshold("cache_lag_seconds")] | None = None
    """Replication lag of the cache. Omitted: 5."""
    cache_cpu_percent: Annotated[int, threshold("cache_cpu_percent")] | None = None
    """CPU of the cache's engine. Omitted: 90."""
    bucket_lag_seconds: Annotated[int, threshold("bucket_lag_seconds")] | None = None
    """Replication lag of buckets. Omitted: 900."""
    table_lag_milliseconds: Annotated[int, threshold("table_lag_milliseconds")] | None = None
    """Replication lag of tables. Omitted: 5000."""
    error_percent: Annotated[int, threshold("error_percent")] | None = None
    """Share of the load balancer's answers that are errors. Omitted: 5."""
    latency_p99_milliseconds: Annotated[int, threshold("latency_p99_milliseconds")] | None = None
    """Latency of the slowest of a hundred answers. Omitted: 5000."""
    gpu_percent: Annotated[int, threshold("gpu_percent")] | None = None
    """Use of the GPUs. Omitted: 95."""
    restarts: Annotated[int, threshold("restarts")] | None = None
    """Restarts of containers within five minutes. Omitted: 5."""


class Watch(Model):
    """Alarms, topics and dashboards in both Regions; they are always there."""

    emails: list[Email] = []
    """Addresses that both Regions' topics notify. Omitted: whoever subscribes."""
    log_retention_days: LogRetentionDays = 90
    """How long logs are kept: a number that CloudWatch Logs accepts."""
    thresholds: Thresholds = Thresholds()
    """From which values on something is wrong."""
    prometheus: bool = False
    """Whether each Region has a managed Prometheus workspace, with alerting rules and a scraper of its cluster. What it
    knows of pods, Jobs and nodes comes from the add-on kube-state-metrics."""
    grafana: Grafana | None = None
    """A managed Grafana workspace in each Region. Omitted: none."""
    tracing: bool = False
    """Whether X-Ray has a group and a sampling rule."""


class RecoveryPlan(Model):
    """AWS's own tool for a failover: an ARC Region switch plan with the environment's recovery time objective."""

    approval_role_arn: RoleArn
    """The role of those who approve a step of the plan."""
