"""The front refuses what finds no memory, as a process in front of an engine that does what a test asks."""

import http.client
from functools import partial
from pathlib import Path

from haven_components.workloads.serving._pod import FRONT_MEMORY_MIB
from tests.components.workloads.serving.processes import (
    PATIENCE,
    Answer,
    FrontProcess,
    Later,
    ScriptedEngine,
    StartFront,
    beside,
    chat,
    eventually,
    send,
)
from tests.ports import HOST

MEGA = 1024 * 1024


def _large(front: FrontProcess, mebibytes: float) -> Later:
    body = b'{"messages": [], "more": "' + b"x" * int(mebibytes * MEGA) + b'"}'
    return Later(lambda: send(front.port, "POST", "/v1/chat/completions", body))


def test_requests_that_find_no_memory_are_asked_to_come_again(engine: ScriptedEngine, start: StartFront) -> None:
    front = beside(engine, start, "--held-mib=5")
    engine.hold.clear()
    before = len(engine.asked)
    running = _large(front, 2.5)
    eventually(lambda: len(engine.asked) > before, "the first came to the engine")
    refused = _large(front, 2.5).answer()
    assert (refused.status, refused.headers["retry-after"]) == (503, "1")
    assert refused.error["request_id"] == refused.headers["x-request-id"]
    assert front.metrics()['haven_front_requests_total{outcome="refused"}'] == 1
    engine.hold.set()
    assert running.answer().status == 200
    eventually(lambda: front.metrics()["haven_front_held_bytes"] == 0, "what was held is given back")
    assert _large(front, 2.5).answer().status == 200


def test_a_body_in_chunks_that_finds_no_memory_is_asked_to_come_again(
    engine: ScriptedEngine, start: StartFront
) -> None:
    front = beside(engine, start, "--held-mib=2")
    pieces = [b"x" * 512 * 1024] * 6
    connection = http.client.HTTPConnection(HOST, front.port, timeout=PATIENCE)
    connection.request("POST", "/v1/completions", iter(pieces), encode_chunked=True)
    response = connection.getresponse()
    assert (response.status, response.read() != b"") == (503, True)
    connection.request("POST", "/v1/chat/completions", b'{"messages": []}')
    assert connection.getresponse().status == 200
    connection.close()
    eventually(lambda: front.metrics()["haven_front_held_bytes"] == 0, "what was held is given back")


def _peak_mebibytes(front: FrontProcess) -> float:
    (line,) = (
        each for each in Path(f"/proc/{front.process.pid}/status").read_text().splitlines() if each.startswith("VmHWM:")
    )
    return int(line.split()[1]) / 1024


def test_many_large_requests_at_once_stay_within_the_container_s_memory(
    engine: ScriptedEngine, start: StartFront
) -> None:
    front = beside(engine, start)
    engine.hold.clear()
    before = len(engine.asked)
    requests = [_large(front, 48) for _ in range(14)]
    eventually(
        lambda: len(engine.asked) - before + sum(len(each.answers) for each in requests) == len(requests),
        "each is with the engine or refused",
    )
    engine.hold.set()
    answers = [each.answer() for each in requests]
    assert {each.status for each in answers} == {200, 503}
    assert all(each.headers["x-request-id"] for each in answers)
    assert _peak_mebibytes(front) < FRONT_MEMORY_MIB


def test_what_requests_of_all_sizes_took_is_given_back(engine: ScriptedEngine, start: StartFront) -> None:
    front = beside(engine, start)
    sizes = [1.2, 3, 9, 20, 31, 3, 9, 1.2, 20]

    def ask(first: int) -> Answer:
        return [_large(front, each).answer() for each in sizes[first:] + sizes[:first]][-1]

    clients = [Later(partial(ask, first)) for first in range(9) for _ in "12"]
    assert {each.answer().status for each in clients} <= {200, 503}
    assert _peak_mebibytes(front) < FRONT_MEMORY_MIB * 3 / 4


def test_a_request_that_is_rewritten_takes_no_more_memory_than_the_container_has(
    engine: ScriptedEngine, start: StartFront
) -> None:
    front = beside(engine, start, "--model=small")
    nested = [b'{"messages": [%b0]}' % (b"{}," * MEGA), b'{"messages": ' + b"[" * MEGA + b"]" * MEGA + b"}"]
    requests = [Later(partial(send, front.port, "POST", "/v1/completions", body)) for body in nested * 6]
    assert {each.answer().status for each in requests} == {200}
    assert _large(front, 8).answer().status == 503
    assert _peak_mebibytes(front) < FRONT_MEMORY_MIB


def test_an_answer_that_finds_no_memory_comes_in_pieces(engine: ScriptedEngine, start: StartFront) -> None:
    front = beside(engine, start, "--held-mib=1")
    engine.reply = "x" * MEGA
    assert chat(front.port).text == engine.reply
