"""Whether both Regions have the same data: tables by counts and samples, buckets by their listings.

Everything here is a sample or a count, never a proof: a difference is shown, the absence of one isn't.
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
from haven.runbooks.reconcile.checks import Check, unknown
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


def questions(manifest: RecoveryManifest, client: Client) -> Questions:
    """Tables and buckets that both Regions have."""
    first, second = manifest.both
    buckets = manifest.sides[first].buckets.keys() & manifest.sides[second].buckets.keys()
    return {
        **{(f"table {name}", ""): partial(_table, client, name, manifest.both) for name in manifest.replicated_tables},
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
            differences, compared, unread = answer.value
            text = "; ".join([*differences, *unread]) or f"no difference in {compared}"
            state = State.UNKNOWN if unread else State.OK
            yield Check(AREA, "", State.WRONG if differences else state, f"{what}: {text}")


_Compared = tuple[list[str], str, list[str]]
"""What differs, what was compared, and what couldn't be."""


def _table(client: Client, name: str, regions: Sequence[str]) -> _Compared:
    """A sample of each Region, looked up in both."""
    clients = {region: client("dynamodb", region) for region in regions}
    described = {region: each.describe_table(TableName=name)["Table"] for region, each in clients.items()}
    key = [each["AttributeName"] for each in described[regions[0]]["KeySchema"]]
    found: list[str] = []
    left_out: list[str] = []
    size = 0
    for here, there in (regions, regions[::-1]):
        sample = clients[here].scan(TableName=name, Limit=_SAMPLE)["Items"]
        keys = [{each: item[each] for each in key} for item in sample]
        size += len(keys)
        differing, unread = _differing(clients, name, keys)
        if differing:
            time.sleep(_SETTLE_SECONDS)
            differing, again = _differing(clients, name, differing)
            unread += again
        missing = [each for each in differing if _items(clients[there], name, [each]) == ({}, set())]
        for count, how in ((len(missing), f"not in {there}"), (len(differing) - len(missing), f"differ in {there}")):
            found += [f"{count} of {len(keys)} sampled items of {here} {how}"] if count else []
        if unread:
            left_out.append(f"{unread} of {len(keys)} sampled items of {here} couldn't be read: DynamoDB left them out")
    counts = ", ".join(f"{each['ItemCount']} in {region}" for region, each in described.items())
    compared = f"{plural(size, 'sampled item')}; items as of DynamoDB's last count, up to six hours ago: {counts}"
    return found, compared, left_out


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
    return differences, plural(count, "object") + (" (the first ones of each)" if ends else ""), []


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
