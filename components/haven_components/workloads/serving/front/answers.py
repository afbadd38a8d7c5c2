"""Answers for when no model answers."""

import json
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import bodies


def load(path: Path) -> list[dict[str, str]]:
    """Read a document of cached answers: a list of `pattern` and `answer`."""
    found: list[dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def cached(answers: Sequence[Mapping[str, str]], path: str, body: bytes, request_id: str) -> tuple[str, bytes] | None:
    """The first answer that fits a request, as OpenAI's API would give it: content type and body.

    None: none fits, it isn't a request for an answer, or it is too large to be read as one.
    """
    if len(body) > bodies.MOST_PARSED_BYTES:
        return None
    with bodies.PARSING:
        return _cached(answers, path, body, request_id)


def _cached(answers: Sequence[Mapping[str, str]], path: str, body: bytes, request_id: str) -> tuple[str, bytes] | None:
    try:
        request = json.loads(body)
        chat = path.rstrip("/").endswith("/chat/completions")
        asked = str(request["messages"][-1]["content"] if chat else request["prompt"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    for each in answers:
        if re.search(each["pattern"], asked):
            return _response(each["answer"], request, request_id, chat=chat)
    return None


def _response(answer: str, request: Mapping[str, Any], request_id: str, *, chat: bool) -> tuple[str, bytes]:
    streamed = bool(request.get("stream", False))
    choice: dict[str, Any] = {"index": 0, "finish_reason": "stop"}
    if chat:
        choice["delta" if streamed else "message"] = {"role": "assistant", "content": answer}
    else:
        choice["text"] = answer
    kind = ("chat.completion.chunk" if streamed else "chat.completion") if chat else "text_completion"
    document: dict[str, Any] = {
        "id": request_id,
        "object": kind,
        "created": int(time.time()),
        "model": str(request.get("model", "")),
        "choices": [choice],
    }
    if streamed:
        return "text/event-stream", f"data: {json.dumps(document)}\n\ndata: [DONE]\n\n".encode()
    document["usage"] = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    return "application/json", json.dumps(document).encode()
