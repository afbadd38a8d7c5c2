"""The shape of the config keys that only a stack of kind account takes."""

from typing import Annotated

from pydantic import AfterValidator, Field

from haven.config.base_model import Model, form, refusal
from haven_components import limits
from haven_components.choices import (
    DEFAULT_BACKUP_SERVICES,
    DEFAULT_DAILY_TYPES,
    DEFAULT_THREAT_FEATURES,
    ThreatFeature,
)
from infra.config.fields import within
from infra.config.models import Days
from infra.config.part_models import LogRetentionDays


def _image_prefix(prefix: str) -> str:
    if not limits.IMAGE_PREFIX.fullmatch(prefix):
        raise refusal("2 to 256 characters with which names of repositories can begin, such as haven-", "write haven-")
    return prefix


class Audit(Model):
    """The account's trail."""

    object_lock_days: Annotated[int, within(limits.OBJECT_LOCK_DAYS)] = 365
    """How long logs can't be deleted or overwritten without a special permission; decided at creation."""
    log_retention_days: LogRetentionDays | None = None
    """Write events into a log group too, where alarms can read them, and keep them that long. Omitted: no log
    group."""
    insights: bool = False
    """Whether unusual rates of calls and of errors are reported, at an extra price."""
    recovery_trail: bool = False
    """Whether the recovery Region writes its own events into its own bucket too, charged as a second copy."""
    data_event_buckets: list[
        Annotated[str, form(r"^arn:aws[a-z-]*:s3:::[a-z0-9.-]+$", "the ARN of a bucket", "arn:aws:s3:::haven-prod")]
    ] = []
    """Buckets whose reads and writes of objects are logged, at an extra price. Omitted: none."""
    lambda_data_events: bool = False
    """Whether calls of Lambda functions are logged, at an extra price."""


class Baseline(Model):
    """What the account has once in each Region."""

    image_prefixes: Annotated[
        list[Annotated[str, AfterValidator(_image_prefix)]],
        Field(min_length=limits.IMAGE_PREFIXES.least, max_length=limits.IMAGE_PREFIXES.most),
    ] = ["haven-"]
    """What the names of the container repositories begin with whose images are copied into the other Region. The
    repositories of an environment are called haven-<stack>-..."""
    threat_features: list[Annotated[ThreatFeature, Field(strict=False)]] = list(DEFAULT_THREAT_FEATURES)
    """What GuardDuty reads beyond its own sources; the others are turned off."""
    backup_services: Annotated[
        list[Annotated[str, form(limits.BACKUP_SERVICE, "a service as AWS Backup calls it, such as Aurora", "Aurora")]],
        Field(min_length=1),
    ] = list(DEFAULT_BACKUP_SERVICES)
    """Services whose resources AWS Backup may choose by tags; decided at creation."""
    daily_recording: bool = False
    """Whether AWS Config records once a day what changed, instead of every change."""
    daily_types: Annotated[
        list[
            Annotated[
                str,
                form(
                    limits.CONFIG_TYPE,
                    "a resource type as AWS Config calls it, outside AWS::Config",
                    "AWS::EC2::Instance",
                ),
            ]
        ],
        Field(examples=[["AWS::EC2::Instance"]]),
    ] = list(DEFAULT_DAILY_TYPES)
    """Types that are recorded once a day in any case: the default is what comes and goes with nodes and pods, each
    change of which would be paid for."""


class StateBackend(Model):
    """The bucket and the key for Pulumi's own state, of this stack and of the environments."""

    enabled: bool
    """Whether this stack declares them."""
    replication_time_control: bool = False
    """Whether S3 is held to replicate within 15 minutes, at an extra price."""
    noncurrent_days: Days = 90
    """How long versions of the state are kept after they were overwritten."""
