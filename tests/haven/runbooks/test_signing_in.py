"""Credentials of a role: fetched once, where the failover leads, before anything is timed, renewed between calls."""

import os
import pty
import re
import select
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.credentials import AssumeRoleProvider

from haven.base.exits import MISSING_DEPENDENCY
from haven.runbooks.clients import clients, signed_in
from haven.runbooks.credentials import CredentialsError
from haven.runbooks.workflow.requests import Answer, Call, TooLateError
from haven.runbooks.workflow.threads import ONCE_SECONDS, Threads
from tests.environments import ROOT
from tests.gateway import Answer as Reply
from tests.gateway import Call as Request
from tests.gateway import Fault, Gateway, gateway
from tests.haven.runbooks.failover.ground import HAVEN
from tests.simulation.model import P, R

PROFILES = f"""
[profile op]
region = {P}
role_arn = arn:aws:iam::111122223333:role/haven-prod-operator
source_profile = base
%s
[profile base]
region = {P}
aws_access_key_id = test
aws_secret_access_key = test
"""
SERIAL = "arn:aws:iam::111122223333:mfa/on-call"
FAILOVER = ["failover", "prod", "--region", P, "--region", R, "--to", R, "--dry-run"]


class Sts:
    """Gives sessions of a role that last for a time; each has a key of its own."""

    def __init__(self, lasting: float = 3600) -> None:
        self.lasting = lasting
        """Seconds of the next session."""
        self.given = 0

    def assume(self, _: Request) -> Reply:
        """AssumeRole."""
        self.given += 1
        end = (datetime.now(UTC) + timedelta(seconds=self.lasting)).strftime("%Y-%m-%dT%H:%M:%SZ")
        keys = f"<AccessKeyId>ASIA{self.given}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
        session = f"<Credentials>{keys}<SessionToken>t</SessionToken><Expiration>{end}</Expiration></Credentials>"
        return (
            200,
            "text/xml",
            f"<AssumeRoleResponse><AssumeRoleResult>{session}</AssumeRoleResult></AssumeRoleResponse>",
        )

    def identity(self, _: Request) -> Reply:
        """GetCallerIdentity."""
        result = (
            "<GetCallerIdentityResult><Account>111122223333</Account>"
            "<Arn>arn:aws:sts::111122223333:assumed-role/o/o</Arn></GetCallerIdentityResult>"
        )
        return 200, "text/xml", f"<GetCallerIdentityResponse>{result}</GetCallerIdentityResponse>"


@pytest.fixture
def sts() -> Sts:
    return Sts()


@pytest.fixture
def aws(sts: Sts) -> Iterator[Gateway]:
    """A gateway that answers for STS, with nothing behind it."""
    with gateway("http://127.0.0.1:9") as made:
        made.answers["sts", "AssumeRole"] = sts.assume
        made.answers["sts", "GetCallerIdentity"] = sts.identity
        made.chosen = lambda call: None if call.service == "sts" else Fault.REFUSE
        yield made


def variables(folder: Path, aws: Gateway, more: str = "") -> dict[str, str]:
    """The environment of a person with a profile of a role."""
    (folder / "config").write_text(PROFILES % more)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_PROFILE": "op",
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@pytest.fixture
def profile(tmp_path: Path, aws: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same in this process."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables(tmp_path, aws).items():
        monkeypatch.setenv(name, value)


def assumed_in(aws: Gateway) -> list[str]:
    """The Regions whose STS was asked for a session, in order."""
    return [each.region for each in aws.calls if each.operation == "AssumeRole"]


def haven(words: list[str], folder: Path, aws: Gateway, more: str = "", **changed: str) -> tuple[int, str]:
    """Exit code and standard error of a process that has no terminal."""
    done = subprocess.run(
        [*HAVEN, *words],
        env={**variables(folder, aws, more), **changed},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stderr


def test_a_failover_asks_sts_of_the_region_that_takes_over_once_whatever_region_the_profile_has(
    tmp_path: Path, aws: Gateway
) -> None:
    haven(FAILOVER, tmp_path, aws)
    assert assumed_in(aws) == [R]


ELSEWHERE = "ap-southeast-2"
BEFORE_DEPLOYMENT = [
    ["preflight", "warm"],
    ["check-destroy", "warm"],
    ["smoke", "--account", "111122223333", "--regions", f"{P},{R}", "--yes"],
]


@pytest.mark.parametrize("words", BEFORE_DEPLOYMENT, ids=lambda words: words[0])
def test_commands_of_a_stack_ask_its_own_regions_whatever_region_this_machine_has(
    words: list[str], tmp_path: Path, aws: Gateway
) -> None:
    haven([*words, "-C", str(ROOT)], tmp_path, aws, AWS_REGION=ELSEWHERE, AWS_DEFAULT_REGION=ELSEWHERE)
    assert assumed_in(aws) == [P]
    assert {each.region for each in aws.calls} <= {P, R}


def test_where_sts_of_one_region_is_silent_the_other_is_asked_and_the_silent_one_is_named(
    tmp_path: Path, aws: Gateway
) -> None:
    aws.chosen = lambda call: Fault.BLACKHOLE if call.region == P and call.service == "sts" else None
    _, error = haven(["status", "prod", "--region", P, "--region", R], tmp_path, aws)
    assert assumed_in(aws) == [P, R]
    assert f"no credentials by STS in {P}: Read timeout" in error


def test_where_sts_of_no_region_answers_the_credentials_are_named(tmp_path: Path, aws: Gateway) -> None:
    aws.chosen = lambda _: Fault.REFUSE
    code, error = haven(["status", "prod", "--region", P, "--region", R], tmp_path, aws)
    assert (code, assumed_in(aws)) == (MISSING_DEPENDENCY, [P, R])
    assert f"STS gives no credentials in {P} and {R}; --region names another Region: sign in" in error
    assert "check the environment's name" not in error


def test_a_role_that_refuses_is_no_silence(tmp_path: Path, aws: Gateway) -> None:
    aws.chosen = lambda _: Fault.DENY
    code, error = haven(["status", "prod", "--region", P, "--region", R], tmp_path, aws)
    assert (code, assumed_in(aws)) == (MISSING_DEPENDENCY, [P])
    assert "AssumeRole brings no credentials: AccessDenied" in error


@pytest.mark.parametrize("seconds", [0.0, pytest.param(9.0, marks=pytest.mark.exhaustive)])
def test_the_code_of_a_second_factor_is_asked_for_once_and_nothing_waits_for_the_typing(
    seconds: float, tmp_path: Path, aws: Gateway
) -> None:
    shown = Terminal([*HAVEN, *FAILOVER], variables(tmp_path, aws, f"mfa_serial = {SERIAL}"), tmp_path)
    shown.until(lambda text: f"MFA code for {SERIAL}" in text)
    assert aws.calls == []
    time.sleep(seconds)
    shown.type("123456\n")
    text = shown.until(lambda _: False)
    assert [each.arguments["TokenCode"] for each in aws.calls if each.operation == "AssumeRole"] == ["123456"]
    assert text.count("MFA code") == 1
    assert "no answer within" not in text
    assert {each.region for each in aws.calls if each.operation.endswith("GetParameter")} == {P, R}, text


def test_a_code_of_a_second_factor_without_a_terminal_is_one_error(tmp_path: Path, aws: Gateway) -> None:
    code, error = haven(FAILOVER, tmp_path, aws, f"mfa_serial = {SERIAL}")
    assert (code, aws.calls) == (MISSING_DEPENDENCY, [])
    assert "asks for the code of a second factor, and there is no terminal" in error


def test_a_profile_that_is_not_there_is_one_error(tmp_path: Path, aws: Gateway) -> None:
    code, error = haven(["status", "prod", "--region", P], tmp_path, aws, AWS_PROFILE="another")
    assert code == MISSING_DEPENDENCY, error
    assert "The config profile (another) could not be found" in error


@pytest.mark.usefixtures("profile")
def test_no_call_fetches_credentials_and_reading_and_changing_clients_share_them(sts: Sts, aws: Gateway) -> None:
    sts.lasting = 600
    credentials = signed_in([R])
    reading, changing = (clients(None, attempts, credentials)("sts", R) for attempts in (2, 1))
    before = sts.given
    for each in (reading, changing, reading):
        each.get_caller_identity()
    assert sts.given == before


@pytest.mark.usefixtures("profile")
def test_credentials_near_their_end_are_renewed_before_the_next_call(sts: Sts, aws: Gateway) -> None:
    sts.lasting = 600
    client = clients(None, credentials=signed_in([R]))
    sts.lasting = 3600
    for _ in range(2):
        client("sts", R).get_caller_identity()
        assert (sts.given, used(aws)) == (2, "ASIA2")


@pytest.mark.usefixtures("profile")
def test_a_resolver_that_is_silent_holds_up_nobody_who_signs_in(monkeypatch: pytest.MonkeyPatch) -> None:
    answers, found = threading.Event(), list[Exception]()

    def sign_in() -> None:
        try:
            signed_in([P, R])
        except CredentialsError as error:
            found.append(error)

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://sts.test.invalid:80")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers.wait(60))
    thread = threading.Thread(target=sign_in, daemon=True)
    thread.start()
    thread.join(2 * ONCE_SECONDS + 6)
    answers.set()
    assert [str(each).partition(";")[0] for each in found] == [f"STS gives no credentials in {P} and {R}"]


@pytest.mark.usefixtures("profile")
def test_while_they_last_credentials_that_cannot_be_renewed_are_used(sts: Sts, aws: Gateway) -> None:
    sts.lasting = 600
    client = clients(None, credentials=signed_in([R]))
    aws.chosen = lambda call: Fault.REFUSE if call.operation == "AssumeRole" else None
    for _ in range(2):
        client("sts", R).get_caller_identity()
    assert (used(aws), assumed_in(aws)) == ("ASIA1", [R, R])


@pytest.mark.usefixtures("profile")
@pytest.mark.parametrize("lasts", [600, 800], ids=["botocore must renew", "botocore may renew"])
def test_where_sts_is_silent_at_a_renewal_the_other_region_renews_them(lasts: float, sts: Sts, aws: Gateway) -> None:
    sts.lasting = lasts
    client = clients(None, credentials=signed_in([R, P]))
    sts.lasting = 3600
    aws.chosen = lambda call: Fault.BLACKHOLE if (call.operation, call.region) == ("AssumeRole", R) else None
    for _ in range(2):
        client("sts", R).get_caller_identity()
        assert (used(aws), assumed_in(aws)) == ("ASIA2", [R, R, P])


@pytest.mark.usefixtures("profile")
def test_where_no_region_renews_credentials_that_have_ended_one_error_names_both(sts: Sts, aws: Gateway) -> None:
    sts.lasting = 2
    client = clients(None, credentials=signed_in([R, P]))
    aws.chosen = lambda call: Fault.REFUSE if call.operation == "AssumeRole" else None
    time.sleep(2)
    with pytest.raises(CredentialsError) as raised:
        Threads(client, client).run(identity())
    assert str(raised.value).startswith(f"no new credentials: STS in {R} and {P} doesn't answer (")
    assert "run the same command once more" in str(raised.value)
    assert assumed_in(aws) == [R, R, P]


@pytest.mark.usefixtures("profile")
def test_a_renewal_asks_nobody_for_the_code_of_a_second_factor(
    sts: Sts, aws: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text(PROFILES % f"mfa_serial = {SERIAL}")
    typed = ["123456"]
    monkeypatch.setattr(AssumeRoleProvider.__init__, "__defaults__", (lambda _: typed.pop(), None, None))
    sts.lasting = 2
    client = clients(None, credentials=signed_in([R, P]))
    time.sleep(2)
    with pytest.raises(CredentialsError, match="the session has ended, and a new one needs the second factor"):
        Threads(client, client).run(identity())
    assert (typed, assumed_in(aws)) == ([], [R])


@pytest.mark.usefixtures("profile")
def test_credentials_that_have_ended_and_cannot_be_renewed_end_the_runbook(sts: Sts, aws: Gateway) -> None:
    sts.lasting = 2
    client = clients(None, credentials=signed_in([R]))
    aws.chosen = lambda call: Fault.REFUSE if call.operation == "AssumeRole" else None
    time.sleep(2)
    with pytest.raises(CredentialsError, match=r"no new credentials: .* sign in, and run the same command once more"):
        Threads(client, client).run(identity())
    assert [each for each in aws.calls if each.operation == "GetCallerIdentity"] == []


async def identity(not_after: float | None = None) -> Answer:
    return await Call("sts", R, "get_caller_identity", changes=True, not_after=not_after)


@pytest.mark.usefixtures("profile")
def test_a_process_that_is_paused_right_before_it_sends_does_not_send_after_the_lease(aws: Gateway) -> None:
    client = clients(None, credentials=signed_in([R]))
    pauses = [0.0]
    client("sts", R).meta.events.register_last("before-sign", lambda **_: time.sleep(pauses[0]))
    runs = Threads(client, client)
    runs.run(identity(not_after=time.monotonic() + ONCE_SECONDS + 5))
    pauses[0] = 0.5
    with pytest.raises(TooLateError, match=r"sts:get_caller_identity in .* wasn't sent"):
        runs.run(identity(not_after=time.monotonic() + ONCE_SECONDS + 0.3))
    assert [each.operation for each in aws.calls if each.operation == "GetCallerIdentity"] == ["GetCallerIdentity"]


def used(aws: Gateway) -> str:
    """The key that the last request was signed with."""
    request = aws.calls[-1].request
    assert request is not None
    found = re.search("Credential=([^/]+)/", request.headers["Authorization"])
    assert found is not None
    return found[1]


class Terminal:
    """A process on a terminal of its own."""

    def __init__(self, command: list[str], env: dict[str, str], folder: Path) -> None:
        self._main, child = pty.openpty()
        self._process = subprocess.Popen(
            ["setsid", "--ctty", *command],
            stdin=child,
            stdout=child,
            stderr=child,
            env=env,
            cwd=folder,
        )
        os.close(child)
        self._text = ""

    def type(self, text: str) -> None:
        """As a person does."""
        os.write(self._main, text.encode())

    def until(self, enough: Callable[[str], bool]) -> str:
        """What it has shown when that is enough, or when it has ended."""
        while not enough(self._text):
            select.select([self._main], [], [])
            try:
                self._text += os.read(self._main, 65536).decode()
            except OSError:  # nobody has the other side any more
                os.close(self._main)
                self._process.wait()
                break
        return self._text
