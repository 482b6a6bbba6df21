"""From the items of a run to calls, and from their answers to a journal and back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from openrouter_async.errors import ConfigError, OpenRouterError
from openrouter_async.fanout.journal import Entry
from openrouter_async.fanout.outcomes import Item
from openrouter_async.fanout.work import Receipt
from openrouter_async.transport.admission import Admission
from openrouter_async.transport.calls import Running, Transport
from openrouter_async.transport.exchange import Call, Exchange
from openrouter_async.types.wire import ResponseMeta

if TYPE_CHECKING:
    from openrouter_async.types.chat import ChatCompletion
    from openrouter_async.types.completion import Completion
    from openrouter_async.types.embeddings import EmbeddingResponse

AnswerT = TypeVar("AnswerT", bound="Completion | ChatCompletion | EmbeddingResponse")

Reader: TypeAlias = Callable[[Running, Exchange, bytes], AnswerT]
"""Turns a body into an answer, or raises what it lacks."""


class CallWork(Generic[AnswerT]):
    """
    Make one call for each item; see `openrouter_async.fanout.work.Work`.

    Args:
        transport: sends it.
        call_for: makes the call for an item, or raises ConfigError.
        reader_for: returns what reads the answer to an item.
        decode: reads an answer that a journal kept.
    """

    def __init__(
        self,
        transport: Transport,
        call_for: Callable[[Item], Call],
        reader_for: Callable[[Item], Reader[AnswerT]],
        decode: Callable[[bytes], AnswerT],
    ) -> None:
        self._transport = transport
        self._call_for = call_for
        self._reader_for = reader_for
        self._decode = decode

    def prepare(
        self, item: Item
    ) -> tuple[bytes, Callable[[Admission], Awaitable[AnswerT]]]:
        """
        Return the encoded request of an item, and what sends it.

        Raises:
            ConfigError: it cannot be sent as it is.
        """
        try:
            call = self._call_for(item)
        except OpenRouterError:
            raise
        except Exception as exc:  # of the item's own code: a row that is lazy
            raise ConfigError(f"the item cannot be read: {exc!r}") from exc

        return call.body, partial(self._send, call, self._reader_for(item))

    def _send(
        self, call: Call, reader: Reader[AnswerT], admission: Admission
    ) -> Awaitable[AnswerT]:
        return self._transport.fetch(call, reader, admission)

    def receipt(self, value: AnswerT) -> Receipt:
        """Return what an answer used."""
        usage = value.usage
        if usage is None:
            return Receipt(None, None)

        return Receipt(usage.total_tokens, usage.cost)

    def entry(
        self, value: AnswerT, *, index: int, attempts: int, elapsed: float
    ) -> Entry:
        """Return an answer as a journal keeps it."""
        return Entry(
            index=index,
            attempts=attempts,
            elapsed=elapsed,
            answer=value.raw,
            status=value.meta.status,
            generation_id=value.meta.generation_id,
        )

    def restore(self, entry: Entry) -> AnswerT:
        """Return an answer that a journal kept."""
        answer = self._decode(entry.answer)
        answer.raw = entry.answer
        answer.meta = ResponseMeta(
            status=entry.status,
            generation_id=entry.generation_id,
            attempts=entry.attempts,
            elapsed=entry.elapsed,
        )
        return answer
