"""The events of operations without types of their own: names, ids and data."""

from __future__ import annotations

from typing import NamedTuple

from openrouter_async.errors import ResponseDecodeError
from openrouter_async.streaming.events import EventReader
from openrouter_async.streaming.sse import EventDecoder
from openrouter_async.transport.exchange import Exchange
from openrouter_async.transport.timers import Watch
from openrouter_async.types.lenient import Json, is_object, json_members, json_value

_SHOWN = 200


class ServerEvent(NamedTuple):
    """
    Hold one server-sent event.

    Attributes:
        event: its name, None where the server gives none.
        raw: its data as received.
        id: the stream's last id, None where the server gives none.
    """

    event: str | None
    raw: bytes
    id: str | None

    @property
    def data(self) -> str:
        """Its data as text."""
        return self.raw.decode("utf-8", "replace")

    @property
    def type(self) -> str | None:
        """Its name, or what its JSON calls `type`."""
        if self.event is not None:
            return self.event

        kind = json_members(self.raw).get("type")
        return kind if isinstance(kind, str) else None

    def json(self) -> dict[str, Json]:
        """
        Return the members of its data.

        Raises:
            ResponseDecodeError: the data is no JSON object.
        """
        try:
            value = json_value(self.raw)
        except ValueError:
            value = None

        if is_object(value):
            return dict(value)

        shown = self.data[:_SHOWN]
        raise ResponseDecodeError(f"the event is no JSON object: {shown}")


class _NamedData(bytes):
    """Be the data of an event, and know what else the event had."""

    event: str | None = None
    id: str | None = None


class NamedEventDecoder(EventDecoder):
    """Decode an event stream, with the names and ids of its events."""

    __slots__ = ("_id", "_name")

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._name: str | None = None
        self._id: str | None = None

    def feed(self, block: bytes) -> list[bytes]:
        """Return the data of events, as `EventDecoder`; each knows its name and id."""
        return self._feed_lines(block)  # an event of one line may have the id before it

    def _read(self, lines: list[bytes], events: list[bytes]) -> None:
        begun = 0
        for number, line in enumerate(lines, 1):
            if line.startswith(b"event:"):
                self._name = _value(line)
            elif line.startswith(b"id:"):
                self._id = _value(line)
            elif not line:
                self._read_event(lines[begun:number], events)
                begun = number

        super()._read(lines[begun:], events)

    def _read_event(self, lines: list[bytes], events: list[bytes]) -> None:
        before = len(events)
        super()._read(lines, events)
        if len(events) > before:
            named = _NamedData(events[-1])
            named.event, named.id = self._name, self._id
            events[-1] = named

        self._name = None


def _value(line: bytes) -> str:
    text = line.partition(b":")[2].removeprefix(b" ")
    return text.decode("utf-8", "replace")


class NamedEventReader(EventReader):
    """Read the events of one attempt, with their names and ids."""

    def __init__(self, exchange: Exchange, watch: Watch, limit: int) -> None:
        super().__init__(exchange, watch, limit)
        self._decoder = NamedEventDecoder(limit)

    def _check_plain(self, plain: bytes) -> None:
        """Take any object: it is the answer of a server that does not stream."""


def named_event(data: bytes) -> ServerEvent:
    """
    Return the event whose data a reader gave.

    Raises:
        ResponseDecodeError: it is a whole body that is neither a stream nor JSON.
    """
    if isinstance(data, _NamedData):
        return ServerEvent(data.event, bytes(data), data.id)

    event = ServerEvent(None, data, None)
    event.json()  # a whole body in place of a stream: an object, or no answer
    return event
