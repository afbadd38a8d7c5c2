"""Fetches this machine's credentials before anything is timed, and renews them between calls, never inside one.

botocore fetches them inside the first call that needs them, from any thread, with time-outs of a minute, by STS of the
profile's Region: that may be the Region that is lost, and a person who types a code makes every answer late.
"""

import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from boto3 import Session
from botocore.config import Config
from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    Credentials,
    ProcessProvider,
    ReadOnlyCredentials,
)
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    RefreshWithMFAUnsupportedError,
)
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.session import Session as Source

from haven.base.problems import one_line
from haven.runbooks.connections import use_in
from haven.runbooks.credentials import CredentialsError, credentials_error

RENEWAL_SECONDS = 900.0
"""Before their end credentials are renewed: as long as botocore takes (`credentials.py`, 1.44.5)."""
PROCESS_SECONDS = 60.0
"""For a `credential_process`, which may ask a person: what AWS's SDK for Go gives it by default (aws-sdk-go-v2,
credentials/processcreds, DefaultTimeout; read 2026-11-27). botocore waits for ever."""
_AGAIN_SECONDS = 30.0
"""After which a renewal that failed is tried once more."""
_SERVER_ERROR = 500
_OF_THE_PROFILE = "the Region of the profile"
_ERRORS = (BotoCoreError, ClientError, OSError, RuntimeError)
"""Of whoever fetches credentials; the last: new ones that have ended too."""


class SignedIn:
    """Credentials whose end is seen in time; `session` has them, and fetches none by itself."""

    def __init__(self, source: Credentials, regions: Sequence[str], config: Config) -> None:
        """
        Args:
            source: botocore's, of any provider.
            regions: whose STS renews them, the first that answers; an empty one is that of the profile.
            config: of the clients that fetch them.

        Raises:
            BotoCoreError, ClientError: whoever has them doesn't give them.
        """
        self._source, self._regions, self._config = source, regions, config
        self._held = _Held(source.get_frozen_credentials(), source.method)
        self._lock = threading.Lock()
        self._next = 0.0
        self._problem: CredentialsError | None = None
        holder = Source()
        holder.register_component("credential_provider", CredentialResolver([_Holding(self._held)]))
        self.session = Session(botocore_session=holder)

    def renew(self) -> None:
        """Fetch new ones where their end is near; who comes meanwhile goes on with the old ones while they last.

        Raises:
            CredentialsError: they have ended, and there are no new ones.
        """
        if not self._ends_within(RENEWAL_SECONDS) or not self._lock.acquire(blocking=self._ends_within(0)):
            return
        try:
            if self._ends_within(RENEWAL_SECONDS) and time.monotonic() >= self._next:
                self._fetch()
            if self._problem and self._ends_within(0):
                raise self._problem
        finally:
            self._lock.release()

    def _fetch(self) -> None:
        """By a new source in each Region: one that has given some hides for five minutes that it gives no more."""
        self._next, self._problem = time.monotonic() + _AGAIN_SECONDS, None
        silent: dict[str, str] = {}
        for region in self._regions:
            try:
                found = _source(region, self._config, _nobody)
                self._held.frozen = found.get_frozen_credentials()
            except CredentialsError as error:
                self._problem = error
                return
            except RefreshWithMFAUnsupportedError:
                self._problem = CredentialsError("the session has ended, and a new one needs the second factor")
                return
            except _ERRORS as error:
                why = one_line(str(error))
                if not _is_silence(error):
                    self._problem = credentials_error(error) or CredentialsError(f"no new credentials: {why}")
                    return
                silent[region or _OF_THE_PROFILE] = why
            else:
                self._source = found
                return
        why = f"STS in {' and '.join(silent)} doesn't answer ({'; '.join(dict.fromkeys(silent.values()))})"
        self._problem = CredentialsError(f"no new credentials: {why}")

    def _ends_within(self, seconds: float) -> bool:
        needed = getattr(self._source, "refresh_needed", None)  # of those that end
        return bool(needed and needed(refresh_in=seconds))


def sign_in(regions: Sequence[str], config: Config, tell: Callable[[str], None]) -> SignedIn:
    """Fetch this machine's credentials, in the calling thread: it may ask for the code of a second factor.

    Args:
        regions: whose STS gives a session of a role, the first that answers. Empty: the one of the profile.
        config: of the clients that fetch them.
        tell: is given one line about each Region that doesn't answer.

    Raises:
        CredentialsError: there are none, or nobody gives them.
    """
    silent = []
    for region in regions or [""]:
        try:
            return SignedIn(_source(region, config), regions or [""], config)
        except _ERRORS as error:
            why = one_line(str(error))
            if not _is_silence(error):
                raise credentials_error(error) or CredentialsError(f"no credentials: {why}") from error
            silent.append(region or _OF_THE_PROFILE)
            tell(f"no credentials by STS in {silent[-1]}: {why}")
        except EOFError:
            raise CredentialsError(
                "the profile asks for the code of a second factor, and there is no terminal"
            ) from None
    raise CredentialsError(f"STS gives no credentials in {' and '.join(silent)}; --region names another Region")


def _source(region: str, config: Config, prompter: Callable[[str], str] | None = None) -> Credentials:
    """Credentials that STS of a Region gives; `prompter` is who is asked for a code, else it is the person here."""
    source = _Source()
    source.set_default_client_config(config)
    source.set_config_variable("sts_regional_endpoints", "regional")  # the global one lives in a single Region
    if region:
        source.set_config_variable("region", region)
    if prompter is not None:
        source.get_component("credential_provider").get_provider("assume-role")._prompter = prompter
    _bound(source)
    credentials = source.get_credentials()
    if credentials is None:
        raise NoCredentialsError
    return credentials


def _bound(source: Source) -> None:
    """Let no `credential_process` take for ever: the profile's own, or that of one from which it takes a role."""

    def made(profile_name: str) -> ProcessProvider:
        started = partial(_Process, profile_name)
        return ProcessProvider(profile_name, lambda: source.full_config, popen=started)

    resolver = source.get_component("credential_provider")
    resolver.get_provider("assume-role")._profile_provider_builder._create_process_provider = made
    for place, provider in enumerate(resolver.providers):
        if isinstance(provider, ProcessProvider):
            resolver.providers[place] = made(provider._profile_name)


def _nobody(_: str) -> str:
    """Whoever could type a code may be waiting for answers."""
    raise RefreshWithMFAUnsupportedError


def _is_silence(error: Exception) -> bool:
    """Whether another Region's STS may give them."""
    if isinstance(error, ClientError):
        return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0) >= _SERVER_ERROR
    return isinstance(error, HTTPClientError | NoConnectionError)


class _Process(subprocess.Popen[bytes]):
    """A profile's `credential_process`."""

    def __init__(self, profile: str, *arguments: Any, **named: Any) -> None:
        self._profile = profile
        super().__init__(*arguments, **named)

    def communicate(self, *_: Any, **__: Any) -> tuple[bytes, bytes]:
        """What it writes; nobody waits for what it has started itself, which may hold its pipes.

        Raises:
            CredentialsError: it takes too long.
        """
        try:
            return super().communicate(timeout=PROCESS_SECONDS)
        except subprocess.TimeoutExpired:
            self._end()
            why = f"credential_process of profile {self._profile} gave no credentials within {PROCESS_SECONDS:g} s"
            fix = "run it by hand to see what it waits for, sign in to what it asks, or set AWS_PROFILE to another one"
            raise CredentialsError(why, fix=fix) from None
        except BaseException:
            self._end()
            raise

    def _end(self) -> None:
        self.kill()
        self.wait()
        for pipe in (self.stdout, self.stderr):
            if pipe is not None:
                pipe.close()


class _Source(Source):  # type: ignore[misc]  # botocore has no types
    """Its clients of STS and of Identity Center keep their time-outs."""

    def create_client(self, *arguments: Any, **named: Any) -> Any:
        """botocore's name."""
        client = super().create_client(*arguments, **named)
        use_in(client)
        return client


class _Held(Credentials):  # type: ignore[misc]  # botocore has no types
    """What is used until it is replaced, as a whole: a request is never signed with halves of two."""

    def __init__(self, frozen: ReadOnlyCredentials, method: str) -> None:
        super().__init__(frozen.access_key, frozen.secret_key, frozen.token, method, frozen.account_id)
        self.frozen = frozen

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """botocore's name: what the next request is signed with."""
        return self.frozen


class _Holding(CredentialProvider):  # type: ignore[misc]  # botocore has no types
    METHOD = "haven"

    def __init__(self, held: Any) -> None:
        super().__init__()
        self._held = held

    def load(self) -> Any:
        """botocore's name: the credentials."""
        return self._held
