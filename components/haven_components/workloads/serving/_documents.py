"""What pods read: the front's program, golden prompts, cached answers."""

import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

from haven_components.workloads.serving._args import ANSWER_TOKENS, GoldenPromptArgs, ModelServingArgs

MODULES = ("__init__.py", "__main__.py", "answers.py", "engine.py", "golden.py", "proxy.py")


@cache
def programs() -> dict[str, str]:
    """The front's files by name."""
    package = resources.files("haven_components.workloads.serving.front")
    return {each: (package / each).read_text(encoding="utf-8") for each in MODULES}


def golden(model: str, version: str, path: str, prompts: Sequence[GoldenPromptArgs], warmup: Sequence[str]) -> str:
    """Golden prompts, as the front, the check every minute and the runbooks read them."""
    document: dict[str, Any] = {
        "model": model,
        "version": version,
        "path": path,
        "prompts": [
            {
                "prompt": each["prompt"],
                "pattern": each["pattern"],
                "within_seconds": float(each["within_seconds"]),
                "max_tokens": int(each.get("max_tokens", ANSWER_TOKENS)),
            }
            for each in prompts
        ],
        "warmup": list(warmup),
    }
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False)


def answers(args: ModelServingArgs) -> str:
    """The fallback's cached answers."""
    found = args.get("fallback", {}).get("answers", [])
    return json.dumps([dict(each) for each in found], indent=1, sort_keys=True, ensure_ascii=False)
