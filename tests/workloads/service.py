"""A Service on loopback: connections go to one of the servers that answer, as kube-proxy passes them on."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count


@contextmanager
def service(ports: Sequence[int]) -> Iterator[int]:
    """The port of a Service in front of servers on loopback; each connection goes to another server that takes it.

    Args:
        ports: of the servers; the list may change while the Service runs.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        port: int = listener.getsockname()[1]
        thread = threading.Thread(target=_accept, args=(listener, ports, count()))
        thread.start()
        try:
            yield port
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _accept(listener: socket.socket, ports: Sequence[int], numbers: Iterator[int]) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_pass_on, args=(client, ports, next(numbers)), daemon=True).start()


def _pass_on(client: socket.socket, ports: Sequence[int], number: int) -> None:
    with client:
        server = _connect(list(ports), number)
        if server is None:
            return
        with server:
            answers = threading.Thread(target=_copy, args=(server, client), daemon=True)
            answers.start()
            _copy(client, server)
            answers.join()


def _connect(ports: Sequence[int], number: int) -> socket.socket | None:
    for offset in range(len(ports)):
        with suppress(OSError):
            return socket.create_connection(("127.0.0.1", ports[(number + offset) % len(ports)]))
    return None


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
