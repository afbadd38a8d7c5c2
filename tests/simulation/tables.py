"""DynamoDB and S3 as far as runbooks use them: conditions are kept, reads are strongly consistent."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

from haven.runbooks.workflow.requests import Answer, Call, RefusedError
from haven.runbooks.workflow.table import CONDITION_FAILED

Item = dict[str, Any]
RECORDS = ("dynamodb", "s3")
"""Services that keep what runbooks write down."""


class Tables:
    """The tables and buckets of one Region."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str, str], Item] = {}
        self.objects: dict[tuple[str, str], bytes] = {}

    def answer(self, call: Call) -> Answer | None:
        """The answer; None: it isn't about tables or buckets."""
        if call.service not in RECORDS or call.operation == "describe_table":
            return None
        return _OPERATIONS[call.operation](self, call.arguments)

    def _put_object(self, arguments: Mapping[str, Any]) -> Answer:
        key = (arguments["Bucket"], arguments["Key"])
        if key in self.objects and arguments.get("IfNoneMatch") == "*":
            raise RefusedError("PreconditionFailed")
        self.objects[key] = arguments["Body"]
        return {}

    def _list_objects(self, arguments: Mapping[str, Any]) -> Answer:
        bucket, prefix = arguments["Bucket"], arguments["Prefix"]
        return {
            "Contents": [
                {"Key": name} for there, name in self.objects if (there, name[: len(prefix)]) == (bucket, prefix)
            ]
        }

    def _get_object(self, arguments: Mapping[str, Any]) -> Answer:
        return {"Body": self.objects[arguments["Bucket"], arguments["Key"]]}

    def _get(self, arguments: Mapping[str, Any]) -> Answer:
        item = self.items.get(_place(arguments, arguments["Key"]))
        return {"Item": dict(item)} if item else {}

    def _put(self, arguments: Mapping[str, Any]) -> Answer:
        place = _place(arguments, arguments["Item"])
        assert arguments["ConditionExpression"] == "attribute_not_exists(id)"
        if place in self.items:
            raise RefusedError(CONDITION_FAILED)
        self.items[place] = dict(arguments["Item"])
        return {}

    def _update(self, arguments: Mapping[str, Any]) -> Answer:
        place = _place(arguments, arguments["Key"])
        item, names, values = (
            self.items.get(place),
            arguments["ExpressionAttributeNames"],
            arguments["ExpressionAttributeValues"],
        )
        if not _met(arguments["ConditionExpression"], item, names, values):
            raise RefusedError(CONDITION_FAILED)
        new = dict(item or arguments["Key"])
        for name, value in _changes(arguments["UpdateExpression"]):
            if value.startswith("if_not_exists"):
                new[name] = {"N": str(int(new.get(name, {"N": "0"})["N"]) + 1)}
            else:
                new[name] = values[value]
        self.items[place] = new
        return {}

    def _query(self, arguments: Mapping[str, Any]) -> Answer:
        id_ = arguments["ExpressionAttributeValues"][":id"]["S"]
        places = sorted(place for place in self.items if place[:2] == (arguments["TableName"], id_))
        return {"Items": [self.items[place] for place in places]}


_OPERATIONS: Mapping[str, Callable[[Tables, Mapping[str, Any]], Answer]] = {
    "get_item": Tables._get,
    "put_item": Tables._put,
    "update_item": Tables._update,
    "query": Tables._query,
    "put_object": Tables._put_object,
    "list_objects_v2": Tables._list_objects,
    "get_object": Tables._get_object,
}


def _place(arguments: Mapping[str, Any], key: Mapping[str, Any]) -> tuple[str, str, str]:
    return arguments["TableName"], key["id"]["S"], key["entry"]["S"]


def _met(condition: str, item: Item | None, names: Mapping[str, str], values: Mapping[str, Any]) -> bool:
    if condition == "attribute_not_exists(id)":
        return item is None
    if item is None:
        return False
    return all(item.get(names[name]) == values[value] for name, value in _pairs(condition))


@functools.cache
def _changes(expression: str) -> list[list[str]]:
    return [each.lstrip("#").split(" = ") for each in expression.removeprefix("SET ").split(", #")]


@functools.cache
def _pairs(condition: str) -> list[list[str]]:
    return [each.split(" = ") for each in condition.split(" AND ")]
