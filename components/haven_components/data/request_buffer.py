"""What holds requests until somebody has time for them, and what becomes of those that fail."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from haven_components import limits
from haven_components.names import queue_alarm_names, queue_name, resource_arn
from haven_components.shared import checks as _checks
from haven_components.shared.support import Checks, policy_document, stateful

VISIBILITY_SECONDS = 300
RETENTION_SECONDS = 345600
MAX_RECEIVES = 5
AGE_ALARM_SECONDS = 300
KEY_REUSE_SECONDS = 300
RECEIVE_WAIT_SECONDS = 20
"""The longest that SQS lets a reader wait, which means the fewest empty answers (SQS API, CreateQueue; 2026-11-21)."""
PERIOD_SECONDS = 60
STREAM_HOURS = 168
ARCHIVE_DAYS = 14


class BufferStreamArgs(TypedDict):
    retention_hours: NotRequired[int]
    """Hours for which a record can be read, again and again, 24 to 8,760. Omitted: 168."""


class BufferBusArgs(TypedDict):
    archive_days: NotRequired[int]
    """Days for which events are archived and can be replayed, 1 to 3,650. Omitted: 14."""


class RequestBufferArgs(TypedDict):
    region: str
    """The Region of the component's AWS provider, for example `eu-west-1`."""
    account_id: str
    """The AWS account, twelve digits: ARNs are composed from it."""
    kms_key_arn: pulumi.Input[str]
    """ARN of the key, in this Region, that encrypts everything here. With `bus`, its policy has to let
    `events.amazonaws.com` use it."""
    fifo: NotRequired[bool]
    """Whether messages of one group arrive in order and once; equal messages within five minutes count as one. A failed
    message gives way to those behind it. Decided at creation. Not with `bus`, which keeps no order. Omitted: false."""
    visibility_timeout_seconds: NotRequired[int]
    """Seconds for which a message that somebody works on is hidden from others, 0 to 43,200: longer than the work
    takes. Omitted: 300."""
    retention_seconds: NotRequired[int]
    """Seconds after which an unread message is lost, 60 to 1,123,200 (13 days). Failed ones are kept until 14
    days after they were sent. Omitted: 345,600 (4 days)."""
    max_receives: NotRequired[int]
    """How many times a message is handed out before it counts as failed, 1 to 1,000. Omitted: 5."""
    age_alarm_seconds: NotRequired[int]
    """Age of the oldest message, in seconds, from which the readers count as too slow, 1 to 1,123,200. Omitted: 300."""
    alarm_topic_arns: NotRequired[list[pulumi.Input[str]]]
    """ARNs of SNS topics, in this Region, that get alarms and their end, at most five. Omitted: alarms are
    only to be seen."""
    stream: NotRequired[BufferStreamArgs]
    """A Kinesis stream beside the queue, for what several readers read, each at its own pace. Omitted: none."""
    bus: NotRequired[BufferBusArgs]
    """An EventBridge bus in front of the queue: whatever the account puts there is archived, and delivered to the
    queue. Omitted: none, and senders write to the queue."""
    ephemeral: NotRequired[bool]
    """Whether the environment is a throw-away one, whose messages may be lost. Omitted: false, so queues, stream and
    archive are protected and retained."""


class RequestBuffer(pulumi.ComponentResource):
    """A queue with dead letters and alarms in one Region, by choice a stream, and a bus whose events can be replayed.

    Nothing of it is replicated, for AWS replicates none of the three: each Region has a buffer of its own, and what
    waits in the lost Region comes back with it. Whoever can't wait sends again, so work on messages has to be
    repeatable.

    Failed messages are put back with `aws sqs start-message-move-task`, once the cause is gone; archived events with
    `aws events start-replay`, from and to any time within the archive.
    """

    queue_url: pulumi.Output[str]
    """URL of the queue."""
    queue_arn: pulumi.Output[str]
    """ARN of the queue."""
    dead_letter_url: pulumi.Output[str]
    """URL of the queue of failed messages."""
    dead_letter_arn: pulumi.Output[str]
    """ARN of the queue of failed messages."""
    stream_arn: pulumi.Output[str]
    """ARN of the stream; empty without one."""
    bus_name: pulumi.Output[str]
    """Name of the bus; empty without one."""

    def __init__(self, name: str, args: RequestBufferArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("haven:index:RequestBuffer", name, {}, opts)
        _validate(name, args)
        self._name = name
        self._args = args
        self._ephemeral = args.get("ephemeral", False)
        self._fifo = args.get("fifo", False)
        dead_letters = self._dead_letters()
        queue = self._queue(dead_letters)
        self._alarms(queue, dead_letters)
        self.queue_url = queue.url
        self.queue_arn = queue.arn
        self.dead_letter_url = dead_letters.url
        self.dead_letter_arn = dead_letters.arn
        self.stream_arn = self._stream(args["stream"]) if "stream" in args else pulumi.Output.from_input("")
        self.bus_name = self._bus(args["bus"], queue, dead_letters) if "bus" in args else pulumi.Output.from_input("")
        self.register_outputs(
            {
                "queue_url": self.queue_url,
                "queue_arn": self.queue_arn,
                "dead_letter_url": self.dead_letter_url,
                "dead_letter_arn": self.dead_letter_arn,
                "stream_arn": self.stream_arn,
                "bus_name": self.bus_name,
            }
        )

    def _dead_letters(self) -> aws.sqs.Queue:
        """Where failed messages go, from this one queue, and what EventBridge can't deliver."""
        senders = [self._rule_arn(), self._arn("events", f"event-bus/{self._name}-bus")]
        return self._any_queue(
            "dead-letters",
            senders,
            message_retention_seconds=limits.DEAD_LETTER_RETENTION_SECONDS,
            redrive_allow_policy=pulumi.Output.json_dumps(
                {"redrivePermission": "byQueue", "sourceQueueArns": [self._queue_arn("queue")]}, sort_keys=True
            ),
        )

    def _queue(self, dead_letters: aws.sqs.Queue) -> aws.sqs.Queue:
        redrive = {
            "deadLetterTargetArn": dead_letters.arn,
            "maxReceiveCount": int(self._args.get("max_receives", MAX_RECEIVES)),
        }
        return self._any_queue(
            "queue",
            [self._rule_arn()],
            visibility_timeout_seconds=int(self._args.get("visibility_timeout_seconds", VISIBILITY_SECONDS)),
            message_retention_seconds=int(self._args.get("retention_seconds", RETENTION_SECONDS)),
            receive_wait_time_seconds=RECEIVE_WAIT_SECONDS,
            redrive_policy=pulumi.Output.json_dumps(redrive, sort_keys=True),
        )

    def _any_queue(self, suffix: str, senders: Sequence[str], **settings: Any) -> aws.sqs.Queue:
        name = self._queue_name(suffix)
        if self._fifo:
            settings |= {
                "content_based_deduplication": True,
                # Groups don't wait for each other, neither for order nor for throughput.
                "deduplication_scope": "messageGroup",
                "fifo_throughput_limit": "perMessageGroupId",
            }
        return aws.sqs.Queue(
            name,
            name=name,
            fifo_queue=self._fifo,
            kms_master_key_id=self._args["kms_key_arn"],
            kms_data_key_reuse_period_seconds=KEY_REUSE_SECONDS,
            policy=self._policy(suffix, senders),
            tags={"Name": name},
            opts=stateful(self, ephemeral=self._ephemeral),
            **settings,
        )

    def _policy(self, suffix: str, senders: Sequence[str]) -> pulumi.Output[str]:
        """Nobody without TLS; beyond the account's IAM policies, EventBridge may send where there is a bus."""
        queue = self._queue_arn(suffix)
        statements: list[Mapping[str, Any]] = [
            {
                "Sid": "OnlyTls",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sqs:*",
                "Resource": queue,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ]
        if "bus" in self._args:
            statements.append(
                {
                    "Sid": "EventsOfTheBus",
                    "Effect": "Allow",
                    "Principal": {"Service": "events.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": queue,
                    "Condition": {"ArnEquals": {"aws:SourceArn": list(senders)}},
                }
            )
        return policy_document(*statements)

    def _alarms(self, queue: aws.sqs.Queue, dead_letters: aws.sqs.Queue) -> None:
        age = int(self._args.get("age_alarm_seconds", AGE_ALARM_SECONDS))
        age_alarm, failed_alarm = queue_alarm_names(self._name)
        self._alarm(
            age_alarm,
            f"The oldest message has waited for {age} seconds or more: the readers don't keep up.",
            queue,
            metric_name="ApproximateAgeOfOldestMessage",
            threshold=age,
        )
        self._alarm(
            failed_alarm,
            "There are failed messages. Find the cause, then put them back.",
            dead_letters,
            metric_name="ApproximateNumberOfMessagesVisible",
            threshold=1,
        )

    def _alarm(self, name: str, description: str, queue: aws.sqs.Queue, *, metric_name: str, threshold: int) -> None:
        topics = self._args.get("alarm_topic_arns", [])
        aws.cloudwatch.MetricAlarm(
            name,
            name=name,
            alarm_description=description,
            namespace="AWS/SQS",
            metric_name=metric_name,
            dimensions={"QueueName": queue.name},
            statistic="Maximum",
            period=PERIOD_SECONDS,
            evaluation_periods=1,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=threshold,
            # A queue that was unused for six hours reports nothing, and that is no reason to alarm.
            treat_missing_data="notBreaching",
            alarm_actions=topics,
            ok_actions=topics,
            tags={"Name": name},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _stream(self, stream: BufferStreamArgs) -> pulumi.Output[str]:
        name = f"{self._name}-stream"
        return aws.kinesis.Stream(
            name,
            name=name,
            stream_mode_details={"stream_mode": "ON_DEMAND"},
            encryption_type="KMS",
            kms_key_id=self._args["kms_key_arn"],
            retention_period=int(stream.get("retention_hours", STREAM_HOURS)),
            enforce_consumer_deletion=self._ephemeral,
            tags={"Name": name},
            opts=stateful(self, ephemeral=self._ephemeral),
        ).arn

    def _bus(self, bus: BufferBusArgs, queue: aws.sqs.Queue, dead_letters: aws.sqs.Queue) -> pulumi.Output[str]:
        name = f"{self._name}-bus"
        made = aws.cloudwatch.EventBus(
            name,
            name=name,
            description=f"In front of {self._name}",
            kms_key_identifier=self._args["kms_key_arn"],
            # Events that can't be encrypted or decrypted would otherwise be lost.
            dead_letter_config={"arn": dead_letters.arn},
            tags={"Name": name},
            opts=stateful(self, ephemeral=self._ephemeral),
        )
        aws.cloudwatch.EventArchive(
            f"{self._name}-archive",
            name=f"{self._name}-archive",
            description=f"What came in over {name}",
            event_source_arn=made.arn,
            retention_days=int(bus.get("archive_days", ARCHIVE_DAYS)),
            kms_key_identifier=self._args["kms_key_arn"],
            opts=stateful(self, ephemeral=self._ephemeral),
        )
        self._delivery(made, queue, dead_letters)
        return made.name

    def _delivery(self, bus: aws.cloudwatch.EventBus, queue: aws.sqs.Queue, dead_letters: aws.sqs.Queue) -> None:
        name = self._rule_name()
        rule = aws.cloudwatch.EventRule(
            name,
            name=name,
            description=f"Everything goes to {self._queue_name('queue')}",
            event_bus_name=bus.name,
            # A pattern has to name something; the account is what all its own events have in common.
            event_pattern=pulumi.Output.json_dumps({"account": [self._args["account_id"]]}),
            tags={"Name": name},
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.cloudwatch.EventTarget(
            f"{name}-target",
            target_id="queue",
            rule=rule.name,
            event_bus_name=bus.name,
            arn=queue.arn,
            dead_letter_config={"arn": dead_letters.arn},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _queue_name(self, suffix: str) -> str:
        return queue_name(self._name, fifo=self._fifo, part=suffix)

    def _queue_arn(self, suffix: str) -> str:
        return self._arn("sqs", self._queue_name(suffix))

    def _rule_name(self) -> str:
        return f"{self._name}-to-queue"

    def _rule_arn(self) -> str:
        return self._arn("events", f"rule/{self._name}-bus/{self._rule_name()}")

    def _arn(self, service: str, resource: str) -> str:
        return resource_arn(service, self._args["region"], self._args["account_id"], resource)


def _validate(name: str, args: RequestBufferArgs) -> None:
    checks = Checks("RequestBuffer", name, RequestBufferArgs, args)
    checks.run(
        lambda: _checks.require_name(
            checks, name, limits.BUFFER_WITH_BUS_NAME_CHARACTERS if "bus" in args else limits.BUFFER_NAME_CHARACTERS
        ),
        lambda: _checks.require_account(checks, args["account_id"]),
        lambda: _validate_order(checks, args),
        lambda: _validate_queue(checks, args),
        lambda: _validate_retention(checks, args),
        lambda: _validate_topics(checks, args),
    )


def _validate_order(checks: Checks, args: RequestBufferArgs) -> None:
    checks.require(
        not (args.get("fifo", False) and "bus" in args),
        "fifo",
        got=True,
        allowed="false with a bus, which keeps no order and takes no FIFO queue for what it can't deliver",
        fix="leave one of the two out",
    )


def _validate_queue(checks: Checks, args: RequestBufferArgs) -> None:
    for path, otherwise, allowed in (
        ("visibility_timeout_seconds", VISIBILITY_SECONDS, limits.QUEUE_VISIBILITY_SECONDS),
        ("retention_seconds", RETENTION_SECONDS, limits.QUEUE_RETENTION_SECONDS),
        ("max_receives", MAX_RECEIVES, limits.QUEUE_RECEIVES),
        ("age_alarm_seconds", AGE_ALARM_SECONDS, limits.QUEUE_AGE_ALARM_SECONDS),
    ):
        got: Any = args.get(path, otherwise)
        _checks.require_between(checks, path, got, allowed, fix=f"leave it out for {otherwise}")


def _validate_retention(checks: Checks, args: RequestBufferArgs) -> None:
    hours = args.get("stream", {}).get("retention_hours", STREAM_HOURS)
    days = args.get("bus", {}).get("archive_days", ARCHIVE_DAYS)
    _checks.require_between(
        checks,
        "stream.retention_hours",
        hours,
        limits.STREAM_RETENTION_HOURS,
        fix=f"leave it out for {STREAM_HOURS}",
    )
    _checks.require_between(
        checks, "bus.archive_days", days, limits.BUS_ARCHIVE_DAYS, fix=f"leave it out for {ARCHIVE_DAYS}"
    )


def _validate_topics(checks: Checks, args: RequestBufferArgs) -> None:
    topics = args.get("alarm_topic_arns", [])
    checks.require(
        len(topics) <= limits.ALARM_ACTIONS,
        "alarm_topic_arns",
        got=f"{len(topics)} topics",
        allowed=f"at most {limits.ALARM_ACTIONS}",
        fix="subscribe everybody to one topic",
    )
