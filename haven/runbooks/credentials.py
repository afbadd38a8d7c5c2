"""This machine's credentials: which errors say that they are missing, have ended, or are refused."""

from haven.base.missing_dependency import MissingDependency
from haven.base.problems import one_line

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


class CredentialsError(MissingDependency):
    """AWS doesn't take this machine's credentials, or there are none: nobody was asked, so nothing is known.

    It is no error of a call: whoever takes that for silence would take expired credentials for a lost Region.
    """

    def __init__(self, why: str, *, everywhere: bool = True) -> None:
        """
        Args:
            why: what is wrong with them.
            everywhere: whether they would be no better in another Region.
        """
        self.everywhere = everywhere
        super().__init__(f"{why}: sign in, and run the same command once more")


def credentials_error(error: Exception) -> CredentialsError | None:
    """What an error says of the credentials; None: nothing, it is about the request or the network.

    Args:
        error: what a call, or whatever fetches credentials for it, raised.
    """
    from botocore import exceptions as aws  # noqa: PLC0415  the tool starts fast

    if isinstance(error, CredentialsError):
        return error
    if isinstance(error, aws.ClientError):
        about = error.response.get("Error", {})
        code, message = str(about.get("Code", "")), one_line(str(about.get("Message", "")))
        if error.operation_name in _FETCHING:
            return CredentialsError(f"{error.operation_name} brings no credentials: {code}: {message}")
        if code not in _REFUSED:
            return None
        why = f"AWS refuses this machine's credentials: {code}: {message} ({error.operation_name})"
        return CredentialsError(why, everywhere=_REFUSED[code])
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
