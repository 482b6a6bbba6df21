"""Lines out of the file: what lies side by side is read together."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor

from openrouter_async.fanout.journal.file import JournalFile

_BLOCK = 1 << 16  # bytes
_KEPT = 16  # blocks
_PAUSE = 32  # lines


class JournalReader:
    """
    Read lines by their place.

    Runs finish items roughly in the order of their input, so the next line asked for
    is mostly in a block that was read for another.
    """

    def __init__(self, file: JournalFile, executor: Executor) -> None:
        self._file = file
        self._executor = executor
        self._blocks: dict[int, bytes] = {}
        self._reading = asyncio.Lock()
        self._lines = 0

    async def line(self, place: int) -> bytes:
        """
        Return the line that begins at a place.

        Raises:
            OSError: it cannot be read.
        """
        self._lines += 1
        if self._lines % _PAUSE == 0:
            await asyncio.sleep(0)  # a run of lines in memory must not hold the loop

        number, start = divmod(place, _BLOCK)
        parts: list[bytes] = []
        while True:
            block = self._known(number, start) or await self._read(number, start)
            end = block.find(b"\n", start) + 1
            parts.append(block[start : end or len(block)])
            if end or len(block) < _BLOCK:
                return b"".join(parts)

            number, start = number + 1, 0

    def _known(self, number: int, start: int) -> bytes | None:
        """Return a block that was read and is full, or holds the end of the line."""
        block = self._blocks.get(number, b"")
        usable = len(block) == _BLOCK or block.find(b"\n", start) >= 0
        return block if usable else None

    async def _read(self, number: int, start: int) -> bytes:
        async with self._reading:
            block = self._known(number, start)
            if block is not None:
                return block

            loop = asyncio.get_running_loop()
            place = number * _BLOCK
            block = await loop.run_in_executor(
                self._executor, self._file.read, place, _BLOCK
            )
            self._blocks.pop(number, None)
            self._blocks[number] = block
            if len(self._blocks) > _KEPT:
                del self._blocks[next(iter(self._blocks))]

            return block
