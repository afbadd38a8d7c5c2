"""boto3 clients for a time when a Region may answer nothing: short timeouts, few attempts."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from haven.base.missing_dependency import MissingDependency
from haven.runbooks.credentials import credentials_error

Client = Callable[[str, str], Any]
"""Service and Region to a client: boto3's, or for what isn't AWS one of `KUBERNETES` and `INFERENCE`."""

KUBERNETES, INFERENCE = "kubernetes", "inference"
"""The clusters' Kubernetes API, and the entrances of the models (`haven.runbooks.endpoints`)."""

PATIENT = {"lambda": 70}
"""Seconds in which a service answers that no failover asks: a function runs for a minute, and then answers."""

_Answer = TypeVar("_Answer")

CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 2, 5, 2
"""botocore's defaults wait for a silent Region for three minutes."""


class UnansweredError(MissingDependency):
    """AWS didn't answer; the message names the request and the Region."""


def clients(url: str | None, attempts: int = ATTEMPTS) -> Client:
    """boto3 clients that give up on a silent Region after seconds; each is made once, from any thread.

    Args:
        url: an emulator's endpoint. None: AWS, with this machine's credentials.
        attempts: how often a request is sent. 1 for what mustn't be done twice, and for a Region that may be lost.
    """
    made: dict[tuple[str, str], Any] = {}
    lock = threading.Lock()  # a session isn't safe in several threads; a client is
    make = _maker(url, attempts)

    def client(service: str, region: str) -> Any:
        with lock:
            if (service, region) not in made:
                made[service, region] = make(service, region)
            return made[service, region]

    return client


def _maker(url: str | None, attempts: int) -> Client:
    import boto3  # noqa: PLC0415  the tool starts fast
    from botocore.config import Config  # noqa: PLC0415  the tool starts fast

    retries = {"total_max_attempts": attempts}
    config = Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries=retries)

    def patient(service: str, usual: Config) -> Config:
        return usual.merge(Config(read_timeout=PATIENT[service])) if service in PATIENT else usual

    if url is None:
        session = boto3.Session()
        return lambda service, region: (
            _endpoint(service, session, region, attempts)
            or session.client(service, region, config=patient(service, config))
        )
    emulator = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")  # noqa: S106  not checked
    # No proxy, whatever the environment says: the endpoint is on this machine, which may be busy.
    local = config.merge(Config(proxies={}, read_timeout=20))
    return lambda service, region: (
        _endpoint(service, emulator, region, attempts)
        or emulator.client(service, region, endpoint_url=url, config=patient(service, local))
    )


def _endpoint(service: str, session: Any, region: str, attempts: int) -> Any:
    """A client of what isn't AWS; None: it is AWS."""
    if service not in (KUBERNETES, INFERENCE):
        return None
    from haven.runbooks.endpoints.inference import Entrance  # noqa: PLC0415  the tool starts fast
    from haven.runbooks.endpoints.kubernetes import KubernetesApi  # noqa: PLC0415  the tool starts fast

    if service == INFERENCE:
        return Entrance(connecting=CONNECT_SECONDS)
    return KubernetesApi(session, region, connecting=CONNECT_SECONDS, reading=READ_SECONDS, attempts=attempts)


def asked(what: str, ask: Callable[[], _Answer]) -> _Answer:
    """What AWS answers.

    Args:
        what: the service, the Region and what is asked, for the error.
        ask: makes the call.

    Raises:
        CredentialsError: this machine has no credentials, or AWS takes them no longer.
        UnansweredError: a Region does not answer, or denies the request.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  the tool starts fast

    try:
        return ask()
    except (BotoCoreError, ClientError) as error:
        if refused := credentials_error(error):
            raise refused from error
        raise UnansweredError(f"asked {what}: {error}") from error
