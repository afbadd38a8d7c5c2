"""What a failover leaves behind: the old volume's snapshot, closed subnets, applications that still don't write,
instances under the manifest's names."""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from haven.runbooks.clients import Client
from haven.runbooks.failover.database import AVAILABLE, KEPT, OF_THE_OLD_VOLUME, copying, fitting, kept_as
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.observation import Answer
from haven.runbooks.reconcile.checks import Check, unknown
from haven.runbooks.serving import mode
from haven.runbooks.status import closed
from haven.runbooks.status.closed import ACLS, MODE, QUEUES
from haven.runbooks.status.readings import Answers, Questions, State

_RESTORED_LENGTH = 61
"""Of a restored cluster's name; its instance's has two more, and RDS takes 63 (botocore's model of RDS; read
2026-11-27)."""
RESTORED = "haven-compare-"
"""What names of restored clusters begin with; the heartbeat's function logs in to no other one."""
SNAPSHOTS, INSTANCES = "divergence", "instances"


def questions(manifest: RecoveryManifest, client: Client) -> Questions:
    """Both Regions are asked the same: who writes isn't known yet."""

    def snapshots(region: str) -> list[Mapping[str, Any]]:
        cluster = manifest.sides[region].database.cluster
        pages = client("rds", region).get_paginator("describe_db_cluster_snapshots")
        return [each for page in pages.paginate(DBClusterIdentifier=cluster) for each in page["DBClusterSnapshots"]]

    def instances(region: str) -> list[str]:
        named = {"Name": "db-cluster-id", "Values": [manifest.sides[region].database.cluster]}
        answer = client("rds", region).describe_db_instances(Filters=[named])
        return [each["DBInstanceIdentifier"] for each in answer["DBInstances"]]

    return {
        **{(SNAPSHOTS, region): partial(snapshots, region) for region in manifest.both},
        **{(INSTANCES, region): partial(instances, region) for region in manifest.both},
        **closed.questions(manifest, client),
    }


def old_volume(
    manifest: RecoveryManifest, answers: Answers, writer: str, *, unplanned: bool | None, without: str
) -> Iterator[Check]:
    """Whether what only the old side has is kept for somebody who compares it.

    Args:
        manifest: the environment's.
        answers: to `questions`.
        writer: the Region that writes.
        unplanned: whether it was promoted without the other one. None: nobody knows.
        without: why no snapshot is needed; empty: nobody gave a reason.
    """
    yield from _of_earlier(writer, answers[SNAPSHOTS, writer])
    region = manifest.other(writer)
    answer = answers[SNAPSHOTS, region]
    if not answer.known:
        yield unknown(SNAPSHOTS, region, "what Aurora kept of the old volume", answer)
        return
    found = _by_name(answer)
    taken = {each: kept_as(each, found) for each in sorted(found) if each.startswith(OF_THE_OLD_VOLUME)}
    for snapshot, copy in taken.items():
        yield _of_snapshot(manifest, region, snapshot, copy, str(found[copy]["Status"]) if copy else "")
    copies = sorted({each for each in found if each.startswith(KEPT)} - set(taken.values()))
    for copy in copies:
        description = f"{copy} has what an old volume had: compare before anybody deletes it"
        yield Check(SNAPSHOTS, region, State.OK, description, comparing(manifest, region, copy))
    if not taken and not copies:
        yield _none(region, unplanned=unplanned, without=without)


def _of_earlier(writer: str, answer: Answer) -> Iterator[Check]:
    """What an unplanned failover to the writing Region may have left there: it waits for no copy."""
    found = _by_name(answer)
    for snapshot in sorted(each for each in found if each.startswith(OF_THE_OLD_VOLUME)):
        if not kept_as(snapshot, found):
            description = f"{snapshot}, of an earlier failover, goes with the cluster's automated backups"
            yield Check(SNAPSHOTS, writer, State.WRONG, description, [copying(writer, snapshot)])


def _by_name(answer: Answer) -> Mapping[str, Mapping[str, Any]]:
    return {str(each["DBClusterSnapshotIdentifier"]): each for each in answer.value or ()}


def _of_snapshot(manifest: RecoveryManifest, region: str, snapshot: str, name: str, state: str) -> Check:
    if not name:
        description = f"{snapshot} goes with the cluster's automated backups, and nobody has copied it"
        return Check(SNAPSHOTS, region, State.WRONG, f"{description}; --keep does", [copying(region, snapshot)])
    if state != AVAILABLE:
        return Check(SNAPSHOTS, region, State.UNKNOWN, f"{name}, the copy of {snapshot}, is {state}")
    description = f"{snapshot} is kept as {name}: compare before anybody deletes it"
    return Check(SNAPSHOTS, region, State.OK, description, comparing(manifest, region, name))


def comparing(manifest: RecoveryManifest, region: str, copy: str) -> list[str]:
    """The commands that restore a kept snapshot beside the member, and compare both."""
    side, name = manifest.sides[region].database, fitting(f"{RESTORED}{copy.removeprefix(KEPT)}", _RESTORED_LENGTH)
    groups = f"aws rds describe-db-clusters --region {region} --db-cluster-identifier {side.cluster} --output text"
    return [
        f"aws rds restore-db-cluster-from-snapshot --region {region} --engine aurora-postgresql"
        f" --db-cluster-identifier {name} --snapshot-identifier {copy} --db-subnet-group-name {side.subnet_group}"
        f" --vpc-security-group-ids $({groups} --query 'DBClusters[0].VpcSecurityGroups[].VpcSecurityGroupId')",
        f"aws rds create-db-instance --region {region} --engine aurora-postgresql --db-instance-identifier {name}-1"
        f" --db-cluster-identifier {name} --db-instance-class {manifest.database.instance_class}",
        f"haven reconcile {manifest.named} --old-volume {name}",
    ]


def _none(region: str, *, unplanned: bool | None, without: str) -> Check:
    if unplanned is False:
        return Check(SNAPSHOTS, region, State.OK, "no unplanned failover, so no old volume with writes of its own")
    if without:
        return Check(SNAPSHOTS, region, State.OK, f"no snapshot of the old volume; accepted: {without}")
    missing = f"Aurora kept no snapshot {OF_THE_OLD_VOLUME}… of the old volume"
    if unplanned is None:
        return Check(SNAPSHOTS, region, State.UNKNOWN, f"{missing}; whether the failover was planned isn't known")
    return Check(
        SNAPSHOTS,
        region,
        State.WRONG,
        f"{missing}: look for other traces of writes (clients' logs, queues), then give --without-snapshot REASON",
    )


def still_closed(manifest: RecoveryManifest, answers: Answers, writer: str | None) -> Iterator[Check]:
    """The entries with which a failover closed a Region to clients.

    Args:
        manifest: of the environment.
        answers: of both Regions.
        writer: the Region that the database is written in. None: nobody knows.
    """
    for region in manifest.both:
        answer = answers[ACLS, region]
        if not answer.known:
            yield unknown(ACLS, region, "whether the data subnets are open", answer)
        elif answer.value:
            commands = [
                f"aws ec2 delete-network-acl-entry --region {region} --network-acl-id {acl} --rule-number {number}"
                " --ingress"
                for acl, number in answer.value
            ]
            then = "once this side takes no writes"
            if region == writer:
                then = "now, for nobody else can write; where a failover is open, end it instead"
            description = f"the data subnets are closed to clients; open them {then}"
            yield Check(ACLS, region, State.WRONG, description, commands)
        else:
            yield Check(ACLS, region, State.OK, "the data subnets are open")


def still_stopped(manifest: RecoveryManifest, answers: Answers) -> Iterator[Check]:
    """Queues that a failover closed to consumers, in a Region that has some."""
    for region in manifest.both:
        answer = answers[QUEUES, region]
        if not answer.known:
            yield unknown(QUEUES, region, "whether consumers get messages", answer)
        elif answer.value:
            commands = [
                f"aws sqs set-queue-attributes --region {region} --queue-url {url} --attributes"
                f" {shlex.quote(json.dumps({'Policy': policy.opening()}))}"
                for url, policy in answer.value.values()
            ]
            names = ", ".join(sorted(answer.value))
            description = f"closed to consumers: {names}; open them once those may write, before messages expire"
            yield Check(QUEUES, region, State.WRONG, description, commands)
        elif manifest.sides[region].queues:
            yield Check(QUEUES, region, State.OK, "consumers get messages")


def still_read_only(manifest: RecoveryManifest, answers: Answers) -> Iterator[Check]:
    """Applications that are still asked not to write."""
    name = manifest.operations.mode if manifest.operations else ""
    for region in manifest.both:
        answer = answers[MODE, region]
        if not answer.known:
            yield unknown(MODE, region, "whether applications may write", answer)
        elif answer.value == mode.READ_ONLY:
            where = f"--region {region} --name {name}"
            command = f"aws ssm put-parameter {where} --value {mode.READ_WRITE} --type String --overwrite"
            description = "applications are asked not to write; end what is open in the journal, else set it back"
            yield Check(MODE, region, State.WRONG, description, [command])


def existing(manifest: RecoveryManifest, answers: Answers) -> dict[str, str]:
    """Name of each database instance that AWS has to its Region."""
    known: Mapping[str, Answer] = {region: answers[INSTANCES, region] for region in manifest.both}
    listed: Sequence[tuple[str, str]] = [(name, region) for region, each in known.items() for name in each.value or ()]
    return dict(listed)
