"""Asks several Regions many things at once, within a time that no silent Region lengthens."""

import queue
import threading
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from haven.base.problems import one_line
from haven.runbooks.credentials import CredentialsError, credentials_error

WITHIN_SECONDS = 7.0
"""For all questions together; whoever hasn't answered by then is silent."""
SILENT = f"no answer within {WITHIN_SECONDS:.0f} s"

_Key = TypeVar("_Key", bound=Hashable)
_Item = TypeVar("_Item")
_ABSENT = (
    "NotFound",
    "NotFoundFault",
    "NotFoundException",
    "ParameterNotFound",
    "DoesNotExist",
    "NoSuchBucket",
    "NonExistentQueue",
)
"""Ends of the error codes with which AWS's services say that a thing doesn't exist."""


@dataclass(frozen=True)
class Answer:
    """What came back on one question."""

    value: Any = None
    """None where nothing came back, or where what was asked for doesn't exist."""
    unknown: str = ""
    """Why nothing is known; empty where AWS answered."""
    reached: bool = True
    """Whether it was AWS that answered, if only by a refusal; else the network, or a Region, is silent."""

    @property
    def known(self) -> bool:
        """Whether AWS answered, if only that the thing doesn't exist."""
        return not self.unknown


def ask_all(questions: Mapping[_Key, Callable[[], Any]], within: float = WITHIN_SECONDS) -> dict[_Key, Answer]:
    """Ask everything at once.

    Args:
        questions: each calls AWS and returns its answer. It runs in a thread of its own, which is left behind where it
            doesn't end in time.
        within: seconds for all of them.

    Raises:
        CredentialsError: this machine has no credentials, AWS takes them no longer, or nobody who answered took them.
    """
    arrived: queue.SimpleQueue[tuple[_Key, Answer | CredentialsError]] = queue.SimpleQueue()
    for key, question in questions.items():
        threading.Thread(target=_put, args=(arrived, key, question), daemon=True).start()
    answers: dict[_Key, Answer] = {}
    refused: CredentialsError | None = None
    last = time.monotonic() + within
    while len(answers) < len(questions):
        try:
            key, answer = arrived.get(timeout=max(0.0, last - time.monotonic()))
        except queue.Empty:
            break
        if isinstance(answer, CredentialsError):
            if answer.everywhere:
                raise answer
            refused, answer = answer, Answer(unknown=str(answer))
        answers[key] = answer
    if refused and not any(each.known for each in answers.values()):
        raise refused
    return {key: answers.get(key, Answer(unknown=SILENT, reached=False)) for key in questions}


def first(listed: Sequence[_Item]) -> _Item | None:
    """What was asked for by its name; None where AWS lists nothing, which is another way to have no such thing."""
    return listed[0] if listed else None


def region_of(arn: str) -> str:
    """The Region in an ARN."""
    return arn.split(":")[3]


def _put(arrived: queue.SimpleQueue[Any], key: Hashable, ask: Callable[[], Any]) -> None:
    try:
        arrived.put((key, _asked(ask)))
    except Exception as error:
        arrived.put((key, Answer(unknown=f"{type(error).__name__}: {one_line(str(error))}", reached=False)))
        raise  # a fault of this program: nobody waits for it, and its traceback is shown


def _asked(ask: Callable[[], Any]) -> Answer | CredentialsError:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  the tool starts fast

    try:
        return Answer(ask())
    except (BotoCoreError, ClientError, CredentialsError, OSError) as error:
        return credentials_error(error) or _not_answered(error)


def _not_answered(error: Exception) -> Answer:
    from botocore.exceptions import ClientError  # noqa: PLC0415  the tool starts fast

    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        return Answer() if code.endswith(_ABSENT) else Answer(unknown=f"{error.operation_name} is refused: {code}")
    return Answer(unknown=_no_answer(error), reached=False)


def _no_answer(error: Exception) -> str:
    from botocore.exceptions import (  # noqa: PLC0415  the tool starts fast
        ConnectTimeoutError,
        EndpointConnectionError,
        ReadTimeoutError,
    )

    if isinstance(error, ConnectTimeoutError | ReadTimeoutError):
        return SILENT
    return "no connection" if isinstance(error, EndpointConnectionError) else one_line(str(error))
