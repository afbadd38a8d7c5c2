import json
import re
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from haven.program.recorder import record
from haven.program.recording import Recording, Resource, Secret
from haven_components.keys.replicated_secret import ReplicatedSecret, ReplicatedSecretArgs

PRIMARY, RECOVERY = "eu-west-1", "eu-central-1"
KEYS = {region: f"arn:aws:kms:{region}:123456789012:key/mrk-1" for region in (PRIMARY, RECOVERY)}
NAME = "haven-test-token"
FUNCTION = f"arn:aws:lambda:{PRIMARY}:123456789012:function:rotate"
ROTATION = {"lambda_arn": FUNCTION, "schedule": "rate(30 days)"}
READERS = ["arn:aws:iam::210987654321:role/reader"]


def _declare(name: str = NAME, **changes: Any) -> Recording:
    def program() -> None:
        provider = aws.Provider(PRIMARY, region=PRIMARY)
        args = {
            "description": "Signs requests",
            "primary": {"region": PRIMARY, "kms_key_arn": KEYS[PRIMARY]},
            "recovery": {"region": RECOVERY, "kms_key_arn": KEYS[RECOVERY]},
        }
        secret = ReplicatedSecret(
            name, cast("ReplicatedSecretArgs", args | changes), pulumi.ResourceOptions(providers=[provider])
        )
        pulumi.export("arn", secret.secret_arn)
        pulumi.export("name", secret.secret_name)

    return record(program, stack="test")


def _only(recording: Recording, kind: str) -> Resource:
    (found,) = (each for each in recording.real() if each.type.endswith(f":{kind}"))
    return found


def _kinds(recording: Recording) -> set[str]:
    return {each.type.rpartition(":")[2] for each in recording.real()}


def test_the_secret_is_encrypted_in_each_region_with_that_region_s_key() -> None:
    secret = _only(_declare(), "Secret")
    assert (secret.region, secret.inputs["kmsKeyId"]) == (PRIMARY, KEYS[PRIMARY])
    assert secret.inputs["replicas"] == [{"region": RECOVERY, "kmsKeyId": KEYS[RECOVERY]}]


def test_both_regions_know_it_by_one_name() -> None:
    recording = _declare()
    secret = _only(recording, "Secret")
    assert secret.inputs["name"] == recording.outputs["name"] == f"{NAME}-secret"
    assert recording.outputs["arn"] == f"@@{secret.key}.arn@@"


def test_a_promoted_replica_is_not_made_a_replica_again() -> None:
    assert _only(_declare(), "Secret").options.ignore_changes == ("replicas",)


@pytest.mark.parametrize(("changes", "characters"), [({}, 40), ({"generated_characters": 16.0}, 16)])
def test_without_a_value_letters_and_digits_are_generated(changes: Any, characters: int) -> None:
    recording = _declare(**changes)
    password = _only(recording, "RandomPassword")
    assert (password.inputs["length"], password.inputs["special"]) == (characters, False)
    written = _only(recording, "SecretVersion").inputs["secretString"]
    assert isinstance(written, Secret)
    assert written.value == f"@@{password.key}.result@@"


def test_a_given_value_is_written_as_it_is_and_kept_from_view() -> None:
    recording = _declare(value="token")
    assert _only(recording, "SecretVersion").inputs["secretString"] == Secret("token")
    assert "RandomPassword" not in _kinds(recording)


@pytest.mark.parametrize("changes", [{}, {"rotation": ROTATION}])
def test_the_version_that_was_declared_keeps_a_label_when_others_become_the_newest(changes: Any) -> None:
    version = _only(_declare(**changes), "SecretVersion")
    assert version.inputs["versionStages"] == ["AWSCURRENT", "INITIAL"]
    assert "versionStages" in version.options.ignore_changes


def test_a_new_value_is_written_where_nothing_rotates_and_left_alone_where_something_does() -> None:
    assert "secretString" not in _only(_declare(), "SecretVersion").options.ignore_changes
    assert "secretString" in _only(_declare(rotation=ROTATION), "SecretVersion").options.ignore_changes


def test_rotation_comes_with_its_schedule_and_after_what_it_needs() -> None:
    rotation = _only(_declare(rotation=ROTATION), "SecretRotation")
    assert rotation.inputs["rotationLambdaArn"] == FUNCTION
    assert rotation.inputs["rotationRules"] == {"scheduleExpression": "rate(30 days)"}
    assert rotation.inputs["rotateImmediately"] is False
    awaited = {urn.rpartition("::")[2] for urn in rotation.options.dependencies}
    assert awaited >= {f"{NAME}-rotation-permission", f"{NAME}-secret-value"}


def test_secrets_manager_may_call_the_function_for_this_secret_alone() -> None:
    recording = _declare(rotation=ROTATION)
    permission = _only(recording, "Permission").inputs
    assert (permission["function"], permission["action"]) == (FUNCTION, "lambda:InvokeFunction")
    assert permission["principal"] == "secretsmanager.amazonaws.com"
    assert permission["sourceArn"] == f"@@{_only(recording, 'Secret').key}.arn@@"


def test_nothing_rotates_and_nobody_is_let_in_unless_it_is_asked_for() -> None:
    assert _kinds(_declare()) == {"RandomPassword", "Secret", "SecretVersion"}


def test_readers_may_read_and_nothing_else() -> None:
    policy = _only(_declare(reader_arns=READERS), "SecretPolicy").inputs
    (statement,) = json.loads(policy["policy"])["Statement"]
    assert (statement["Effect"], statement["Principal"]) == ("Allow", {"AWS": READERS})
    assert statement["Action"] == ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
    assert policy["blockPublicPolicy"] is True


@pytest.mark.parametrize("ephemeral", [False, True])
def test_the_secret_is_kept_unless_it_is_a_throw_away_one(ephemeral: bool) -> None:
    recording = _declare(ephemeral=ephemeral)
    for kind in ("Secret", "RandomPassword"):
        options = _only(recording, kind).options
        assert (options.protect, options.retain_on_delete) == (not ephemeral, not ephemeral)
    assert _only(recording, "Secret").inputs["recoveryWindowInDays"] == (0 if ephemeral else 30)


@pytest.mark.parametrize("ephemeral", [False, True])
def test_a_new_value_may_replace_the_one_before_which_stays_readable(ephemeral: bool) -> None:
    options = _only(_declare(ephemeral=ephemeral), "SecretVersion").options
    assert (options.protect, options.retain_on_delete) == (False, not ephemeral)


def test_every_problem_is_reported_at_once() -> None:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(
            "n" * 92,
            recovery={"region": PRIMARY, "kms_key_arn": "k"},
            value="",
            generated_characters=15,
            reader_arns=[],
            rotation={"lambda_arn": FUNCTION, "schedule": "monthly"},
        )
    paths = re.findall(r"^  ([\w.]+): got", str(refused.value), re.MULTILINE)
    assert paths == [
        "name",
        "recovery.region",
        "value",
        "generated_characters",
        "generated_characters",
        "reader_arns",
        "rotation.schedule",
    ]


def test_a_refused_value_isn_t_shown() -> None:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(value="s3cret" * 20000)
    assert "120000 bytes" in str(refused.value)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("schedule", ["rate(4 hours)", "rate(1 day)", "cron(0 4 ? * SUN *)"])
def test_schedules_are_rates_or_crons(schedule: str) -> None:
    rotation = _only(_declare(rotation={**ROTATION, "schedule": schedule}), "SecretRotation")
    assert rotation.inputs["rotationRules"] == {"scheduleExpression": schedule}
