"""This machine's credentials: which errors say that they are missing, have ended, or are refused, or that its clock is
off: AWS takes no signature of another time."""

import time
from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from haven.base.missing_dependency import MissingDependency
from haven.base.problems import one_line
from haven.runbooks.messages import plain

_REFUSED = {
    "ExpiredToken": True,
    "ExpiredTokenException": True,
    "RequestExpired": True,
    "AuthFailure": False,
    "InvalidAccessKeyId": False,
    "InvalidClientTokenId": False,
    "UnrecognizedClientException": False,
}
"""Error codes with which AWS's services refuse credentials (common errors of each API's reference; read 2026-11-26),
and whether every Region would: one that the account hasn't enabled refuses credentials that are good elsewhere."""
_FETCHING = frozenset(
    {"AssumeRole", "AssumeRoleWithWebIdentity", "CreateOAuth2Token", "CreateToken", "GetRoleCredentials"}
)
"""Operations that bring credentials; nothing of Haven's calls them (botocore 1.44.5, `credentials.py`, `tokens.py`)."""
_OF_THE_CLOCK = frozenset({"RequestTimeTooSkewed", "RequestInTheFuture"})
"""Error codes that say that this machine's clock is off."""
_PERHAPS_OF_THE_CLOCK = frozenset(
    {"AuthFailure", "InvalidSignatureException", "RequestExpired", "SignatureDoesNotMatch"}
)
"""Error codes with which AWS refuses a signature of another time, among others (AWS SDK for JavaScript v3,
`service-error-classification`; read 2026-11-27)."""
SKEW_SECONDS = 300.0
"""How far this machine's clock may be off (AWS SDK for JavaScript v3 and for Swift; read 2026-11-27)."""
_SET_THE_CLOCK = (
    "set it (Linux: sudo timedatectl set-ntp true, or sudo chronyc makestep; macOS: sudo sntp -sS time.apple.com;"
    " a container has its machine's)"
)


class CredentialsError(MissingDependency):
    """AWS doesn't take this machine's credentials, or there are none: nobody was asked, so nothing is known.

    It is no error of a call: whoever takes that for silence would take expired credentials for a lost Region.
    """

    def __init__(self, why: str, *, everywhere: bool = True, fix: str = "sign in") -> None:
        """
        Args:
            why: what is wrong with them.
            everywhere: whether they would be no better in another Region.
            fix: what helps.
        """
        self.everywhere = everywhere
        super().__init__(f"{why}: {fix}, and run the same command once more")


def credentials_error(error: Exception) -> CredentialsError | None:
    """What an error says of the credentials; None: nothing, it is about the request or the network.

    Args:
        error: what a call, or whatever fetches credentials for it, raised.
    """
    from botocore import exceptions as aws  # noqa: PLC0415  the tool starts fast

    if isinstance(error, CredentialsError):
        return error
    if isinstance(error, aws.ClientError):
        return _refusal(error)
    missing = (
        aws.CredentialRetrievalError,
        aws.LoginError,
        aws.NoCredentialsError,
        aws.PartialCredentialsError,
        aws.ProfileNotFound,
        aws.RefreshWithMFAUnsupportedError,
        aws.SSOError,
        aws.TokenRetrievalError,
    )
    if isinstance(error, missing):
        return CredentialsError(f"this machine has no AWS credentials: {one_line(str(error))}")
    return None


def _refusal(error: Any) -> CredentialsError | None:
    about = error.response.get("Error", {})
    code = str(about.get("Code", ""))
    words = f"{code}: {plain(str(about.get('Message', '')))}"
    if clock := _clock_error(code, f"{words} ({error.operation_name})", error.response):
        return clock
    if error.operation_name in _FETCHING:
        return CredentialsError(f"{error.operation_name} brings no credentials: {words}")
    if code not in _REFUSED:
        return None
    why = f"AWS refuses this machine's credentials: {words} ({error.operation_name})"
    return CredentialsError(why, everywhere=_REFUSED[code])


def _clock_error(code: str, refusal: str, response: Mapping[str, Any]) -> CredentialsError | None:
    """Whether a request is refused because it was signed at another time than AWS has.

    Args:
        code: of the refusal.
        refusal: AWS's words.
        response: botocore's; the answer's Date says which time AWS has.
    """
    if code not in _OF_THE_CLOCK | _PERHAPS_OF_THE_CLOCK:
        return None
    headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        ahead = time.time() - parsedate_to_datetime(str(headers.get("date"))).timestamp()
    except (TypeError, ValueError):
        ahead = 0.0
    if abs(ahead) < SKEW_SECONDS and code not in _OF_THE_CLOCK:
        return None
    off = "off" if abs(ahead) < 1 else f"{timedelta(seconds=round(abs(ahead)))} {'ahead' if ahead > 0 else 'behind'}"
    why = f"this machine's clock is {off}, and AWS takes no signature of more than {SKEW_SECONDS / 60:.0f} minutes ago"
    return CredentialsError(f"{why} ({refusal})", fix=_SET_THE_CLOCK)
