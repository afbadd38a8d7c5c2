"""Checks quickly whether a download is possible, so that nobody waits on a machine without a network."""

import queue
import threading
import urllib.request

_WITHIN = 5.0


def reachable(url: str) -> bool:
    """Whether `url` answers within 5 seconds, through the environment's proxies. DNS resolution has no timeout of its
    own, so the request runs in a thread."""
    answer: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def ask() -> None:
        try:
            with urllib.request.urlopen(url, timeout=_WITHIN) as response:  # noqa: S310  our own https addresses
                answer.put(response.status < 500)
        except OSError:
            answer.put(False)

    threading.Thread(target=ask, daemon=True).start()
    try:
        return answer.get(timeout=_WITHIN)
    except queue.Empty:
        return False
