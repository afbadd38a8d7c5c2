"""What AWS says with an error, as it may be shown and written down: one line, of a length to read, no secret in it."""

import re
from collections.abc import Mapping
from typing import Any

from haven.base.problems import one_line

LONGEST = 300
"""Characters."""
_HIDDEN = "…"
_SECRETS = re.compile(
    r"(?P<before>(?:x-amz-security-token|x-amz-signature|signature|credential|authorization|sessiontoken)\s*[:=]\s*"
    r"|bearer\s+|failure message:\s*)(?P<secret>[^\s,'\"&<>]+)"
    r"|k8s-aws-v1\.\S+",
    re.IGNORECASE,
)
"""A refused signature is answered with the request as it should have been signed (IAM User Guide, Troubleshoot signed
requests for AWS APIs; read 2026-11-27), which has the session's token, and a denial by EC2 with an encoded message."""
_SECRET_ARGUMENT = re.compile(r"password|secret|token|credential", re.IGNORECASE)


def plain(message: str, arguments: Mapping[str, Any] | None = None) -> str:
    """A message for a person.

    Args:
        message: AWS's.
        arguments: of the call, which messages of failed validations repeat: none with a secret's name is shown.
    """
    text = one_line(message)
    for name, value in (arguments or {}).items():
        if _SECRET_ARGUMENT.search(name) and isinstance(value, str) and value:
            text = text.replace(one_line(value), _HIDDEN)
    text = _SECRETS.sub(lambda found: f"{found['before'] or ''}{_HIDDEN}", text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
