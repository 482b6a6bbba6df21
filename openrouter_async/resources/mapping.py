"""From the items of a run to calls, and from their answers to a journal and back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET

from openrouter_async.config import RetryPolicy, Timeout
from openrouter_async.errors import ConfigError, OpenRouterError
from openrouter_async.fanout.journal import Entry
from openrouter_async.fanout.outcomes import Item
from openrouter_async.fanout.work import Receipt
from openrouter_async.resources.options import retry_for, timeout_for
from openrouter_async.transport.admission import Admission
from openrouter_async.transport.calls import Running, Transport
from openrouter_async.transport.exchange import Call, Exchange
from openrouter_async.types.lenient import Json, is_object
from openrouter_async.types.wire import ResponseMeta

if TYPE_CHECKING:
    from openrouter_async.types.chat import ChatCompletion
    from openrouter_async.types.completion import Completion
    from openrouter_async.types.embeddings import EmbeddingResponse

AnswerT = TypeVar("AnswerT", bound="Completion | ChatCompletion | EmbeddingResponse")

Reader: TypeAlias = Callable[[Running, Exchange, bytes], AnswerT]
"""Turns a body into an answer, or raises what it lacks."""


class CommonOptions(msgspec.Struct, frozen=True, kw_only=True):
    """
    Hold what all items of a run share.

    Attributes:
        timeout: timers for each call.
        retry: policy for each call.
        extra_body: members of each request that are not typed.
        extra_headers: headers added to, or in place of, the client's.
        params: request fields.
    """

    timeout: Timeout
    retry: RetryPolicy
    extra_body: Mapping[str, Json] | None
    extra_headers: Mapping[str, str] | None
    params: Mapping[str, Json]

    def parameters(self, url: str) -> dict[str, Json]:
        """Return what a journal keeps, so that a later run is known to be the same."""
        given = {name: each for name, each in self.params.items() if each is not UNSET}
        members = {**given, **(self.extra_body or {})}
        if "url" in members:
            members["body.url"] = members.pop("url")

        return {"url": url, **members}

    def with_params(self, params: Mapping[str, Json]) -> CommonOptions:
        """Return the options of an item with fields of its own."""
        return CommonOptions(
            timeout=self.timeout,
            retry=self.retry,
            extra_body=self.extra_body,
            extra_headers=self.extra_headers,
            params=params,
        )

    def check_shared(self, own: str) -> None:
        """
        Refuse a member that each item must have for itself.

        Args:
            own: its name.

        Raises:
            ConfigError: the items share it.
        """
        if own in self.params or own in (self.extra_body or {}):
            raise ConfigError(
                f"`{own}` must not be given for all items, as it would take the place"
                " of theirs; pass it as an input"
            )


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
        """Return the encoded request of an item, and what sends it."""
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


def common_options(
    options: Mapping[str, object],
    transport: Transport,
    params_of: Callable[[dict[str, Json]], Mapping[str, Json]],
) -> CommonOptions:
    """
    Sort what `RequestOptions` names from request fields.

    Args:
        options: both.
        transport: has the defaults.
        params_of: makes the request fields as they are sent of those that were given,
            which it may change.

    Raises:
        ConfigError: one cannot be used.
    """
    # Every call comes by here: one copy, and no `cast` of what is checked below.
    rest: dict[str, Any] = dict(options)
    timeout = timeout_for(rest.pop("timeout", UNSET), transport.timeout)
    retry = retry_for(rest.pop("retry", UNSET), transport.retry)
    extra_body = rest.pop("extra_body", None)
    if extra_body is not None and not is_object(extra_body):
        raise ConfigError("extra_body must be a mapping of request fields")

    headers = rest.pop("extra_headers", None)
    return CommonOptions(
        timeout=timeout,
        retry=retry,
        extra_body=extra_body,
        extra_headers=headers,
        params=params_of(rest),
    )
