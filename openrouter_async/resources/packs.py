"""Inputs of a large corpus, packed into requests and taken apart again."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterable, Iterable, Mapping
from typing import Literal, TypeAlias, cast

import msgspec

from openrouter_async.errors import (
    BadRequestError,
    ConfigError,
    OpenRouterError,
    PayloadTooLargeError,
    PermissionDeniedError,
    ResponseDecodeError,
    UnprocessableEntityError,
)
from openrouter_async.fanout.inputs import Inputs
from openrouter_async.types.embeddings import EmbeddingItem
from openrouter_async.types.lenient import is_array

# What one input can be the reason of.
_OF_ONE = (
    BadRequestError,
    ConfigError,
    PayloadTooLargeError,
    ResponseDecodeError,
    UnprocessableEntityError,
)
_MODERATION = frozenset({"flagged_input", "patterns", "reasons"})
# So many single inputs have to fail alike, and nothing else to succeed, before the
# request itself is taken to be wrong.
_ALIKE = 3
_FAILED = 12  # the same, for single inputs that fail in whatever ways

_Likeness: TypeAlias = tuple[type[OpenRouterError], int | str | None, str | None]


class Pack(list[EmbeddingItem]):
    """
    Hold the inputs of one request: an item of the run.

    Args:
        inputs: in their order.
        first: place of the first in the input, from 0.
        error: what the pack failed with that it is a half of.
    """

    def __init__(
        self,
        inputs: Iterable[EmbeddingItem],
        first: int,
        error: OpenRouterError | None = None,
    ) -> None:
        super().__init__(inputs)
        self.first: int = first
        self.error: OpenRouterError | None = error

    def halves(self, error: OpenRouterError) -> tuple[Pack, Pack]:
        """Return two packs with its inputs, after it failed."""
        middle = len(self) // 2
        return (
            Pack(self[:middle], self.first, error),
            Pack(self[middle:], self.first + middle, error),
        )


class PackLimits(msgspec.Struct, frozen=True, kw_only=True):
    """
    Bound a pack.

    Attributes:
        inputs: most inputs.
        tokens: most tokens, by an estimate; a single input may have more.
        ahead: most packs beyond the first that has no outcome yet; None for any.
    """

    inputs: int
    tokens: int
    ahead: int | None


Kind: TypeAlias = Literal["text", "tokens", "parts", "other"]


def kind_of(item: object) -> Kind:
    """Return which form an input has: a request holds inputs of one form."""
    if isinstance(item, str):
        return "text"

    if isinstance(item, Mapping):
        return "parts"

    return "tokens" if is_array(item) else "other"


def estimated_tokens(item: object) -> int:
    """Return about how many tokens an input has: four letters make one."""
    if isinstance(item, str):
        if item.isascii():
            return len(item) // 4 + 1

        return len(item.encode("utf-8", "replace")) // 3 + 1

    if is_array(item):
        return len(item)

    try:
        return len(msgspec.json.encode(item)) // 4 + 1
    except (TypeError, ValueError, RecursionError):
        return 1  # it will be refused, and alone


class Packs:
    """
    Iterate over packs: of the inputs, and of what failed and is tried in halves.

    It ends when every pack that it gave is settled. Nothing leads from here to the
    iterator over outcomes that the caller holds.

    Args:
        inputs: any iterable of inputs.
        limits: bound each pack.

    Attributes:
        pulled: inputs taken so far.
    """

    def __init__(
        self,
        inputs: Iterable[EmbeddingItem] | AsyncIterable[EmbeddingItem],
        limits: PackLimits,
    ) -> None:
        self.pulled: int = 0
        self._again: deque[Pack] = deque()  # halves that are to be sent
        self._inputs = Inputs(inputs)
        self._limits = limits
        self._building: list[EmbeddingItem] = []
        self._tokens = 0
        self._next: tuple[EmbeddingItem] | None = None  # begins the pack after
        self._ended = False
        self._error: Exception | None = None
        self._open: dict[int, Pack] = {}  # not settled, by where they begin
        self._changed = asyncio.Event()
        self._hopes = _Hopes()

    @property
    def input_ended(self) -> bool:
        """Whether the input has no more."""
        return self._ended

    def __aiter__(self) -> Packs:
        return self

    async def __anext__(self) -> Pack:
        try:
            return await self._pack()
        except asyncio.CancelledError:
            self._inputs.cancel()
            raise

    async def _pack(self) -> Pack:
        while True:
            if self._again:
                return self._given(self._again.popleft())

            if not self._ended and not self._is_ahead():
                pack = await self._build()
                if pack is not None:
                    return self._given(pack)

                continue

            if self._ended and not self._open:
                raise self._error or StopAsyncIteration

            self._changed.clear()
            await self._changed.wait()

    def _given(self, pack: Pack) -> Pack:
        self._open[pack.first] = pack
        return pack

    def _is_ahead(self) -> bool:
        ahead = self._limits.ahead
        if ahead is None or not self._open:
            return False

        return self.pulled - min(self._open) >= ahead * self._limits.inputs

    async def _build(self) -> Pack | None:
        """Return a full pack, or the last; None at the end."""
        while len(self._building) < self._limits.inputs:
            found = self._next or await self._pull()
            self._next = None
            if found is None:
                self._ended = True
                break

            if not self._fits(found[0]):
                self._next = found
                break

            self._building.append(found[0])
            self._tokens += estimated_tokens(found[0])

        return self._take_built()

    def _take_built(self) -> Pack | None:
        if not self._building:
            return None

        kept = 0 if self._next is None else 1
        pack = Pack(self._building, self.pulled - kept - len(self._building))
        self._building = []
        self._tokens = 0
        return pack

    async def _pull(self) -> tuple[EmbeddingItem] | None:
        inputs = self._inputs
        try:
            found = inputs.take() if inputs.at_hand else await inputs.next()
        except Exception as exc:  # of the iterable: told when all else is settled
            self._error = exc
            return None

        if found is not None:
            self.pulled += 1

        return cast("tuple[EmbeddingItem] | None", found)

    def _fits(self, item: EmbeddingItem) -> bool:
        if not self._building:
            return True

        alike = kind_of(item) == kind_of(self._building[0]) != "other"
        return alike and self._tokens + estimated_tokens(item) <= self._limits.tokens

    # For the one who takes the outcomes

    def settled(self, pack: Pack, error: OpenRouterError | None) -> bool:
        """
        Take in how a pack ended.

        Returns:
            Whether that is the outcome of its inputs; else they are tried in halves.
        """
        self._open.pop(pack.first, None)
        self._changed.set()
        if error is None or not self._hopes.split(pack, error):
            self._hopes.note(pack, error)
            return True

        # The last come first: what cannot succeed is known after a few of them.
        halves = pack.halves(error)
        self._again.extendleft(reversed(halves))
        self._open.update({half.first: half for half in halves})
        return False

    def cancel(self) -> None:
        """Pull no more."""
        self._inputs.cancel()

    def left_over(self) -> list[Pack]:
        """Return the packs that were pulled and have no outcome, at the end."""
        if self._next is not None:
            self._building.append(self._next[0])
            self._next = None

        built = self._take_built()
        unsettled = sorted(self._open.values(), key=lambda pack: pack.first)
        self._open.clear()
        return [*unsettled, *([] if built is None else [built])]


class _Hopes:
    """Decide whether halves of a pack could succeed where the whole did not."""

    def __init__(self) -> None:
        self._succeeded = False
        self._alike: Counter[_Likeness] = Counter()

    def note(self, pack: Pack, error: OpenRouterError | None) -> None:
        """Take in how a pack ended for good."""
        if error is None:
            self._succeeded = True
        elif self._counts(pack, error):
            self._alike[_likeness(error)] += 1

    def split(self, pack: Pack, error: OpenRouterError) -> bool:
        """Return whether to try a pack in halves."""
        if len(pack) == 1 or not _is_of_one(error):
            return False

        if self._succeeded or isinstance(error, ConfigError):
            return True

        return not self._is_hopeless() and self._alike[_likeness(error)] < _ALIKE

    def _counts(self, pack: Pack, error: OpenRouterError) -> bool:
        # A ConfigError is an input's own: nothing was sent.
        if self._succeeded or len(pack) > 1 or isinstance(error, ConfigError):
            return False

        return not self._is_hopeless()

    def _is_hopeless(self) -> bool:
        return self._alike.total() >= _FAILED


def _likeness(error: OpenRouterError) -> _Likeness:
    # Not by its message: many servers put a request's own id into it.
    return type(error), error.code, error.error_type


def _is_of_one(error: OpenRouterError) -> bool:
    """Tell whether a single input can be the reason of an error."""
    if isinstance(error, PermissionDeniedError):
        return not _MODERATION.isdisjoint(error.metadata or {})

    return isinstance(error, _OF_ONE)
