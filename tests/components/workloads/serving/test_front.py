"""The program beside each engine, as a process, in front of an engine that does what a test asks."""

import http.client
import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from haven_components.workloads.serving.front.proxy import trace_id
from tests.components.workloads.serving.processes import (
    PATIENCE,
    FrontProcess,
    Later,
    ScriptedEngine,
    StartFront,
    beside,
    chat,
    eventually,
    send,
    status,
)
from tests.ports import HOST, free_port


def _asked(engine: ScriptedEngine, front: FrontProcess, **more: Any) -> Later:
    """A request that waits inside of the engine."""
    before = len(engine.asked)
    later = Later(lambda: chat(front.port, "a long story", **more))
    eventually(lambda: len(engine.asked) > before, "the request came to the engine")
    return later


def test_a_pod_starts_when_its_model_answers_the_golden_prompts(engine: ScriptedEngine, start: StartFront) -> None:
    engine.reply = "Lyon."
    front = start(f"--upstream={engine.url}", f"--engine={engine.url}")
    eventually(lambda: front.metrics()["haven_front_golden_failures_total"] > 1, "a wrong answer was counted")
    assert [front.probe(each) for each in ("/startup", "/ready")] == [False, False]
    (problem, *_) = next(each["problems"] for each in front.log() if "problems" in each)
    assert problem == "'What is the capital of France?': answered 'Lyon.', expected a match of '(?i)paris'"
    engine.reply = "It is Paris."
    eventually(lambda: front.probe("/startup") and front.probe("/ready"), "the right answer starts the pod")


def test_warmup_prompts_run_before_traffic(engine: ScriptedEngine, start: StartFront) -> None:
    beside(engine, start)
    contents = [each["messages"][0]["content"] for each in engine.asked]
    assert contents == ["What is the capital of France?", "You are a helpful assistant."]


def test_probes_ask_the_model_nothing_once_it_has_started(engine: ScriptedEngine, start: StartFront) -> None:
    front = beside(engine, start)
    asked = len(engine.asked)
    assert all(front.probe(each) for _ in range(10) for each in ("/live", "/ready"))
    assert len(engine.asked) == asked


def test_an_engine_with_work_and_without_progress_is_neither_live_nor_ready(
    engine: ScriptedEngine, start: StartFront
) -> None:
    front = beside(engine, start, "--stall-seconds=0.3")
    engine.metrics = {"vllm:num_requests_running": 3, "vllm:generation_tokens_total": 9}
    eventually(lambda: not front.probe("/live"), "no token for too long")
    assert not front.probe("/ready")
    assert front.metrics()["haven_front_stalled"] == 1


def test_a_saturated_engine_stays_live_and_ready(engine: ScriptedEngine, start: StartFront) -> None:
    front = beside(engine, start, "--stall-seconds=1")
    tokens, until = 9, time.monotonic() + 3
    while time.monotonic() < until:
        tokens += 1
        engine.metrics = {
            "vllm:num_requests_running": 256,
            "vllm:num_requests_waiting": 900,
            "vllm:generation_tokens_total": tokens,
        }
        assert [front.probe(each) for each in ("/live", "/ready")] == [True, True]


def test_an_idle_engine_is_live_however_long_no_token_moves(engine: ScriptedEngine, start: StartFront) -> None:
    front = beside(engine, start, "--stall-seconds=1")
    until = time.monotonic() + 3
    while time.monotonic() < until:
        assert front.probe("/live")


def test_an_engine_without_metrics_is_judged_by_the_requests_that_wait_for_it(
    engine: ScriptedEngine, start: StartFront
) -> None:
    engine.metrics = None
    front = beside(engine, start, "--stall-seconds=0.5")
    assert front.probe("/live")
    engine.hold.clear()
    _asked(engine, front)
    eventually(lambda: not front.probe("/live"), "a request waits and nothing comes back")


def test_a_frozen_engine_whose_last_metrics_say_that_it_is_idle_is_not_live(
    engine: ScriptedEngine, start: StartFront
) -> None:
    front = beside(engine, start, "--stall-seconds=0.5")
    engine.hold.clear()
    _asked(engine, front, stream=True)
    eventually(lambda: not front.probe("/live"), "a stream waits and nothing more comes")


def test_an_engine_that_reports_its_own_death_is_not_live(engine: ScriptedEngine, start: StartFront) -> None:
    front = beside(engine, start)
    engine.health = 503
    eventually(lambda: not front.probe("/live"), "health says 503")


def test_an_engine_that_restarted_answers_its_golden_prompts_once_more(
    engine: ScriptedEngine, start: StartFront
) -> None:
    front = beside(engine, start)
    engine.reply = "Lyon."
    engine.metrics = {"vllm:num_requests_running": 0, "vllm:generation_tokens_total": 0}
    eventually(lambda: not front.probe("/startup"), "its counters began at 0")


def test_an_engine_that_is_gone_is_not_ready(engine: ScriptedEngine, start: StartFront) -> None:
    front = beside(engine, start)
    engine.stop()
    eventually(lambda: not front.probe("/ready") and not front.probe("/startup"), "connections are refused")


def test_requests_pass_with_their_id(engine: ScriptedEngine, start: StartFront) -> None:
    front = beside(engine, start)
    body = json.dumps({"messages": [{"content": "hello"}]}).encode()
    answer = send(front.port, "POST", "/v1/chat/completions", body, X_Request_Id="abc")
    assert (answer.status, answer.text, answer.headers["x-request-id"]) == (200, "Paris.", "abc")
    assert engine.asked[-1]["id"] == "abc"
    assert chat(front.port).headers["x-request-id"] == engine.asked[-1]["id"]


def test_a_body_in_chunks_passes(engine: ScriptedEngine, start: StartFront) -> None:
    front = beside(engine, start)
    connection = http.client.HTTPConnection(HOST, front.port)
    pieces = [b'{"messages": [{"content"', b': "in chunks"}]}']
    connection.request("POST", "/v1/chat/completions", iter(pieces), encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()
    assert engine.asked[-1]["messages"] == [{"content": "in chunks"}]


@pytest.mark.parametrize(("length", "refused"), [("many", 400), ("-1", 400), (str(2**40), 413)])
def test_a_body_that_can_t_be_read_is_refused(
    engine: ScriptedEngine, start: StartFront, length: str, refused: int
) -> None:
    front = start(f"--upstream={engine.url}")
    assert send(front.port, "POST", "/v1/completions", Content_Length=length).status == refused


@pytest.mark.parametrize("chunk", [b"10000000000\r\n", b"-1\r\n", b"\r\n"])
def test_a_chunk_that_can_t_be_read_is_refused_before_it_is(
    engine: ScriptedEngine, start: StartFront, chunk: bytes
) -> None:
    front = start(f"--upstream={engine.url}")
    with socket.create_connection((HOST, front.port), PATIENCE) as client:
        client.sendall(b"POST /v1/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk)
        assert client.recv(12) == (b"HTTP/1.1 413" if chunk.startswith(b"10") else b"HTTP/1.1 400")


def test_browsers_and_probes_ask_the_engine_what_it_allows_and_has(engine: ScriptedEngine, start: StartFront) -> None:
    front = beside(engine, start)
    allowed = send(front.port, "OPTIONS", "/v1/chat/completions", Origin="https://app.example.com")
    assert allowed.headers["access-control-allow-origin"] == "https://app.example.com"
    assert allowed.status == 204
    head = send(front.port, "HEAD", "/v1/models")
    assert (head.status, head.headers["content-length"], head.body) == (200, "17", b"")
    assert send(front.port, "HEAD", "/readyz").status == 200


def test_only_the_api_and_the_readiness_path_are_open_to_clients(engine: ScriptedEngine, start: StartFront) -> None:
    front = beside(engine, start)
    assert [status(front.port, each) for each in ("/readyz", "/metrics", "/drain", "/health")] == [200, 404, 404, 404]


def test_a_pod_that_ends_finishes_its_answers_and_takes_no_more(engine: ScriptedEngine, start: StartFront) -> None:
    front = beside(engine, start, "--drain-seconds=20")
    engine.hold.clear()
    running = _asked(engine, front)
    drained = Later(lambda: send(front.probe_port, "GET", "/drain"))
    eventually(lambda: status(front.port, "/readyz") == 503, "the balancer sees that it ends")
    refused = chat(front.port)
    assert refused.status == 503
    assert refused.headers["retry-after"] == "1"
    assert refused.error["request_id"] == refused.headers["x-request-id"]
    assert not drained.answers
    engine.hold.set()
    assert (running.answer().status, drained.answer().status) == (200, 200)


def test_at_the_deadline_an_answer_ends_as_a_retryable_error_with_its_id(
    engine: ScriptedEngine, start: StartFront
) -> None:
    front = beside(engine, start, "--drain-seconds=0.3")
    engine.hold.clear()
    running = _asked(engine, front)
    assert status(front.probe_port, "/drain") == 200
    answer = running.answer()
    assert (answer.status, answer.error["code"]) == (503, "retry")
    assert answer.error["request_id"] == engine.asked[-1]["id"] == answer.headers["x-request-id"]
    assert front.metrics()['haven_front_requests_total{outcome="cut_off"}'] == 1
    (line,) = (each for each in front.log() if each.get("request_id") == answer.error["request_id"])
    assert line["level"] == "error"
    assert line["timestamp"].endswith("Z")


def test_threads_that_log_at_once_write_a_line_each() -> None:
    program = """if True:
        import sys, threading
        from haven_components.workloads.serving.front.engine import log
        sys.setswitchinterval(1e-6)
        threads = [threading.Thread(target=lambda: [log("cut off", count=each) for each in range(200)]) for _ in "1234"]
        for each in threads: each.start()
        for each in threads: each.join()
    """
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert [json.loads(each)["message"] for each in ran.stdout.splitlines()] == ["cut off"] * 800


TRACE = "5f3c9a0b7d1e24685f3c9a0b7d1e2468"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"traceparent": f"00-{TRACE}-7d1e24685f3c9a0b-01"}, TRACE),
        ({"x-amzn-trace-id": "Self=1-0-0;Root=1-5f3c9a0b-7d1e24685f3c9a0b7d1e2468"}, TRACE),
        ({"traceparent": "made up"}, ""),
        ({}, ""),
    ],
)
def test_a_line_about_a_request_names_its_trace(headers: dict[str, str], expected: str) -> None:
    assert trace_id(headers) == expected


def test_at_the_deadline_a_stream_ends_with_an_error_event(engine: ScriptedEngine, start: StartFront) -> None:
    front = beside(engine, start, "--drain-seconds=0.3")
    engine.hold.clear()
    running = _asked(engine, front, stream=True)
    assert status(front.probe_port, "/drain") == 200
    *_, last = running.answer().body.decode().strip().split("\n\n")
    assert json.loads(last.removeprefix("data: "))["error"]["request_id"] == engine.asked[-1]["id"]


def test_requests_still_pass_while_the_balancer_learns_that_the_pod_ends(
    engine: ScriptedEngine, start: StartFront
) -> None:
    front = beside(engine, start, "--drain-seconds=20", "--lag-seconds=20")
    Later(lambda: send(front.probe_port, "GET", "/drain"))
    assert all(chat(front.port).status == 200 for _ in range(10))


def test_a_frozen_engine_is_drained_at_once(engine: ScriptedEngine, start: StartFront) -> None:
    front = beside(engine, start, "--stall-seconds=0.3", "--drain-seconds=3600")
    engine.hold.clear()
    running = _asked(engine, front)
    engine.metrics = {"vllm:num_requests_running": 1, "vllm:generation_tokens_total": 5}
    eventually(lambda: not front.probe("/live"), "it is frozen")
    assert status(front.probe_port, "/drain") == 200
    assert running.answer().status == 503


def test_after_a_drain_and_a_restart_of_the_engine_the_pod_takes_requests(
    engine: ScriptedEngine, start: StartFront
) -> None:
    front = beside(engine, start, "--drain-seconds=0.1")
    asked = len(engine.asked)
    assert status(front.probe_port, "/drain") == 200
    engine.stop()
    assert len(engine.asked) == asked
    eventually(lambda: front.metrics()["haven_front_engine_up"] == 0, "the engine is gone")
    another = ScriptedEngine(engine.port)
    eventually(lambda: front.probe("/ready") and chat(front.port).status == 200, "the engine has started anew")
    another.stop()


def test_an_engine_that_dies_while_it_answers_leaves_a_retryable_error(start: StartFront, tmp_path: Path) -> None:
    port = free_port()
    code = (
        f"import socket; s = socket.create_server(('127.0.0.1', {port}))\n"
        "while True:\n c, _ = s.accept(); c.recv(9); c.close()"
    )
    dying = subprocess.Popen([sys.executable, "-c", code])
    front = start(f"--upstream=http://{HOST}:{port}")
    try:
        eventually(lambda: _listens(port), "it listens")
        answer = chat(front.port)
    finally:
        dying.kill()
        dying.wait()
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")


def _listens(port: int) -> bool:
    socket.create_connection((HOST, port)).close()
    return True


def test_when_the_client_leaves_the_engine_computes_for_nobody(engine: ScriptedEngine, start: StartFront) -> None:
    front = beside(engine, start)
    engine.hold.clear()
    connection = http.client.HTTPConnection(HOST, front.port)
    connection.request("POST", "/v1/chat/completions", json.dumps({"messages": []}))
    eventually(lambda: front.metrics()["haven_front_in_flight"] == 1, "the request is on its way")
    connection.close()
    assert engine.left.wait(20)


def test_the_fallback_passes_requests_on_while_servers_answer(engine: ScriptedEngine, start: StartFront) -> None:
    servers = ScriptedEngine()
    front = start(f"--upstream={servers.url}", f"--upstream={engine.url}", f"--engine={engine.url}", "--model=small")
    eventually(lambda: front.probe("/startup"), "the small model answers")
    servers.reply = "from a GPU"
    answer = chat(front.port)
    assert (answer.text, "x-haven-degraded" in answer.headers) == ("from a GPU", False)
    assert servers.asked[-1]["model"] == "chat"
    servers.stop()
    answer = chat(front.port)
    assert (answer.text, answer.headers["x-haven-degraded"], engine.asked[-1]["model"]) == ("Paris.", "model", "small")
    eventually(lambda: front.metrics()["haven_front_degraded"] == 1, "the alarm's metric")


def test_the_fallback_answers_what_servers_have_no_room_for(engine: ScriptedEngine, start: StartFront) -> None:
    busy = ScriptedEngine()
    busy.code = 503
    front = start(f"--upstream={busy.url}", f"--upstream={engine.url}", f"--engine={engine.url}")
    answer = chat(front.port)
    busy.stop()
    assert (answer.text, answer.headers["x-haven-degraded"]) == ("Paris.", "model")


def test_cached_answers_are_the_last_resort(start: StartFront) -> None:
    cached = [{"pattern": "(?i)help", "answer": "We are back soon."}]
    front = start(f"--upstream=http://{HOST}:{free_port()}", answers=cached)
    answer = chat(front.port, "Please HELP me")
    assert (answer.status, answer.text, answer.headers["x-haven-degraded"]) == (200, "We are back soon.", "cached")
    streamed = chat(front.port, "help", stream=True)
    assert b"We are back soon." in streamed.body
    assert streamed.body.endswith(b"data: [DONE]\n\n")
    assert chat(front.port, "something else").status == 503


def test_the_check_fails_on_a_wrong_answer(engine: ScriptedEngine, start: StartFront, tmp_path: Path) -> None:
    beside(engine, start)
    command = [sys.executable, "-m", "front", "check", f"--url={engine.url}", f"--golden={tmp_path / 'golden.json'}"]
    right = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    engine.reply = "Lyon."
    wrong = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (right.returncode, wrong.returncode) == (0, 1)
    assert "expected a match" in wrong.stdout


def test_the_check_refuses_right_answers_of_the_fallback(
    engine: ScriptedEngine, start: StartFront, tmp_path: Path
) -> None:
    gone = f"http://{HOST}:{free_port()}"
    front = start(f"--upstream={gone}", f"--upstream={engine.url}", f"--engine={engine.url}")
    eventually(lambda: front.probe("/startup"), "the fallback's own model answers")
    url, golden = f"--url=http://{HOST}:{front.port}", f"--golden={tmp_path / 'golden.json'}"
    command = [sys.executable, "-m", "front", "check", url, golden]
    refused = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    chosen = subprocess.run([*command, "--fallback"], cwd=tmp_path, check=False)
    assert (refused.returncode, chosen.returncode) == (1, 0)
    assert "answered by the fallback (model), not by the model's servers" in refused.stdout
