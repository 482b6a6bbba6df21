"""Chat completions written the way the live service writes them."""

from __future__ import annotations

from itertools import chain, zip_longest
from typing import TYPE_CHECKING

import msgspec

from openrouter_async.testing.answer_rendering import AnswerRendering, JSONObject
from openrouter_async.testing.chat import media, thoughts
from openrouter_async.testing.chat.logprobs import chat_logprobs
from openrouter_async.testing.chat.requests import ChatRequest
from openrouter_async.testing.chat.tools import call_id
from openrouter_async.testing.replies import Text, ToolCalls
from openrouter_async.testing.tokens import tokenise
from openrouter_async.testing.wire import PROVIDER, Piece

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from openrouter_async.testing.answers import Choice
    from openrouter_async.testing.replies import ToolCall

_UNFINISHED = (
    b'},"finish_reason":null,"native_finish_reason":null,"logprobs":null}]}\n\n'
)


class ChatRendering(AnswerRendering[ChatRequest]):
    """The answer to a chat."""

    def plain(self, choice: Choice) -> JSONObject:
        """Return a choice of a plain answer."""
        logprobs = self._logprobs(choice.tokens) if choice.tokens else None
        return {
            "logprobs": logprobs,
            "finish_reason": choice.finish_reason,
            "native_finish_reason": choice.native_finish_reason,
            "index": choice.index,
            "message": self._message(choice),
        }

    def token_pieces(self) -> Iterator[Piece]:
        """Yield an event for each token, and before them what debugging shows."""
        debug = self._answer.request.debug
        if debug is not None and debug.echo_upstream_body:
            body = {"model": self._answer.model, "stream": True}
            attempt = {"provider": PROVIDER, "echo_upstream_body": body}
            yield Piece(self.chunk([], debug=attempt))

        yield from super().token_pieces()

    def row(self, choice: Choice) -> Iterator[Piece]:
        """Yield the events of a choice, without the one that ends it."""
        yield from self._reasoning_pieces(choice)
        yield from self._content_pieces(choice)
        for token in tokenise(choice.refusal or ""):
            yield self._delta_piece(choice, {"refusal": token}, 1)

        if isinstance(choice.reply, ToolCalls):
            yield from self._call_pieces(choice, choice.reply)

        for member, items in self._attachments(choice):
            yield self._delta_piece(choice, {member: items})

    def last(self, index: int, finish_reason: str, native: str) -> JSONObject:
        """Return the empty choice that ends a stream."""
        return {
            "index": index,
            "delta": {"role": "assistant", "content": ""},
            "finish_reason": finish_reason,
            "native_finish_reason": native,
            "logprobs": None,
        }

    def _message(self, choice: Choice) -> JSONObject:
        content = "".join(choice.tokens)
        silent = isinstance(choice.reply, ToolCalls) or choice.refusal is not None
        message: JSONObject = {
            "role": "assistant",
            "content": None if silent and not content else content,
            "refusal": choice.refusal,
            "reasoning": "".join(self._thoughts(choice)) or None,
        }
        details = self._details(choice)
        if details:
            message["reasoning_details"] = details

        if isinstance(choice.reply, ToolCalls):
            message["tool_calls"] = [
                _call(choice, index, call)
                for index, call in enumerate(choice.reply.calls)
            ]

        message.update(self._attachments(choice))
        return message

    def _attachments(self, choice: Choice) -> Iterator[tuple[str, list[JSONObject]]]:
        """Yield what comes beside the text, by the name of its member."""
        reply = choice.reply
        if isinstance(reply, Text):
            images, annotations = reply.images, [dict(a) for a in reply.annotations]
        else:
            wanted = reply is None and self._answer.request.wants("image")
            images, annotations = [media.PICTURE] if wanted else [], []

        if images:
            yield "images", media.image_parts(images)

        if annotations:
            yield "annotations", annotations

    def _thoughts(self, choice: Choice) -> list[str]:
        shown = choice.reply is not None or self._answer.request.shows_reasoning
        return choice.reasoning if shown else []

    def _details(self, choice: Choice) -> list[JSONObject]:
        scripted = None if choice.reply is None else choice.reply.reasoning_details
        if scripted is not None:
            return [dict(detail) for detail in scripted]

        return thoughts.details("".join(self._thoughts(choice)))

    def _reasoning_pieces(self, choice: Choice) -> Iterator[Piece]:
        """Yield tokens of the reasoning, each with its share of the details."""
        tokens = self._thoughts(choice)
        details = thoughts.fragments(self._details(choice))
        for token, detail in zip_longest(tokens, details):
            members: JSONObject = {"reasoning": token}
            if detail is not None:
                members["reasoning_details"] = [detail]

            yield self._delta_piece(choice, members, int(token is not None))

    def _content_pieces(self, choice: Choice) -> Iterator[Piece]:
        if self._answer.request.wants("audio") and choice.reply is None:
            for delta in media.audio_deltas(self._envelope, choice.tokens):
                tokens = int("transcript" in delta)
                yield self._delta_piece(choice, {"audio": delta}, tokens)
        elif self._answer.request.logprobs:
            for token in choice.tokens:
                yield self._scored_piece(choice, token)
        else:
            head = self._chunk_head(choice.index)
            for token in choice.tokens:
                text = msgspec.json.encode(token)
                yield Piece(b"%b%b%b" % (head, text, _UNFINISHED), 1)

    def _call_pieces(self, choice: Choice, reply: ToolCalls) -> Iterator[Piece]:
        rows = [
            _fragments(choice, reply, index, call)
            for index, call in enumerate(reply.calls)
        ]
        turns: Iterable[JSONObject] = chain.from_iterable(rows)
        if reply.interleaved:
            turns = filter(None, chain.from_iterable(zip_longest(*rows)))

        for fragment in turns:
            yield self._delta_piece(choice, {"tool_calls": [fragment]}, 1)

    def _scored_piece(self, choice: Choice, token: str) -> Piece:
        streamed: JSONObject = {
            "index": choice.index,
            "delta": {"role": "assistant", "content": token},
            "finish_reason": None,
            "native_finish_reason": None,
            "logprobs": self._logprobs([token]),
        }
        return Piece(self.chunk([streamed]), 1)

    def _delta_piece(
        self, choice: Choice, members: JSONObject, tokens: int = 0
    ) -> Piece:
        head = self._chunk_head(choice.index)
        delta = msgspec.json.encode(members)[1:-1]
        return Piece(b'%b"",%b%b' % (head, delta, _UNFINISHED), tokens)

    def _chunk_head(self, index: int) -> bytes:
        """Return a chunk up to its content: the same for all tokens of a choice."""
        envelope = msgspec.json.encode(self._envelope.members("chat.completion.chunk"))
        # Each delta repeats the role, as the live service's do.
        delta = b'"delta":{"role":"assistant","content":'
        return b'data: %b,"choices":[{"index":%d,%b' % (envelope[:-1], index, delta)

    def _logprobs(self, tokens: list[str]) -> JSONObject | None:
        request = self._answer.request
        if not request.logprobs:
            return None

        return chat_logprobs(tokens, request.top_logprobs or 0)


def _call(choice: Choice, index: int, call: ToolCall) -> JSONObject:
    return {
        "id": call_id(call, index, choice),
        "index": index,
        "type": "function",
        "function": {"name": call.name, "arguments": call.text},
    }


def _fragments(
    choice: Choice, reply: ToolCalls, index: int, call: ToolCall
) -> Iterator[JSONObject]:
    place: JSONObject = {"index": index} if reply.indexed else {}
    yield {
        **place,
        "id": call_id(call, index, choice),
        "type": "function",
        "function": {"name": call.name, "arguments": ""},
    }
    for fragment in reply.fragments(call):
        yield {**place, "type": "function", "function": {"arguments": fragment}}
