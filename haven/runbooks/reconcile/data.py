"""Whether both Regions have the same data: tables by counts and samples, buckets by their listings.

Where not every item is asked for, this is a sample or a count, never a proof: a difference is shown, the absence of one
isn't.
"""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from haven.base.terminal import plural
from haven.runbooks.clients import Client
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.observation import ask_all
from haven.runbooks.reconcile.checks import EVERY_ROW_SECONDS, Check, unknown
from haven.runbooks.status.readings import Answers, Questions, State

AREA = "data"
WITHIN_SECONDS = 60.0
"""For all comparisons together."""
_SAMPLE = 100
"""Items of a table from each Region; BatchGetItem takes no more (DynamoDB API, read 2026-11-26)."""
_PAGES, _SHOWN = 5, 3
_SETTLE_SECONDS = 3.0
"""Between two looks at a difference: replication takes about a second. An assumption."""
_READS, _FIRST_SECONDS = 5, 0.2
"""How often keys are asked for that DynamoDB left out, and the first pause, which doubles: it asks for exponential
backoff (DynamoDB API, BatchGetItem, UnprocessedKeys; read 2026-11-27)."""
_REPLICATION = "aws:rep:"
"""Attributes that older global tables add to each item."""


def compared(manifest: RecoveryManifest, client: Client, *, every_row: bool) -> Iterator[Check]:
    """Ask, and say what differs.

    Args:
        manifest: the environment's.
        client: makes the clients.
        every_row: whether every item of a table is compared, however long it takes, rather than a sample.
    """
    asked = questions(manifest, client, every_row=every_row)
    return checks(ask_all(asked, EVERY_ROW_SECONDS if every_row else WITHIN_SECONDS))


def questions(manifest: RecoveryManifest, client: Client, *, every_row: bool = False) -> Questions:
    """Tables and buckets that both Regions have."""
    first, second = manifest.both
    buckets = manifest.sides[first].buckets.keys() & manifest.sides[second].buckets.keys()
    table = partial(_table, client, manifest.both, every_row)
    return {
        **{(f"table {name}", ""): partial(table, name) for name in manifest.replicated_tables},
        **{(f"bucket {name}", ""): partial(_bucket, client, manifest, name) for name in sorted(buckets)},
    }


def checks(answers: Answers) -> Iterator[Check]:
    """What differs."""
    for (what, _), answer in answers.items():
        if not answer.known:
            yield unknown(AREA, "", what, answer)
        elif answer.value is None:
            yield Check(AREA, "", State.WRONG, f"{what} doesn't exist in both Regions")
        else:
            differences, size, unread, names = answer.value
            text = "; ".join([*differences, *unread]) or f"no difference in {size}"
            state = State.UNKNOWN if unread else State.OK
            yield Check(AREA, "", State.WRONG if differences else state, f"{what}: {text}", names=names)


_Compared = tuple[list[str], str, list[str], list[str]]
"""What differs, what was compared, what couldn't be, and the keys of items that differ."""


def _table(client: Client, regions: Sequence[str], every_row: bool, name: str) -> _Compared:
    """Items of each Region, looked up in both."""
    clients = {region: client("dynamodb", region) for region in regions}
    described = {region: each.describe_table(TableName=name)["Table"] for region, each in clients.items()}
    key = [each["AttributeName"] for each in described[regions[0]]["KeySchema"]]
    item = "item" if every_row else "sampled item"
    found: list[str] = []
    left_out: list[str] = []
    names: dict[str, None] = {}
    size = 0
    for here, there in (regions, regions[::-1]):
        missing, differing, unread, count = 0, 0, 0, 0
        for keys in _keys(clients[here], name, key, every_row=every_row):
            count += len(keys)
            other, others = _settled(clients, name, keys)
            present, left = _items(clients[there], name, other)
            lacking = [each for each in other if _text(each) not in {*present, *left}]
            names |= dict.fromkeys(
                ", ".join(str(one) for value in each.values() for one in value.values()) for each in other
            )
            missing, differing, unread = missing + len(lacking), differing + len(other) - len(lacking), unread + others
        size += count
        for number, how in ((missing, f"not in {there}"), (differing, f"differ in {there}")):
            found += [f"{number} of {count} {item}s of {here} {how}"] if number else []
        if unread:
            left_out.append(f"{unread} of {count} {item}s of {here} couldn't be read: DynamoDB left them out")
    counts = ", ".join(f"{each['ItemCount']} in {region}" for region, each in described.items())
    compared = f"{plural(size, item)}; items as of DynamoDB's last count, up to six hours ago: {counts}"
    return found, compared, left_out, list(names)


def _keys(dynamodb: Any, name: str, key: Sequence[str], *, every_row: bool) -> Iterator[list[Mapping[str, Any]]]:
    """The keys of a Region's items, as many as can be looked up at once; of a sample the first ones alone."""
    request: Mapping[str, Any] = {"TableName": name, "Limit": _SAMPLE}
    while request:
        answer = dynamodb.scan(**request)
        yield [{each: item[each] for each in key} for item in answer["Items"]]
        last = answer.get("LastEvaluatedKey") if every_row else None
        request = {**request, "ExclusiveStartKey": last} if last else {}


def _settled(
    clients: Mapping[str, Any], name: str, keys: Sequence[Mapping[str, Any]]
) -> tuple[Sequence[Mapping[str, Any]], int]:
    """What differs in two looks, and how many couldn't be read in one of them."""
    differing, unread = _differing(clients, name, keys)
    if differing:
        time.sleep(_SETTLE_SECONDS)
        differing, again = _differing(clients, name, differing)
        unread += again
    return differing, unread


def _differing(
    clients: Mapping[str, Any], name: str, keys: Sequence[Mapping[str, Any]]
) -> tuple[list[Mapping[str, Any]], int]:
    """The keys under which the Regions don't have the same item, without those that both have deleted; and how many
    couldn't be read in one of them, which says nothing."""
    (first, unread), (second, others) = (_items(each, name, keys) for each in clients.values())
    unread |= others
    read = [each for each in keys if _text(each) not in unread]
    return [each for each in read if first.get(_text(each)) != second.get(_text(each))], len(unread)


def _items(dynamodb: Any, name: str, keys: Sequence[Mapping[str, Any]]) -> tuple[dict[str, str], set[str]]:
    """Key to the digest of its item, and the keys that DynamoDB left out each time."""
    found: dict[str, str] = {}
    asked: Mapping[str, Any] = {name: {"Keys": list(keys), "ConsistentRead": True}} if keys else {}
    for attempt in range(_READS):
        if not asked:
            break
        if attempt:
            time.sleep(_FIRST_SECONDS * 2 ** (attempt - 1))
        answer = dynamodb.batch_get_item(RequestItems=asked)
        items = answer["Responses"].get(name, [])
        found |= {_text({each: item[each] for each in keys[0]}): _digest(item) for item in items}
        asked = answer.get("UnprocessedKeys") or {}
    return found, {_text(each) for each in asked.get(name, {}).get("Keys", ())}


def _digest(item: Mapping[str, Any]) -> str:
    own = {name: value for name, value in item.items() if not name.startswith(_REPLICATION)}
    return hashlib.sha256(_text(own).encode()).hexdigest()


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(_ordered(value), sort_keys=True, default=repr)


def _ordered(value: Any) -> Any:
    """Sets of DynamoDB have no order."""
    if isinstance(value, Mapping):
        return {
            name: sorted(each, key=repr) if name in ("SS", "NS", "BS") else _ordered(each)
            for name, each in value.items()
        }
    return [_ordered(each) for each in value] if isinstance(value, list) else value


def _bucket(client: Client, manifest: RecoveryManifest, name: str) -> _Compared:
    """Objects of one Region without a replica in the other one, of the first some thousand of each."""
    buckets = {region: manifest.sides[region].buckets[name] for region in manifest.both}
    listed = {region: _listing(client("s3", region), bucket) for region, bucket in buckets.items()}
    ends = [end for _, end in listed.values() if end is not None]
    compared = {
        region: {key: size for key, size in found.items() if not ends or key <= min(ends)}
        for region, (found, _) in listed.items()
    }
    differences = []
    for here in manifest.both:
        there = manifest.other(here)
        missing = [key for key, size in compared[here].items() if compared[there].get(key) != size]
        if missing:
            status = [_replication(client("s3", here), buckets[here], key) for key in missing[:_SHOWN]]
            more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
            differences.append(f"without an equal replica in {there}: {', '.join(status)}{more}")
    count = sum(map(len, compared.values()))
    return differences, plural(count, "object") + (" (the first ones of each)" if ends else ""), [], []


def _listing(s3: Any, bucket: str) -> tuple[dict[str, int], str | None]:
    """Key to size, and the last key that was read where there are more."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    found: dict[str, int] = {}
    for number, page in enumerate(pages, start=1):
        found |= {each["Key"]: each["Size"] for each in page.get("Contents", [])}
        if number == _PAGES and page.get("IsTruncated"):
            return found, next(reversed(found))
    return found, None


def _replication(s3: Any, bucket: str, key: str) -> str:
    status = s3.head_object(Bucket=bucket, Key=key).get("ReplicationStatus", "no replication status")
    return f"{key} ({status})"
