"""Runs in Prefect's image: brings work pools and automations to what a file declares.

    python prefect_settings.py FILE

The server is `PREFECT_API_URL`, the credentials are `PREFECT_API_AUTH_STRING`. What has the same name is updated,
what the file doesn't name stays.
"""

import base64
import json
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

PAUSE_SECONDS = 2
TIMEOUT_SECONDS = 30
POOL_UPDATES = ("description", "base_job_template", "concurrency_limit")
"""What of a work pool can be changed after its creation."""


def call(method: str, path: str, body: Any = None) -> Any:
    """Ask the server; None where it has nothing of that name."""
    url = os.environ["PREFECT_API_URL"].rstrip("/") + path
    credentials = base64.b64encode(os.environ["PREFECT_API_AUTH_STRING"].encode()).decode()
    headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=headers, method=method)  # noqa: S310  the cluster's own
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
            text = response.read()
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise SystemExit(f"{method} {path}: {error.code} {error.read().decode(errors='replace')}") from error
    return json.loads(text) if text else {}


def wait_for_server() -> None:
    """Wait until a server answers."""
    while True:
        try:
            call("GET", "/health")
        except urllib.error.URLError as error:
            print(f"waiting for {os.environ['PREFECT_API_URL']}: {error.reason}", flush=True)
            time.sleep(PAUSE_SECONDS)
        else:
            return


def apply_pool(pool: dict[str, Any]) -> str:
    """Create or update a work pool."""
    path = f"/work_pools/{pool['name']}"
    if call("GET", path) is None:
        call("POST", "/work_pools/", pool)
        return "created"
    call("PATCH", path, {key: pool[key] for key in POOL_UPDATES if key in pool})
    return "updated"


def apply_automation(automation: dict[str, Any]) -> str:
    """Create or update an automation, and keep whether somebody paused it."""
    wanted = {"automations": {"name": {"any_": [automation["name"]]}}}
    existing = call("POST", "/automations/filter", wanted)
    if not existing:
        call("POST", "/automations/", automation)
        return "created"
    call("PUT", f"/automations/{existing[0]['id']}", {**automation, "enabled": existing[0]["enabled"]})
    return "updated"


def main(file: str) -> None:
    """Apply a file."""
    declared = json.loads(Path(file).read_text(encoding="utf-8"))
    wait_for_server()
    for kind, apply in (("pools", apply_pool), ("automations", apply_automation)):
        for each in declared[kind]:
            print(f"{kind} {each['name']}: {apply(each)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
