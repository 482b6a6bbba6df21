"""What answers to prompts have in common, whatever their choices look like."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

import msgspec

from openrouter_async.types.lenient import Json, json_members
from openrouter_async.types.usage import Usage
from openrouter_async.types.wire import Received, ResponseMeta, join_members


class Choice(Protocol):
    """Be one of the `n` answers to a prompt, or what a chunk adds to it."""

    index: int
    finish_reason: str | None
    native_finish_reason: str | None
    error: Json

    @property
    def text(self) -> str:
        """What it says, or ''."""
        ...

    @property
    def has_content(self) -> bool:
        """Whether it carries text, reasoning, a finish reason or anything like it."""
        ...


ChoiceT = TypeVar("ChoiceT", bound=Choice)


class Envelope(Received, Generic[ChoiceT], kw_only=True):
    """
    Hold the members that whole answers and chunks have in common.

    Absent and null members are None; a missing `choices` is an empty list.
    `error` is there only in what an exception carries as `partial`.
    """

    id: str | None = None
    object: str | None = None
    created: int | None = None
    model: str | None = None
    provider: str | None = None
    system_fingerprint: str | None = None
    service_tier: str | None = None
    choices: list[ChoiceT] = []  # noqa: RUF012  # msgspec copies it
    usage: Usage | None = None
    openrouter_metadata: dict[str, Json] | None = None
    error: Json = None

    @property
    def text(self) -> str:
        """The text of choice 0, or ''."""
        for choice in self.choices:
            if choice.index == 0:
                return choice.text

        return ""

    @property
    def cost(self) -> float | None:
        """What it cost in credits (US dollars); None where it does not say."""
        return None if self.usage is None else self.usage.cost

    @property
    def has_content(self) -> bool:
        """Whether any of its choices carries content."""
        for choice in self.choices:
            if choice.has_content:
                return True

        return False


class Answer(Envelope[ChoiceT], Generic[ChoiceT], kw_only=True):
    """
    Hold a whole answer.

    Unknown values of `finish_reason` stay the strings they are, and members that
    are not typed here are in `to_dict()`: OpenRouter adds both without notice.

    Attributes:
        meta: the exchange it came from.
    """

    meta: ResponseMeta = msgspec.field(default=ResponseMeta(), name="<meta>")
    # The events of a stream that brought members other than text, for to_dict().
    _events: tuple[bytes, ...] = msgspec.field(default=(), name="<events>")

    def to_dict(self) -> dict[str, Json]:
        """
        Return everything that came as plain JSON values, unknown members too.

        An answer put together from a stream gives its accumulated choices, and
        the other members as its first and last events had them.
        """
        if self.raw:
            return json_members(self.raw)

        return join_members(self.typed_members(), self._events)


class Chunk(Envelope[ChoiceT], Generic[ChoiceT], kw_only=True, gc=False):
    """Hold one event of a streamed answer; `raw` is the event's data."""
