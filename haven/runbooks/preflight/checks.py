"""One line of `haven preflight`."""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """The outcome of one check."""

    OK = "ok"
    PROBLEM = "problem"
    UNKNOWN = "unknown"
    """AWS did not answer, or the data doesn't know; it may be either of the others."""


@dataclass(frozen=True)
class Check:
    """One thing that a deployment or a failover needs."""

    what: str
    region: str
    """Empty for the account, or the environment, as a whole."""
    status: Status
    got: str
    needed: str
    fix: str
    """Empty if it is ok."""
    blocks: bool = False
    """Whether it forbids what is to be done; what isn't ok and doesn't is a warning."""
