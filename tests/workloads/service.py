"""A Service on loopback: connections go to one of the servers that answer, as kube-proxy passes them on."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count

from tests.workloads.stores import free_port


@contextmanager
def service(ports: Sequence[int]) -> Iterator[int]:
    """The port of a Service in front of servers on loopback; each connection goes to another server that takes it.

    Args:
        ports: of the servers; the list may change while the Service runs.
    """
    port = free_port()
    listener = socket.create_server(("127.0.0.1", port), backlog=128)
    numbers = count()
    thread = threading.Thread(target=_accept, args=(listener, ports, numbers), daemon=True)
    thread.start()
    try:
        yield port
    finally:
        listener.close()


def _accept(listener: socket.socket, ports: Sequence[int], numbers: Iterator[int]) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        server = _connect(ports, next(numbers))
        if server is None:
            client.close()
            continue
        for source, target in ((client, server), (server, client)):
            threading.Thread(target=_copy, args=(source, target), daemon=True).start()


def _connect(ports: Sequence[int], number: int) -> socket.socket | None:
    for offset in range(len(ports)):
        with suppress(OSError):
            return socket.create_connection(("127.0.0.1", ports[(number + offset) % len(ports)]), timeout=60)
    return None


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
