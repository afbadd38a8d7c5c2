"""Samples of a table, of which DynamoDB leaves keys out."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from haven.runbooks.observation import ask_all
from haven.runbooks.reconcile import data
from haven.runbooks.status.readings import State
from tests.environments import PRIMARY, RECOVERY
from tests.haven.runbooks.preflight.answers import manifest


class Table:
    """One Region's replica, which leaves the key b out of so many answers."""

    def __init__(self, items: Mapping[str, str], leaves_out: int = 0) -> None:
        self.items, self.left = dict(items), leaves_out

    def describe_table(self, **_: Any) -> Mapping[str, Any]:
        return {"Table": {"KeySchema": [{"AttributeName": "id"}], "ItemCount": len(self.items)}}

    def scan(self, **given: Any) -> Mapping[str, Any]:
        after = given.get("ExclusiveStartKey", {"id": {"S": ""}})["id"]["S"]
        following = sorted(each for each in self.items if each > after)
        page = following[: given["Limit"]]
        last = {"LastEvaluatedKey": {"id": {"S": page[-1]}}} if len(following) > len(page) else {}
        return {"Items": [self._item(each) for each in page], **last}

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: N803  boto3's name
        [(name, asked)] = RequestItems.items()
        keys, left_out = asked["Keys"], []
        if self.left:
            self.left -= 1
            left_out = [each for each in keys if each["id"]["S"] == "b"]
            keys = [each for each in keys if each not in left_out]
        found = [self._item(each["id"]["S"]) for each in keys if each["id"]["S"] in self.items]
        unprocessed = {name: {**asked, "Keys": left_out}} if left_out else {}
        return {"Responses": {name: found}, "UnprocessedKeys": unprocessed}

    def _item(self, key: str) -> Mapping[str, Any]:
        return {"id": {"S": key}, "value": {"S": self.items[key]}}


def compared(monkeypatch: pytest.MonkeyPatch, here: Table, there: Table) -> tuple[State, str]:
    """What comes of comparing two replicas."""
    monkeypatch.setattr("haven.runbooks.reconcile.data.time.sleep", lambda _: None)
    tables = {PRIMARY: here, RECOVERY: there}
    known = manifest().model_copy(update={"replicated_tables": ["t"]})
    asked = data.questions(known, lambda _, region: tables[region])
    asked = {key: each for key, each in asked.items() if key[0] == "table t"}
    found: Sequence[Any] = list(data.checks(ask_all(asked)))
    return found[0].state, found[0].description


ITEMS = {"a": "1", "b": "2"}


def test_keys_that_dynamodb_leaves_out_are_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    state, text = compared(monkeypatch, Table(ITEMS), Table(ITEMS, leaves_out=3))
    assert (state, text.startswith("table t: no difference in 4 sampled items")) == (State.OK, True)
    state, text = compared(monkeypatch, Table(ITEMS), Table({"a": "1", "b": "3"}, leaves_out=3))
    assert (state, "1 of 2 sampled items of eu-west-1 differ in" in text) == (State.WRONG, True)


@pytest.mark.parametrize(("here", "there"), [(0, 10**6), (10**6, 0), (10**6, 10**6)])
def test_keys_that_stay_left_out_are_unknown_and_neither_differ_nor_agree(
    here: int, there: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, text = compared(monkeypatch, Table(ITEMS, here), Table(ITEMS, there))
    assert (state, "differ" in text, "no difference" in text) == (State.UNKNOWN, False, False)
    assert "sampled items of eu-west-1 couldn't be read: DynamoDB left them out" in text


def test_a_difference_beside_keys_that_stay_left_out_is_shown_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    state, text = compared(monkeypatch, Table(ITEMS), Table({"a": "9", "b": "2"}, leaves_out=10**6))
    assert (state, "differ in" in text, "couldn't be read" in text) == (State.WRONG, True, True)


def test_where_every_item_is_compared_the_keys_of_all_that_differ_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("haven.runbooks.reconcile.data.time.sleep", lambda _: None)
    whole = {f"key-{number:04}": "1" for number in range(450)}
    old = {**whole, "key-0333": "2", "only-here": "3"}
    tables = {PRIMARY: Table(old), RECOVERY: Table({**whole, "zero": "4"})}
    known = manifest().model_copy(update={"replicated_tables": ["t"]})
    found = {}
    for every_row in (False, True):
        asked = data.questions(known, lambda _, region: tables[region], every_row=every_row)
        (found[every_row],) = data.checks(ask_all({key: each for key, each in asked.items() if key[0] == "table t"}))
    assert (found[False].state, "sampled items" in found[False].description) == (State.OK, True)
    assert (found[True].state, found[True].names) == (State.WRONG, ["key-0333", "only-here", "zero"])
    here = f"1 of 451 items of {PRIMARY} not in {RECOVERY}; 1 of 451 items of {PRIMARY} differ in {RECOVERY}"
    assert f"table t: {here}; 1 of 451 items of {RECOVERY} not in {PRIMARY}" in found[True].description
