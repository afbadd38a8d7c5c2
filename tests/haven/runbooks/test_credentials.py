"""Credentials that are missing, have ended or are refused: one error that says so, and nothing else is concluded."""

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore import exceptions
from botocore.credentials import CredentialProvider, CredentialResolver
from botocore.session import Session

from haven.base.exits import MISSING_DEPENDENCY
from haven.runbooks.clients import asked, clients, signed_in
from haven.runbooks.credentials import CredentialsError
from haven.runbooks.observation import ask_all
from haven.runbooks.workflow.requests import Answer, Call
from haven.runbooks.workflow.threads import Threads
from tests.gateway import Fault, Gateway, gateway
from tests.haven.runbooks.failover.ground import HAVEN
from tests.simulation.model import P, R
from tests.simulation.operators import manifest_document

NOBODY = "http://127.0.0.1:9"
SIGN_IN = "sign in, and run the same command once more"
STATIC = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
FROM_AWS = ["status", "prod", "--region", P, "--region", R]
COMMANDS = [FROM_AWS, ["failover", "prod", "--region", R, "--to", R, "--dry-run"]]


@pytest.fixture
def aws() -> Iterator[Gateway]:
    """A gateway with nothing behind it."""
    with gateway(NOBODY) as made:
        yield made


def haven(words: list[str], folder: Path, url: str, **more: str) -> tuple[int, str]:
    """Exit code and standard error of a process with a home of its own."""
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "AWS_ENDPOINT_URL": url,
        "AWS_EC2_METADATA_DISABLED": "true",
        **more,
    }
    done = subprocess.run([*HAVEN, *words], env=variables, cwd=folder, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stderr


@pytest.mark.parametrize("words", COMMANDS, ids=["status", "failover"])
def test_credentials_that_have_expired_are_told_from_an_environment_that_is_not_there(
    words: list[str], tmp_path: Path, aws: Gateway
) -> None:
    aws.chosen = lambda _: Fault.EXPIRED
    code, error = haven(words, tmp_path, aws.url, **STATIC)
    assert (code, "ExpiredToken" in error, SIGN_IN in error) == (MISSING_DEPENDENCY, True, True), error
    assert "check the environment's name" not in error


def test_an_audit_that_nobody_may_read_is_one_error_without_a_warning_of_python(tmp_path: Path, aws: Gateway) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps(manifest_document()))
    code, error = haven(["audit", "verify", "sim", "--manifest", "manifest.json", "--in", R], tmp_path, aws.url)
    assert (code, "never awaited" in error, "credentials" in error) == (MISSING_DEPENDENCY, False, True), error


@pytest.mark.parametrize("words", COMMANDS, ids=["status", "failover"])
def test_a_session_of_identity_center_that_has_ended_is_named(words: list[str], tmp_path: Path, aws: Gateway) -> None:
    (tmp_path / ".aws" / "sso" / "cache").mkdir(parents=True)
    (tmp_path / ".aws" / "config").write_text(
        f"[sso-session us]\nsso_region = {P}\nsso_start_url = https://example.invalid/start\n"
        f"[profile op]\nregion = {R}\nsso_session = us\nsso_account_id = 111122223333\nsso_role_name = Operators\n"
    )
    ended = {"accessToken": "test", "expiresAt": "2026-01-01T00:00:00Z", "startUrl": "https://example.invalid/start"}
    name = hashlib.sha1(b"us", usedforsecurity=False).hexdigest()
    (tmp_path / ".aws" / "sso" / "cache" / f"{name}.json").write_text(json.dumps(ended))
    code, error = haven(words, tmp_path, aws.url, AWS_PROFILE="op")
    assert (code, SIGN_IN in error) == (MISSING_DEPENDENCY, True), error
    assert "check the environment's name" not in error
    assert aws.calls == []


ENDED = [
    exceptions.LoginRefreshRequired(),
    exceptions.LoginTokenLoadError(error_msg="no token"),
    exceptions.UnauthorizedSSOTokenError(),
    exceptions.SSOTokenLoadError(error_msg="no token"),
    exceptions.TokenRetrievalError(provider="sso", error_msg="Token has expired and refresh failed"),
    exceptions.CredentialRetrievalError(provider="custom-process", error_msg="exit code 1"),
    exceptions.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
    exceptions.RefreshWithMFAUnsupportedError(),
    exceptions.NoCredentialsError(),
]


@pytest.mark.parametrize("ended", ENDED, ids=lambda each: type(each).__name__)
def test_whoever_asks_tells_a_session_that_has_ended_from_a_silent_region(
    ended: exceptions.BotoCoreError, aws: Gateway
) -> None:
    class Ended(CredentialProvider):  # type: ignore[misc]  # botocore has no types
        METHOD = "test"

        def load(self) -> None:
            raise ended

    session = Session()
    session.register_component("credential_provider", CredentialResolver([Ended()]))

    def client(service: str, region: str) -> Any:
        return session.create_client(service, region, endpoint_url=aws.url)

    def look() -> Mapping[str, Any]:
        return client("sts", R).get_caller_identity()  # type: ignore[no-any-return]

    async def run() -> Answer:
        return await Call("sts", R, "get_caller_identity")

    for ask in (lambda: ask_all({"who": look}), lambda: asked("STS", look), lambda: Threads(client, client).run(run())):
        with pytest.raises(CredentialsError, match=SIGN_IN):
            ask()
    assert aws.calls == []


def test_a_region_that_the_account_has_not_enabled_leaves_the_answers_of_the_others(
    aws: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**STATIC, "AWS_ENDPOINT_URL": aws.url}.items():
        monkeypatch.setenv(name, value)
    enabled = [R]

    def answer(call: Any) -> tuple[int, str, str]:
        if call.region in enabled:
            return 200, "text/xml", "<GetCallerIdentityResponse><GetCallerIdentityResult/></GetCallerIdentityResponse>"
        error = "<Error><Code>InvalidClientTokenId</Code><Message>no</Message></Error>"
        return 403, "text/xml", f"<ErrorResponse>{error}</ErrorResponse>"

    aws.answers["sts", "GetCallerIdentity"] = answer
    client = clients(None, credentials=signed_in([P]))
    questions = {region: lambda region=region: client("sts", region).get_caller_identity() for region in (P, R)}
    found = ask_all(questions)
    assert (found[P].known, found[R].known) == (False, True)
    assert "InvalidClientTokenId" in found[P].unknown
    enabled.clear()
    with pytest.raises(CredentialsError, match="InvalidClientTokenId"):
        ask_all(questions)


@pytest.mark.parametrize(("ahead", "off"), [(750, r"0:12:[23]\d behind"), (-4030, r"1:07:[01]\d ahead")])
def test_a_clock_that_is_off_is_named_with_how_far_and_how_to_set_it(
    ahead: int, off: str, tmp_path: Path, aws: Gateway
) -> None:
    aws.chosen, aws.ahead = lambda _: Fault.SKEWED, ahead
    for words in COMMANDS:
        code, error = haven(words, tmp_path, aws.url, **STATIC)
        assert code == MISSING_DEPENDENCY, error
        assert re.search(f"this machine's clock is {off}", error), error
        assert "timedatectl set-ntp true" in error
        assert "RequestTimeTooSkewed" in error
        assert "sign in" not in error


@pytest.mark.parametrize(
    ("code", "ahead", "clock"),
    [
        ("RequestExpired", 0, False),
        ("RequestExpired", 600, True),
        ("AuthFailure", 0, False),
        ("AuthFailure", -600, True),
        ("RequestTimeTooSkewed", 0, True),
        ("RequestInTheFuture", -600, True),
        ("SignatureDoesNotMatch", 600, True),
    ],
)
def test_what_may_be_the_clock_is_the_clock_where_the_answer_has_another_time(
    code: str, ahead: int, clock: bool, aws: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**STATIC, "AWS_ENDPOINT_URL": aws.url}.items():
        monkeypatch.setenv(name, value)
    error = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    aws.answers["sts", "GetCallerIdentity"], aws.ahead = (lambda _: (403, "text/xml", error)), ahead
    with pytest.raises(CredentialsError, match="clock is" if clock else SIGN_IN):
        asked("STS", clients(None, credentials=signed_in([R]))("sts", R).get_caller_identity)
