"""From the chunks of a chat completion to what happens in it; no I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from openrouter_async.streaming.tool_call_fragments import ToolCallFragments, is_closed
from openrouter_async.types.chat import (
    ChatChunkChoice,
    ChatCompletion,
    ChatCompletionChunk,
)
from openrouter_async.types.lenient import Json
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
        self._due: deque[ChunkEvent] = deque()

    def add(self, chunk: ChatCompletionChunk) -> None:
        """Take in what a chunk brings."""
        due = self._due
        for piece in chunk.choices:
            due.extend(_said(piece))
            if piece.delta.tool_call_members:
                due.extend(self._of(piece.index).add(piece.delta.tool_call_members))

            due.extend(_shown(piece))
            if piece.finish_reason and piece.index in self._calls:
                due.extend(self._calls[piece.index].finished())

        if chunk.usage is not None:
            due.append(UsageEvent(usage=chunk.usage))

    def due(self) -> Iterator[ChunkEvent]:
        """Yield what has happened and was not told yet."""
        while self._due:
            yield self._due.popleft()

    def end(self) -> None:
        """Take in that the stream has ended."""
        for calls in self._calls.values():
            self._due.extend(calls.end())

    def resume(self, answer: ChatCompletion) -> None:
        """
        Take in what was read in between, by an iteration over chunks.

        Args:
            answer: as far as it has come.
        """
        for choice in answer.choices:
            if choice.message.tool_call_members:
                calls = self._of(choice.index)
                ended = bool(choice.finish_reason)
                calls.resume(choice.message.tool_call_members, ended=ended)

    def _of(self, index: int) -> _OpenCalls:
        calls = self._calls.get(index)
        if calls is None:
            calls = self._calls[index] = _OpenCalls(index)

        return calls


class _OpenCalls:
    """
    Follow the calls of one choice.

    One is finished when it is whole and the next begins, or the choice ends; what is
    not whole by then is so at the end of the stream.
    """

    def __init__(self, choice: int) -> None:
        self._choice = choice
        self._fragments = ToolCallFragments()
        self._open: set[int] = set()
        self._grown: set[int] = set()  # since they were looked at

    def resume(self, calls: Iterable[dict[str, Json]], *, ended: bool) -> None:
        """Go on from calls as they are; what ended unseen is not told."""
        known = len(self._fragments.calls)
        self._fragments = ToolCallFragments()
        for call in calls:
            self._fragments.add(call)

        if not ended:
            self._open.update(range(known, len(self._fragments.calls)))
            self._grown.update(self._open)

    def add(self, fragments: Iterable[dict[str, Json]]) -> Iterator[ChunkEvent]:
        for each in fragments:
            fragment = self._fragments.add(each)
            if fragment.begins:
                yield from self.finished()
                self._open.add(fragment.position)
                yield self._started(fragment.position)

            self._grown.add(fragment.position)
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

    def finished(self) -> Iterator[ChunkEvent]:
        """Yield the calls that are whole: fragments of others may yet come."""
        self._fragments.settle()
        grown = sorted(self._grown & self._open)
        self._grown.clear()
        for position in grown:
            call = self._call(position)
            if is_closed(call.function.arguments):
                yield self._finish(position, call)

    def end(self) -> Iterator[ChunkEvent]:
        self._fragments.settle()
        for position in sorted(self._open):
            yield self._finish(position, self._call(position))

    def _finish(self, position: int, call: ToolCall) -> ChunkEvent:
        self._open.remove(position)
        return ToolCallFinishedEvent(position=position, call=call, choice=self._choice)

    def _call(self, position: int) -> ToolCall:
        return read_tool_call(self._fragments.calls[position])


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
