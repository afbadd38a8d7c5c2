"""The script that puts the report on a pull request, against a server on this machine that answers as GitHub does."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from haven.pull_request.markdown import MARKER, NO_CHANGES
from tests.environments import ROOT

SCRIPT = ROOT / ".github" / "scripts" / "comment.py"
BOT = "github-actions[bot]"
PAGE = 100


class GitHub(ThreadingHTTPServer):
    """The comments of one pull request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.comments: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.refuses = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def put(self, body: str, login: str = BOT) -> dict[str, Any]:
        comment = {"id": len(self.comments) + 1, "body": body, "user": {"login": login}}
        self.comments.append(comment)
        return comment


class _Handler(BaseHTTPRequestHandler):
    server: GitHub

    def do_GET(self) -> None:
        assert self.path.startswith("/repos/o/r/issues/7/comments?per_page=100")
        number = int(self.path.partition("&page=")[2] or 1)
        following = f"{self.server.url}/repos/o/r/issues/7/comments?per_page=100&page={number + 1}"
        more = number * PAGE < len(self.server.comments)
        headers = {"Link": f'<{following}>; rel="next", <{following}>; rel="last"'} if more else {}
        self._answer(self.server.comments[(number - 1) * PAGE : number * PAGE], headers)

    def do_POST(self) -> None:
        assert self.path == "/repos/o/r/issues/7/comments"
        self._answer(self.server.put(self._body()), {})

    def do_PATCH(self) -> None:
        comment = self.server.comments[int(self.path.removeprefix("/repos/o/r/issues/comments/")) - 1]
        comment["body"] = self._body()
        self._answer(comment, {})

    def _body(self) -> str:
        return str(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"])

    def _answer(self, value: Any, headers: dict[str, str]) -> None:
        assert self.headers["Authorization"] == "Bearer secret"
        self.server.asked.append(self.command)
        self.send_response(403 if self.server.refuses else 200)
        for name, text in headers.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def post(github: GitHub, tmp_path: Path, body: str) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "comment.md"
    file.write_text(body, encoding="utf-8")
    settings = {
        "GITHUB_API_URL": github.url,
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_TOKEN": "secret",
        "PULL_REQUEST": "7",
        "PATH": os.environ["PATH"],
    }
    # -I: whatever is installed here, the script runs with Python alone.
    words = [sys.executable, "-I", str(SCRIPT), str(file)]
    return subprocess.run(words, env=settings, capture_output=True, text=True, check=False)


def test_the_first_run_makes_a_comment_and_every_later_one_updates_it(github: GitHub, tmp_path: Path) -> None:
    github.put("a question", login="reviewer")
    for text in ("erstens: größer", "then", "last"):
        assert post(github, tmp_path, f"{MARKER}\n{text}\n").returncode == 0
    assert [each["body"] for each in github.comments] == ["a question", f"{MARKER}\nlast\n"]
    assert github.asked == ["GET", "POST", "GET", "PATCH", "GET", "PATCH"]


def test_the_comment_is_found_behind_hundreds_of_others(github: GitHub, tmp_path: Path) -> None:
    for number in range(2 * PAGE + 1):
        github.put(str(number), login="talker")
    own = github.put(f"{MARKER}\nbefore\n")
    post(github, tmp_path, f"{MARKER}\nafter\n")
    assert (own["body"], len(github.comments)) == (f"{MARKER}\nafter\n", 2 * PAGE + 2)


def test_somebody_else_s_comment_with_the_marker_is_left_alone(github: GitHub, tmp_path: Path) -> None:
    theirs = github.put(f"{MARKER}\nmine!\n", login="somebody")
    post(github, tmp_path, f"{MARKER}\nreport\n")
    assert (theirs["body"], len(github.comments)) == (f"{MARKER}\nmine!\n", 2)


def test_a_bot_s_other_comments_are_left_alone(github: GitHub, tmp_path: Path) -> None:
    github.put(f"quoting {MARKER}")
    post(github, tmp_path, f"{MARKER}\nreport\n")
    assert len(github.comments) == 2


def test_nothing_to_say_makes_no_comment_but_updates_one(github: GitHub, tmp_path: Path) -> None:
    quiet = f"{MARKER}\n{NO_CHANGES}\nnothing\n"
    assert post(github, tmp_path, quiet).returncode == 0
    assert github.comments == []
    github.put(f"{MARKER}\nbefore\n")
    post(github, tmp_path, quiet)
    assert [each["body"] for each in github.comments] == [quiet]


def test_a_report_that_would_never_be_found_again_is_refused(github: GitHub, tmp_path: Path) -> None:
    done = post(github, tmp_path, "no marker")
    assert (done.returncode, github.asked) == (1, [])
    assert "doesn't begin with" in done.stderr


def test_an_answer_that_says_no_fails_the_job(github: GitHub, tmp_path: Path) -> None:
    github.refuses = True
    assert post(github, tmp_path, f"{MARKER}\nreport\n").returncode != 0
