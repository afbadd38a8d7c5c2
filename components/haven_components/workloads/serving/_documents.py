"""What pods read: the front's program, golden prompts, cached answers."""

import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

from haven_components.workloads._objects import digest_name
from haven_components.workloads.serving._args import ANSWER_TOKENS, GoldenPromptArgs, ModelServingArgs
from haven_components.workloads.serving._names import ANSWERS_FILE, GOLDEN_FILE, answers_name, front_name

MODULES = (
    "__init__.py",
    "__main__.py",
    "answers.py",
    "bodies.py",
    "engine.py",
    "exchanges.py",
    "golden.py",
    "proxy.py",
)


@cache
def programs() -> dict[str, str]:
    """The front's files by name."""
    package = resources.files("haven_components.workloads.serving.front")
    return {each: (package / each).read_text(encoding="utf-8") for each in MODULES}


def front_map(name: str) -> str:
    """Name of the ConfigMap with the front's files."""
    return digest_name(front_name(name), programs())


def answers_map(name: str, args: ModelServingArgs) -> str:
    """Name of the ConfigMap with the fallback's cached answers."""
    return digest_name(answers_name(name), {ANSWERS_FILE: answers(args)})


def golden_map(name: str, document: str) -> str:
    """Name of the ConfigMap with golden prompts.

    Args:
        name: what it begins with.
        document: the prompts.
    """
    return digest_name(name, {GOLDEN_FILE: document})


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
