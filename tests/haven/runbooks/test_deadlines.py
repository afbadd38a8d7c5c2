"""What a call may take, whatever the network does: over real sockets, with resolvers and addresses that are silent."""

import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from haven.runbooks import clients as made
from haven.runbooks.clients import clients, signed_in
from haven.runbooks.limits import NotSentError, Sending, elapsed
from haven.runbooks.workflow.requests import Call, Pause, TooLateError, UnansweredError
from haven.runbooks.workflow.threads import ONCE_SECONDS, MachineClock, Threads
from tests.gateway import Fault, Gateway, gateway, unconnectable
from tests.simulation.model import R

HOST = "rds.test.invalid"
DONE = "<FailoverGlobalClusterResponse><FailoverGlobalClusterResult/></FailoverGlobalClusterResponse>"
PROMOTION = {"GlobalClusterIdentifier": "db-global", "TargetDbClusterIdentifier": "arn:aws:rds:r:1:cluster:db"}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """A gateway that takes promotions, at a name."""
    with gateway("http://127.0.0.1:9") as running:
        running.answers["rds", "FailoverGlobalCluster"] = lambda _: (200, "text/xml", DONE)
        variables = {
            "AWS_ENDPOINT_URL": f"http://{HOST}:{port(running)}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "NO_PROXY": "*",
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield running


def port(running: Gateway) -> int:
    """The port that a gateway listens on."""
    return int(urlsplit(running.url).port or 0)


def resolving(monkeypatch: pytest.MonkeyPatch, addresses: Sequence[str], before: Callable[[], Any] = lambda: 0) -> None:
    """Let the name have addresses, after something."""
    real = socket.getaddrinfo

    def found(host: str, *arguments: Any, **named: Any) -> Any:
        if host != HOST:
            return real(host, *arguments, **named)
        before()
        return [one for each in addresses for one in real(each, *arguments, **named)]

    monkeypatch.setattr(socket, "getaddrinfo", found)


def hurry(monkeypatch: pytest.MonkeyPatch, connect: float, read: float) -> None:
    """Let time-outs be short."""
    monkeypatch.setattr(made, "CONNECT_SECONDS", connect)
    monkeypatch.setattr(made, "READ_SECONDS", read)


def promoted(until: float) -> Any:
    """What comes of a promotion that has to be sent within a time."""

    async def run() -> Any:
        return await Call("rds", R, "failover_global_cluster", PROMOTION, True, False, elapsed() + until)

    once = clients(None, 1, signed_in([R]))
    once("rds", R)  # what botocore loads first takes time
    return Threads(once, once).run(run())


def ends_within(seconds: float, call: Call) -> bool:
    """Whether a call ends before a pause beside it; it has to end without an answer."""

    async def ask() -> None:
        with pytest.raises(UnansweredError):
            await call

    async def wait() -> None:
        await Pause(seconds)

    once = clients(None, 1, signed_in([R]))
    once(call.service, call.region)
    runs = Threads(once, once)
    paused: list[Any] = []
    runs.start("", wait(), paused.append)
    runs.run(ask())
    return not paused


LOOK = Call("rds", R, "describe_db_clusters", observes=True)
CLOSING = Call("rds", R, "failover_global_cluster", PROMOTION, changes=True)


def test_a_change_whose_name_is_resolved_after_its_limit_is_never_sent(
    aws: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, ["127.0.0.1"], lambda: time.sleep(1))
    with pytest.raises(TooLateError, match=r"rds:failover_global_cluster in .* wasn't sent"):
        promoted(ONCE_SECONDS + 0.5)
    assert aws.calls == []


def test_a_change_whose_connection_stands_after_its_limit_is_never_sent(
    aws: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unconnectable(port(aws), 4) as silent:
        resolving(monkeypatch, [*silent, "127.0.0.1"])
        with pytest.raises(TooLateError):
            promoted(ONCE_SECONDS + 0.5)
    assert aws.calls == []


def test_addresses_that_do_not_answer_hide_none_that_does(aws: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    with unconnectable(port(aws), 4) as silent:
        resolving(monkeypatch, [*silent, "127.0.0.1"])
        promoted(ONCE_SECONDS + 30)
    assert [each.operation for each in aws.calls] == ["FailoverGlobalCluster"]


def test_an_address_that_refuses_is_followed_by_the_next_one(aws: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, ["127.0.0.2", "127.0.0.1"])
    promoted(ONCE_SECONDS + 30)
    assert [each.operation for each in aws.calls] == ["FailoverGlobalCluster"]


@pytest.mark.parametrize("call", [LOOK, CLOSING], ids=["look", "change"])
def test_a_call_to_addresses_that_complete_no_connection_has_ended_in_its_time(
    call: Call, aws: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unconnectable(port(aws), 8) as silent:  # as many as S3 gives
        resolving(monkeypatch, silent)
        assert ends_within(ONCE_SECONDS, call)


@pytest.mark.parametrize("call", [LOOK, CLOSING], ids=["look", "change"])
def test_a_call_whose_resolver_does_not_answer_has_ended_in_its_time_and_is_not_sent_later(
    call: Call, aws: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = threading.Event()
    resolving(monkeypatch, ["127.0.0.1"], lambda: answers.wait(60))
    assert ends_within(ONCE_SECONDS, call)
    answers.set()
    time.sleep(0.5)
    assert aws.calls == []


def test_what_was_given_up_is_not_sent_any_more_when_its_thread_goes_on(
    aws: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch, 0.3, 0.3)
    resolving(monkeypatch, ["127.0.0.1"])
    goes_on, ended = threading.Event(), threading.Event()

    def pause(**_: Any) -> None:
        goes_on.wait(60)

    def client(service: str, region: str) -> Any:
        found = once(service, region)
        found.meta.events.register_last("before-sign", pause, unique_id="pause")
        found.meta.events.register_last("after-call-error", lambda **_: ended.set(), unique_id="ended")
        return found

    once = clients(None, 1, signed_in([R]))

    async def run() -> Any:
        return await CLOSING

    with pytest.raises(UnansweredError, match=r"no answer within 0\.6 s"):
        Threads(client, client).run(run())
    goes_on.set()
    assert ended.wait(60)
    assert aws.calls == []


@pytest.mark.parametrize("trickling", ["head", "body"])
def test_an_answer_that_trickles_has_one_time_out(
    trickling: str, aws: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch, 0.5, 0.5)

    class Trickle(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            head, piece = b"HTTP/1.1 200 OK\r\n", b"X-Piece: 1\r\n"
            if trickling == "body":
                head, piece = head + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"
            self.wfile.write(head)
            for _ in range(90):
                time.sleep(0.1)
                self.wfile.write(piece)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """The client has given up."""

    with Server(("127.0.0.1", 0), Trickle) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        once = clients(None, 1, signed_in([R]))
        with pytest.raises(Exception, match="Read timeout"):
            once("rds", R).describe_db_clusters()  # its own time-out, before anybody gives it up
        assert ends_within(3, LOOK)
        server.shutdown()
    assert aws.calls == []


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of `HOST`, with its key, signed by itself."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on PATH to make a certificate with")
    file = tmp_path / "certificate.pem"
    words = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={HOST} -addext subjectAltName=DNS:{HOST}"
    subprocess.run([*words.split(), "-keyout", file, "-out", tmp_path / "c"], check=True, capture_output=True)
    file.write_text(file.read_text() + (tmp_path / "c").read_text())
    return file


def test_a_certificate_is_still_checked_and_tls_is_part_of_the_connection(
    certificate: Path, aws: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, ["127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.socket() as silent, gateway("http://127.0.0.1:9", context) as secure:
        secure.answers = aws.answers
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://{HOST}:{port(secure)}")
        with pytest.raises(UnansweredError, match="certificate verify failed"):
            promoted(ONCE_SECONDS + 30)
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
        promoted(ONCE_SECONDS + 30)
        assert [each.operation for each in secure.calls] == ["FailoverGlobalCluster"]
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)  # the kernel accepts, and nobody speaks TLS
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://{HOST}:{silent.getsockname()[1]}")
        hurry(monkeypatch, 0.5, 60)
        assert ends_within(5, LOOK)


def test_a_region_that_accepts_and_never_answers_is_still_given_up(
    aws: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch, 0.5, 0.5)
    resolving(monkeypatch, ["127.0.0.1"])
    aws.chosen = lambda _: Fault.BLACKHOLE
    assert ends_within(3, LOOK)
    assert len(aws.calls) == 1


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="Linux has two clocks")
def test_a_call_that_was_allowed_before_the_machine_slept_is_too_late_when_it_wakes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sending = Sending(MachineClock().monotonic() + 20)
    sending.require()
    known = time.clock_gettime
    monkeypatch.setattr(time, "clock_gettime", lambda clock: known(clock) + 3600 * (clock == time.CLOCK_BOOTTIME))
    with pytest.raises(NotSentError):
        sending.require()
