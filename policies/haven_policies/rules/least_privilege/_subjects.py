"""Whom the token of an identity provider names: which subjects are somebody's own, and which anybody can have."""

import re
from collections.abc import Mapping

from haven_policies.rules.documents import Statement
from haven_policies.rules.least_privilege._conditions import demands, is_exact, literal

_OWN = r"[^:/]+"
_ANYBODY_S = "actor|base_ref|context|environment|event_name|head_ref|ref|workflow"
"""Claims of GitHub whose values anybody can choose in a repository of their own: before the owner they name nobody."""

_GITHUB = (
    rf"(?:(?!(?:{_ANYBODY_S}):)[^:]+:[^:]*:)*?"
    rf"(?:(?:repo|repository|job_workflow_ref):{_OWN}/"
    rf"|(?:repository_owner|repository_owner_id|repository_id|enterprise|enterprise_id):{_OWN}:)"
)
_FORMATS: Mapping[str, str] = {
    "token.actions.githubusercontent.com": _GITHUB,
    "gitlab.com": rf"project_path:{_OWN}/",
    "app.terraform.io": rf"organization:{_OWN}:",
    "agent.buildkite.com": rf"organization:{_OWN}:",
    "oidc.vercel.com": rf"owner:{_OWN}:",
    "oidc.eks.": rf"system:serviceaccount:{_OWN}:",
}
"""Beginning of an issuer -> how its subjects begin, up to the end of the owner's name (their guides on OpenID Connect
with AWS; read 2026-11-26)."""

_SHAPES: Mapping[str, str] = {
    "repo:": _GITHUB,
    "project_path:": _FORMATS["gitlab.com"],
    "organization:": _FORMATS["app.terraform.io"],
    "owner:": _FORMATS["oidc.vercel.com"],
    "system:serviceaccount": _FORMATS["oidc.eks."],
}
"""Beginning of a subject -> its format, where the issuer is one of somebody's own, such as a GitLab server."""

_CLAIMS = re.compile(
    r".*:sub"
    r"|token\.actions\.githubusercontent\.com(/[^:]*)?:"
    r"(repository|repository_id|repository_owner|repository_owner_id|enterprise|enterprise_id|job_workflow_ref)"
    r"|accounts\.google\.com:(aud|oaud|email)|cognito-identity\.amazonaws\.com:aud"
    r"|www\.amazon\.com:(app_id|user_id)|graph\.facebook\.com:(app_id|id)"
)
"""Keys, in small letters, that name whose token it is. The audience does so only where it is an application of one's
own: that of a build service is the same for all of its users (IAM User Guide, available keys for AWS OIDC federation;
read 2026-11-26)."""

_SAML = re.compile(r"saml:.*")


def names_subject(found: Statement) -> bool:
    """Whether a statement lets in nobody but named users of an OpenID Connect provider."""
    return demands(found, _CLAIMS, _is_named)


def names_saml(found: Statement) -> bool:
    """Whether a statement demands something of a SAML assertion."""
    return demands(found, _SAML, lambda _, pattern: bool(literal(pattern)))


def _is_named(key: str, pattern: str) -> bool:
    issuer, _, claim = key.rpartition(":")
    text = literal(pattern)
    if is_exact(pattern) and re.search(r"[*?]", text):
        return True  # nobody has such a name
    if claim in ("repository", "job_workflow_ref"):
        return re.match(rf"{_OWN}/", text) is not None
    if claim != "sub":
        return is_exact(pattern)
    shape = _shape(issuer, text)
    if shape is not None:
        return re.match(shape, f"{text}:" if is_exact(pattern) else text) is not None
    return is_exact(pattern) or re.match(r"[^:/|]+[:/|]", text) is not None


def _shape(issuer: str, text: str) -> str | None:
    """The format of an issuer's subjects; None where only the issuer's owner knows it."""
    host = next((each for each in _FORMATS if issuer.startswith(each)), None)
    if host is not None:
        return _FORMATS[host]
    return next((each for start, each in _SHAPES.items() if text.startswith(start)), None)
