"""Lines of answers on their way to a disk or a pipe, beside the event loop."""

from __future__ import annotations

import asyncio
import errno
from concurrent.futures import ThreadPoolExecutor

from openrouter_async.cli.answer_files import AnswerTarget

_MOST = 1 << 22  # bytes that wait: a reader that is slow holds up the run


class AnswerWriter:
    """
    Write lines in a thread: a slow disk or reader must not stall requests.

    While one batch is written the next one collects. Whoever stops to wait for it
    changes nothing: what was put in is written.

    Args:
        target: where lines go.

    Attributes:
        error: what went wrong; nothing is written after it.
        in_place: whether what was written is where it was to be.
    """

    def __init__(self, target: AnswerTarget) -> None:
        self.error: OSError | None = None
        self.in_place: bool = True
        self._target = target
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="answers")
        self._lines: list[bytes] = []
        self._size = 0
        self._writing: asyncio.Future[None] | None = None

    @property
    def answers(self) -> int:
        """Lines without an error that were written whole."""
        return self._target.answers

    async def open(self) -> None:
        """
        Open the target.

        Raises:
            OSError: nothing can be written there.
        """
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._executor, self._target.open)

    async def put(self, line: bytes) -> None:
        """Take a line, and return when there is room for more."""
        self._lines.append(line)
        self._size += len(line)
        if self._writing is None:
            self._write()

        await self._wait(_MOST)

    def _write(self) -> None:
        lines, self._lines, self._size = self._lines, [], 0
        if self.error is not None:
            return

        loop = asyncio.get_running_loop()
        self._writing = loop.run_in_executor(self._executor, self._target.write, lines)
        self._writing.add_done_callback(self._written)

    def _written(self, writing: asyncio.Future[None]) -> None:
        self._writing = None
        exc = writing.exception()
        if isinstance(exc, OSError):
            self.error = exc
        elif exc is not None:
            self.error = OSError(errno.EIO, str(exc))

        if self._lines:
            self._write()

    async def _wait(self, most: int) -> None:
        while self._writing is not None and self._size >= most:
            await asyncio.wait({self._writing})

    async def finish(self, *, whole: bool) -> None:
        """
        Write what is left, and close the target.

        Args:
            whole: whether every item has its line.
        """
        await self._wait(0)
        whole = whole and self.error is None
        loop = asyncio.get_running_loop()
        try:
            self.in_place = await loop.run_in_executor(
                self._executor, lambda: self._target.finish(whole=whole)
            )
        except OSError as exc:
            self.error = self.error or exc
        finally:
            self._executor.shutdown(wait=False)
