"""Ports for servers that tests start."""

import random
import socket
from collections.abc import Sequence
from contextlib import suppress

HOST = "127.0.0.1"
# Below the ports that Linux gives to whoever asks for any (ip_local_port_range begins at 32768): a server of another
# test that asks for any port never gets one of these. Redis also listens 10,000 above its port in a cluster.
_OURS = range(10_000, 20_000)


def free_port() -> int:
    """A port of loopback that nothing listens on, and that no one is given who asks the system for any port."""
    return free_ports(1)[0]


def free_ports(count: int) -> Sequence[int]:
    """Several of them."""
    found: list[int] = []
    for port in random.sample(_OURS, len(_OURS)):
        if len(found) == count:
            break
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            found.append(port)
    return found
