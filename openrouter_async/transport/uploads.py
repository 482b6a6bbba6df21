"""Request bodies that are too large for one write."""

from __future__ import annotations

from io import BytesIO

from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import BytesIOPayload


class Upload(BytesIOPayload):
    """
    Be a body that is written in pieces, and knows whether all of it was.

    Args:
        body: the whole of it.

    Attributes:
        is_written: whether the last piece is on its way.
    """

    def __init__(self, body: bytes) -> None:
        super().__init__(BytesIO(body))
        self.is_written: bool = False

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        """Write the body, and note that it was."""
        await super().write_with_length(writer, content_length)
        self.is_written = True
