import json
import re
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pytest

from haven.program.recorder import record
from haven.program.recording import Recording, Resource
from haven_components.data.request_buffer import RequestBuffer, RequestBufferArgs

REGION, ACCOUNT = "eu-west-1", "123456789012"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/mrk-1"
NAME = "haven-test-requests"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{NAME}-bus/{NAME}-to-queue"
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{NAME}-bus"
EVERYTHING: dict[str, Any] = {"stream": {}, "bus": {}}


def _declare(name: str = NAME, **changes: Any) -> Recording:
    def program() -> None:
        provider = aws.Provider(REGION, region=REGION)
        args = {"region": REGION, "account_id": ACCOUNT, "kms_key_arn": KEY} | changes
        buffer = RequestBuffer(name, cast("RequestBufferArgs", args), pulumi.ResourceOptions(providers=[provider]))
        pulumi.export("queue", [buffer.queue_url, buffer.queue_arn])
        pulumi.export("dead letters", [buffer.dead_letter_url, buffer.dead_letter_arn])
        pulumi.export("stream", buffer.stream_arn)
        pulumi.export("bus", buffer.bus_name)

    return record(program, stack="test")


def _named(recording: Recording) -> dict[str, Resource]:
    return {each.name.removeprefix(f"{NAME}-"): each for each in recording.real()}


def _only(recording: Recording, kind: str) -> Resource:
    (found,) = (each for each in recording.real() if each.type.endswith(f":{kind}"))
    return found


def _statements(queue: Resource) -> dict[str, Any]:
    return {each["Sid"]: each for each in json.loads(queue.inputs["policy"])["Statement"]}


def _sqs(suffix: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{NAME}-{suffix}"


def test_a_queue_and_its_dead_letters_are_all_there_is_unless_more_is_asked_for() -> None:
    recording = _declare()
    assert set(_named(recording)) == {"queue", "dead-letters", "age", "failed"}
    assert (recording.outputs["stream"], recording.outputs["bus"]) == ("", "")


def test_outputs_lead_to_queue_and_dead_letters() -> None:
    recording = _declare()
    for output, suffix in (("queue", "queue"), ("dead letters", "dead-letters")):
        key = _named(recording)[suffix].key
        assert recording.outputs[output] == [f"@@{key}.url@@", f"@@{key}.arn@@"]


def test_what_fails_five_times_goes_to_the_dead_letters() -> None:
    named = _named(_declare())
    dead_letters = f"@@{named['dead-letters'].key}.arn@@"
    assert json.loads(named["queue"].inputs["redrivePolicy"]) == {
        "deadLetterTargetArn": dead_letters,
        "maxReceiveCount": 5,
    }


@pytest.mark.parametrize(("fifo", "ending"), [(False, ""), (True, ".fifo")])
def test_the_dead_letters_take_what_failed_in_this_queue_alone(fifo: bool, ending: str) -> None:
    allowed = _named(_declare(fifo=fifo))[f"dead-letters{ending}"].inputs["redriveAllowPolicy"]
    assert json.loads(allowed) == {"redrivePermission": "byQueue", "sourceQueueArns": [_sqs(f"queue{ending}")]}


def test_a_failed_message_outlives_the_longest_wait_by_a_day() -> None:
    named = _named(_declare(retention_seconds=13 * 86400))
    assert named["queue"].inputs["messageRetentionSeconds"] == 13 * 86400
    assert named["dead-letters"].inputs["messageRetentionSeconds"] == 14 * 86400


def test_times_and_counts_are_those_that_are_given_whole_also_when_they_come_as_floats() -> None:
    named = _named(_declare(visibility_timeout_seconds=60.0, max_receives=3.0, age_alarm_seconds=30.0))
    assert named["queue"].inputs["visibilityTimeoutSeconds"] == 60
    assert json.loads(named["queue"].inputs["redrivePolicy"])["maxReceiveCount"] == 3
    assert '"maxReceiveCount": 3' in named["queue"].inputs["redrivePolicy"]
    assert named["age"].inputs["threshold"] == 30


def test_both_queues_stream_bus_and_archive_are_encrypted_with_the_key() -> None:
    named = _named(_declare(**EVERYTHING))
    for name in ("queue", "dead-letters"):
        assert named[name].inputs["kmsMasterKeyId"] == KEY
    assert (named["stream"].inputs["encryptionType"], named["stream"].inputs["kmsKeyId"]) == ("KMS", KEY)
    for name in ("bus", "archive"):
        assert named[name].inputs["kmsKeyIdentifier"] == KEY


def test_without_a_bus_the_queues_turn_away_who_comes_without_tls_and_let_nobody_in() -> None:
    named = _named(_declare())
    for suffix in ("queue", "dead-letters"):
        assert _statements(named[suffix]) == {
            "OnlyTls": {
                "Sid": "OnlyTls",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sqs:*",
                "Resource": _sqs(suffix),
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        }


@pytest.mark.parametrize(("suffix", "senders"), [("queue", [RULE]), ("dead-letters", [RULE, BUS])])
def test_with_a_bus_only_its_rule_sends_to_the_queue_and_only_both_to_the_dead_letters(
    suffix: str, senders: list[str]
) -> None:
    statements = _statements(_named(_declare(bus={}))[suffix])
    assert statements.keys() == {"OnlyTls", "EventsOfTheBus"}
    assert statements["EventsOfTheBus"] == {
        "Sid": "EventsOfTheBus",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": _sqs(suffix),
        "Condition": {"ArnEquals": {"aws:SourceArn": senders}},
    }


def test_fifo_queues_say_so_in_their_names_and_keep_the_order_of_each_group() -> None:
    named = _named(_declare(fifo=True))
    for name in ("queue.fifo", "dead-letters.fifo"):
        inputs = named[name].inputs
        assert (inputs["name"], inputs["fifoQueue"]) == (f"{NAME}-{name}", True)
        assert inputs["contentBasedDeduplication"] is True
        assert (inputs["deduplicationScope"], inputs["fifoThroughputLimit"]) == ("messageGroup", "perMessageGroupId")


def test_other_queues_have_nothing_of_fifo() -> None:
    inputs = _named(_declare())["queue"].inputs
    assert inputs["fifoQueue"] is False
    assert not {"contentBasedDeduplication", "deduplicationScope", "fifoThroughputLimit"} & inputs.keys()


@pytest.mark.parametrize(
    ("alarm", "queue", "metric", "threshold"),
    [
        ("age", "queue", "ApproximateAgeOfOldestMessage", 300),
        ("failed", "dead-letters", "ApproximateNumberOfMessagesVisible", 1),
    ],
)
def test_old_messages_and_any_failed_one_raise_an_alarm(alarm: str, queue: str, metric: str, threshold: int) -> None:
    inputs = _named(_declare(alarm_topic_arns=[TOPIC]))[alarm].inputs
    assert inputs["dimensions"] == {"QueueName": f"{NAME}-{queue}"}
    assert (inputs["namespace"], inputs["metricName"], inputs["statistic"]) == ("AWS/SQS", metric, "Maximum")
    assert (inputs["comparisonOperator"], inputs["threshold"]) == ("GreaterThanOrEqualToThreshold", threshold)
    assert inputs["treatMissingData"] == "notBreaching"
    assert inputs["alarmActions"] == inputs["okActions"] == [TOPIC]


@pytest.mark.parametrize(("stream", "hours"), [({}, 168), ({"retention_hours": 24.0}, 24)])
def test_a_stream_grows_with_its_load_and_keeps_records_for_some_hours(stream: Any, hours: int) -> None:
    recording = _declare(stream=stream)
    made = _only(recording, "Stream")
    assert made.inputs["streamModeDetails"] == {"streamMode": "ON_DEMAND"}
    assert made.inputs["retentionPeriod"] == hours
    assert recording.outputs["stream"] == f"@@{made.key}.arn@@"


@pytest.mark.parametrize(("bus", "days"), [({}, 14), ({"archive_days": 30.0}, 30)])
def test_everything_on_the_bus_is_archived_for_some_days(bus: Any, days: int) -> None:
    recording = _declare(bus=bus)
    archive = _only(recording, "EventArchive").inputs
    assert archive["eventSourceArn"] == f"@@{_only(recording, 'EventBus').key}.arn@@"
    assert archive["retentionDays"] == days
    assert "eventPattern" not in archive


def test_everything_on_the_bus_is_delivered_to_the_queue_and_what_can_t_be_to_the_dead_letters() -> None:
    recording = _declare(bus={})
    named = _named(recording)
    rule, target = _only(recording, "EventRule").inputs, _only(recording, "EventTarget").inputs
    dead_letters = {"arn": f"@@{named['dead-letters'].key}.arn@@"}
    assert (rule["name"], rule["eventBusName"]) == (f"{NAME}-to-queue", f"{NAME}-bus")
    assert json.loads(rule["eventPattern"]) == {"account": [ACCOUNT]}
    assert (target["rule"], target["eventBusName"]) == (f"{NAME}-to-queue", f"{NAME}-bus")
    assert target["arn"] == f"@@{named['queue'].key}.arn@@"
    assert target["deadLetterConfig"] == _only(recording, "EventBus").inputs["deadLetterConfig"] == dead_letters
    assert recording.outputs["bus"] == f"{NAME}-bus"


@pytest.mark.parametrize("ephemeral", [False, True])
def test_what_holds_messages_is_kept_unless_it_is_a_throw_away_one(ephemeral: bool) -> None:
    named = _named(_declare(ephemeral=ephemeral, **EVERYTHING))
    for name in ("queue", "dead-letters", "stream", "bus", "archive"):
        options = named[name].options
        assert (options.protect, options.retain_on_delete) == (not ephemeral, not ephemeral)
    assert named["stream"].inputs["enforceConsumerDeletion"] is ephemeral


def test_every_name_is_the_one_it_has_in_the_program() -> None:
    for each in _declare(**EVERYTHING).real():
        assert each.inputs.get("name", each.name) == each.name


def _problems(name: str = NAME, **changes: Any) -> list[str]:
    with pytest.raises(pulumi.InputPropertiesError) as refused:
        _declare(name, **changes)
    return re.findall(r"^  ([\w.]+): got", str(refused.value), re.MULTILINE)


def test_every_problem_is_reported_at_once() -> None:
    assert _problems(
        "n" * 41,
        account_id="1",
        fifo=True,
        bus={"archive_days": 0},
        stream={"retention_hours": 23},
        visibility_timeout_seconds=43201,
        retention_seconds=59,
        max_receives=0,
        age_alarm_seconds=0,
        alarm_topic_arns=[TOPIC] * 6,
    ) == [
        "name",
        "account_id",
        "fifo",
        "visibility_timeout_seconds",
        "retention_seconds",
        "max_receives",
        "age_alarm_seconds",
        "stream.retention_hours",
        "bus.archive_days",
        "alarm_topic_arns",
    ]
