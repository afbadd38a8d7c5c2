"""What the first run is asked for: an account, two Regions, and a confirmation."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from haven.base.problems import Problem, Problems, choices, nearest, shown
from haven.model.catalog import Catalog

_AGAIN = "make smoke ACCOUNT=111122223333 REGIONS=eu-west-1,eu-central-1"
REMOVAL = "removal.txt"
"""The file in a run's folder with the command that deletes everything."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_EVERY_ACCOUNT_HAS = (
    "eu-north-1",
    "eu-west-1",
    "eu-central-1",
    "us-east-2",
    "us-west-2",
    "us-east-1",
    "ap-southeast-2",
    "ap-northeast-1",
)
"""Regions that are enabled by default (AWS Account Management Reference Guide, Specify which Regions your account can
use; read 2026-11-26), of which one takes part in the lease of the failover."""


@dataclass(frozen=True)
class Request:
    """The words of the command line, not checked yet."""

    account: str
    regions: str
    """Primary and recovery Region with a comma between."""
    endpoint: str | None = None
    """An emulator's URL. None: AWS."""
    confirmed: bool = False
    """Whether nobody is asked before the deployment."""


@dataclass(frozen=True)
class Target:
    """Where the first run deploys."""

    account: str
    primary: str
    recovery: str
    endpoint: str | None

    @property
    def regions(self) -> tuple[str, str]:
        """Primary and recovery Region."""
        return self.primary, self.recovery

    @property
    def witness(self) -> str:
        """The third Region, with a vote in the lease of the failover: if possible near the primary one."""
        others = [each for each in _EVERY_ACCOUNT_HAS if each not in self.regions]
        return next((each for each in others if each[:3] == self.primary[:3]), others[0])

    @property
    def everywhere(self) -> tuple[str, str, str]:
        """All Regions in which something is deployed."""
        return *self.regions, self.witness


def check(request: Request, catalog: Catalog, *, terminal: bool, runs: Path) -> Target:
    """The target, if the request is complete and right.

    Args:
        request: what was asked for.
        catalog: the data that knows what a Region offers.
        terminal: whether standard input is one, so that somebody can confirm.
        runs: the folder of earlier runs, in which one that left something keeps its state.

    Raises:
        Problems: with everything that is wrong with it.
    """
    names = [each.strip() for each in request.regions.split(",") if each.strip()]
    problems = [
        *_account(request.account),
        *_regions(names, request.regions, catalog),
        *_endpoint(request.endpoint),
        *_confirmation(request, terminal),
        *_earlier(runs),
    ]
    if problems:
        raise Problems(problems, "the request")
    return Target(request.account, names[0], names[1], request.endpoint)


def _account(account: str) -> Iterator[Problem]:
    if not re.fullmatch(r"\d{12}", account):
        fix = f"name the account that pays for the run: {_AGAIN}"
        yield Problem("ACCOUNT", shown(account) if account else "nothing", "the account's 12 digits", fix)


def _regions(names: list[str], given: str, catalog: Catalog) -> Iterator[Problem]:
    if len(names) != 2 or len(set(names)) != 2:
        got = shown(given) if given else "nothing"
        yield Problem("REGIONS", got, "two different Regions with a comma between, the primary one first", _AGAIN)
    for each in dict.fromkeys(names):
        if each not in catalog.regions():
            near = nearest(each, catalog.regions())
            known = sorted(catalog.regions())
            fix = f"did you mean {near}?" if near else "name a Region whose offerings the data knows"
            yield Problem("REGIONS", shown(each), choices(known), fix)


def _endpoint(endpoint: str | None) -> Iterator[Problem]:
    if endpoint is None:
        return
    url = urlsplit(endpoint)
    if url.scheme not in ("http", "https") or url.hostname not in _LOOPBACK:
        fix = "leave --endpoint-url out to deploy to AWS"
        yield Problem("--endpoint-url", shown(endpoint), "the URL of an emulator on this machine", fix)


def _confirmation(request: Request, terminal: bool) -> Iterator[Problem]:
    if not request.confirmed and not terminal:
        allowed = "a terminal, on which the account's id is typed after the estimate of the cost"
        fix = "run it on a terminal, or add --yes to haven smoke to deploy without the question"
        yield Problem("the confirmation", "standard input that is no terminal", allowed, fix)


def _earlier(runs: Path) -> Iterator[Problem]:
    for folder in sorted(runs.iterdir()) if runs.is_dir() else ():
        command = folder / REMOVAL
        remove = f"{command.read_text().strip()}; then " if command.is_file() else ""
        allowed = "no earlier run whose resources may still be in AWS"
        yield Problem("an earlier run", str(folder), allowed, f"{remove}rm -r {folder}")
