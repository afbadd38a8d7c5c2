"""A TCP relay on loopback, between a client and a store or between a store and its copy: it can be cut, or delay."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any


class Relay:
    """Passes connections on to one port of this machine; a `with` block starts and stops it."""

    def __init__(self, target: int) -> None:
        """
        Args:
            target: the port that connections are passed on to. It may be changed; new connections go there.
        """
        self.target = target
        self.port = 0
        self.delay = 0.0
        """Seconds by which what the target answers arrives later. Injected: no network takes them."""
        self._cut = False
        self._transports: set[asyncio.WriteTransport] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> "Relay":
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def is_cut(self) -> bool:
        """Whether nothing passes."""
        return self._cut

    def cut(self) -> None:
        """End every connection, and let nobody connect; what was on its way is lost."""
        self._do(self._abort())

    def mend(self) -> None:
        """Let clients connect."""
        self._cut = False

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _abort(self) -> None:
        self._cut = True
        for each in list(self._transports):
            each.abort()

    async def _end(self) -> None:
        for each in self._server.sockets:
            self._loop.remove_reader(each.fileno())  # nothing more is accepted
        await asyncio.sleep(0.05)  # connections that were accepted reach `_serve`, which ends them: all is cut
        self._server.close()
        serving = list(self._serving)
        for each in serving:
            each.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await asyncio.sleep(0.05)  # transports that were aborted close their sockets in the loop's next turns

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._cut:
            writer.transport.abort()
            return
        if (task := asyncio.current_task()) is not None:
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)
        ends = {writer.transport}
        self._transports |= ends
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
            ends.add(far_writer.transport)
            self._transports |= ends
            await asyncio.gather(
                self._pass(reader, far_writer, lambda: 0.0), self._pass(far_reader, writer, lambda: self.delay)
            )
        except (OSError, asyncio.CancelledError):
            pass  # the store is down, or the relay ends: the client's connection ends too
        finally:
            self._transports -= ends
            for each in ends:
                each.abort()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: Callable[[], float]
    ) -> None:
        """Each piece is written a delay after it was read, in order; the end of one side ends the other."""
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def read() -> None:
            piece = b"begin"
            while piece:
                try:
                    piece = await reader.read(65536)
                except OSError:
                    piece = b""
                queue.put_nowait((self._loop.time() + delay(), piece))

        reading = asyncio.create_task(read())
        try:
            while True:
                due, piece = await queue.get()
                await asyncio.sleep(max(0.0, due - self._loop.time()))
                if not piece:
                    break
                writer.write(piece)
                await writer.drain()
        except OSError:
            pass
        finally:
            reading.cancel()
            writer.close()
