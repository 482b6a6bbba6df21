"""One request and its answer on the connection."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import string
import struct
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from openrouter_async.testing import journal
from openrouter_async.testing.refusals import InvalidRequestError
from openrouter_async.testing.steps import Break, Head, Hold, Pause, Piece, Step, Whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from multidict import MultiMapping

    from openrouter_async.testing.behaviours import Behaviour
    from openrouter_async.testing.steps import Headers

# The largest request body that is read, in bytes.
LARGEST_BODY = 64 * 1024 * 1024

# Writes without a pause between them before other connections get their turn.
_WRITES_PER_TURN = 32

_ENDED_EARLY = frozenset((journal.DISCONNECTED, journal.CLOSED, journal.FAILED))
_LETTERS = string.ascii_letters + string.digits
_TO_LETTERS = bytes(ord(_LETTERS[byte % len(_LETTERS)]) for byte in range(256))
_LINGER_NOT_AT_ALL = struct.pack("ii", 1, 0)
_decode_object = msgspec.json.Decoder(dict[str, object]).decode


def generation_id(created: int, *key: object) -> str:
    """Return an id such as `gen-1761603589-2zW4FJLny121WIZ4fOS4`."""
    digest = hashlib.blake2b(repr(key).encode(), digest_size=20).digest()
    return f"gen-{created}-{digest.translate(_TO_LETTERS).decode()}"


class Exchange:
    """
    A request that is being answered.

    Args:
        request: What arrived.
        record: Its record in the journal.
        created: Seconds since the epoch.

    Attributes:
        arguments: What stands for the names in the operation's path.
        holds_object: Whether the body is a JSON object.
        status: HTTP status of the answer, once it is known.
        outcome: What the journal will say, unless the client goes away.
        behaviour: Name of the scripted behaviour that it met.
        faulty: Whether that behaviour is a fault.
        billed: Whether its answer is paid for.
        admitted: Whether the limits let it pass.
        broken: Whether the connection was closed on purpose.
        tokens_sent: Tokens that were written.
        response: The response, once it has begun.
    """

    def __init__(
        self, request: web.BaseRequest, record: journal.JournalRecord, created: int
    ) -> None:
        self.record = record
        self.arguments: Mapping[str, str] = {}
        self.holds_object: bool = False
        self.created = created
        self.status: int | None = None
        self.outcome: str = journal.ANSWERED
        self.behaviour: str | None = None
        self.faulty: bool = False
        self.billed: bool = True
        self.admitted: bool = False
        self.broken: bool = False
        self.tokens_sent: int = 0
        self.response: web.StreamResponse | None = None
        self._request = request
        self._writes = 0

    @property
    def failed(self) -> bool:
        """Whether it ended in another way than with a whole answer."""
        ended_early = self.outcome in _ENDED_EARLY
        return self.faulty or ended_early or (self.status or 500) >= 400

    @property
    def response_to_return(self) -> web.StreamResponse:
        """
        What aiohttp's server wants to see in the end.

        Of a broken connection it finds out by itself, when it writes to it.
        """
        return self.response or web.Response()

    @property
    def query(self) -> MultiMapping[str]:
        """The parameters of the query."""
        return self._request.rel_url.query

    @property
    def path(self) -> str:
        """The path as it was sent, without the query."""
        return self._request.rel_url.raw_path

    def params_or_refuse(self) -> Mapping[str, object]:
        """
        Return the parameters.

        Raises:
            InvalidRequestError: If the body is not a JSON object.
        """
        if not self.holds_object:
            message = "The body is not a JSON object"
            raise InvalidRequestError(message)

        return self.record.params

    def meet(self, behaviour: Behaviour) -> None:
        """Note that a script decides about this request."""
        self.behaviour = type(behaviour).__name__
        self.faulty = behaviour.faulty
        self.billed = behaviour.billed
        self.outcome = journal.SCRIPTED + self.behaviour

    async def perform(self, steps: Iterable[Step], pieces_per_write: int = 1) -> None:
        """
        Send an answer step by step.

        Args:
            steps: A head first, then anything; the body ends with the last one.
            pieces_per_write: Pieces that are joined when nothing is between them.
        """
        waiting: list[Piece] = []
        clock = asyncio.get_running_loop().time
        due = clock()
        for step in steps:
            if isinstance(step, Piece):
                # The last piece is kept back, to go out with the body's end.
                if len(waiting) >= pieces_per_write:
                    await self._write(waiting)

                waiting.append(step)
                continue

            await self._write(waiting)
            if isinstance(step, Pause):
                # Counted from when the last one was due, so that many short
                # pauses add up to what they should; never made up for in a rush.
                due = max(due + step.seconds, clock())
                await asyncio.sleep(due - clock())
            elif isinstance(step, Whole):
                await self._respond(step)
                return
            elif isinstance(step, Break):
                self._break(step)
                return
            else:
                await self._act(step)

        await self._end(waiting)

    async def _act(self, step: Head | Hold) -> None:
        if isinstance(step, Head):
            await self._open(step)
        else:
            await (step.release or asyncio.Event()).wait()

    async def _respond(self, whole: Whole) -> None:
        response = web.Response(status=whole.status, body=whole.body)
        await self._prepare(response, whole.headers)
        # Not left to aiohttp, so that a client which does not read is waited for
        # here, where closing the simulator ends it.
        await response.write_eof()
        self.tokens_sent += whole.tokens

    async def _open(self, head: Head) -> None:
        response = web.StreamResponse(status=head.status)
        response.content_length = head.length
        await self._prepare(response, head.headers)

    async def _prepare(self, response: web.StreamResponse, headers: Headers) -> None:
        for name, value in headers:
            response.headers.add(name, value)

        response.headers.setdefault("X-Generation-Id", self.record.generation_id)
        await response.prepare(self._request)
        self.response = response
        self.status = response.status

    async def _write(self, pieces: list[Piece]) -> None:
        if not pieces:
            return

        assert self.response is not None
        await self.response.write(b"".join(piece.data for piece in pieces))
        self.tokens_sent += sum(piece.tokens for piece in pieces)
        pieces.clear()
        self._writes += 1
        if self._writes % _WRITES_PER_TURN == 0:
            await asyncio.sleep(0)

    async def _end(self, pieces: list[Piece]) -> None:
        assert self.response is not None
        await self.response.write_eof(b"".join(piece.data for piece in pieces))
        self.tokens_sent += sum(piece.tokens for piece in pieces)

    def _break(self, step: Break) -> None:
        self.broken = True
        transport = self._request.transport
        if transport is None:
            return

        if step.how == "fin":
            transport.close()
            return

        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT_AT_ALL)
        transport.abort()


async def read_body(request: web.BaseRequest) -> bytes | None:
    """Return the body of a request, or None if it is too large to be read."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    parts: list[bytes] = []
    size = 0
    async for part in request.content.iter_any():
        size += len(part)
        if size > LARGEST_BODY:
            return None

        parts.append(part)

    return b"".join(parts)


def decode_params(body: bytes) -> dict[str, object] | None:
    """Return the JSON object that a body holds, or None if it holds none."""
    try:
        return _decode_object(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
