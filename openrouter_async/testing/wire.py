"""
Answers written the way the live service writes them.

What its published specification calls `text_completion` is `chat.completion` on
the wire, and choices and usage have more members there
(https://github.com/OpenRouterTeam/typescript-sdk/issues/101).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import msgspec

from openrouter_async.testing.answers import logprob_of
from openrouter_async.testing.dice import Dice
from openrouter_async.testing.tokens import decode_tokens, tokenise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from openrouter_async.testing.answers import Answer, Choice

_JSONObject: TypeAlias = dict[str, object]
UsageShape: TypeAlias = Literal["empty_choices", "repeated_finish"]

COMMENT = b": OPENROUTER PROCESSING\n\n"
DONE = b"data: [DONE]\n\n"
PADDING = b"\n         "
PROVIDER = "Simulator"

_UNFINISHED = (
    b',"finish_reason":null,"native_finish_reason":null,"logprobs":null}]}\n\n'
)


class Piece(NamedTuple):
    """Bytes of a body, and how many tokens of the answer are in them."""

    data: bytes
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Envelope:
    """What all chunks of an answer have in common."""

    id: str
    created: int
    model: str

    def members(self, kind: str) -> _JSONObject:
        """Return the members that come before the choices."""
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "provider": PROVIDER,
            "system_fingerprint": "",
        }


def event(data: object) -> bytes:
    """Return an event of a stream: one line of JSON and a blank line."""
    return b"data: %b\n\n" % msgspec.json.encode(data)


class Rendering:
    """
    An answer in its two forms: a body, or the events of a stream.

    Args:
        envelope: Id, time and model.
        answer: What is to be written.
        usage_shape: The last chunk of a stream has `choices: []`, or repeats a
            choice with its finish reason; the live service does either.
    """

    def __init__(
        self, envelope: Envelope, answer: Answer, usage_shape: UsageShape
    ) -> None:
        self._envelope = envelope
        self._answer = answer
        self._usage_shape = usage_shape
        self._wants_logprobs = answer.request.logprobs is not None

    @property
    def tokens(self) -> int:
        """Tokens of all choices and their reasoning."""
        return self._answer.completion_tokens

    def body(self) -> bytes:
        """Return the JSON of a plain answer."""
        return msgspec.json.encode(self._body(self._choices()))

    def failed_body(self, error: Mapping[str, object], tokens: int) -> bytes:
        """Return a plain answer that broke off with an error in its first choice."""
        first, *others = self._answer.choices
        first.tokens = first.tokens[:tokens]
        first.finish_reason = "error"
        choices = [self._choice(choice) for choice in (first, *others)]
        choices[0]["error"] = error
        return msgspec.json.encode(self._body(choices))

    def token_pieces(self) -> Iterator[Piece]:
        """Yield an event for each token, the choices taking turns."""
        rows = [self._row(choice) for choice in self._answer.choices]
        for turn in zip_longest(*rows):
            yield from filter(None, turn)

    def end_pieces(self, *, done: bool = True) -> Iterator[Piece]:
        """Yield what follows the last token, with or without `[DONE]`."""
        for choice in self._answer.choices:
            yield Piece(self._chunk([self._finished(choice)]))

        yield self._usage_piece()
        if done:
            yield Piece(DONE)

    def error_piece(
        self, error: Mapping[str, object], *, at: Literal["top", "choice", "alone"]
    ) -> Piece:
        """
        Return an event that reports an error.

        Args:
            error: The value of the `error` member.
            at: `"top"`: beside a choice that finishes with `"error"`; `"choice"`:
                inside that choice; `"alone"`: without choices.

        Returns:
            The event.
        """
        if at == "alone":
            return Piece(self._chunk([], error=error))

        choice: _JSONObject = {
            "index": 0,
            "text": "",
            "finish_reason": "error",
            "native_finish_reason": "error",
            "logprobs": None,
        }
        if at == "top":
            return Piece(self._chunk([choice], error=error))

        return Piece(self._chunk([{**choice, "error": error}]))

    def _usage_piece(self) -> Piece:
        """Return the event with the usage, the last before `[DONE]`."""
        choices: list[_JSONObject] = []
        if self._usage_shape == "repeated_finish":
            choices.append(self._finished(self._answer.choices[0]))

        return Piece(self._chunk(choices, usage=self._answer.usage()))

    def _choices(self) -> list[_JSONObject]:
        return [self._choice(choice) for choice in self._answer.choices]

    def _body(self, choices: Sequence[_JSONObject]) -> _JSONObject:
        return {
            **self._envelope.members("chat.completion"),
            "choices": choices,
            "usage": self._answer.usage(),
        }

    def _choice(self, choice: Choice) -> _JSONObject:
        echo = self._echo(choice)
        logprobs = None
        if self._wants_logprobs:
            logprobs = self._logprobs(tokenise(echo), choice.tokens)

        return {
            "logprobs": logprobs,
            "finish_reason": choice.finish_reason,
            "native_finish_reason": choice.finish_reason,
            "index": choice.index,
            "text": echo + "".join(choice.tokens),
            "reasoning": "".join(self._reasoning(choice)) or None,
        }

    def _row(self, choice: Choice) -> Iterator[Piece]:
        head = self._chunk_head(choice.index)
        for token in self._reasoning(choice):
            reasoning = msgspec.json.encode(token)
            yield Piece(b'%b"","reasoning":%b%b' % (head, reasoning, _UNFINISHED), 1)

        echo = self._echo(choice)
        if echo:
            yield self._text_piece(head, choice.index, echo, tokenise(echo), [])

        offset = len(echo)
        for token in choice.tokens:
            yield self._text_piece(head, choice.index, token, [], [token], offset)
            offset += len(token)

    def _text_piece(
        self,
        head: bytes,
        index: int,
        text: str,
        echoed: Sequence[str],
        tokens: Sequence[str],
        offset: int = 0,
    ) -> Piece:
        if not self._wants_logprobs:
            data = b"%b%b%b" % (head, msgspec.json.encode(text), _UNFINISHED)
            return Piece(data, len(tokens))

        choice: _JSONObject = {
            "index": index,
            "text": text,
            "finish_reason": None,
            "native_finish_reason": None,
            "logprobs": self._logprobs(echoed, tokens, offset),
        }
        return Piece(self._chunk([choice]), len(tokens))

    def _finished(self, choice: Choice) -> _JSONObject:
        return {
            "index": choice.index,
            "text": "",
            "finish_reason": choice.finish_reason,
            "native_finish_reason": choice.finish_reason,
            "logprobs": None,
        }

    def _chunk(self, choices: Sequence[_JSONObject], **members: object) -> bytes:
        envelope = self._envelope.members("chat.completion.chunk")
        return event({**envelope, "choices": choices, **members})

    def _chunk_head(self, index: int) -> bytes:
        """Return a chunk up to its text: the same for all tokens of a choice."""
        envelope = msgspec.json.encode(self._envelope.members("chat.completion.chunk"))
        return b'data: %b,"choices":[{"index":%d,"text":' % (envelope[:-1], index)

    def _echo(self, choice: Choice) -> str:
        return choice.prompt.text if self._answer.request.echo else ""

    def _reasoning(self, choice: Choice) -> list[str]:
        return choice.reasoning if self._answer.request.shows_reasoning else []

    def _logprobs(
        self, echoed: Sequence[str], tokens: Sequence[str], offset: int = 0
    ) -> _JSONObject:
        every = [*echoed, *tokens]
        values: list[float | None] = [*map(logprob_of, every)]
        rivals: list[dict[str, float] | None] = [
            self._rivals(token, value or 0.0)
            for token, value in zip(every, values, strict=True)
        ]
        if echoed:
            # Nothing comes before the first token of a prompt.
            values[0] = rivals[0] = None

        offsets = [offset]
        for token in every[:-1]:
            offsets.append(offsets[-1] + len(token))

        return {
            "tokens": every,
            "token_logprobs": values,
            "top_logprobs": rivals if self._answer.request.logprobs else None,
            "text_offset": offsets[: len(every)],
        }

    def _rivals(self, token: str, value: float) -> dict[str, float]:
        """Return the most likely tokens at a place, the one taken among them."""
        wanted = self._answer.request.logprobs or 0
        dice = Dice("rivals", token)
        rivals = {token: value}
        while len(rivals) < wanted:
            rival = f" {decode_tokens([dice.roll(1 << 16)])}"
            value -= 0.5 + dice.fraction()
            rivals.setdefault(rival, round(value, 6))

        return rivals
