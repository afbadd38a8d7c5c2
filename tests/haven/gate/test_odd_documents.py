"""Documents of any shape end in a sentence and exit 2, never in a traceback."""

import json
import random
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haven.base.problems import Problems
from haven.gate import preview_reader, text, verdict
from haven.program import aws_types as aws
from haven.program.diff import differences
from tests.haven.gate.change_sets import HERE, THERE, WHERE, Made, digest, events, lines, plan, read

BUCKET = Made(aws.S3_BUCKET, "update", {"versioning": {"enabled": True}}, {"versioning": {"enabled": False}})
CLUSTER = Made(aws.RDS_CLUSTER, "replace", {"deletionProtection": True}, {"region": THERE})
REGION = {"expressions": {"region": {"constant_value": HERE, "references": ["var.region"]}}}
PLAN = plan(
    BUCKET,
    CLUSTER,
    output_changes={"active": {"actions": ["update"], "before": HERE, "after": THERE}},
    variables={"region": {"value": HERE}},
    deferred_changes=[{"reason": "r", "resource_change": BUCKET.change()}],
    resource_drift=[CLUSTER.change()],
    configuration={
        "provider_config": {"aws": REGION},
        "root_module": {
            "resources": [{"address": BUCKET.address, "provider_config_key": "aws"}],
            "module_calls": {"a": {"module": {"resources": [{"address": "b", "provider_config_key": "aws"}]}}},
        },
    },
)
DETAILED = digest(BUCKET, CLUSTER) | {"diagnostics": [{"severity": "warning", "message": "m"}], "config": {}}
DETAILED["steps"][1] |= {
    "detailedDiff": {"versioning": {"kind": "update", "inputDiff": True}},
    "diffReasons": ["versioning"],
    "replaceReasons": ["versioning"],
}
DOCUMENTS = {"digest": DETAILED, "plan": PLAN}
ODD: tuple[Any, ...] = (None, True, 0, -1, 1.5, "", "x", "a::b", [], [1], [None], {}, {"a": 1}, {"": None}, [[]])


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield from places(each, (*path, key))


def changed(value: Any, path: tuple[Any, ...], to: Any) -> Any:
    """A copy of `value` with another value at `path`."""
    if not path:
        return to
    copy = value.copy()
    copy[path[0]] = changed(value[path[0]], path[1:], to)
    return copy


def judge(data: bytes) -> None:
    """As the command does; whatever the document, it is judged or refused with sentences."""
    with suppress(Problems):
        text.as_json(verdict.judge(preview_reader.read(data, WHERE), (), None, WHERE))


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_any_odd_value_at_any_place_of_a_document_ends_in_a_verdict_or_a_problem(document: Any) -> None:
    for path in places(document):
        for odd in ODD:
            judge(json.dumps(changed(document, path, odd)).encode())


def test_any_odd_value_at_any_place_of_an_event_log_ends_in_a_verdict_or_a_problem() -> None:
    log = events(BUCKET, CLUSTER)
    for path in places(log):
        for odd in ODD:
            found = changed(log, path, odd)
            judge(lines(found if isinstance(found, list) else [found]))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(value=_JSON, place=st.integers(min_value=0), name=st.sampled_from(sorted(DOCUMENTS)))
def test_any_json_at_any_place_ends_in_a_verdict_or_a_problem(value: Any, place: int, name: str) -> None:
    paths = list(places(DOCUMENTS[name]))
    judge(json.dumps(changed(DOCUMENTS[name], paths[place % len(paths)], value)).encode())


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_end_in_a_problem(data: bytes) -> None:
    with pytest.raises(Problems):
        preview_reader.read(data, WHERE)


def test_a_document_with_bytes_cut_off_doubled_or_exchanged_ends_in_a_verdict_or_a_problem() -> None:
    dice = random.Random(12)
    for document in (json.dumps(DETAILED).encode(), json.dumps(PLAN).encode(), lines(events(BUCKET, CLUSTER))):
        for _ in range(60):
            place = dice.randrange(len(document))
            judge(document[:place])
            judge(document[:place] + document[place : place + 9] + document[place:])
            judge(document[:place] + bytes([dice.randrange(256)]) + document[place + 1 :])


@pytest.mark.parametrize(
    ("data", "output"),
    [
        (b'{"steps":' + b"[" * 60000 + b"]" * 60000 + b',"changeSummary":{}}', "more than 100 levels deep"),
        (b'{"steps":' + b"[" * 200 + b"]" * 200 + b',"changeSummary":{}}', "more than 100 levels deep"),
        (b'{"steps": [], "steps": [], "changeSummary": {}}', 'the key "steps" twice'),
        (b'{"steps": [], "changeSummary": {"same": NaN}}', "NaN, which is no JSON"),
        (b'{"steps": [], "changeSummary": {"same": 1e999}}', "1e999.*which is too large"),
        (b'{"steps": [], "changeSummary": {"same": ' + b"9" * 5000 + b"}}", "garbled or cut off"),
        (b'{"resource_changes": {}}', r"resource_changes: got \{\}; allowed: a list"),
        (b'{"resource_changes": [null]}', r"resource_changes\[0\]: got null; allowed: a map"),
        (
            b'{"resource_changes": [], "configuration": {"provider_config": {"aws": null}}}',
            "provider_config.aws: got null",
        ),
    ],
)
def test_an_odd_document_is_refused_with_a_sentence(data: bytes, output: str) -> None:
    with pytest.raises(Problems, match=output):
        preview_reader.read(data, WHERE)


def test_a_side_of_a_change_that_is_a_list_is_refused_with_its_place() -> None:
    document = plan(BUCKET)
    document["resource_changes"][0]["change"]["before"] = [1]
    with pytest.raises(Problems, match=r"resource_changes\[0\].change.before: got \[1\]; allowed: a map"):
        read(document)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("inside", ["\x85", "\u2028", "\x0b", "\x1c"])
def test_only_line_feeds_and_carriage_returns_end_a_line(end: str, inside: str) -> None:
    made = Made(aws.SSM_PARAMETER, "create", {}, {"value": f"a{inside}b"})
    log = end.join(json.dumps(each, ensure_ascii=False).replace("\\u0085", "\x85") for each in events(made))
    if inside not in log:  # json.dumps escapes control characters, as JSON demands
        return
    assert len(preview_reader.read(log.encode(), WHERE).changes) == 1


def test_deep_json_inside_of_text_is_compared_as_text() -> None:
    deep = "[" * 60000 + "]" * 60000
    assert [path for path, _, _ in differences({"policy": deep}, {"policy": "[]"})] == ["policy"]
