"""One action of a Region switch plan, in the Region that becomes the active one.

Region switch calls the function again until it succeeds or the step's time is over. So one call waits for less than the
interval between two of them, and each looks before it changes anything: called twice, it does a thing once.
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.config import Config

from . import cache, nodes, traffic

SETTINGS = "HAVEN_ACTION"
"""Environment variable with the settings, JSON."""
PATIENCE_SECONDS = 45.0
"""For one call: less than the interval between two, and than the function's time-out."""
PAUSE_SECONDS = 5.0
_CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2})

Client = Callable[[str, str], Any]
"""AWS service and Region to their client."""

ACTIONS: Mapping[str, Callable[[Mapping[str, Any], Client], str]] = {
    "promote-cache": cache.promote,
    "scale-nodes": nodes.scale,
    "move-traffic": traffic.move,
}
"""Action -> what does it; it returns what it waits for, and nothing once it is done."""


class NotYetError(Exception):
    """The action isn't done; Region switch calls again."""


def run(
    settings: Mapping[str, Any],
    client: Client,
    *,
    pause: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Mapping[str, str]:
    """Take an action and wait for it.

    Args:
        settings: as the component writes them.
        client: makes clients.
        pause: waits.
        clock: seconds, from whenever on.

    Raises:
        NotYetError: it isn't done in the time of one call.
    """
    act, end = ACTIONS[settings["action"]], clock() + PATIENCE_SECONDS
    while awaited := act(settings, client):
        print(json.dumps({"action": settings["action"], "awaits": awaited}))
        if clock() >= end:
            raise NotYetError(awaited)
        pause(PAUSE_SECONDS)
    return {"done": settings["action"]}


def handle(event: object, context: object) -> Mapping[str, str]:
    """What Lambda calls. What Region switch says of its run is logged, and decides nothing."""
    del context
    print(json.dumps({"event": event}, default=str))

    def client(service: str, region: str) -> Any:
        return boto3.client(service, region_name=region, config=_CONFIG)

    return run(json.loads(os.environ[SETTINGS]), client)
