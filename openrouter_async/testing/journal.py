"""What the simulator saw, request by request and in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

IN_FLIGHT = "in flight"
ANSWERED = "answered"
REFUSED = "refused"
REJECTED = "rejected"
DISCONNECTED = "disconnected"
CLOSED = "closed"
FAILED = "failed"
SCRIPTED = "scripted:"

Params: TypeAlias = Mapping[str, object]


class JournalRecord(msgspec.Struct, frozen=True, kw_only=True):
    """
    One request as the simulator saw it.

    Attributes:
        number: Its place in the order of arrival, from 1.
        method: HTTP method.
        path: Path with the query.
        headers: Request headers, names in lower case; of the authorization only
            the last four characters.
        params: The decoded JSON body; empty if it is not a JSON object.
        body: The body as it came.
        connection: Number of the connection it came over, from 1.
        received_at: Seconds of the simulator's clock when its body was read.
        finished_at: When the answer was sent or given up; None until then.
        status: HTTP status of the answer; None if no head was sent.
        outcome: `"in flight"`; `"answered"`; `"refused"` by a limit; `"rejected"`
            because the request was wrong; `"scripted:"` and the behaviour's name;
            `"disconnected"` when the client left before the end; `"closed"` when
            the simulator did; `"failed"` when an answer function or a predicate
            raised.
        behaviour: Name of the scripted behaviour it met, whatever the outcome.
        tokens_sent: Tokens of the answer that were written to the connection.
        generation_id: Id of the answer, also in the header X-Generation-Id.
    """

    number: int
    method: str
    path: str
    headers: Mapping[str, str]
    params: Params
    body: bytes
    connection: int
    received_at: float
    generation_id: str
    finished_at: float | None = None
    status: int | None = None
    outcome: str = IN_FLIGHT
    behaviour: str | None = None
    tokens_sent: int = 0


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """
    The journal in numbers; `requests` is the sum of the next four.

    Attributes:
        requests: Requests that arrived.
        answered: Those that got a whole answer.
        refused: Those that a limit refused (429, or 402 for those in flight).
        failed: Those that ended in any other way.
        in_flight: Those that are being answered.
        peak_in_flight: The most that were being answered at a time.
        connections: Connections that were opened.
        tokens_sent: Tokens of all answers.
    """

    requests: int
    answered: int
    refused: int
    failed: int
    in_flight: int
    peak_in_flight: int
    connections: int
    tokens_sent: int


class Journal:
    """
    Keeps the records of the latest requests and counts all of them.

    Args:
        size: Records to keep; None for all.
    """

    def __init__(self, size: int | None) -> None:
        self._size = size
        self._records: dict[int, JournalRecord] = {}
        self._in_flight = 0
        self.clear()

    def clear(self) -> None:
        """Forget all but the requests in flight."""
        self._records = {
            number: record
            for number, record in self._records.items()
            if record.finished_at is None
        }
        self._requests = self._peak_in_flight = self._in_flight
        self._answered = self._refused = self._failed = 0
        self._connections = self._tokens_sent = 0

    @property
    def records(self) -> list[JournalRecord]:
        """The records in order of arrival."""
        return list(self._records.values())

    @property
    def in_flight(self) -> int:
        """Requests that are being answered."""
        return self._in_flight

    def connected(self) -> None:
        """Count a connection."""
        self._connections += 1

    def arrived(self, record: JournalRecord) -> None:
        """Count a request whose body is still to be read."""
        self._requests += 1
        self._in_flight += 1
        self._peak_in_flight = max(self._peak_in_flight, self._in_flight)
        self._records[record.number] = record
        if self._size is not None and len(self._records) > self._size:
            del self._records[next(iter(self._records))]

    def updated(self, record: JournalRecord) -> None:
        """Keep what is known about a request by now."""
        if record.number in self._records:
            self._records[record.number] = record

    def finished(self, record: JournalRecord, *, failed: bool) -> None:
        """Count a request as done and keep its last record."""
        self.updated(record)
        self._in_flight -= 1
        self._tokens_sent += record.tokens_sent
        if record.outcome == REFUSED:
            self._refused += 1
        elif failed:
            self._failed += 1
        else:
            self._answered += 1

    def statistics(self) -> Statistics:
        """Return the counts."""
        return Statistics(
            requests=self._requests,
            answered=self._answered,
            refused=self._refused,
            failed=self._failed,
            in_flight=self._in_flight,
            peak_in_flight=self._peak_in_flight,
            connections=self._connections,
            tokens_sent=self._tokens_sent,
        )
