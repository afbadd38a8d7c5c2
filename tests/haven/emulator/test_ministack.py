"""The embedded emulator's life: started, killed, orphaned, started again. Every test runs the real one on loopback."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from haven.base.problems import Problems
from haven.emulator import ministack
from haven.emulator.ministack import Emulator, EmulatorError


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("home")
    ministack.install(place)
    return place


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which something listens that is no emulator."""

    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"edition": "light"}')

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Stranger)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield int(server.server_address[1])
    server.shutdown()
    server.server_close()
    thread.join()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_ministack/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _runs(pid: int) -> bool:
    """Whether a process runs that is no child of ours, or is one that we have not waited for."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def _until(holds: Callable[[], bool], what: str) -> None:
    last = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < last, f"never: {what}"
        time.sleep(0.05)


def test_it_answers_while_it_runs_and_is_gone_afterwards(home: Path, tmp_path: Path) -> None:
    with Emulator(home, tmp_path / "run") as running:
        pid = running.pid
        assert pid is not None
        assert _answers(running.url)
        running.check()
    assert not _runs(pid)
    assert not _answers(running.url)


def test_it_listens_on_loopback_only(home: Path, tmp_path: Path) -> None:
    with Emulator(home, tmp_path / "run") as running:
        pid = running.pid
        sockets = {str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir() if each.is_symlink()}
        inodes = {each.removeprefix("socket:[").rstrip("]") for each in sockets if each.startswith("socket:")}
        rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()]
        listening = [row[1].rpartition(":")[0] for row in rows if row[9] in inodes and row[3] == "0A"]
    assert listening == ["0100007F"]  # 127.0.0.1, as the kernel writes it


def test_no_setting_of_the_user_s_shell_reaches_it(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTH", "true")
    monkeypatch.setenv("PERSIST_STATE", "1")
    with Emulator(home, tmp_path / "run") as running:
        environment = Path(f"/proc/{running.pid}/environ").read_bytes().split(b"\0")
    assert not [each for each in environment if each.startswith((b"AUTH=", b"PERSIST_STATE="))]


def test_two_at_once_have_ports_and_processes_of_their_own(home: Path, tmp_path: Path) -> None:
    with Emulator(home, tmp_path / "one") as one, Emulator(home, tmp_path / "other") as other:
        assert one.url != other.url
        assert one.pid != other.pid
        one.stop()
        assert _answers(other.url)


def test_a_port_that_was_asked_for_is_used(home: Path, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with Emulator(home, tmp_path / "run", port) as running:
        assert running.url == f"http://127.0.0.1:{port}"


def test_a_taken_port_is_a_problem_with_a_fix(home: Path, tmp_path: Path, taken: int) -> None:
    with pytest.raises(Problems) as caught, Emulator(home, tmp_path / "run", taken):
        pass
    assert caught.value.render() == (
        "1 problem:\n"
        f"  the emulator's port: got {taken}, where something is listening on 127.0.0.1 already; allowed: a free port; "
        "fix: choose another port, or leave it out to get a free one"
    )


def test_whoever_is_faster_keeps_the_port_and_another_one_is_tried(
    home: Path, tmp_path: Path, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = ministack._free_port
    ports = iter([taken, taken])
    monkeypatch.setattr(ministack, "_free_port", lambda: next(ports, None) or free())
    with Emulator(home, tmp_path / "run") as running:
        assert running.url != f"http://127.0.0.1:{taken}"
        assert _answers(running.url)


def test_a_stranger_who_takes_the_port_during_the_start_is_not_taken_for_the_emulator(
    home: Path, tmp_path: Path, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ministack, "_answers", lambda _: False)  # the look before the start came too early
    with pytest.raises(Problems, match=str(taken)), Emulator(home, tmp_path / "run", taken):
        pass


def test_losing_every_race_is_an_error(home: Path, tmp_path: Path, taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ministack, "_free_port", lambda: taken)
    with pytest.raises(EmulatorError, match="took 5 free ports in a row"), Emulator(home, tmp_path / "run"):
        pass


def test_a_killed_one_is_noticed_and_the_error_names_the_log(home: Path, tmp_path: Path) -> None:
    with Emulator(home, tmp_path / "run") as running:
        assert running.pid is not None
        os.kill(running.pid, signal.SIGKILL)
        _until(lambda: not _answers(running.url), "the emulator is gone")
        with pytest.raises(EmulatorError) as caught:
            running.check(patience=30)
    assert "killed by signal 9" in str(caught.value)
    assert str(running.log) in str(caught.value)
    assert "Running on" in running.log.read_text()


def test_an_emulator_that_cannot_start_names_its_log(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in = tmp_path / "stand_in.py"
    stand_in.write_text("raise SystemExit('no such luck')")
    monkeypatch.setattr(ministack, "_PROCESS", stand_in)
    running = Emulator(home, tmp_path / "run")
    with pytest.raises(EmulatorError, match=r"doesn't start \(exit code 1\); its log: "):
        running.start()
    assert "no such luck" in running.log.read_text()
    assert running.pid is None


def test_it_starts_again_after_it_was_killed(home: Path, tmp_path: Path) -> None:
    running = Emulator(home, tmp_path / "run")
    running.start()
    assert running.pid is not None
    os.kill(running.pid, signal.SIGKILL)
    running.stop()
    with running:
        assert _answers(running.url)


def test_stopping_twice_does_nothing(home: Path, tmp_path: Path) -> None:
    running = Emulator(home, tmp_path / "run")
    running.start()
    running.stop()
    running.stop()
    assert running.pid is None


def test_it_ends_when_its_starter_is_killed(home: Path, tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from haven.emulator.ministack import Emulator\n"
        "running = Emulator(Path(sys.argv[1]), Path(sys.argv[2])); running.start()\n"
        "print(running.pid, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", program, str(home), str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        assert _runs(pid)
        starter.kill()
    _until(lambda: not _runs(pid), "the emulator ends with its starter")


def test_an_environment_that_lost_its_python_is_made_again(tmp_path: Path) -> None:
    python = ministack.install(tmp_path)
    python.unlink()
    again = ministack.install(tmp_path)
    assert subprocess.run([again, "-c", "import ministack"], check=False).returncode == 0


def test_an_environment_that_is_complete_is_left_alone(home: Path) -> None:
    marker = home / f"{ministack.NAME}-{ministack.VERSION}" / "installed"
    before = marker.stat().st_mtime_ns
    ministack.install(home)
    assert marker.stat().st_mtime_ns == before


def test_a_package_without_its_hash_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unpinned = tmp_path / "emulator.txt"
    unpinned.write_text(f"{ministack.NAME}=={ministack.VERSION}\n")
    monkeypatch.setattr(ministack, "_REQUIREMENTS", unpinned)
    with pytest.raises(EmulatorError, match=r"can't be installed: .*hash"):
        ministack.install(tmp_path / "home")
