"""boto3 clients for a time when a Region may answer nothing: short timeouts, few attempts."""

import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from haven.base.missing_dependency import MissingDependency
from haven.runbooks.credentials import credentials_error

if TYPE_CHECKING:
    from haven.runbooks.signing_in import SignedIn

Client = Callable[[str, str], Any]
"""Service and Region to a client: boto3's, or for what isn't AWS one of `KUBERNETES` and `INFERENCE`."""

KUBERNETES, INFERENCE = "kubernetes", "inference"
"""The clusters' Kubernetes API, and the entrances of the models (`haven.runbooks.endpoints`)."""

PATIENT = {"lambda": 70}
"""Seconds in which a service answers that no failover asks: a function runs for a minute, and then answers."""

_Answer = TypeVar("_Answer")

CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 2, 5, 2
"""botocore's defaults wait for a silent Region for three minutes. The connection's are for name, addresses and TLS
together, and an answer's for all of it (`connections.py`)."""
_BACKOFF_SECONDS = 1.0
"""The most that botocore waits before a second attempt (botocore 1.44.5, `data/_retry.json`)."""


class UnansweredError(MissingDependency):
    """AWS didn't answer; the message names the request and the Region."""


def signed_in(regions: Sequence[str], tell: Callable[[str], None] = lambda _: None) -> "SignedIn":
    """Fetch this machine's credentials: with these clients' time-outs, each Region once.

    Args:
        regions: whose STS gives a session of a role, the first that answers: the environment's. The profile's own may
            be lost. Empty only where none is known.
        tell: is given one line about each Region that doesn't answer.

    Raises:
        CredentialsError: there are none, or nobody gives them.
    """
    from haven.runbooks.signing_in import sign_in  # noqa: PLC0415  the tool starts fast

    return sign_in(regions, _config(1), tell)


def clients(url: str | None, attempts: int = ATTEMPTS, credentials: "SignedIn | None" = None) -> Client:
    """boto3 clients that give up on a silent Region after seconds; each is made once, from any thread.

    Whoever gets one in the last minutes of the credentials waits until they are renewed: no call does.

    Args:
        url: an emulator's endpoint. None: AWS, with this machine's credentials.
        attempts: how often a request is sent. 1 for what mustn't be done twice, and for a Region that may be lost.
        credentials: of several kinds of clients alike. Omitted: with an emulator, which takes any.

    Raises:
        ValueError: AWS asks for credentials, and there are none here.
        CredentialsError: of the clients, later: the credentials have ended.
    """
    made: dict[tuple[str, str], Any] = {}
    lock = threading.Lock()  # a session isn't safe in several threads; a client is
    if url is None and credentials is None:
        raise ValueError("clients of AWS need credentials: signed_in() has them")
    have = credentials if url is None else None
    make = _maker(url, attempts, have)

    def client(service: str, region: str) -> Any:
        if have is not None:
            have.renew()
        with lock:
            if (service, region) not in made:
                made[service, region] = make(service, region)
            return made[service, region]

    return client


def longest(client: Any) -> float | None:
    """Seconds in which a call of one of these clients has ended, whatever happens.

    Args:
        client: of `clients`. Of one that isn't AWS's, None: how long it takes, its arguments say.
    """
    config: Any = getattr(getattr(client, "meta", None), "config", None)
    attempts = (getattr(config, "retries", None) or {}).get("total_max_attempts")
    if attempts is None:
        return None
    return float(attempts * (config.connect_timeout + config.read_timeout) + (attempts - 1) * _BACKOFF_SECONDS)


def _config(attempts: int) -> Any:
    from botocore.config import Config  # noqa: PLC0415  the tool starts fast

    retries = {"total_max_attempts": attempts}
    return Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries=retries)


def _maker(url: str | None, attempts: int, credentials: "SignedIn | None") -> Client:
    import boto3  # noqa: PLC0415  the tool starts fast
    import botocore.session  # noqa: PLC0415  the tool starts fast
    from botocore.config import Config  # noqa: PLC0415  the tool starts fast

    from haven.runbooks.connections import use_in  # noqa: PLC0415  the tool starts fast

    config = _config(attempts)
    if credentials is not None:
        session = credentials.session
    else:
        models = botocore.session.get_session()
        models.register_component("data_loader", _models())
        session = boto3.Session("test", "test", botocore_session=models)  # keys that nobody checks
        # No proxy, whatever the environment says: the endpoint is on this machine, which may be busy.
        config = config.merge(Config(proxies={}, read_timeout=20))

    def make(service: str, region: str) -> Any:
        patient = Config(read_timeout=PATIENT[service]) if service in PATIENT else None
        client = session.client(service, region, endpoint_url=url, config=config.merge(patient) if patient else config)
        use_in(client)
        return client

    return lambda service, region: _endpoint(service, session, region, attempts) or make(service, region)


@cache
def _models() -> Any:
    """botocore's models of services, for all clients of emulators: else each session reads its own."""
    from botocore.loaders import create_loader  # noqa: PLC0415  the tool starts fast

    return create_loader()


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
