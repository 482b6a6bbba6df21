"""From the items of a run to calls, and from their answers to a journal and back."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import UNSET

from openrouter_async.config import RetryPolicy, Timeout
from openrouter_async.errors import ConfigError, OpenRouterError
from openrouter_async.fanout.journal import Entry
from openrouter_async.fanout.outcomes import Item
from openrouter_async.fanout.work import Receipt
from openrouter_async.resources.kinds import AnswerKind
from openrouter_async.transport.admission import Admission
from openrouter_async.transport.calls import Transport
from openrouter_async.transport.codec import decode_json
from openrouter_async.transport.exchange import Call
from openrouter_async.types.lenient import Json
from openrouter_async.types.wire import ResponseMeta

if TYPE_CHECKING:
    from openrouter_async.types.chat import ChatCompletion
    from openrouter_async.types.completion import Completion

AnswerT = TypeVar("AnswerT", bound="Completion | ChatCompletion")

_IN_FLIGHT = 256
_DESCRIPTORS_KEPT = 64  # for files, logs and other connections of the process


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonOptions:
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
        return replace(self, params=params)

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
        kind: of the answers.
    """

    def __init__(
        self,
        transport: Transport,
        call_for: Callable[[Item], Call],
        kind: AnswerKind[AnswerT],
    ) -> None:
        self._transport = transport
        self._call_for = call_for
        self._kind = kind
        self._read = kind.reader

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

        return call.body, partial(self._send, call)

    def _send(self, call: Call, admission: Admission) -> Awaitable[AnswerT]:
        return self._transport.fetch(call, self._read, admission)

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
        answer = decode_json(entry.answer, self._kind.into)
        answer.raw = entry.answer
        answer.meta = ResponseMeta(
            status=entry.status,
            generation_id=entry.generation_id,
            attempts=entry.attempts,
            elapsed=entry.elapsed,
        )
        if self._kind.finish is not None:
            self._kind.finish(answer)

        return answer


def default_in_flight(connections: int | None) -> int:
    """
    Return how many items may be under way where nobody says.

    Args:
        connections: most that the pool opens; None for any.

    Returns:
        256, or less where the pool or the limit on open files allows less.
    """
    bounds = [_IN_FLIGHT, connections or _IN_FLIGHT]
    if sys.platform != "win32":
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != resource.RLIM_INFINITY:
            bounds.append(soft - _DESCRIPTORS_KEPT)

    return max(1, min(bounds))
