"""The parts that answers are put together from, fast or slow, whole or broken."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, repeat
from typing import TYPE_CHECKING

from openrouter_async.testing.steps import Head, Pause, Piece, Step, Whole
from openrouter_async.testing.wire import COMMENT, DONE, PADDING, UsageShape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from openrouter_async.testing.replies import Text, ToolCalls
    from openrouter_async.testing.steps import Headers
    from openrouter_async.testing.wire import Rendering

_JSON_TYPE = ("Content-Type", "application/json")

EVENT_STREAM = Head(
    200, (("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """
    How fast answers come, in seconds; 0 is as fast as possible.

    Attributes:
        latency: Before the first token.
        token_interval: Before each token.
        comments: Comments at the start of a stream.
        comment_interval: Before each of them.
        padding_interval: Between pieces of whitespace with which a plain answer
            keeps its connection busy; None for none.
        usage_shape: What the chunk with the usage looks like.
        events_per_write: Events that are joined when no time passes between them.
    """

    latency: float = 0.0
    token_interval: float = 0.0
    comments: int = 1
    comment_interval: float = 0.0
    padding_interval: float | None = None
    usage_shape: UsageShape = "empty_choices"
    events_per_write: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """
    One request's answer before it is played.

    Attributes:
        stream: Whether a stream was asked for.
        pace: How fast answers come.
        render: Returns the ordinary answer, or one that a script gives. It may
            raise InvalidRequestError, so it is called before the first step.
        status: HTTP status of the answer.
        content_type: What a plain answer is.
    """

    stream: bool
    pace: Pace
    render: Callable[[Text | ToolCalls | None], Rendering]
    status: int = 200
    content_type: str = "application/json"

    def ordinary(self, reply: Text | ToolCalls | None = None) -> Iterable[Step]:
        """Return an answer without faults."""
        return self.present(self.render(reply))

    def present(self, rendering: Rendering) -> Iterable[Step]:
        """Return a rendering as it is."""
        if self.stream:
            return self.interrupted(rendering, 0, ())

        return self._plain(rendering)

    def interrupted(
        self, rendering: Rendering, after_tokens: int, inserted: Iterable[Step]
    ) -> Iterable[Step]:
        """Return a stream with something put in after so many tokens."""
        pieces = rendering.token_pieces()
        return chain(
            self.opening(),
            self.paced(take(pieces, after_tokens)),
            inserted,
            self.paced(pieces),
            rendering.end_pieces(),
        )

    def opening(self) -> Iterator[Step]:
        """Yield what every stream begins with."""
        yield EVENT_STREAM
        yield from repeated(COMMENT, self.pace.comments, self.pace.comment_interval)
        if self.pace.latency:
            yield Pause(self.pace.latency)

    def paced(self, pieces: Iterable[Piece]) -> Iterator[Step]:
        """Yield the pieces of a stream, each token after its interval."""
        interval = self.pace.token_interval
        for piece in pieces:
            if interval and piece.tokens:
                yield Pause(interval)

            yield piece

    def head(self, length: int | None) -> Head:
        """Return the head of a plain answer; without a length, its body is chunked."""
        return Head(self.status, (("Content-Type", self.content_type),), length)

    def whole(self, body: bytes, tokens: int = 0) -> Whole:
        """Return a plain answer in one go."""
        headers = (("Content-Type", self.content_type),)
        return whole(self.status, body, headers, tokens)

    def _plain(self, rendering: Rendering) -> Iterator[Step]:
        body = rendering.body()
        wait = self.pace.latency + self.pace.token_interval * rendering.tokens
        if self.pace.padding_interval is not None:
            yield self.head(None)
            yield from _padding(wait, self.pace.padding_interval)
            yield Piece(body, rendering.tokens)
        else:
            if wait:
                yield Pause(wait)

            yield self.whole(body, tokens=rendering.tokens)


def whole(status: int, body: bytes, headers: Headers = (), tokens: int = 0) -> Whole:
    """Return an answer in one go, as JSON unless a header says else."""
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers = (_JSON_TYPE, *headers)

    return Whole(status, headers, body, tokens)


def take(pieces: Iterator[Piece], tokens: int) -> Iterator[Piece]:
    """Yield pieces until so many tokens were among them."""
    taken = 0
    while taken < tokens:
        piece = next(pieces, None)
        if piece is None:
            return

        taken += piece.tokens
        yield piece


def repeated(data: bytes, count: int | None, interval: float) -> Iterator[Step]:
    """Yield the same bytes again and again; for ever if the count is None."""
    for piece in repeat(Piece(data)) if count is None else repeat(Piece(data), count):
        if interval or count is None:
            # Without a pause an endless row would never let the loop turn.
            yield Pause(interval)

        yield piece


def with_done(pieces: Iterable[Piece], done: bool) -> Iterator[Piece]:
    """Yield the last pieces of a stream, and `[DONE]` if it is wanted."""
    yield from pieces
    if done:
        yield Piece(DONE)


def _padding(wait: float, interval: float) -> Iterator[Step]:
    while wait > interval:
        wait -= interval
        yield Pause(interval)
        yield Piece(PADDING)

    yield Pause(wait)
