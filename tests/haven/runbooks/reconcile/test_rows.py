"""What `haven reconcile` makes of the functions' answers about rows; tests/components/resilience/ has the functions."""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import md5
from typing import Any

import pytest

from haven.runbooks.manifest import RecoveryManifest, parse
from haven.runbooks.reconcile import leftovers, rows
from haven.runbooks.reconcile.checks import Check
from haven.runbooks.status.readings import State
from haven_components.resilience.heartbeat_function import comparison
from tests.simulation.model import P, R
from tests.simulation.operators import manifest_document

FUNCTIONS = {P: "beat-p", R: "beat-r"}
Table = dict[int, str]


def manifest(functions: Mapping[str, str] = FUNCTIONS, tier: str = "warm") -> RecoveryManifest:
    document = {**manifest_document(), "tier": tier}
    document["operations"]["heartbeats"]["functions"] = functions
    return parse(json.dumps(document), "a test")


@dataclass
class Side:
    """A member's tables of key to value, one range each."""

    tables: dict[str, Table]
    writes: bool = False
    before: Callable[[], None] = lambda: None
    """Before each answer."""
    answers: list[Any] = field(default_factory=list)
    """Instead of what the tables lead to."""
    asked: list[Any] = field(default_factory=list)
    requests: list[Any] = field(default_factory=list)
    part: int = 0
    """Rows of a range, and a range in each answer, where every row is asked for."""

    def invoke(self, FunctionName: str, Payload: bytes) -> Mapping[str, Any]:  # noqa: N803  boto3's names
        request = json.loads(Payload)[comparison.EVENT]
        self.asked.append((FunctionName, request["cluster"]))
        self.requests.append(request)
        self.before()
        found = self.answers.pop(0) if self.answers else self._found(request)
        error = {"FunctionError": "Unhandled"} if isinstance(found, dict) and "errorMessage" in found else {}
        return {"Payload": io.BytesIO(json.dumps(found).encode()), **error}

    def _found(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        if "after" in request:
            tables = {name: self._part(self.tables[name], low) for name, low in request["after"].items()}
            return {"writes": self.writes, "names": sorted(self.tables), "tables": tables}
        wanted = request["ranges"]
        asked = {name: [[None, None]] for name in self.tables} if wanted is None else wanted
        chosen = {name: (self.tables[name], ranges) for name, ranges in asked.items() if name in self.tables}
        tables = {name: self._of(*each, rows=bool(request.get("rows"))) for name, each in chosen.items()}
        return {"writes": self.writes, "names": sorted(self.tables), "tables": tables}

    def _part(self, table: Table, low: Any) -> Mapping[str, Any]:
        following = sorted(each for each in table if low is None or each >= int(low[0]))[self.part :]
        end = [str(following[0])] if self.part and following else None
        return {**self._of(table, [[low, end]]), "next": end}

    @staticmethod
    def _of(table: Table, ranges: Any = ((None, None),), *, rows: bool = False) -> Mapping[str, Any]:
        listed = [
            [
                [str(key), md5(value.encode()).hexdigest()]
                for key, value in table.items()
                if (low is None or key >= int(low[0])) and (high is None or key < int(high[0]))
            ]
            for low, high in ranges
        ]
        if rows:
            return {"rows": listed, "ends": [None] * len(listed)}
        digests = [[str(len(each)), str(sorted(each))] for each in listed]
        return {"ranges": list(ranges), "digests": digests, "count": len(table)}


def compared(old: Side, new: Side, cluster: str = "", **given: Any) -> list[Check]:
    sides = {P: old, R: new}
    known = {"manifest": manifest(), "instances": {"a": P, "b": R}, "answers": True, "every_row": False, **given}
    return list(rows.checks(known.pop("manifest"), lambda _, region: sides[region], R, cluster=cluster, **known))


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "_SETTLE_SECONDS", 0.0)


def test_members_with_the_same_rows_are_one_line_and_each_is_asked_once() -> None:
    old, new = Side({"t": {1: "a"}, "u": {}}), Side({"t": {1: "a"}, "u": {}}, writes=True)
    (check,) = compared(old, new)
    assert (check.state, check.description) == (State.OK, "rows of 2 tables: no difference in 1 row")
    assert (old.asked, new.asked) == ([("beat-p", "")], [("beat-r", "")])


def test_what_a_following_member_lacks_has_more_or_has_otherwise_is_named() -> None:
    old, new = Side({"t": {1: "a", 2: "b", 3: "c", 9: "z"}}), Side({"t": {1: "a", 2: "B", 4: "d"}}, writes=True)
    (check,) = compared(old, new)
    assert (check.state, check.region) == (State.WRONG, P)
    assert check.description == (
        f"table t: 2 rows only in {P}: 3, 9; 1 row differ in {P} and {R}: 2;"
        f" 1 row only in {R}: 4; 4 rows in {P}, 3 in {R}"
    )
    assert check.names == ["3", "9", "2"]


def test_an_old_side_that_still_takes_writes_may_lack_what_is_newer_and_nothing_else() -> None:
    newer = Side({"t": {1: "a", 2: "b"}}, writes=True)
    (check,) = compared(Side({"t": {1: "a"}}, writes=True), newer)
    assert (check.state, check.names) == (State.OK, [])
    (check,) = compared(Side({"t": {1: "a", 7: "x"}}, writes=True), newer)
    assert (check.state, check.names) == (State.WRONG, ["7"])


def test_a_restored_cluster_is_asked_in_the_old_region_and_judged_as_the_old_side() -> None:
    old = Side({"t": {1: "a", 7: "x"}})
    (check,) = compared(old, Side({"t": {1: "a", 2: "b"}}, writes=True), cluster="haven-compare-db-1", answers=False)
    assert {each for _, each in old.asked} == {"haven-compare-db-1"}
    assert (check.state, check.names) == (State.WRONG, ["7"])
    assert f"only in haven-compare-db-1 ({P}): 7" in check.description


def test_what_replication_brings_between_two_looks_is_no_difference() -> None:
    table, looks = {1: "a"}, []

    def arrive() -> None:
        looks.append(dict(table))
        if len(looks) == 3:  # after the digests and the first list of rows
            table[2] = "b"

    (check,) = compared(Side({"t": table}, before=arrive), Side({"t": {1: "a", 2: "b"}}, writes=True))
    assert (check.state, len(looks)) == (State.OK, 4)
    assert looks[1] == {1: "a"}


def test_tables_of_one_side_alone_are_named() -> None:
    old, new = Side({"t": {}, "left": {}}), Side({"t": {}, "made": {}}, writes=True)
    assert {(each.state, each.description) for each in compared(old, new)} == {
        (State.WRONG, f"table made isn't in {P}"),
        (State.WRONG, f"table left isn't in {R}"),
        (State.OK, "rows of 1 table: no difference in 0 rows"),
    }
    old.writes = True
    states = {each.description: each.state for each in compared(old, new)}
    assert states[f"table made isn't in {P}"] is State.OK


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"error": "no route"}, "beat-p: no route"),
        ({"errorMessage": "Task timed out"}, "beat-p: Task timed out"),
        (None, "beat-p: the function is of an earlier version: deploy it with pulumi up"),
    ],
)
def test_a_function_that_cannot_answer_leaves_it_unknown(answer: Any, expected: str) -> None:
    (check,) = compared(Side({}, answers=[answer]), Side({"t": {}}, writes=True))
    assert (check.state, check.description) == (State.UNKNOWN, f"rows of the database: {expected}")


def test_a_table_that_a_member_cannot_read_is_unknown_and_the_rest_is_compared() -> None:
    answers = [
        {"writes": False, "names": ["t", "u"], "tables": {"t": {"unknown": "no right"}, "u": Side._of({}, rows=False)}}
    ]
    checks = compared(Side({}, answers=answers), Side({"t": {}, "u": {}}, writes=True))
    assert [(each.state, each.description) for each in checks] == [
        (State.UNKNOWN, "table t wasn't compared: no right"),
        (State.OK, "rows of 1 table: no difference in 0 rows"),
    ]


@pytest.mark.parametrize(
    ("given", "state", "words"),
    [
        ({"manifest": manifest({})}, State.UNKNOWN, f"{P} and {R} have no heartbeat function to compare them: deploy"),
        (
            {"manifest": manifest({P: "beat-p"})},
            State.UNKNOWN,
            f"database: {R} has no heartbeat function to compare them",
        ),
        ({"answers": False}, State.UNKNOWN, "the Region doesn't answer"),
        ({"instances": {"b": R}}, State.OK, "has no instance"),
    ],
)
def test_where_nobody_can_be_asked_nobody_is(given: Any, state: State, words: str) -> None:
    old, new = Side({}), Side({}, writes=True)
    (check,) = compared(old, new, **given)
    assert (check.state, words in check.description, old.asked + new.asked) == (state, True, []), check


def test_where_only_backups_are_copied_there_is_nothing_to_compare() -> None:
    assert compared(Side({}), Side({}), manifest=manifest(tier="backup")) == []


def test_both_sides_agree_on_what_names_are() -> None:
    assert leftovers.RESTORED == comparison.RESTORED


def test_where_every_row_is_compared_one_part_after_the_other_is() -> None:
    table = dict.fromkeys(range(100), "a")
    old, new = (
        Side({"t": {**table, 3: "b", 200: "c", 201: "d"}, "u": {}}),
        Side({"t": dict(table), "u": {}}, writes=True),
    )
    old.part = new.part = 10
    (differing, rest) = compared(old, new, every_row=True)
    assert (differing.state, differing.names, list(differing.commands)) == (State.WRONG, ["200", "201", "3"], [])
    assert f"2 rows only in {P}: 200, 201; 1 row differ in {P} and {R}: 3" in differing.description
    assert rest.description == "rows of 1 table: no difference in 100 rows"


def test_a_table_whose_rest_cannot_be_compared_is_unknown_beside_what_was_found() -> None:
    table = dict.fromkeys(range(30), "a")
    old, new = Side({"t": {**table, 3: "b"}}), Side({"t": table}, writes=True)
    old.part = new.part = 10

    def end() -> None:
        if any(request.get("after", {}).get("t") == ["20"] for request in new.requests):
            raise OSError("no route")

    new.before = end
    checks = compared(old, new, every_row=True)
    assert [(each.state, list(each.names)) for each in checks] == [(State.WRONG, ["3"]), (State.UNKNOWN, [])]
    assert checks[1].description == "table t wasn't compared: no route"


def test_a_function_that_knows_no_parts_leaves_it_unknown() -> None:
    names = {"writes": True, "names": ["t"], "tables": {}}
    new = Side({"t": {}}, writes=True, answers=[names, {**names, "tables": {"t": Side._of({}, rows=False)}}])
    (check,) = compared(Side({"t": {}}), new, every_row=True)
    assert (check.state, "of an earlier version: deploy it with pulumi up" in check.description) == (
        State.UNKNOWN,
        True,
    )


def test_what_a_sample_says_leads_to_every_row() -> None:
    answers = [
        {"writes": True, "names": ["t"], "tables": {"t": {**Side._of({}, rows=False), "ranges": [[["1"], None]]}}}
    ]
    (check,) = compared(Side({"t": {}}), Side({"t": {}}, answers=answers), cluster="haven-compare-db-1")
    assert check.commands == ["haven reconcile sim --every-row --old-volume haven-compare-db-1"]
    assert "0 sampled rows" in check.description
