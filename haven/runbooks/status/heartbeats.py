"""The age of the newest heartbeat that arrived in each store and in each shard of the cache: what an unplanned failover
would go by."""

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from haven.base.terminal import plural
from haven.runbooks.clients import Client
from haven.runbooks.failover.guard import within_ms
from haven.runbooks.failover.loss import DATABASE, HEARTBEATS
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.observation import Answer
from haven.runbooks.status.readings import Answers, Questions, Reading, State, duration, unknown

AREA = "heartbeats"


def questions(manifest: RecoveryManifest, client: Client) -> Questions:
    """Each Region's own operations table: who writes is not known yet."""

    def arrived(region: str, table: str) -> Mapping[str, float]:
        items = [each for page in pages(client("dynamodb", region), table) for each in page["Items"]]
        return {each["entry"]["S"]: time.time() - float(each["newest"]["N"]) / 1000 for each in items}

    tables = manifest.operations.tables if manifest.operations is not None else {}
    return {(AREA, region): partial(arrived, region, tables[region]) for region in manifest.both if region in tables}


def pages(dynamodb: Any, table: str) -> list[Mapping[str, Any]]:
    """DynamoDB's answers with every heartbeat of an operations table."""
    condition = {"KeyConditionExpression": "id = :id", "ExpressionAttributeValues": {":id": {"S": HEARTBEATS}}}
    return list(dynamodb.get_paginator("query").paginate(TableName=table, **condition))


def readings(manifest: RecoveryManifest, answers: Answers, writer: str | None) -> Iterator[Reading]:
    """What arrived in the Region that is not written."""
    receiver = manifest.other(writer or manifest.regions.primary)
    answer = answers.get((AREA, receiver))
    if answer is None or manifest.operations is None:
        return
    if not answer.known:
        yield unknown(AREA, receiver, answer)
        return
    yield from _stores(manifest, receiver, answer)


def _stores(manifest: RecoveryManifest, receiver: str, answer: Answer) -> Iterator[Reading]:
    assert manifest.operations is not None  # noqa: S101  the caller has looked
    ages: Mapping[str, float] = answer.value or {}
    unread = {DATABASE} if manifest.sides[receiver].database.standby == 0 else set[str]()
    stores, within = manifest.operations.heartbeats.stores, manifest.operations.heartbeats.objects_within_minutes
    fine: list[str] = []
    for store, ordered in stores.items():
        age = ages.get(store)
        late = age is None or age > within_ms(store, within) / 1000
        if late and store in unread:
            yield _reading(receiver, State.OK, f"{store}: a headless member, which can't be read", None)
        elif late:
            found = "none" if age is None else f"the newest one is {duration(age)} old"
            yield _reading(receiver, State.WRONG, f"{store}: {found}", age)
        elif ordered:
            yield _reading(receiver, State.OK, f"{store}: the newest one is {duration(ages[store])} old", age)
        else:
            fine.append(store)
    yield from _summary(receiver, [ages[each] for each in fine])


def _summary(receiver: str, ages: Sequence[float]) -> Iterator[Reading]:
    if ages:
        oldest = max(ages)
        what = f"{plural(len(ages), 'other store')}, tables and buckets: the oldest one is {duration(oldest)} old"
        yield _reading(receiver, State.OK, what, oldest)


def _reading(receiver: str, state: State, description: str, age: float | None) -> Reading:
    return Reading(AREA, receiver, state, description, None if age is None else max(0.0, age))
