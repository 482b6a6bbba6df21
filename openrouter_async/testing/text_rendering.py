"""Text completions written the way the live service writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from openrouter_async.testing.answer_rendering import AnswerRendering, JSONObject
from openrouter_async.testing.likelihoods import logprob_of, rivals_of
from openrouter_async.testing.requests import CompletionRequest
from openrouter_async.testing.tokens import tokenise
from openrouter_async.testing.wire import Piece

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from openrouter_async.testing.answers import Answer, Choice
    from openrouter_async.testing.wire import Envelope, UsageShape

_UNFINISHED = (
    b',"finish_reason":null,"native_finish_reason":null,"logprobs":null}]}\n\n'
)


class TextRendering(AnswerRendering[CompletionRequest]):
    """The answer to a text completion."""

    def __init__(
        self,
        envelope: Envelope,
        answer: Answer[CompletionRequest],
        usage_shape: UsageShape,
    ) -> None:
        super().__init__(envelope, answer, usage_shape)
        self._wants_logprobs = answer.request.logprobs is not None

    def plain(self, choice: Choice) -> JSONObject:
        """Return a choice of a plain answer."""
        echo = self._echo(choice)
        logprobs = None
        if self._wants_logprobs:
            logprobs = self._logprobs(tokenise(echo), choice.tokens)

        return {
            "logprobs": logprobs,
            "finish_reason": choice.finish_reason,
            "native_finish_reason": choice.native_finish_reason,
            "index": choice.index,
            "text": echo + "".join(choice.tokens),
            "reasoning": "".join(self._reasoning(choice)) or None,
        }

    def row(self, choice: Choice) -> Iterator[Piece]:
        """Yield the events of a choice, without the one that ends it."""
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

    def last(self, index: int, finish_reason: str, native: str) -> JSONObject:
        """Return the empty choice that ends a stream."""
        return {
            "index": index,
            "text": "",
            "finish_reason": finish_reason,
            "native_finish_reason": native,
            "logprobs": None,
        }

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

        choice: JSONObject = {
            "index": index,
            "text": text,
            "finish_reason": None,
            "native_finish_reason": None,
            "logprobs": self._logprobs(echoed, tokens, offset),
        }
        return Piece(self.chunk([choice]), len(tokens))

    def _chunk_head(self, index: int) -> bytes:
        """Return a chunk up to its text: the same for all tokens of a choice."""
        envelope = msgspec.json.encode(self._envelope.members("chat.completion.chunk"))
        return b'data: %b,"choices":[{"index":%d,"text":' % (envelope[:-1], index)

    def _echo(self, choice: Choice) -> str:
        return choice.prompt.text if self._answer.request.echo else ""

    def _reasoning(self, choice: Choice) -> list[str]:
        shown = choice.reply is not None or self._answer.request.shows_reasoning
        return choice.reasoning if shown else []

    def _logprobs(
        self, echoed: Sequence[str], tokens: Sequence[str], offset: int = 0
    ) -> JSONObject:
        every = [*echoed, *tokens]
        wanted = self._answer.request.logprobs or 0
        values: list[float | None] = [*map(logprob_of, every)]
        rivals: list[dict[str, float] | None] = [
            rivals_of(token, wanted) for token in every
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
            "top_logprobs": rivals if wanted else None,
            "text_offset": offsets[: len(every)],
        }
