"""A secret that both Regions hold, each under a key of its own, and that rotates in the Region where it was created."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from haven_components import limits, rotation_hours
from haven_components.names import secret_name
from haven_components.shared import checks as _checks
from haven_components.shared.stored_secrets import PASSWORD_CHARACTERS, RecoverySecretArgs, StoredSecret, generated
from haven_components.shared.support import Checks, policy_document

__all__ = ["RecoverySecretArgs", "ReplicatedSecret", "ReplicatedSecretArgs", "SecretRotationArgs", "SecretSideArgs"]

MOST_NAME_CHARACTERS = 91
"""A Lambda permission's id has at most 100 characters (AddPermission, read 2026-11-21), nine of them the suffix; names
of secrets may be longer."""

INITIAL = "INITIAL"
"""Label of the version that the declaration wrote. Secrets Manager may delete versions without a label, and after two
rotations the first one has lost the usual ones: the next deployment would find it gone and write the old value over the
rotated one (hashicorp/terraform-provider-aws#37302)."""


class SecretSideArgs(TypedDict):
    region: str
    """The Region where the secret is written and rotated, for example `eu-west-1`."""
    kms_key_arn: pulumi.Input[str]
    """ARN of the key, in that Region, that encrypts the secret."""


class SecretRotationArgs(TypedDict):
    lambda_arn: pulumi.Input[str]
    """ARN of the function, in the primary Region, that makes a new value and puts it to use. Secrets Manager is allowed
    to call it for this secret."""
    schedule: str
    """When it is called, in UTC: `rate(30 days)` or a `cron(...)` expression, at most every four hours. The first
    rotation comes with the schedule and not with the deployment."""


class ReplicatedSecretArgs(TypedDict):
    description: str
    """What the secret is for, as the Secrets Manager console shows it."""
    primary: SecretSideArgs
    """The Region of the component's AWS provider. It never follows the active Region."""
    recovery: RecoverySecretArgs
    """Where the replica is."""
    value: NotRequired[pulumi.Input[str]]
    """The secret's value, at most 65,536 bytes; give it as a Pulumi secret. With `rotation` it is only the first one.
    Omitted: letters and digits are generated."""
    generated_characters: NotRequired[int]
    """How many letters and digits are generated, 16 to 4,096. Another number makes another value. Not with `value`.
    Omitted: 40."""
    rotation: NotRequired[SecretRotationArgs]
    """How the value is replaced by itself. Omitted: it stays until another one is written."""
    reader_arns: NotRequired[list[pulumi.Input[str]]]
    """ARNs of roles, of other accounts too, that may read the secret in both Regions; those of other accounts also need
    the keys' permission. Omitted: the account's IAM policies alone decide."""
    ephemeral: NotRequired[bool]
    """Whether the environment is a throw-away one, whose secret is deleted at once. Omitted: false, so it is protected,
    and kept for 30 days after its deletion."""


class ReplicatedSecret(pulumi.ComponentResource):
    """A secret in the primary Region and a replica of it in the recovery Region, under one name.

    The replica follows every change, rotated values among them, and is read without asking the primary Region. It can't
    be written there while it is a replica. Where the recovery Region must write or rotate it:

    1. In the recovery Region, `aws secretsmanager stop-replication-to-replica --secret-id <name>` makes it a secret of
       its own, with the same name, value and key. Nothing of the lost Region is asked.
    2. `aws secretsmanager put-secret-value` writes it, and `aws secretsmanager rotate-secret` with a function of that
       Region rotates it.
    3. When the primary Region is back, put the newer value there; then
       `aws secretsmanager replicate-secret-to-regions --force-overwrite-replica-secret` makes the other one a replica
       again.

    Deployments in between leave both as they are: what was promoted is not made a replica again behind your back.
    """

    secret_arn: pulumi.Output[str]
    """ARN of the secret in the primary Region. The replica's is the same but for the Region."""
    secret_name: pulumi.Output[str]
    """Name of the secret, the same in both Regions."""

    def __init__(self, name: str, args: ReplicatedSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:ReplicatedSecret", name, {}, opts)
        _validate(name, args)
        self._name = name
        self._args = args
        self._ephemeral = args.get("ephemeral", False)
        self._secret = StoredSecret(
            self,
            name,
            description=args["description"],
            kms_key_arn=args["primary"]["kms_key_arn"],
            replica=args["recovery"],
            ephemeral=self._ephemeral,
        )
        written = self._write()
        if "reader_arns" in args:
            self._readers(args["reader_arns"])
        if "rotation" in args:
            self._rotation(args["rotation"], written)
        self.secret_arn = self._secret.arn
        self.secret_name = pulumi.Output.from_input(secret_name(name))
        self.register_outputs({"secret_arn": self.secret_arn, "secret_name": self.secret_name})

    def _write(self) -> aws.secretsmanager.SecretVersion:
        """The first value, or the one that is declared now.

        It isn't protected, for a new value is a new version; retained, the one before stays readable as `AWSPREVIOUS`.
        """
        # Rotation moves labels from version to version, and the value that is declared is then no longer the newest.
        moved = ["versionStages", "secretString"] if "rotation" in self._args else ["versionStages"]
        options = pulumi.ResourceOptions(parent=self, retain_on_delete=not self._ephemeral, ignore_changes=moved)
        return self._secret.write(self._value(), options, stages=["AWSCURRENT", INITIAL])

    def _value(self) -> pulumi.Input[str]:
        if "value" in self._args:
            return self._args["value"]
        characters = int(self._args.get("generated_characters", PASSWORD_CHARACTERS))
        return generated(self, self._name, ephemeral=self._ephemeral, characters=characters)

    def _readers(self, arns: list[pulumi.Input[str]]) -> None:
        """Who may read. Secrets Manager copies the policy to the replica."""
        statement = {
            "Sid": "Readers",
            "Effect": "Allow",
            "Principal": {"AWS": arns},
            "Action": ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
            # In a secret's own policy this means that secret. Its ARN would name the one in the primary Region only.
            "Resource": "*",
        }
        aws.secretsmanager.SecretPolicy(
            f"{self._name}-readers",
            secret_arn=self._secret.arn,
            policy=policy_document(statement),
            block_public_policy=True,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _rotation(self, rotation: SecretRotationArgs, written: pulumi.Resource) -> None:
        permission = aws.lambda_.Permission(
            f"{self._name}-rotation-permission",
            statement_id=f"{self._name}-rotation",
            action="lambda:InvokeFunction",
            function=rotation["lambda_arn"],
            principal="secretsmanager.amazonaws.com",
            source_arn=self._secret.arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.secretsmanager.SecretRotation(
            f"{self._name}-rotation",
            secret_id=self._secret.arn,
            rotation_lambda_arn=rotation["lambda_arn"],
            rotation_rules={"schedule_expression": rotation["schedule"]},
            rotate_immediately=False,
            # The function starts from the value that is there.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission, written]),
        )


def _validate(name: str, args: ReplicatedSecretArgs) -> None:
    checks = Checks("ReplicatedSecret", name, ReplicatedSecretArgs, args)
    checks.run(
        lambda: _checks.require_name(checks, name, MOST_NAME_CHARACTERS),
        lambda: _checks.require_other_region(
            checks, "recovery.region", args["recovery"]["region"], args["primary"]["region"]
        ),
        lambda: _check_value(checks, args),
        lambda: _check_readers(checks, args),
        lambda: _check_rotation(checks, args),
    )


def _check_readers(checks: Checks, args: ReplicatedSecretArgs) -> None:
    if "reader_arns" in args:
        checks.require(
            len(args["reader_arns"]) > 0,
            "reader_arns",
            got=[],
            allowed="one or more",
            fix="leave it out if the account's IAM policies are all the access it needs",
        )


def _check_rotation(checks: Checks, args: ReplicatedSecretArgs) -> None:
    if "rotation" in args:
        _checks.require_match(
            checks,
            "rotation.schedule",
            args["rotation"]["schedule"],
            limits.SECRET_ROTATION_SCHEDULE,
            allowed=limits.ROTATION_SCHEDULE_WORDS,
            fix="write for example rate(30 days)",
        )
        schedule = args["rotation"]["schedule"]
        checks.require(
            not rotation_hours.too_close(schedule),
            "rotation.schedule",
            got=schedule,
            allowed=f"{limits.LEAST_ROTATION_HOURS} hours or more between two rotations of a day",
            fix=f"write {rotation_hours.apart(schedule)}",
        )


def _check_value(checks: Checks, args: ReplicatedSecretArgs) -> None:
    value = args.get("value")
    checks.require(
        not isinstance(value, str) or 0 < len(value.encode()) <= limits.SECRET_VALUE_BYTES,
        "value",
        got=f"{len(value.encode())} bytes" if isinstance(value, str) else "",
        allowed=f"1 to {limits.SECRET_VALUE_BYTES} bytes",
        fix="leave it out to have one generated",
    )
    checks.require(
        "value" not in args or "generated_characters" not in args,
        "generated_characters",
        got=args.get("generated_characters"),
        allowed="nothing beside a value that is given",
        fix="leave one of the two out",
    )
    _checks.require_between(
        checks,
        "generated_characters",
        args.get("generated_characters", PASSWORD_CHARACTERS),
        limits.SECRET_GENERATED_CHARACTERS,
        fix=f"leave it out for {PASSWORD_CHARACTERS}",
    )
