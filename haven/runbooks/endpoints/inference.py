"""Asks a model through its entrance, and resolves names, from this machine."""

import json
import time
from collections.abc import Mapping
from typing import Any

import urllib3

from haven.runbooks.connections import resolve
from haven.runbooks.endpoints.transport import TooLargeError, body, pool, reason

DEGRADED = "X-Haven-Degraded"
"""Header of answers that the servers themselves didn't give: the fallback's model, or a cached answer."""
_TOKENS = 32
"""As readiness asks in the pods."""
_LARGEST = 1 << 20
"""Bytes of an answer: thousands of times what so many tokens need."""


class Entrance:
    """Models behind their load balancers. An answer of any kind is data; only no connection at all is an error."""

    def __init__(self, *, connecting: float) -> None:
        """
        Args:
            connecting: seconds for a connection, and for the addresses of a name.
        """
        self._connecting = connecting

    def ask(self, *, url: str, model: str, prompt: str, within: float) -> Mapping[str, Any]:
        """One question in OpenAI's chat API: status, answer, seconds, and who answered where it wasn't the servers.

        Args:
            url: where.
            model: by its name.
            prompt: the question.
            within: seconds for all of the answer; status 0 is one that hasn't come to its end by then.

        Raises:
            OSError: the entrance can't be reached from here.
        """
        request = {"model": model, "max_tokens": _TOKENS, "temperature": 0}
        question = json.dumps({**request, "messages": [{"role": "user", "content": prompt}]}).encode()
        headers = {"Content-Type": "application/json"}
        begin = time.monotonic()
        try:
            found = pool(url, connecting=self._connecting, reading=within, attempts=1).request(
                "POST", url, body=question, headers=headers, preload_content=False
            )
            text = _content(body(found, _LARGEST))
        except TooLargeError as error:
            text = f"({error})"
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            if isinstance(getattr(error, "reason", error), urllib3.exceptions.ReadTimeoutError):
                return {"status": 0, "answer": "", "seconds": time.monotonic() - begin, "degraded": ""}
            raise OSError(f"{url}: {reason(error)}") from error
        seconds = time.monotonic() - begin
        degraded = found.headers.get(DEGRADED, "")
        return {"status": found.status, "answer": text, "seconds": seconds, "degraded": degraded}

    def resolve(self, *, host: str) -> Mapping[str, Any]:
        """The addresses of a name, as this machine's resolver has them.

        Raises:
            OSError: there are none.
        """
        try:
            found = resolve(host, None, self._connecting)
        except TimeoutError as error:
            raise OSError(str(error)) from error
        except OSError as error:
            raise OSError(f"{host}: its name can't be resolved") from error
        return {"addresses": sorted({str(each[4][0]) for each in found})}


def _content(body: bytes) -> str:
    """The text of an answer; of one in no such form, the body."""
    try:
        return str(json.loads(body)["choices"][0]["message"]["content"])
    except (ValueError, LookupError, TypeError):
        return body.decode(errors="replace")
