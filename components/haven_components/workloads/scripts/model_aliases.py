"""Which version of a registered model serves, and which is the last known-good one: two aliases in MLflow.

    python model_aliases.py URL show MODEL
    python model_aliases.py URL promote MODEL VERSION
    python model_aliases.py URL rollback MODEL

`promote` makes what serves the known-good version and lets VERSION serve. `rollback` lets the known-good version serve.
Both can be repeated. The standard library alone: it runs wherever Python does.
"""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

SERVING, KNOWN_GOOD = "serving", "known-good"
API = "/api/2.0/mlflow/registered-models/alias"
VERSION_API = "/api/2.0/mlflow/model-versions/get"
TIMEOUT_SECONDS = 30
USAGE_EXIT = 2


def call(url: str, method: str, path: str, values: dict[str, str]) -> Any:
    """Ask the registry; None where it has nothing of that name."""
    query = f"?{urllib.parse.urlencode(values)}" if method == "GET" else ""
    data = None if method == "GET" else json.dumps(values).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url.rstrip("/") + path + query, data=data, headers=headers, method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
            return json.loads(response.read() or b"{}")
    except urllib.error.HTTPError as error:
        text = error.read().decode(errors="replace")
        if error.code == 404 or "not found" in text:
            return None
        raise SystemExit(f"{method} {path}: {error.code} {text}") from error
    except urllib.error.URLError as error:
        raise SystemExit(f"{url} doesn't answer: {error.reason}") from error


def version(url: str, model: str, alias: str) -> str | None:
    """The version that has an alias; None if no version has it."""
    answer = call(url, "GET", API, {"name": model, "alias": alias})
    return None if answer is None else str(answer["model_version"]["version"])


def set_alias(url: str, model: str, alias: str, chosen: str) -> None:
    """Give a version an alias, which leaves the version that had it."""
    call(url, "POST", API, {"name": model, "alias": alias, "version": chosen})


def promote(url: str, model: str, chosen: str) -> None:
    """Let a version serve; what served becomes the known-good version."""
    if call(url, "GET", VERSION_API, {"name": model, "version": chosen}) is None:
        raise SystemExit(f"model {model} has no version {chosen}: register it first")
    serving = version(url, model, SERVING)
    if serving == chosen:
        return
    if serving is not None:
        set_alias(url, model, KNOWN_GOOD, serving)
    set_alias(url, model, SERVING, chosen)


def rollback(url: str, model: str) -> None:
    """Let the known-good version serve."""
    good = version(url, model, KNOWN_GOOD)
    if good is None:
        raise SystemExit(f"model {model} has no version with the alias {KNOWN_GOOD}: name one with promote")
    set_alias(url, model, SERVING, good)


def main(arguments: list[str]) -> int:
    """Run one command and show the aliases."""
    expected = {"show": 3, "promote": 4, "rollback": 3}
    if len(arguments) < 2 or expected.get(arguments[1]) != len(arguments):
        print(__doc__, file=sys.stderr)
        return USAGE_EXIT
    url, command, model = arguments[:3]
    if command == "promote":
        promote(url, model, arguments[3])
    elif command == "rollback":
        rollback(url, model)
    for alias in (SERVING, KNOWN_GOOD):
        print(f"{alias}: {version(url, model, alias) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
