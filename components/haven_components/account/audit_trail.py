"""Who did what in the account, in every Region, in buckets that lock the log files."""

import re
from dataclasses import dataclass
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from haven_components.data.replicated_bucket import BucketSideArgs, ReplicatedBucket
from haven_components.names import CLOUD_TRAIL, bucket_name, partition, trail_bucket_base, trail_name
from haven_components.shared import checks as _checks
from haven_components.shared.bucket_grants import BucketGrantArgs
from haven_components.shared.roles import service_role
from haven_components.shared.support import Checks, assume_role_policy, policy_document, stateful

MOST_NAME_CHARACTERS = 40
"""Names of buckets have at most 63 characters (S3 User Guide, read 2026-11-21): the account and a Region's code take up
to 21."""


INSIGHTS = ("ApiCallRateInsight", "ApiErrorRateInsight")


class AuditTrailArgs(TypedDict):
    account_id: str
    """The AWS account, twelve digits."""
    primary: BucketSideArgs
    """The Region of the component's AWS provider, where the trail is at home, and its key. The key's policy must let
    `cloudtrail.amazonaws.com` encrypt, or the trail isn't accepted."""
    recovery: BucketSideArgs
    """The Region that holds the replica of the log, and its key."""
    recovery_provider: aws.Provider
    """The AWS provider of the recovery Region."""
    object_lock_days: int
    """Days for which only the permission to bypass governance allows deleting or overwriting log files, 1 to
    36,500. Decided at creation."""
    log_retention_days: NotRequired[int]
    """Write events into a CloudWatch log group too, where alarms can read them, and keep them for this many days: a
    number that CloudWatch Logs accepts. Omitted: no log group."""
    insights: NotRequired[bool]
    """Whether CloudTrail reports unusual rates of calls and of errors, at an extra price. Omitted: false."""
    data_event_buckets: NotRequired[list[pulumi.Input[str]]]
    """ARNs of buckets whose reads and writes of objects are logged, at an extra price; never the trail's own, which
    would log its own logging. Omitted: none."""
    lambda_data_events: NotRequired[bool]
    """Whether calls of Lambda functions are logged, at an extra price. Omitted: false."""
    recovery_trail: NotRequired[bool]
    """Whether the recovery Region has a trail of its own too, into the bucket there. While the primary Region is lost,
    the events of the other Regions wait for its bucket, for up to 30 days (CloudTrail User Guide; read 2026-11-21);
    with this those of the recovery Region can be read at once. They are charged as a second copy. Omitted: false."""
    ephemeral: NotRequired[bool]
    """Whether the environment is a throw-away one, whose trail and log may be deleted. Omitted: false, so they are
    protected and retained."""


_MANAGEMENT: aws.cloudtrail.TrailAdvancedEventSelectorArgsDict = {
    "name": "Management",
    "field_selectors": [{"field": "eventCategory", "equals": ["Management"]}],
}


@dataclass(frozen=True)
class _Group:
    arn: str
    role_arn: pulumi.Output[str]
    needs: list[pulumi.Resource]


class AuditTrail(pulumi.ComponentResource):
    """A trail over all Regions, with digests that show whether a file was changed, into locked buckets that replicate.

    An account is charged for every trail beyond its first one: declare it once for each account.
    """

    trail_arn: pulumi.Output[str]
    """ARN of the trail."""
    primary_bucket: pulumi.Output[str]
    """Name of the bucket into which the trail writes."""
    recovery_bucket: pulumi.Output[str]
    """Name of the bucket that holds the replica."""
    log_group_name: pulumi.Output[str]
    """Name of the log group; empty where there is none."""

    def __init__(self, name: str, args: AuditTrailArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:AuditTrail", name, {}, opts)
        _validate(name, args)
        self._name = name
        self._args = args
        self._ephemeral = args.get("ephemeral", False)
        logs = self._logs()
        group = self._log_group() if "log_retention_days" in args else None
        trail = self._trail(logs, group)
        if args.get("recovery_trail", False):
            self._recovery_trail(logs)
        self.trail_arn = trail.arn
        self.primary_bucket = logs.primary_bucket
        self.recovery_bucket = logs.recovery_bucket
        self.log_group_name = pulumi.Output.from_input(self._home if group else "")
        self.register_outputs(
            {
                "trail_arn": self.trail_arn,
                "primary_bucket": self.primary_bucket,
                "recovery_bucket": self.recovery_bucket,
                "log_group_name": self.log_group_name,
            }
        )

    @property
    def _home(self) -> str:
        return trail_name(self._name, self._args["primary"]["region"])

    def _logs(self) -> ReplicatedBucket:
        return ReplicatedBucket(
            f"{self._name}-logs",
            {
                "primary": self._args["primary"],
                "recovery": self._args["recovery"],
                "recovery_provider": self._args["recovery_provider"],
                "bucket_name": trail_bucket_base(self._name, self._args["account_id"]),
                "replication_time_control": False,
                "object_lock_days": int(self._args["object_lock_days"]),
                "grants": self._grants(),
                "ephemeral": self._ephemeral,
            },
            pulumi.ResourceOptions(parent=self),
        )

    def _grants(self) -> list[BucketGrantArgs]:
        """What CloudTrail does in the bucket (CloudTrail User Guide, bucket policy; read 2026-11-21)."""
        account = self._args["account_id"]
        trails = [
            f"arn:{partition(side['region'])}:cloudtrail:{side['region']}:{account}:trail/"
            f"{trail_name(self._name, side['region'])}"
            for side in (self._args["primary"], self._args["recovery"])
        ]
        return [
            {"sid": "TrailsSeeOwner", "service": CLOUD_TRAIL, "actions": ["s3:GetBucketAcl"], "source_arns": trails},
            {
                "sid": "TrailsWrite",
                "service": CLOUD_TRAIL,
                "actions": ["s3:PutObject"],
                "path": f"AWSLogs/{account}/*",
                "source_arns": trails,
            },
        ]

    def _trail(self, logs: ReplicatedBucket, group: _Group | None) -> aws.cloudtrail.Trail:
        return aws.cloudtrail.Trail(
            self._home,
            name=self._home,
            s3_bucket_name=logs.primary_bucket,
            kms_key_id=self._args["primary"]["kms_key_arn"],
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            enable_logging=True,
            cloud_watch_logs_group_arn=group.arn if group else None,
            cloud_watch_logs_role_arn=group.role_arn if group else None,
            advanced_event_selectors=self._selectors(),
            insight_selectors=[{"insight_type": each} for each in INSIGHTS] if self._args.get("insights") else [],
            tags={"Name": self._home},
            opts=stateful(self, ephemeral=self._ephemeral, depends_on=[logs, *(group.needs if group else [])]),
        )

    def _recovery_trail(self, logs: ReplicatedBucket) -> None:
        """Of one Region, and without what belongs to no Region, which the trail at home writes down."""
        side = self._args["recovery"]
        name = trail_name(self._name, side["region"])
        aws.cloudtrail.Trail(
            name,
            name=name,
            s3_bucket_name=logs.recovery_bucket,
            kms_key_id=side["kms_key_arn"],
            is_multi_region_trail=False,
            include_global_service_events=False,
            enable_log_file_validation=True,
            enable_logging=True,
            advanced_event_selectors=[_MANAGEMENT],
            tags={"Name": name},
            opts=stateful(self, ephemeral=self._ephemeral, provider=self._args["recovery_provider"], depends_on=[logs]),
        )

    def _selectors(self) -> list[aws.cloudtrail.TrailAdvancedEventSelectorArgsDict]:
        selectors = [_MANAGEMENT]
        if buckets := self._args.get("data_event_buckets", []):
            objects = [pulumi.Output.concat(each, "/") for each in buckets]
            selectors.append(_data("Objects", "AWS::S3::Object", {"field": "resources.ARN", "starts_withs": objects}))
        if self._args.get("lambda_data_events", False):
            selectors.append(_data("Functions", "AWS::Lambda::Function"))
        return selectors

    def _log_group(self) -> _Group:
        side = self._args["primary"]
        prefix = f"arn:{partition(side['region'])}:logs:{side['region']}:{self._args['account_id']}:log-group"
        group = aws.cloudwatch.LogGroup(
            f"{self._home}-events",
            name=self._home,
            kms_key_id=side["kms_key_arn"],
            retention_in_days=int(self._args["log_retention_days"]),
            tags={"Name": self._home},
            opts=stateful(self, ephemeral=self._ephemeral),
        )
        role, policy = self._log_group_role(f"{prefix}:{self._home}")
        return _Group(f"{prefix}:{self._home}:*", role.arn, [group, policy])

    def _log_group_role(self, group_arn: str) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        name = f"{self._home}-events"
        role = service_role(
            name,
            "Lets CloudTrail write into its log group",
            # No condition: CloudTrail isn't documented to name a source here (CloudTrail User Guide, sending events to
            # CloudWatch Logs; read 2026-11-21). Only who may pass the role can make it use this one.
            assume_role_policy(CLOUD_TRAIL),
            pulumi.ResourceOptions(parent=self),
        )
        region, account = self._args["primary"]["region"], self._args["account_id"]
        policy = aws.iam.RolePolicy(
            f"{name}-permissions",
            name=name,
            role=role.name,
            policy=policy_document(
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": f"{group_arn}:log-stream:{account}_CloudTrail_{region}*",
                }
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return role, policy


def _data(
    name: str, resource: str, *fields: aws.cloudtrail.TrailAdvancedEventSelectorFieldSelectorArgsDict
) -> aws.cloudtrail.TrailAdvancedEventSelectorArgsDict:
    return {
        "name": name,
        "field_selectors": [
            {"field": "eventCategory", "equals": ["Data"]},
            {"field": "resources.type", "equals": [resource]},
            *fields,
        ],
    }


def _validate(name: str, args: AuditTrailArgs) -> None:
    checks = Checks("AuditTrail", name, AuditTrailArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, MOST_NAME_CHARACTERS),
        lambda: _checks.require_identifier(checks, name),
        lambda: _checks.require_account(checks, args["account_id"]),
        lambda: _checks.require_other_region(
            checks, "recovery.region", args["recovery"]["region"], args["primary"]["region"]
        ),
        lambda: _checks.require_log_retention(
            checks, args.get("log_retention_days", _checks.DEFAULT_LOG_RETENTION_DAYS)
        ),
        lambda: _require_other_buckets(checks, name, args),
    )


def _require_other_buckets(checks: Checks, name: str, args: AuditTrailArgs) -> None:
    """As far as it is known before they exist."""
    base = trail_bucket_base(name, args["account_id"])
    own = {
        f"arn:{partition(side['region'])}:s3:::{bucket_name(base, side['region'])}"
        for side in (args["primary"], args["recovery"])
    }
    given = [each for each in args.get("data_event_buckets", []) if isinstance(each, str)]
    checks.require(
        all(re.fullmatch(r"arn:aws[\w-]*:s3:::[a-z0-9.-]+", each) and each not in own for each in given),
        "data_event_buckets",
        got=given,
        allowed="ARNs of buckets, none of them the trail's own",
        fix="name the buckets that matter",
    )
