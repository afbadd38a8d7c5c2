"""Whether something can be downloaded, found out quickly: a machine without a network must not be kept waiting."""

import queue
import threading
import urllib.request

_WITHIN = 5.0


def reachable(url: str) -> bool:
    """Whether `url` answers within a few seconds; proxies of the environment are used. Looking a name up has no time
    limit of its own, so the answer is awaited from a thread."""
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
