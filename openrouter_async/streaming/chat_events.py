"""From the chunks of a chat completion to what happens in it; no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from openrouter_async.streaming.tool_call_fragments import ToolCallFragments
from openrouter_async.types.chat import (
    ChatChunkChoice,
    ChatCompletionChunk,
)
from openrouter_async.types.lenient import Json, json_value
from openrouter_async.types.stream_events import (
    AnnotationEvent,
    AudioEvent,
    ChunkEvent,
    ImageEvent,
    ReasoningEvent,
    RefusalEvent,
    TextEvent,
    ToolCallArgumentsEvent,
    ToolCallFinishedEvent,
    ToolCallStartedEvent,
    UsageEvent,
)
from openrouter_async.types.tool_calls import ToolCall, read_tool_call


class ChatEvents:
    """Turn the chunks of one stream into events, in the order they came."""

    def __init__(self) -> None:
        self._calls: dict[int, _OpenCalls] = {}

    def of(self, chunk: ChatCompletionChunk) -> Iterator[ChunkEvent]:
        """Yield what a chunk brings."""
        for piece in chunk.choices:
            yield from _said(piece)
            if piece.delta.tool_call_members:
                calls = self._calls.setdefault(piece.index, _OpenCalls(piece.index))
                yield from calls.add(piece.delta.tool_call_members)

            yield from _shown(piece)
            if piece.finish_reason and piece.index in self._calls:
                yield from self._calls[piece.index].end()

        if chunk.usage is not None:
            yield UsageEvent(usage=chunk.usage)

    def end(self) -> Iterator[ChunkEvent]:
        """Yield what the end of the stream ends."""
        for calls in self._calls.values():
            yield from calls.end()


class _OpenCalls:
    """Follow the calls of one choice: one is finished when the next begins."""

    def __init__(self, choice: int) -> None:
        self._choice = choice
        self._fragments = ToolCallFragments()
        self._open: list[int] = []

    def add(self, fragments: Iterable[dict[str, Json]]) -> Iterator[ChunkEvent]:
        for each in fragments:
            fragment = self._fragments.add(each)
            if fragment.begins:
                yield from self._finished()
                self._open.append(fragment.position)
                yield self._started(fragment.position)

            if fragment.arguments:
                yield ToolCallArgumentsEvent(
                    position=fragment.position,
                    arguments=fragment.arguments,
                    choice=self._choice,
                )

    def _started(self, position: int) -> ChunkEvent:
        call = self._call(position)
        return ToolCallStartedEvent(
            position=position, id=call.id, name=call.function.name, choice=self._choice
        )

    def _finished(self) -> Iterator[ChunkEvent]:
        """Yield the calls that are whole: fragments of others may yet come."""
        self._fragments.settle()
        for position in [*self._open]:
            call = self._call(position)
            if _is_whole(call.function.arguments):
                yield self._finish(position, call)

    def end(self) -> Iterator[ChunkEvent]:
        self._fragments.settle()
        for position in [*self._open]:
            yield self._finish(position, self._call(position))

    def _finish(self, position: int, call: ToolCall) -> ChunkEvent:
        self._open.remove(position)
        return ToolCallFinishedEvent(position=position, call=call, choice=self._choice)

    def _call(self, position: int) -> ToolCall:
        return read_tool_call(self._fragments.calls[position])


def _is_whole(arguments: str) -> bool:
    try:
        json_value(arguments.encode())
    except ValueError:
        return False

    return True


def _said(piece: ChatChunkChoice) -> Iterator[ChunkEvent]:
    delta = piece.delta
    if delta.reasoning or delta.reasoning_details:
        yield ReasoningEvent(
            text=delta.reasoning or "",
            details=delta.reasoning_details or [],
            choice=piece.index,
        )

    if delta.content:
        yield TextEvent(text=delta.content, choice=piece.index)

    if delta.refusal:
        yield RefusalEvent(text=delta.refusal, choice=piece.index)


def _shown(piece: ChatChunkChoice) -> Iterator[ChunkEvent]:
    delta = piece.delta
    for image in delta.images or ():
        yield ImageEvent(image=image, choice=piece.index)

    if delta.audio is not None:
        yield AudioEvent(audio=delta.audio, choice=piece.index)

    for annotation in delta.annotations or ():
        yield AnnotationEvent(annotation=annotation, choice=piece.index)
