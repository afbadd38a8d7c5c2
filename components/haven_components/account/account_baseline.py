"""What an account has once in each Region, for all its environments: recording, detection, defaults."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from haven_components import limits
from haven_components.choices import (
    DEFAULT_BACKUP_SERVICES,
    DEFAULT_DAILY_TYPES,
    DEFAULT_THREAT_FEATURES,
    ThreatFeature,
)
from haven_components.data.replicated_bucket import ReplicatedBucket
from haven_components.names import bucket_name, config_bucket_base, partition, region_code
from haven_components.shared import checks as _checks
from haven_components.shared import sdk
from haven_components.shared.roles import service_role
from haven_components.shared.support import Checks, assume_role_policy, policy_document, stateful

sdk.load(aws.s3)

MOST_NAME_CHARACTERS = 35
"""Names of buckets have at most 63 characters (S3 User Guide, read 2026-11-21): the suffix, the account and a Region's
code take up to 28."""


SERVICE = "config.amazonaws.com"


class BaselineSideArgs(TypedDict):
    region: str
    """The Region, for example `eu-west-1`."""
    record_kms_key_arn: pulumi.Input[str]
    """ARN of the key, in that Region, that encrypts what AWS Config writes down."""
    volume_kms_key_arn: pulumi.Input[str]
    """ARN of the key, in that Region, that encrypts every EBS volume created without a key of its own. Whoever starts
    instances needs its permission: for Auto Scaling that is its service-linked role."""


class AccountBaselineArgs(TypedDict):
    account_id: str
    """The AWS account, twelve digits."""
    primary: BaselineSideArgs
    """The Region of the component's AWS provider, and its keys."""
    recovery: BaselineSideArgs
    """The other Region, and its keys."""
    recovery_provider: aws.Provider
    """The AWS provider of the recovery Region."""
    image_prefixes: list[str]
    """What the names of the ECR repositories begin with whose images are copied into the other Region, from either one,
    1 to 100 of them: for example `haven-`. Only images that are pushed afterwards are copied."""
    threat_features: NotRequired[list[ThreatFeature]]
    """What GuardDuty reads beyond its own sources; what isn't named is turned off. Omitted: S3, EKS, malware and
    logins to databases."""
    backup_services: NotRequired[list[str]]
    """Services, as AWS Backup calls them, whose resources may be chosen for a backup by their tags. Omitted: Aurora,
    DynamoDB, EBS and S3. Decided at creation: what is opted in or out later stays as it was left."""
    daily_recording: NotRequired[bool]
    """Whether AWS Config writes down once a day what changed, which costs less where much comes and goes, instead of
    every change. Omitted: false."""
    daily_types: NotRequired[list[str]]
    """Resource types, as AWS Config calls them, that it writes down once a day although it writes down every change of
    the others. Omitted, without `daily_recording`: instances, network interfaces and volumes, which come and go with
    nodes and pods. A daily item costs what four continuous ones do (0.012 and 0.003 USD; list prices of 2025-09-11 and
    2025-05-31), and what is gone by the evening costs nothing. Empty: none."""
    ephemeral: NotRequired[bool]
    """Whether the account is a throw-away one, whose records and findings may be deleted. Omitted: false, so they are
    protected and retained."""


class AccountBaseline(pulumi.ComponentResource):
    """What AWS has one of in each account and Region, on both sides alike: AWS Config with a recorder, a channel and a
    bucket, a GuardDuty detector, an access analyzer, the rules by which ECR copies images, encryption of EBS volumes,
    the services that AWS Backup may back up; and, once for the account, the block of public buckets.

    AWS refuses a second recorder, channel or detector: import what an account has already. The rest is overwritten
    without a question: the prefixes of images that ECR copies already have to be named, too. Each Region writes into
    the bucket on its own side, so that the loss of one doesn't stop the other, and holds a copy of the other's.
    """

    primary_bucket: pulumi.Output[str]
    """Name of the bucket into which AWS Config writes in the primary Region."""
    recovery_bucket: pulumi.Output[str]
    """Name of the bucket into which AWS Config writes in the recovery Region."""
    primary_detector_id: pulumi.Output[str]
    """Id of the GuardDuty detector in the primary Region."""
    recovery_detector_id: pulumi.Output[str]
    """Id of the GuardDuty detector in the recovery Region."""

    def __init__(self, name: str, args: AccountBaselineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:AccountBaseline", name, {}, opts)
        _validate(name, args)
        self._name = name
        self._args = args
        self._ephemeral = args.get("ephemeral", False)
        records = self._records()
        role, permissions = self._role()
        detectors = {}
        for side, bucket, provider in (
            (args["primary"], records.primary_bucket, None),
            (args["recovery"], records.recovery_bucket, args["recovery_provider"]),
        ):
            self._recording(side, bucket, role, [records, *permissions], provider)
            detectors[side["region"]] = self._detection(side["region"], provider)
            self._image_copies(side["region"], provider)
            self._volumes(side, provider)
            self._backups(side["region"], provider)
        self._public_access()
        self.primary_bucket = records.primary_bucket
        self.recovery_bucket = records.recovery_bucket
        self.primary_detector_id = detectors[args["primary"]["region"]]
        self.recovery_detector_id = detectors[args["recovery"]["region"]]
        self.register_outputs(
            {
                "primary_bucket": self.primary_bucket,
                "recovery_bucket": self.recovery_bucket,
                "primary_detector_id": self.primary_detector_id,
                "recovery_detector_id": self.recovery_detector_id,
            }
        )

    def _of(self, region: str) -> str:
        return f"{self._name}-{region_code(region)}"

    def _here(self, provider: aws.Provider | None, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, provider=provider, depends_on=list(after))

    def _records(self) -> ReplicatedBucket:
        """Without Object Lock: AWS Config delivers to no bucket with a default retention (AWS Config Developer Guide,
        managing the delivery channel; read 2026-11-21)."""
        primary, recovery = self._args["primary"], self._args["recovery"]
        return ReplicatedBucket(
            f"{self._name}-config",
            {
                "primary": {"region": primary["region"], "kms_key_arn": primary["record_kms_key_arn"]},
                "recovery": {"region": recovery["region"], "kms_key_arn": recovery["record_kms_key_arn"]},
                "recovery_provider": self._args["recovery_provider"],
                "bucket_name": config_bucket_base(self._name, self._args["account_id"]),
                "replication_time_control": False,
                "ephemeral": self._ephemeral,
            },
            pulumi.ResourceOptions(parent=self),
        )

    def _role(self) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
        """One role for both Regions: IAM has no Regions.

        What it reads is AWS's own policy: a recorder of everything needs to read every type that AWS Config knows,
        hundreds of actions, and more with every type that joins; a copy of the list would fall behind and leave types
        unrecorded without an error (AWS Config Developer Guide, permissions for the role; read 2026-11-21). What it
        writes is named here.
        """
        name = f"{self._name}-recorder"
        role = service_role(
            name,
            "AWS Config reads what stands in the account with it, and writes it down",
            assume_role_policy(SERVICE, account_id=self._args["account_id"]),
            pulumi.ResourceOptions(parent=self),
        )
        reads = aws.iam.RolePolicyAttachment(
            f"{name}-reads",
            role=role.name,
            policy_arn=f"arn:{partition(self._args['primary']['region'])}:iam::aws:policy/service-role/AWS_ConfigRole",
            opts=pulumi.ResourceOptions(parent=self),
        )
        writes = aws.iam.RolePolicy(
            f"{name}-writes",
            name=f"{name}-writes",
            role=role.name,
            policy=policy_document(*self._writes(self._args["primary"]), *self._writes(self._args["recovery"])),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return role, [reads, writes]

    def _writes(self, side: BaselineSideArgs) -> list[Mapping[str, Any]]:
        """What delivering into a side's bucket takes (AWS Config Developer Guide, permissions for the role; read
        2026-11-21)."""
        account, region = self._args["account_id"], side["region"]
        bucket = f"arn:{partition(region)}:s3:::{bucket_name(config_bucket_base(self._name, account), region)}"
        code = region_code(region).capitalize()
        return [
            {
                "Sid": f"SeeBucket{code}",
                "Effect": "Allow",
                "Action": ["s3:GetBucketAcl", "s3:ListBucket"],
                "Resource": bucket,
            },
            {
                "Sid": f"Deliver{code}",
                "Effect": "Allow",
                "Action": ["s3:PutObject", "s3:PutObjectAcl"],
                "Resource": f"{bucket}/AWSLogs/{account}/Config/*",
                "Condition": {"StringLike": {"s3:x-amz-acl": "bucket-owner-full-control"}},
            },
            {
                "Sid": f"Encrypt{code}",
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                "Resource": side["record_kms_key_arn"],
            },
        ]

    def _recording_mode(self) -> aws.cfg.RecorderRecordingModeArgsDict:
        if self._args.get("daily_recording", False):
            return {"recording_frequency": "DAILY"}
        mode: aws.cfg.RecorderRecordingModeArgsDict = {"recording_frequency": "CONTINUOUS"}
        types = self._args.get("daily_types", list(DEFAULT_DAILY_TYPES))
        if types:
            mode["recording_mode_override"] = {"recording_frequency": "DAILY", "resource_types": types}
        return mode

    def _recording(
        self,
        side: BaselineSideArgs,
        bucket: pulumi.Output[str],
        role: aws.iam.Role,
        before: list[pulumi.Resource],
        provider: aws.Provider | None,
    ) -> None:
        """A recorder starts only if a channel exists, and a channel needs a recorder.

        Both Regions write down what belongs to no Region, IAM above all: it is there twice, for the price of one item
        for each change and Region, and either side is complete without the other.
        """
        name = self._of(side["region"])
        recorder = aws.cfg.Recorder(
            f"{name}-recorder",
            name=name,
            role_arn=role.arn,
            recording_group={"all_supported": True, "include_global_resource_types": True},
            recording_mode=self._recording_mode(),
            opts=stateful(self, ephemeral=self._ephemeral, provider=provider, depends_on=before),
        )
        channel = aws.cfg.DeliveryChannel(
            f"{name}-channel",
            name=name,
            s3_bucket_name=bucket,
            s3_kms_key_arn=side["record_kms_key_arn"],
            snapshot_delivery_properties={"delivery_frequency": "TwentyFour_Hours"},
            opts=stateful(self, ephemeral=self._ephemeral, provider=provider, depends_on=[recorder]),
        )
        aws.cfg.RecorderStatus(
            f"{name}-recording", name=recorder.name, is_enabled=True, opts=self._here(provider, channel)
        )

    def _detection(self, region: str, provider: aws.Provider | None) -> pulumi.Output[str]:
        name = self._of(region)
        detector = aws.guardduty.Detector(
            f"{name}-detector",
            enable=True,
            finding_publishing_frequency="FIFTEEN_MINUTES",
            tags={"Name": name},
            opts=stateful(self, ephemeral=self._ephemeral, provider=provider),
        )
        wanted = {ThreatFeature(each) for each in self._args.get("threat_features", DEFAULT_THREAT_FEATURES)}
        for feature in ThreatFeature:
            aws.guardduty.DetectorFeature(
                f"{name}-detects-{feature.name.lower()}",
                detector_id=detector.id,
                name=feature.value,
                status="ENABLED" if feature in wanted else "DISABLED",
                opts=self._here(provider),
            )
        aws.accessanalyzer.Analyzer(
            f"{name}-analyzer",
            analyzer_name=name,
            type="ACCOUNT",
            tags={"Name": name},
            opts=self._here(provider),
        )
        return detector.id

    def _image_copies(self, region: str, provider: aws.Provider | None) -> None:
        """An image is copied once for each push: what came by replication is not sent on, so that the rules of two
        Regions don't chase each other (ECR User Guide, private image replication; read 2026-11-21)."""
        primary, recovery = self._args["primary"]["region"], self._args["recovery"]["region"]
        other = recovery if region == primary else primary
        aws.ecr.ReplicationConfiguration(
            f"{self._of(region)}-images",
            replication_configuration={
                "rules": [
                    {
                        "destinations": [{"region": other, "registry_id": self._args["account_id"]}],
                        "repository_filters": [
                            {"filter": each, "filter_type": "PREFIX_MATCH"} for each in self._args["image_prefixes"]
                        ],
                    }
                ]
            },
            opts=self._here(provider),
        )

    def _volumes(self, side: BaselineSideArgs, provider: aws.Provider | None) -> None:
        name = self._of(side["region"])
        key = aws.ebs.DefaultKmsKey(
            f"{name}-volumes-key", key_arn=side["volume_kms_key_arn"], opts=self._here(provider)
        )
        aws.ebs.EncryptionByDefault(f"{name}-volumes", enabled=True, opts=self._here(provider, key))

    def _backups(self, region: str, provider: aws.Provider | None) -> None:
        options = self._here(provider)
        # AWS answers with every service there is, also those that aren't listed here and that others in the
        # account rely on. Compared, they would look like a change forever, and the change would turn them off.
        options.ignore_changes = ["resourceTypeManagementPreference", "resourceTypeOptInPreference"]
        aws.backup.RegionSettings(
            f"{self._of(region)}-backups",
            resource_type_opt_in_preference=dict.fromkeys(
                self._args.get("backup_services", DEFAULT_BACKUP_SERVICES), True
            ),
            # Without AWS Backup's own way of backing tables up, no copy of them gets into another Region (AWS Backup
            # Developer Guide, advanced DynamoDB backup; read 2026-11-21).
            resource_type_management_preference={"DynamoDB": True},
            opts=options,
        )

    def _public_access(self) -> None:
        """Of the account, in all Regions at once."""
        aws.s3.AccountPublicAccessBlock(
            f"{self._name}-public-access",
            account_id=self._args["account_id"],
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=pulumi.ResourceOptions(parent=self),
        )


def _validate(name: str, args: AccountBaselineArgs) -> None:
    checks = Checks("AccountBaseline", name, AccountBaselineArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, MOST_NAME_CHARACTERS),
        lambda: _checks.require_identifier(checks, name),
        lambda: _checks.require_account(checks, args["account_id"]),
        lambda: _checks.require_other_region(
            checks, "recovery.region", args["recovery"]["region"], args["primary"]["region"]
        ),
        lambda: _validate_prefixes(checks, args),
        lambda: _validate_features(checks, args),
        lambda: _validate_services(checks, args),
        lambda: _validate_daily_types(checks, args),
    )


def _validate_prefixes(checks: Checks, args: AccountBaselineArgs) -> None:
    prefixes = args["image_prefixes"]
    checks.require(
        1 <= len(prefixes) <= limits.IMAGE_PREFIXES.most
        and all(limits.IMAGE_PREFIX.fullmatch(each) for each in prefixes),
        "image_prefixes",
        got=list(prefixes),
        allowed=f"1 to {limits.IMAGE_PREFIXES.most} beginnings of names of repositories, 2 to 256 characters each",
        fix="name what the repositories' names begin with, such as haven-",
    )


def _validate_features(checks: Checks, args: AccountBaselineArgs) -> None:
    known = [each.value for each in ThreatFeature]
    features = [str(getattr(each, "value", each)) for each in args.get("threat_features", ())]
    checks.require(
        set(features) <= set(known),
        "threat_features",
        got=features,
        allowed=", ".join(known),
        fix="leave it out for those that Haven's parts need",
    )


def _validate_daily_types(checks: Checks, args: AccountBaselineArgs) -> None:
    types = args.get("daily_types", [])
    checks.require(
        all(limits.CONFIG_TYPE.fullmatch(each) for each in types),
        "daily_types",
        got=list(types),
        allowed="resource types of AWS Config that can be recorded once a day, such as AWS::EC2::Instance",
        fix="write AWS::EC2::Instance, for example",
    )
    checks.require(
        not (types and args.get("daily_recording", False)),
        "daily_types",
        got=list(types),
        allowed="none where daily_recording is true: it covers every type",
        fix="leave one of the two out",
    )


def _validate_services(checks: Checks, args: AccountBaselineArgs) -> None:
    services = args.get("backup_services", list(DEFAULT_BACKUP_SERVICES))
    checks.require(
        len(services) > 0 and all(limits.BACKUP_SERVICE.fullmatch(each) for each in services),
        "backup_services",
        got=list(services),
        allowed="one or more services, as AWS Backup calls them",
        fix=f"leave it out for {', '.join(DEFAULT_BACKUP_SERVICES)}",
    )
