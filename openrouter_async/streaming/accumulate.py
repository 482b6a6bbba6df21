"""The chunks of a streamed completion, folded into the completion they make up."""

from __future__ import annotations

from collections.abc import Mapping

from openrouter_async.transport.codec import decode_json
from openrouter_async.types.completion import (
    Completion,
    CompletionChoice,
    CompletionChunk,
    Logprobs,
)
from openrouter_async.types.lenient import Json, is_array
from openrouter_async.types.usage import Usage

_ENVELOPE = ("id", "created", "model", "provider", "system_fingerprint", "service_tier")
_EVENTS_KEPT = 64  # some upstreams send the usage with every chunk
_FOLDED = frozenset({"role", "content", "reasoning"})  # elsewhere, or never growing
_TEXTS = ("text", "summary", "data")


class _Pieces:
    """Collect what arrived for one choice since the last look at it."""

    __slots__ = ("choice", "reasoning", "text")

    def __init__(self, index: int) -> None:
        self.choice = CompletionChoice(index=index)
        self.text: list[str] = []
        self.reasoning: list[str] = []

    def settle(self) -> CompletionChoice:
        """Join the pieces: once per look, for a join per chunk would be quadratic."""
        choice = self.choice
        if self.text:
            choice.text += "".join(self.text)
            self.text.clear()

        if self.reasoning:
            choice.reasoning = (choice.reasoning or "") + "".join(self.reasoning)
            self.reasoning.clear()

        return choice


class CompletionAccumulator:
    """Fold the chunks of one stream, in the order they came."""

    def __init__(self) -> None:
        self._answer = Completion()
        self._pieces: dict[int, _Pieces] = {}
        self._events: list[bytes] = []

    @property
    def complete(self) -> bool:
        """Whether a choice was seen, and every one that was has a finish reason."""
        pieces = self._pieces.values()
        return bool(pieces) and all(each.choice.finish_reason for each in pieces)

    @property
    def has_content(self) -> bool:
        """Whether anything came that the caller would miss."""
        return any(choice.has_content for choice in self.answer.choices)

    @property
    def usage(self) -> Usage | None:
        """Token counts and cost, once they came."""
        return self._answer.usage

    @property
    def answer(self) -> Completion:
        """The answer so far: one object, brought up to date by each look at it."""
        answer = self._answer
        for pieces in self._pieces.values():
            pieces.settle()

        if len(answer.choices) != len(self._pieces):
            ordered = sorted(self._pieces)
            answer.choices = [self._pieces[index].choice for index in ordered]

        answer._events = tuple(self._events)  # pyright: ignore[reportPrivateUsage]  # not for callers
        return answer

    def decode(self, event: bytes) -> CompletionChunk:
        """
        Decode the data of an event.

        Raises:
            ResponseDecodeError: it is not a JSON object.
        """
        chunk = decode_json(event, CompletionChunk)
        chunk.raw = event
        return chunk

    def add(self, chunk: CompletionChunk) -> bool:
        """
        Fold all of a chunk but the error it may report.

        Returns:
            Whether the chunk reports an error: at its top, or in a choice.
        """
        failed = bool(chunk.error)
        rest = False
        for piece in chunk.choices:
            pieces = self._pieces.get(piece.index)
            if pieces is None:
                pieces = self._pieces[piece.index] = _Pieces(piece.index)

            if piece.text:
                pieces.text.append(piece.text)

            if piece.reasoning:
                pieces.reasoning.append(piece.reasoning)

            if piece.finish_reason or piece.native_finish_reason or piece.error:
                failed = failed or bool(piece.error) or piece.finish_reason == "error"
                rest = True

            if rest or piece.logprobs is not None or piece.reasoning_details:
                _fold_rest(pieces.choice, piece)

            if piece.delta:
                _fold_delta(pieces.choice, piece.delta)

        if rest or failed or not self._events or not chunk.choices or chunk.usage:
            self._add_envelope(chunk)
            if not failed:
                self._keep(chunk.raw)

        return failed

    def fold_error(self, chunk: CompletionChunk) -> Json:
        """
        Fold the error of a chunk.

        Returns:
            The error; None where only a finish reason says that there was one.
        """
        self._answer.error = error = chunk.error or None
        for piece in chunk.choices:
            if piece.error:
                self._pieces[piece.index].choice.error = piece.error
                error = error or piece.error

        return error

    def _keep(self, event: bytes) -> None:
        self._events.append(event)
        if len(self._events) > _EVENTS_KEPT:
            del self._events[1]

    def _add_envelope(self, chunk: CompletionChunk) -> None:
        answer = self._answer
        for name in _ENVELOPE:
            value = getattr(chunk, name)
            if value is not None:
                setattr(answer, name, value)

        if chunk.object:
            answer.object = chunk.object.removesuffix(".chunk")

        answer.usage = chunk.usage or answer.usage
        answer.openrouter_metadata = (
            chunk.openrouter_metadata or answer.openrouter_metadata
        )


def _fold_rest(choice: CompletionChoice, piece: CompletionChoice) -> None:
    choice.finish_reason = piece.finish_reason or choice.finish_reason
    native = piece.native_finish_reason
    choice.native_finish_reason = native or choice.native_finish_reason
    if piece.logprobs is not None:
        choice.logprobs = choice.logprobs or Logprobs()
        _fold_logprobs(choice.logprobs, piece.logprobs)

    if piece.reasoning_details:
        choice.reasoning_details = choice.reasoning_details or []
        for detail in piece.reasoning_details:
            fold_reasoning_detail(choice.reasoning_details, detail)


def _fold_delta(choice: CompletionChoice, delta: Mapping[str, Json]) -> None:
    """Fold what else a chat-shaped choice brings, such as images, into `message`."""
    for name, value in delta.items():
        if name in _FOLDED or not value:
            continue

        choice.message = message = choice.message or {}
        known = message.get(name)
        if isinstance(known, str) and isinstance(value, str):
            message[name] = known + value
        elif is_array(known) and is_array(value):
            message[name] = [*known, *value]
        else:
            message[name] = value


def _fold_logprobs(into: Logprobs, piece: Logprobs) -> None:
    into.tokens += piece.tokens
    into.token_logprobs += piece.token_logprobs
    into.text_offset += piece.text_offset
    if piece.top_logprobs is not None:
        into.top_logprobs = into.top_logprobs or []
        into.top_logprobs += piece.top_logprobs

    if piece.content is not None:
        into.content = into.content or []
        into.content += piece.content


def fold_reasoning_detail(
    details: list[dict[str, Json]], piece: Mapping[str, Json]
) -> None:
    """
    Merge a fragment of `reasoning_details` into the list.

    Fragments of one detail share type and index; their texts are joined, and other
    members replaced (https://openrouter.ai/docs/use-cases/reasoning-tokens).
    """
    key = (piece.get("type"), piece.get("index"))
    for detail in reversed(details):
        if piece.get("index") is not None and key == (
            detail.get("type"),
            detail.get("index"),
        ):
            break
    else:
        details.append(dict(piece))
        return

    for name, value in piece.items():
        known = detail.get(name)
        if name in _TEXTS and isinstance(known, str) and isinstance(value, str):
            detail[name] = known + value
        elif value is not None:
            detail[name] = value
