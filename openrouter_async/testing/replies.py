"""What the model says, as a script or an answer function can put it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TypeAlias

import msgspec

from openrouter_async.testing.behaviours import Behaviour
from openrouter_async.testing.checks import check_fields
from openrouter_async.testing.tokens import tokenise


@dataclass(frozen=True, slots=True)
class Text(Behaviour):
    """
    Answer with this text, uncut by max_tokens and stop.

    Text completions know `text`, `finish_reason`, `reasoning` and
    `native_finish_reason`; the other fields are for chat alone.

    Attributes:
        text: The text of every choice, without an echo.
        finish_reason: The finish reason of every choice.
        reasoning: Its reasoning; None for none.
        native_finish_reason: What the provider called it; None for the same.
        reasoning_details: The reasoning in the form that is sent back in the next
            turn; None makes it from the reasoning. A stream gets each text and
            summary in pieces.
        refusal: What the model says instead of answering; None for nothing.
        images: Addresses of pictures, mostly `data:` ones.
        annotations: Citations and parsed files, each as it goes on the wire.
    """

    text: str
    finish_reason: str = "stop"
    reasoning: str | None = None
    native_finish_reason: str | None = None
    reasoning_details: Sequence[Mapping[str, object]] | None = None
    refusal: str | None = None
    images: Sequence[str] = ()
    annotations: Sequence[Mapping[str, object]] = ()


@dataclass(frozen=True, slots=True)
class ToolCall:
    """
    One call of a tool.

    Attributes:
        name: The tool's name, whether the request has such a tool or not.
        arguments: A mapping is sent as JSON, a text as it is: also a broken one.
        id: The call's id; None makes one up, always the same one.

    Raises:
        TypeError: If a field's value is of a wrong type.
    """

    name: str
    arguments: Mapping[str, object] | str = "{}"
    id: str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be sent."""
        check_fields(self)

    @property
    def text(self) -> str:
        """The arguments as they go on the wire."""
        if isinstance(self.arguments, str):
            return self.arguments

        return msgspec.json.encode(self.arguments).decode()


@dataclass(frozen=True, slots=True, init=False)
class ToolCalls(Behaviour):
    """
    Answer a chat request with calls of tools, uncut by max_tokens and stop.

    Attributes:
        calls: The calls, at least one, in the order of their indices.
        text: What the model says before; an empty text is sent as null.
        finish_reason: The finish reason of every choice.
        reasoning: Its reasoning; None for none.
        native_finish_reason: What the provider called it; None for the same.
        reasoning_details: As of `Text`.
        fragment_size: Characters of the arguments in one event of a stream; None
            for a token.
        interleaved: Whether the calls of a stream take turns, event by event.
        indexed: Whether the fragments carry their call's index; some providers
            leave it out.

    Raises:
        TypeError: If a field's value is of a wrong type.
        ValueError: If it is out of range, or there is no call.
    """

    calls: Sequence[ToolCall]
    text: str
    finish_reason: str
    reasoning: str | None
    native_finish_reason: str | None
    reasoning_details: Sequence[Mapping[str, object]] | None
    fragment_size: int | None
    interleaved: bool
    indexed: bool

    def __init__(
        self,
        *calls: ToolCall,
        text: str = "",
        finish_reason: str = "tool_calls",
        reasoning: str | None = None,
        native_finish_reason: str | None = None,
        reasoning_details: Sequence[Mapping[str, object]] | None = None,
        fragment_size: int | None = None,
        interleaved: bool = False,
        indexed: bool = True,
        times: int | None = 1,
    ) -> None:
        given = locals()
        for name in [field.name for field in fields(ToolCalls)]:
            object.__setattr__(self, name, given[name])

        check_fields(self)
        if not calls:
            message = "ToolCalls needs at least one ToolCall"
            raise ValueError(message)

    @property
    def tokens(self) -> int:
        """Tokens of all calls: one for the name and one for each fragment."""
        return sum(1 + len(self.fragments(call)) for call in self.calls)

    def fragments(self, call: ToolCall) -> list[str]:
        """Return the arguments of a call in the pieces that a stream sends."""
        text, size = call.text, self.fragment_size
        if size is None:
            return tokenise(text)

        return [text[start : start + size] for start in range(0, len(text), size)]


Reply: TypeAlias = str | Text | ToolCalls
"""A bare text is cut by max_tokens and stop; the others are not."""
