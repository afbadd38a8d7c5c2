"""Clients that write rows and remember which the database acknowledged."""

import itertools
import os
import subprocess
import time
from collections.abc import Callable

from tests.stores.postgres_pair import DATABASE
from tests.stores.relay import Relay
from tests.workloads.stores import USER, Postgres

_NUMBERS = itertools.count(1)
"""Each row of a test process has a number of its own, whatever Region it is written in."""


class Writer:
    """One connection through a door; a `with` block opens and closes it."""

    def __init__(self, server: Postgres, door: Relay) -> None:
        """
        Args:
            server: whose `psql` is used.
            door: what is connected to.
        """
        where = ("-h", "127.0.0.1", "-p", str(door.port), "-U", USER, "-d", DATABASE)
        self._client = subprocess.Popen(
            [str(server.tools / "psql"), *where, "-AtqX", "-v", "ON_ERROR_STOP=1"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C", "PGCONNECT_TIMEOUT": "5"},
        )

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.kill()
        self._client.communicate()

    def write(self, rows: int) -> list[int]:
        """Write rows, each in a transaction of its own; returns those that were acknowledged. A refusal is the end."""
        acknowledged = []
        for number in itertools.islice(_NUMBERS, rows):
            if not self._acknowledged(number):
                break
            acknowledged.append(number)
        return acknowledged

    def _acknowledged(self, number: int) -> bool:
        assert self._client.stdin is not None
        assert self._client.stdout is not None
        try:
            self._client.stdin.write(f"insert into written (id) values ({number}) returning id;\n")
            self._client.stdin.flush()
        except OSError:
            return False
        return self._client.stdout.readline().strip() == str(number)


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until something holds.

    Raises:
        TimeoutError: it doesn't within the time.
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("it doesn't hold within the time")
        time.sleep(0.05)
