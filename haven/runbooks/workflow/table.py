"""The operations table of one Region: lease, journal and heartbeats. Read strongly consistently, written on conditions.

Its key is `id` and `entry`, both strings. It is a table of that Region alone: a global table takes the last writer's
word, and a lock can't.
"""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from haven.runbooks.workflow.requests import Answer, Call, RefusedError, pages

CONDITION_FAILED = "ConditionalCheckFailedException"
_ADDED = {":zero": {"N": "0"}, ":one": {"N": "1"}}


@dataclass(frozen=True)
class Table:
    """One table."""

    region: str
    name: str

    async def get(self, id_: str, entry: str, *, observes: bool = False) -> Mapping[str, Any] | None:
        """An item's attributes; None: there is none.

        Args:
            id_: the first part of its key.
            entry: the second part.
            observes: whether the table is in a Region that may be lost.

        Raises:
            CallError: no answer.
        """
        arguments = {"TableName": self.name, "Key": _key(id_, entry), "ConsistentRead": True}
        answer = await Call("dynamodb", self.region, "get_item", arguments, observes=observes)
        return plain(answer["Item"]) if answer.get("Item") else None

    async def put_new(self, id_: str, entry: str, attributes: Mapping[str, Any]) -> bool:
        """Write an item that isn't there yet; False: it was.

        Raises:
            CallError: no answer.
        """
        item = {**_key(id_, entry), **_typed(attributes)}
        arguments = {"TableName": self.name, "Item": item, "ConditionExpression": "attribute_not_exists(id)"}
        return await self._conditional("put_item", arguments)

    async def update(
        self, id_: str, entry: str, *, where: Mapping[str, Any] | None, to: Mapping[str, Any], add: str = ""
    ) -> bool:
        """Change an item on a condition; False: it isn't met.

        Args:
            id_: the first part of its key.
            entry: the second part.
            where: what its attributes must be now; None: it must not exist.
            to: attributes to set.
            add: an attribute to which 1 is added.

        Raises:
            CallError: no answer.
        """
        changes, condition, names = _expressions(None if where is None else tuple(where), tuple(to), add)
        values = {f":w_{name}": _value(value) for name, value in where.items()} if where else {}
        for name, value in to.items():
            values[f":s_{name}"] = _value(value)
        if add:
            values |= _ADDED
        arguments = {
            "TableName": self.name,
            "Key": _key(id_, entry),
            "UpdateExpression": changes,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }
        return await self._conditional("update_item", arguments)

    async def query(self, id_: str, *, observes: bool = False) -> tuple[list[Mapping[str, Any]], Answer]:
        """Every item under an id in the order of `entry`, and the last page's answer.

        Args:
            id_: the first part of their keys.
            observes: whether the table is in a Region that may be lost.

        Raises:
            CallError: no answer.
        """
        arguments = {
            "TableName": self.name,
            "KeyConditionExpression": "id = :id",
            "ExpressionAttributeValues": {":id": {"S": id_}},
            "ConsistentRead": True,
        }
        call = Call("dynamodb", self.region, "query", arguments, observes=observes)
        found = await pages(call, "LastEvaluatedKey", "ExclusiveStartKey")
        return [plain(each) for page in found for each in page["Items"]], found[-1]

    async def _conditional(self, operation: str, arguments: Mapping[str, Any]) -> bool:
        try:
            await Call("dynamodb", self.region, operation, arguments, changes=True)
        except RefusedError as error:
            if error.code == CONDITION_FAILED:
                return False
            raise
        return True


@functools.cache
def _expressions(where: tuple[str, ...] | None, to: tuple[str, ...], add: str) -> tuple[str, str, Mapping[str, str]]:
    """The update, its condition and the names in both."""
    names = {f"#{name}": name for name in [*(where or ()), *to, *([add] if add else [])]}
    changes = [f"#{name} = :s_{name}" for name in to]
    if add:
        changes.append(f"#{add} = if_not_exists(#{add}, :zero) + :one")
    condition = "attribute_not_exists(id)" if where is None else " AND ".join(f"#{name} = :w_{name}" for name in where)
    return f"SET {', '.join(changes)}", condition, names


def _key(id_: str, entry: str) -> dict[str, Any]:
    return {"id": {"S": id_}, "entry": {"S": entry}}


def _typed(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in attributes.items()}


def _value(value: Any) -> dict[str, str]:
    """A number as a number, text as text, anything else as JSON."""
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return {"N": repr(value)}
    return {"S": json.dumps(value, sort_keys=True)}


def plain(item: Mapping[str, Mapping[str, str]]) -> Mapping[str, Any]:
    """An item of DynamoDB without its types."""
    return {name: _number(value["N"]) if "N" in value else value.get("S") for name, value in item.items()}


def _number(text: str) -> float:
    return int(text) if text.lstrip("-").isdigit() else float(text)
