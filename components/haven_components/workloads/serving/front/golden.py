"""Golden prompts: questions whose answers show that a model works."""

import http.client
import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

DEGRADED = "X-Haven-Degraded"
"""Header of the fallback's answers."""
WARMUP_SECONDS = 120
"""How long one warmup prompt may take; its answer doesn't matter."""


@dataclass(frozen=True)
class Golden:
    """The golden prompts of one version of a model."""

    model: str
    version: str
    path: str
    """Path of OpenAI's API that they are posted to."""
    prompts: Sequence[Mapping[str, Any]]
    """Each has `prompt`, `pattern`, `within_seconds` and `max_tokens`."""
    warmup: Sequence[str]


def load(path: Path) -> Golden:
    """Read a document of golden prompts."""
    document = json.loads(path.read_text(encoding="utf-8"))
    return Golden(
        document["model"], document["version"], document["path"], document["prompts"], document.get("warmup", [])
    )


def problems(url: str, golden: Golden, *, fallback: bool = False) -> list[str]:
    """Ask every prompt; what is wrong with the answers, one sentence each. None: the model works.

    `fallback`: whether its answers count too.
    """
    return [found for each in golden.prompts if (found := _problem(url, golden, each, fallback=fallback))]


def warm_up(url: str, golden: Golden) -> None:
    """Fill caches with what many requests begin with."""
    for prompt in golden.warmup:
        ask(url, golden, prompt, max_tokens=1, within_seconds=WARMUP_SECONDS)


def _problem(url: str, golden: Golden, wanted: Mapping[str, Any], *, fallback: bool) -> str:
    prompt, within = str(wanted["prompt"]), float(wanted["within_seconds"])
    begun = time.monotonic()
    try:
        degraded, answer = ask(url, golden, prompt, max_tokens=int(wanted["max_tokens"]), within_seconds=within)
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError) as error:
        return f"{prompt!r}: no answer within {within:g} s: {type(error).__name__}: {error}"
    seconds = time.monotonic() - begun
    if seconds > within:
        return f"{prompt!r}: answered after {seconds:.1f} s, expected {within:g} s or less"
    if degraded and not fallback:
        return f"{prompt!r}: answered by the fallback ({degraded}), not by the model's servers"
    if not re.search(wanted["pattern"], answer):
        return f"{prompt!r}: answered {answer[:200]!r}, expected a match of {wanted['pattern']!r}"
    return ""


def ask(url: str, golden: Golden, prompt: str, *, max_tokens: int, within_seconds: float) -> tuple[str, str]:
    """Ask one question, without chance in the answer.

    Returns:
        What of the fallback has answered, empty if it hasn't, and the answer.

    Raises:
        OSError, http.client.HTTPException: the server isn't there, or not in time.
        ValueError, LookupError, TypeError: it answers with an error, or with something else than OpenAI's API does.
    """
    chat = golden.path.rstrip("/").endswith("/chat/completions")
    request: dict[str, Any] = {"model": golden.model, "max_tokens": max_tokens, "temperature": 0}
    request |= {"messages": [{"role": "user", "content": prompt}]} if chat else {"prompt": prompt}
    target = urlsplit(url)
    connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=within_seconds)
    try:
        connection.request("POST", golden.path, json.dumps(request), {"Content-Type": "application/json"})
        response = connection.getresponse()
        body = response.read()
        degraded = response.getheader(DEGRADED, "")
    finally:
        connection.close()
    if response.status != http.client.OK:
        raise ValueError(f"status {response.status}: {body[:200].decode(errors='replace')}")
    choice = json.loads(body)["choices"][0]
    return degraded, str(choice["message"]["content"] if chat else choice["text"])
