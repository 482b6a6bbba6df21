"""Behaviours turned into the steps of an answer; nothing is sent here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import singledispatch
from itertools import chain
from typing import TYPE_CHECKING

import msgspec

from openrouter_async.testing import behaviours, faults, replies
from openrouter_async.testing.envelopes import ErrorObject, error_body, error_object
from openrouter_async.testing.limits import format_seconds
from openrouter_async.testing.scenes import (
    EVENT_STREAM,
    Scene,
    repeated,
    take,
    whole,
    with_done,
)
from openrouter_async.testing.steps import Break, Hold, Pause, Piece, Step
from openrouter_async.testing.wire import COMMENT, PADDING, event

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from openrouter_async.testing.steps import Headers
    from openrouter_async.testing.wire import Rendering

_PAGE = (
    "<!DOCTYPE html>\n<html><head><title>{title}</title></head>"
    "<body><h1>{title}</h1></body></html>\n"
)

# Tokens of a stream that is cut without saying where.
_USUAL_CUT = 3


@singledispatch
def steps_of(behaviour: behaviours.Behaviour, scene: Scene) -> Iterable[Step]:
    """
    Return the steps of a scripted answer.

    Args:
        behaviour: What the script says.
        scene: What was asked, and the ordinary answer.

    Returns:
        The steps.

    Raises:
        InvalidRequestError: If an ordinary answer is needed and there is none.
        TypeError: If the behaviour is not one of this package's.
    """
    message = f"unknown behaviour: {behaviour!r} for {scene!r}"
    raise TypeError(message)


@steps_of.register(behaviours.Respond)
def _(behaviour: behaviours.Respond, _scene: Scene) -> Iterable[Step]:
    body = behaviour.body
    if isinstance(body, str):
        body = body.encode()
    elif not isinstance(body, bytes):
        body = msgspec.json.encode(body)

    return [whole(behaviour.status, body, _pairs(behaviour.headers))]


@steps_of.register(faults.Fail)
def _(behaviour: faults.Fail, _scene: Scene) -> Iterable[Step]:
    error = error_object(
        behaviour.status if behaviour.code is None else behaviour.code,
        behaviour.message,
        behaviour.error_type,
        behaviour.metadata,
    )
    headers = _pairs(behaviour.headers)
    wait = behaviour.retry_after
    if wait is not None:
        value = wait if isinstance(wait, str) else format_seconds(wait)
        headers = (*headers, ("Retry-After", value))

    return [whole(behaviour.status, error_body(error), headers)]


@steps_of.register(faults.HtmlPage)
def _(behaviour: faults.HtmlPage, _scene: Scene) -> Iterable[Step]:
    page = _PAGE.format(title=behaviour.title).encode()
    headers = (("Content-Type", "text/html; charset=UTF-8"),)
    return [whole(behaviour.status, page, headers)]


@steps_of.register(faults.FailInside)
def _(behaviour: faults.FailInside, scene: Scene) -> Iterable[Step]:
    rendering = scene.render(None)
    error = _error_in_band(behaviour)
    if not scene.stream:
        if behaviour.at == "body":
            return [whole(200, error_body(error))]

        return [whole(200, rendering.failed_body(error, behaviour.after_tokens))]

    if behaviour.at == "body":
        return chain(scene.opening(), [rendering.error_piece(error, at="alone")])

    ending = [rendering.error_piece(error, at="choice")]
    return _broken_off(scene, rendering, behaviour.after_tokens, ending, done=True)


@steps_of.register(faults.ErrorEvent)
def _(behaviour: faults.ErrorEvent, scene: Scene) -> Iterable[Step]:
    rendering = scene.render(None)
    error = _error_in_band(behaviour)
    if not scene.stream:
        return [whole(200, rendering.failed_body(error, behaviour.after_tokens))]

    ending = [rendering.error_piece(error, at="top")]
    return _broken_off(
        scene, rendering, behaviour.after_tokens, ending, done=behaviour.done
    )


@steps_of.register(behaviours.Stall)
def _(behaviour: behaviours.Stall, scene: Scene) -> Iterable[Step]:
    hold = Hold(behaviour.release)
    rendering = scene.render(None)
    if behaviour.before == "head":
        return chain([hold], scene.present(rendering))

    if scene.stream:
        return scene.interrupted(rendering, behaviour.after_tokens, [hold])

    body = rendering.body()
    sent = len(body) // 2 if behaviour.after_tokens else 0
    return [
        scene.head(len(body)),
        *_some(body[:sent]),
        hold,
        Piece(body[sent:], rendering.tokens),
    ]


@steps_of.register(faults.Cut)
def _(behaviour: faults.Cut, scene: Scene) -> Iterable[Step]:
    rendering = scene.render(None)
    if scene.stream:
        return _cut_stream(behaviour, scene, rendering)

    body = rendering.body()
    after = behaviour.after_bytes
    part = body[: len(body) // 2 if after is None else after]
    if behaviour.how == "clean":
        return [scene.whole(part)]

    return [scene.head(len(body)), *_some(part), Break(behaviour.how)]


@steps_of.register(behaviours.Pad)
def _(behaviour: behaviours.Pad, scene: Scene) -> Iterable[Step]:
    rendering = scene.render(None)
    if scene.stream:
        padding = repeated(COMMENT, behaviour.count, behaviour.interval)
        return scene.interrupted(rendering, 0, padding)

    padding = repeated(PADDING, behaviour.count, behaviour.interval)
    body = Piece(rendering.body(), rendering.tokens)
    return chain([scene.head(None)], padding, [body])


@steps_of.register(behaviours.Comments)
def _(behaviour: behaviours.Comments, scene: Scene) -> Iterable[Step]:
    if not scene.stream:
        return scene.ordinary()

    comments = repeated(COMMENT, behaviour.count, behaviour.interval)
    return scene.interrupted(scene.render(None), behaviour.after_tokens, comments)


@steps_of.register(faults.Malformed)
def _(behaviour: faults.Malformed, scene: Scene) -> Iterable[Step]:
    rendering = scene.render(None)
    if not scene.stream:
        return [whole(200, behaviour.body)]

    broken = [Piece(b"data: %b\n\n" % behaviour.event)]
    return scene.interrupted(rendering, behaviour.after_tokens, broken)


@steps_of.register(behaviours.NoDone)
def _(_behaviour: behaviours.NoDone, scene: Scene) -> Iterable[Step]:
    if not scene.stream:
        return scene.ordinary()

    rendering = scene.render(None)
    tokens = scene.paced(rendering.token_pieces())
    return chain(scene.opening(), tokens, rendering.end_pieces(done=False))


@steps_of.register(replies.Text)
@steps_of.register(replies.ToolCalls)
def _(behaviour: replies.Text | replies.ToolCalls, scene: Scene) -> Iterable[Step]:
    return scene.ordinary(behaviour)


@steps_of.register(behaviours.Chunks)
def _(behaviour: behaviours.Chunks, _scene: Scene) -> Iterable[Step]:
    pieces = [Piece(event(chunk)) for chunk in behaviour.chunks]
    return chain([EVENT_STREAM], with_done(pieces, behaviour.done))


@steps_of.register(behaviours.RawEvents)
def _(behaviour: behaviours.RawEvents, _scene: Scene) -> Iterable[Step]:
    data = behaviour.data
    size = behaviour.split or len(data) or 1
    writes = (
        step
        for start in range(0, len(data), size)
        for step in (Pause(behaviour.interval), Piece(data[start : start + size]))
    )
    return chain([EVENT_STREAM], writes, [Hold()] if behaviour.hold else [])


@steps_of.register(faults.Hang)
def _(_behaviour: faults.Hang, _scene: Scene) -> Iterable[Step]:
    return [Hold()]


@steps_of.register(behaviours.Slow)
def _(behaviour: behaviours.Slow, scene: Scene) -> Iterable[Step]:
    latency = behaviour.latency
    pace = replace(
        scene.pace,
        token_interval=behaviour.token_interval,
        latency=scene.pace.latency if latency is None else latency,
    )
    return replace(scene, pace=pace).ordinary()


@steps_of.register(faults.Disconnect)
def _(behaviour: faults.Disconnect, _scene: Scene) -> Iterable[Step]:
    return [Break(behaviour.how)]


def _broken_off(
    scene: Scene,
    rendering: Rendering,
    after_tokens: int,
    ending: Iterable[Piece],
    *,
    done: bool,
) -> Iterable[Step]:
    tokens = scene.paced(take(rendering.token_pieces(), after_tokens))
    return chain(scene.opening(), tokens, with_done(ending, done))


def _cut_stream(
    behaviour: faults.Cut, scene: Scene, rendering: Rendering
) -> Iterable[Step]:
    breaks = [] if behaviour.how == "clean" else [Break(behaviour.how)]
    if behaviour.after_bytes is not None:
        every = scene.interrupted(rendering, 0, ())
        return chain(_first_bytes(every, behaviour.after_bytes), breaks)

    after = behaviour.after_tokens
    tokens = take(rendering.token_pieces(), _USUAL_CUT if after is None else after)
    return chain(scene.opening(), scene.paced(tokens), breaks)


def _first_bytes(steps: Iterable[Step], size: int) -> Iterator[Step]:
    for step in steps:
        if not isinstance(step, Piece):
            yield step
            continue

        if len(step.data) <= size:
            yield step
        else:
            yield from _some(step.data[:size])

        size -= len(step.data)
        if size <= 0:
            return


def _some(data: bytes) -> list[Piece]:
    return [Piece(data)] if data else []


def _error_in_band(fault: faults.FailInside | faults.ErrorEvent) -> ErrorObject:
    return error_object(fault.code, fault.message, fault.error_type, fault.metadata)


def _pairs(headers: behaviours.Headers) -> Headers:
    return tuple(headers.items()) if isinstance(headers, Mapping) else tuple(headers)
