"""What is broken of residency."""

import json
from typing import Any

from haven.program import aws_types as aws
from haven.program.recording import Recording
from haven_policies.rules.values import value_at
from tests.policies.breaking import Change, Mutation, adding, as_it_is, find, putting, setting

REPLICAS, BACKUPS = "replicas-in-allowed-regions", "backups-in-allowed-regions"
LOGS, EVENTS = "logs-in-allowed-regions", "events-in-allowed-regions"
STORES, UNKNOWN = "stores-in-allowed-regions", "destinations-known"

TABLE = aws.DYNAMODB_TABLE
REPLICATION = aws.S3_BUCKET_REPLICATION_CONFIG
PLAN = aws.BACKUP_PLAN
QUEUE = aws.SQS_QUEUE
IMAGES = aws.ECR_REPLICATION_CONFIGURATION
BALANCER = aws.LB_LOAD_BALANCER
SUBSCRIPTION = aws.SNS_TOPIC_SUBSCRIPTION
TARGET = aws.CLOUDWATCH_EVENT_TARGET
STATES, IRELAND, GERMANY = "us-east-1", "eu-west-1", "eu-central-1"
OWN, OTHER = "111122223333", "444455556666"


def appending(type_: str, path: str, value: Any, *words: str) -> Change:
    """Adds a member to a list of a resource; the list's path in the style of `value_at`, without indices in its end."""

    def change(recording: Recording) -> Recording:
        record = find(recording, type_, *words)
        there = value_at(record.inputs, path) or []
        dotted = path.replace("[", ".").replace("]", "")
        return putting(record, dotted, [*there, value])(recording)

    return change


def residency(**config: Any) -> dict[str, str]:
    """The config of data classes."""
    return {"residency": json.dumps(config)}


def at_home(store: str, **others: str) -> dict[str, str]:
    """A class for one store whose data may be in Ireland alone; all other data may be anywhere."""
    classes = {"home": {"regions": [IRELAND]}, "any": {}}
    return residency(classes=classes, default="any", stores={**others, store: "home"})


_EUROPE = residency(classes={"personal": {"presets": ["gdpr"]}}, default="personal")
_KEY = f"arn:aws:kms:{STATES}:{OWN}:key/mrk-elsewhere"
_VAULT = "arn:aws:backup:{}:{}:backup-vault:elsewhere"

_STORES = (
    Mutation(STORES, "warm", "a queue abroad", setting(QUEUE, "region", STATES, "requests-euw1-queue")),
    Mutation(STORES, "demo", "a parameter abroad", setting(aws.SSM_PARAMETER, "region", STATES, "serving/model")),
    Mutation(STORES, "active-active", "a repository abroad", setting(aws.ECR_REPOSITORY, "region", STATES)),
    Mutation(
        STORES,
        "demo",
        "parameters that have to be in the United States",
        as_it_is,
        judged_as=residency(classes={"health": {"presets": ["hipaa"]}}, stores={"parameters": "health"}),
    ),
)

_REPLICAS = (
    Mutation(
        REPLICAS,
        "active-active",
        "a third replica of a table",
        appending(
            TABLE,
            "replicas",
            {
                "regionName": STATES,
                "kmsKeyArn": _KEY,
                "deletionProtectionEnabled": True,
                "pointInTimeRecovery": True,
            },
            "sessions",
        ),
    ),
    Mutation(
        REPLICAS,
        "warm",
        "the replica of a table in a third Region",
        setting(aws.DYNAMODB_TABLE_REPLICA, "region", STATES, "features"),
    ),
    Mutation(
        REPLICAS,
        "warm",
        "a witness of a table in a third Region",
        setting(TABLE, "globalTableWitness", {"regionName": STATES}, "features"),
    ),
    Mutation(
        REPLICAS,
        "pilot-light",
        "a third replica of a secret",
        appending(aws.SECRETSMANAGER_SECRET, "replicas", {"region": STATES, "kmsKeyId": _KEY}, "model-hub"),
        config=_EUROPE,
    ),
    Mutation(
        REPLICAS,
        "warm",
        "a member of the database abroad",
        setting(aws.RDS_CLUSTER, "region", STATES, region=GERMANY),
    ),
    Mutation(
        REPLICAS,
        "warm",
        "a member of the cache abroad",
        setting(aws.ELASTICACHE_REPLICATION_GROUP, "region", STATES, region=GERMANY),
    ),
    Mutation(
        REPLICAS,
        "active-active",
        "a replica of a key abroad",
        setting(aws.KMS_REPLICA_KEY, "region", STATES),
    ),
    Mutation(
        REPLICAS,
        "account",
        "images copied abroad",
        appending(IMAGES, "replicationConfiguration.rules[0].destinations", {"region": STATES, "registryId": OWN}),
    ),
    Mutation(
        REPLICAS,
        "active-active",
        "a bucket behind an access point abroad",
        setting(aws.S3_BUCKET, "region", STATES, "models", region=GERMANY),
        config=_EUROPE,
    ),
    Mutation(
        REPLICAS,
        "warm",
        "a bucket whose data may not leave one Region",
        as_it_is,
        judged_as=at_home("buckets.models", backups="any"),
    ),
    Mutation(
        REPLICAS,
        "warm",
        "a table whose data two presets and a list leave one Region",
        as_it_is,
        judged_as=residency(
            classes={"home": {"presets": ["gdpr", "swiss-fadp"], "regions": [IRELAND, "eu-west-2"]}, "any": {}},
            default="any",
            stores={"tables.features": "home", "backups": "any"},
        ),
    ),
)

_BACKUPS = (
    Mutation(
        BACKUPS,
        "backup",
        "a backup copied to a forbidden Region",
        appending(PLAN, "rules[0].copyActions", {"destinationVaultArn": _VAULT.format(STATES, OWN)}),
    ),
    Mutation(BACKUPS, "warm", "backups that may not leave their Region", as_it_is, judged_as=at_home("backups")),
    Mutation(
        BACKUPS,
        "warm",
        "backups of everything, where one class may not leave its Region",
        as_it_is,
        judged_as=at_home("volumes"),
    ),
    Mutation(
        BACKUPS,
        "pilot-light",
        "a snapshot copied abroad",
        adding(
            aws.RDS_CLUSTER_SNAPSHOT_COPY,
            "copied",
            {
                "sourceDbClusterSnapshotIdentifier": f"arn:aws:rds:{IRELAND}:{OWN}:cluster-snapshot:last",
                "targetDbClusterSnapshotIdentifier": "haven-pilot-light-copied",
                "destinationRegion": STATES,
                "kmsKeyId": _KEY,
            },
            IRELAND,
        ),
    ),
)

_LOGS = (
    Mutation(
        LOGS,
        "warm",
        "flow logs written abroad",
        setting(aws.EC2_FLOW_LOG, "logDestination", f"arn:aws:logs:{STATES}:{OWN}:log-group:flows"),
    ),
    Mutation(
        LOGS,
        "warm",
        "logs of a balancer in a bucket abroad",
        setting(aws.S3_BUCKET, "region", STATES, "euw1", "logs"),
        config=_EUROPE,
    ),
    Mutation(
        LOGS,
        "active-active",
        "logs of the firewall streamed abroad",
        setting(
            aws.WAFV2_WEB_ACL_LOGGING_CONFIGURATION,
            "logDestinationConfigs.0",
            f"arn:aws:firehose:{STATES}:{OWN}:deliverystream/aws-waf-logs-all",
        ),
    ),
    Mutation(
        LOGS,
        "account",
        "the trail's log group abroad",
        setting(aws.CLOUDTRAIL_TRAIL, "cloudWatchLogsGroupArn", f"arn:aws:logs:{STATES}:{OWN}:log-group:trail:*"),
    ),
    Mutation(
        LOGS,
        "demo",
        "a log group that sends its lines abroad",
        adding(
            aws.CLOUDWATCH_LOG_SUBSCRIPTION_FILTER,
            "lines",
            {
                "name": "haven-demo-lines",
                "logGroup": "haven-demo-anything",
                "filterPattern": "",
                "destinationArn": f"arn:aws:logs:{STATES}:000000000000:destination:lines",
            },
            IRELAND,
        ),
    ),
)

_EVENTS = (
    Mutation(
        EVENTS,
        "demo",
        "events that a bus sends abroad",
        adding(
            TARGET,
            "far",
            {
                "rule": "haven-demo-requests-euw1-to-queue",
                "eventBusName": "haven-demo-requests-euw1-bus",
                "arn": f"arn:aws:events:{STATES}:000000000000:event-bus/far",
            },
            IRELAND,
        ),
    ),
    Mutation(
        EVENTS,
        "warm",
        "a subscription of a queue abroad",
        adding(
            SUBSCRIPTION,
            "far",
            {
                "topic": f"arn:aws:sns:{IRELAND}:{OWN}:haven-warm-notify",
                "protocol": "sqs",
                "endpoint": f"arn:aws:sqs:{STATES}:{OWN}:far",
            },
            IRELAND,
        ),
    ),
)

_UNKNOWN = (
    Mutation(
        UNKNOWN,
        "warm",
        "objects replicated into a bucket of unknown Region",
        appending(REPLICATION, "rules", {"destination": {"bucket": "arn:aws:s3:::elsewhere"}}, "models"),
    ),
    Mutation(
        UNKNOWN,
        "active-active",
        "an access point over a bucket of unknown Region",
        appending(aws.S3CONTROL_MULTI_REGION_ACCESS_POINT, "details.regions", {"bucket": "elsewhere"}),
    ),
    Mutation(
        UNKNOWN,
        "account",
        "records of the configuration in a bucket of unknown Region",
        setting(aws.CFG_DELIVERY_CHANNEL, "s3BucketName", "elsewhere"),
    ),
    Mutation(
        UNKNOWN,
        "demo",
        "a model called in whatever Region has room",
        adding(
            aws.BEDROCK_INFERENCE_PROFILE,
            "anywhere",
            {
                "name": "haven-demo-anywhere",
                "modelSource": {"copyFrom": f"arn:aws:bedrock:{IRELAND}:000000000000:inference-profile/eu.model"},
            },
            IRELAND,
        ),
    ),
)

_PEOPLE = (
    Mutation(
        "own-accounts-only",
        "backup",
        "a backup copied into another account",
        appending(PLAN, "rules[0].copyActions", {"destinationVaultArn": _VAULT.format(GERMANY, OTHER)}),
    ),
    Mutation(
        "own-accounts-only",
        "account",
        "images copied into another account",
        appending(IMAGES, "replicationConfiguration.rules[0].destinations", {"region": GERMANY, "registryId": OTHER}),
    ),
    Mutation(
        "messages-stay-in-aws",
        "warm",
        "a subscription of a mailbox",
        adding(
            SUBSCRIPTION,
            "mailbox",
            {
                "topic": f"arn:aws:sns:{IRELAND}:{OWN}:haven-warm-notify",
                "protocol": "email",
                "endpoint": "team@example.com",
            },
            IRELAND,
        ),
        config=_EUROPE,
    ),
)

MUTATIONS = (*_STORES, *_REPLICAS, *_BACKUPS, *_LOGS, *_EVENTS, *_UNKNOWN, *_PEOPLE)
