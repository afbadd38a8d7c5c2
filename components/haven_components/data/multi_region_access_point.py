"""One name for two buckets, which S3 routes to the nearer one that is switched on."""

import re
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from haven_components import limits, offerings
from haven_components.names import partition
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks, policy_document, stateful

READING = ("s3:GetObject", "s3:GetObjectVersion")
WRITING = ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:ListMultipartUploadParts", "s3:PutObject")


class AccessPointSideArgs(TypedDict):
    region: str
    """The Region of this bucket, for example `eu-west-1`."""
    bucket: pulumi.Input[str]
    """Name of the bucket. Take it from the output of what creates the bucket: then the access point is there after the
    bucket and goes before it."""


class MultiRegionAccessPointArgs(TypedDict):
    account_id: str
    """Id of the AWS account that owns the access point and both buckets."""
    primary: AccessPointSideArgs
    """The bucket in the Region of the component's AWS provider."""
    recovery: AccessPointSideArgs
    """The bucket in the other Region. Each of the two must be versioned and replicate into the other: S3 asks the
    nearer bucket, whether or not the object is there yet."""
    reader_arns: NotRequired[list[pulumi.Input[str]]]
    """ARNs of roles that may read and list through the access point. Roles of other accounts need it, and the leave of
    both buckets. Omitted: the account's IAM policies alone decide."""
    writer_arns: NotRequired[list[pulumi.Input[str]]]
    """The same for roles that may write and delete. Omitted: the account's IAM policies alone decide."""
    ephemeral: NotRequired[bool]
    """Whether the environment is a throw-away one. Omitted: false, so the access point is protected and retained: its
    alias, which clients know, never comes back."""


class MultiRegionAccessPoint(pulumi.ComponentResource):
    """A global name in front of two buckets: requests go to the nearer one, or to the one that is left switched on.

    Everything about it but its policy is decided at creation: name, buckets, and the block on public access.

    Creating, reading, changing and deleting it are requests to us-west-2, whatever Regions the buckets are in (S3 User
    Guide, managing Multi-Region Access Points; read 2026-11-21). The AWS provider sends them there by itself, so no
    provider of that Region is needed. Have it before a disaster: while us-west-2 is lost it can't be made or refreshed.

    Switching is another matter. Traffic leaves a Region within about two minutes after

    `aws s3control submit-multi-region-access-point-routes --region <one of the five> --account-id <account>
    --mrap <arn> --route-updates Region=<lost>,TrafficDialPercentage=0 Region=<other>,TrafficDialPercentage=100`

    and any of us-east-1, us-west-2, ap-southeast-2, ap-northeast-1 and eu-west-1 takes that request: ask one that is
    not lost. At least one Region must stay at 100 (S3 API Reference, SubmitMultiRegionAccessPointRoutes; read
    2026-11-21). Without a switch S3 sends requests to the nearer bucket by itself.
    Routes are not part of a deployment, so no deployment turns a switch back.

    Clients name the access point by its ARN and sign with SigV4A, which the SDKs do where the AWS Common Runtime is
    installed. Gateway endpoints don't reach it. Their role needs the permission on the access point's objects and on
    those of both buckets, and both keys.
    """

    arn: pulumi.Output[str]
    """ARN of the access point, which clients name in place of a bucket."""
    alias: pulumi.Output[str]
    """The name that S3 gave it; part of its host name."""
    domain_name: pulumi.Output[str]
    """Host name of the access point."""
    objects_arn: pulumi.Output[str]
    """ARN pattern of all objects behind it, for the policies of roles."""

    def __init__(self, name: str, args: MultiRegionAccessPointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:MultiRegionAccessPoint", name, {}, opts)
        _validate(name, args)
        self._name = name
        self._args = args
        point = self._access_point()
        self.alias = point.alias
        place = partition(args["primary"]["region"])
        self.arn = pulumi.Output.format("arn:{}:s3::{}:accesspoint/{}", place, args["account_id"], point.alias)
        self.objects_arn = pulumi.Output.concat(self.arn, "/object/*")
        self.domain_name = point.domain_name
        self._policy()
        self.register_outputs(
            {
                "arn": self.arn,
                "alias": self.alias,
                "domain_name": self.domain_name,
                "objects_arn": self.objects_arn,
            }
        )

    def _access_point(self) -> aws.s3control.MultiRegionAccessPoint:
        account_id = self._args["account_id"]
        return aws.s3control.MultiRegionAccessPoint(
            self._name,
            account_id=account_id,
            details={
                "name": self._name,
                "public_access_block": {
                    "block_public_acls": True,
                    "block_public_policy": True,
                    "ignore_public_acls": True,
                    "restrict_public_buckets": True,
                },
                "regions": [
                    {"bucket": side["bucket"], "bucket_account_id": account_id}
                    for side in (self._args["primary"], self._args["recovery"])
                ],
            },
            opts=stateful(self, ephemeral=self._args.get("ephemeral", False)),
        )

    def _policy(self) -> None:
        deny = {
            "Sid": "OnlyTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [self.arn, self.objects_arn],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        readers, writers = self._args.get("reader_arns", []), self._args.get("writer_arns", [])
        allowed = [
            ("List", readers, ("s3:ListBucket",), self.arn),
            ("Read", readers, READING, self.objects_arn),
            ("Write", writers, WRITING, self.objects_arn),
        ]
        grants = [
            {"Sid": sid, "Effect": "Allow", "Principal": {"AWS": who}, "Action": list(actions), "Resource": resource}
            for sid, who, actions, resource in allowed
            if who
        ]
        aws.s3control.MultiRegionAccessPointPolicy(
            f"{self._name}-policy",
            account_id=self._args["account_id"],
            details={"name": self._name, "policy": policy_document(deny, *grants)},
            opts=pulumi.ResourceOptions(parent=self),
        )


def _validate(name: str, args: MultiRegionAccessPointArgs) -> None:
    checks = Checks("MultiRegionAccessPoint", name, MultiRegionAccessPointArgs, args)
    checks.run(
        lambda: _validate_name(checks, name),
        lambda: _checks.require_account(checks, args["account_id"]),
        lambda: _checks.require_other_region(
            checks, "recovery.region", args["recovery"]["region"], args["primary"]["region"]
        ),
        lambda: _validate_buckets(checks, args),
        lambda: _validate_principals(checks, args),
    )


def _validate_name(checks: Checks, name: str) -> None:
    checks.require(
        limits.ACCESS_POINT_NAME_CHARACTERS.holds(len(name))
        and re.fullmatch(r"[a-z][a-z0-9-]*[a-z0-9]", name) is not None,
        "name",
        got=name,
        allowed=f"{limits.ACCESS_POINT_NAME_CHARACTERS} lower-case letters, digits and hyphens, the first "
        "a letter, the last no hyphen",
        fix="choose another name: the access point's is made from it",
    )


def _validate_buckets(checks: Checks, args: MultiRegionAccessPointArgs) -> None:
    primary, recovery = args["primary"], args["recovery"]
    for name, region in (("primary.region", primary["region"]), ("recovery.region", recovery["region"])):
        checks.require(
            offerings.ACCESS_POINTS.covers(region),
            name,
            got=region,
            allowed=f"a Region with {offerings.ACCESS_POINTS.service}: {offerings.ACCESS_POINTS.where}",
            fix="use the buckets' own names",
        )
    checks.require(
        not isinstance(primary["bucket"], str) or primary["bucket"] != recovery["bucket"],
        "recovery.bucket",
        got=recovery["bucket"],
        allowed="another bucket than the primary one",
        fix="name the bucket of the recovery Region",
    )


def _validate_principals(checks: Checks, args: MultiRegionAccessPointArgs) -> None:
    for path in ("reader_arns", "writer_arns"):
        checks.require(
            path not in args or len(args.get(path) or []) > 0,
            path,
            got=[],
            allowed="one or more",
            fix="leave it out when the account's IAM policies decide",
        )
