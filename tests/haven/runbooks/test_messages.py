"""AWS's words as they are shown and kept: one line, short, and without a secret."""

from collections.abc import Iterator

import pytest

from haven.runbooks.clients import clients, signed_in
from haven.runbooks.messages import LONGEST, plain
from haven.runbooks.workflow.requests import Call, RefusedError
from haven.runbooks.workflow.threads import Threads
from tests.gateway import Gateway, gateway
from tests.simulation.model import R

SIGNED = """The request signature we calculated does not match the signature you provided.

The Canonical String for this request should have been
'POST
/
host:rds.eu-west-1.amazonaws.com
x-amz-date:20261127T030000Z
x-amz-security-token:FwoGZXIvYXdzSECRETSESSION

host;x-amz-date;x-amz-security-token'"""
"""As AWS answers a refused signature."""


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """A gateway with nothing behind it."""
    with gateway("http://127.0.0.1:9") as made:
        monkeypatch.setenv("AWS_ENDPOINT_URL", made.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        yield made


def refused(aws: Gateway, code: str, message: str, call: Call) -> str:
    """What a runbook gets of a refusal."""
    text = f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    aws.answers["rds", "".join(each.title() for each in call.operation.replace("db", "DB").split("_"))] = lambda _: (
        400,
        "text/xml",
        text,
    )

    async def run() -> object:
        return await call

    once = clients(None, 1, signed_in([R]))
    with pytest.raises(RefusedError) as error:
        Threads(once, once).run(run())
    assert error.value.code == code
    return str(error.value)


CALL = Call("rds", R, "failover_global_cluster", {"GlobalClusterIdentifier": "db", "TargetDbClusterIdentifier": "arn"})


def test_the_reason_of_a_refusal_arrives_on_one_line(aws: Gateway) -> None:
    found = refused(aws, "InvalidGlobalClusterStateFault", "engine patch\n   levels differ", CALL)
    assert found == f"InvalidGlobalClusterStateFault: engine patch levels differ (rds:failover_global_cluster in {R})"


def test_a_long_reason_is_cut(aws: Gateway) -> None:
    found = refused(aws, "InvalidParameterValue", "x" * 5000, CALL)
    assert found == f"InvalidParameterValue: {'x' * (LONGEST - 1)}… ({CALL})"


def test_no_secret_of_a_refused_signature_is_shown(aws: Gateway) -> None:
    found = refused(aws, "SignatureDoesNotMatch", SIGNED, CALL)
    assert "SECRETSESSION" not in found
    assert "The request signature we calculated does not match" in found


@pytest.mark.parametrize(
    ("message", "secret"),
    [
        ("not authorized. Encoded authorization failure message: 4fRSpzlQblob", "4fRSpzlQblob"),
        ("Authorization: Bearer k8s-aws-v1.aHR0cHM6Ly9", "aHR0cHM6Ly9"),
        ("bad header AWS4-HMAC-SHA256 Credential=AKIDKEY/20261127/r/rds/aws4_request, Signature=fe5f80", "fe5f80"),
        ("bad header AWS4-HMAC-SHA256 Credential=AKIDKEY/20261127/r/rds/aws4_request, Signature=fe5f80", "AKIDKEY"),
        ("https://s3/x?X-Amz-Signature=ab2s&amp;X-Amz-Security-Token=IQoJb3", "IQoJb3"),
    ],
)
def test_what_opens_doors_is_hidden(message: str, secret: str) -> None:
    assert secret not in plain(message)


def test_a_password_that_a_validation_repeats_is_hidden() -> None:
    found = plain("Value 'hunter22' at 'masterUserPassword' is too short", {"MasterUserPassword": "hunter22"})
    assert found == "Value '…' at 'masterUserPassword' is too short"


def test_an_ordinary_message_stays_as_it_is() -> None:
    words = "Signature expired: 20261127T030000Z is now earlier than 20261127T031000Z; the secret db-token isn't there"
    assert plain(words, {"SecretId": "another"}) == words
