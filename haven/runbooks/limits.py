"""Until when a request may be sent: the connection that sends it asks, once it stands and before its first byte."""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""On Linux the monotonic clock stands still while the machine sleeps; on macOS it goes on (clock_gettime(2) of Linux,
clock_gettime(3) of macOS; read 2026-11-27)."""


def elapsed() -> float:
    """Seconds that never go backwards, from an unknown beginning; those for which this machine slept are among them."""
    return time.clock_gettime(_CLOCK)


class NotSentError(Exception):
    """A request would have been sent too late; nothing of it was."""


class Sending:
    """One call's right to be sent. Only the calling thread sends; any other may end that right."""

    def __init__(self, latest: float | None = None) -> None:
        """
        Args:
            latest: on this machine's monotonic clock. Omitted: whenever.
        """
        self._latest = math.inf if latest is None else latest
        self.begun = False
        """Whether something of it was sent."""

    def end(self) -> None:
        """Let nothing more be sent: nobody waits for its answer."""
        self._latest = -math.inf

    def require(self) -> None:
        """Refuse what would be sent too late.

        Raises:
            NotSentError: it is too late.
        """
        if elapsed() > self._latest:
            raise NotSentError

    def begin(self) -> None:
        """Take note that the request is sent now.

        Raises:
            NotSentError: it is too late for that.
        """
        self.require()
        self.begun = True


_THREAD = threading.local()


@contextmanager
def sent_by(sending: Sending) -> Iterator[None]:
    """Let this thread's requests be sent by one call's right: a process may be paused, or a name take long to resolve.

    Raises:
        NotSentError: of the call; nothing was sent. Whatever botocore makes of it, it is this error here.
    """
    _THREAD.sending = sending
    try:
        yield
    except Exception as error:
        if not sending.begun and _is_unsent(error):
            raise NotSentError from error
        raise
    finally:
        _THREAD.sending = None


def begin_sending() -> None:
    """Ask for this thread's right to send.

    Raises:
        NotSentError: it has none any more.
    """
    sending = getattr(_THREAD, "sending", None)
    if sending is not None:
        sending.begin()


def _is_unsent(error: BaseException | None) -> bool:
    """Whether that is why; botocore wraps what its connections raise."""
    while error is not None and not isinstance(error, NotSentError):
        error = error.__cause__ or error.__context__
    return error is not None
