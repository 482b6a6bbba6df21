"""Functions that say what the text of an answer is, awaited where they have to be."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import pytest

from openrouter_async.testing import Cut, Text
from tests.testing.api import Api

Params = Mapping[str, object]
AnswerFunction = Callable[[Params], str | Awaitable[str | None] | None]


def shout(params: Params) -> str:
    """Answer at once."""
    return f" {params['prompt']}!"


async def shout_later(params: Params) -> str:
    """Answer after another turn of the loop."""
    await asyncio.sleep(0)
    return shout(params)


class Later:
    """An object that is called like a coroutine function."""

    async def __call__(self, params: Params) -> str:
        """Answer after another turn of the loop."""
        return await shout_later(params)


@pytest.mark.parametrize("function", [shout, shout_later, Later()])
async def test_it_can_be_awaited(api: Api, function: AnswerFunction) -> None:
    """Plain answers and streams, prompts of every form, cut as usual."""
    api.simulator.answer_with(function)
    plain = await api.post("Hi")
    several = await api.post(["one", "two"], n=2)
    streamed = await api.stream("Hi", max_tokens=1)

    assert plain.text == " Hi!"
    assert [choice["text"] for choice in several.json["choices"]] == [
        *(" one!", " one!", " two!", " two!")
    ]
    assert streamed.streamed_text() == " Hi"


async def test_an_awaited_none_leaves_the_answer_to_the_simulator(api: Api) -> None:
    """As a plain one does."""

    async def nothing(_: Params) -> None:
        return None

    usual = await api.post()
    api.simulator.answer_with(nothing)

    assert (await api.post()).text == usual.text


async def test_what_it_raises_is_reported(api: Api) -> None:
    """The client gets 500, the journal says why."""

    async def fail(params: Params) -> str:
        return str(params["nothing"])

    api.simulator.answer_with(fail)

    assert (await api.post()).error["message"] == "KeyError: 'nothing'"
    assert api.simulator.journal[-1].outcome == "failed"


async def test_it_is_asked_for_each_candidate_and_for_nothing_else(api: Api) -> None:
    """A text of the script's own and a wrong request need none."""
    asked: list[object] = []

    async def note(params: Params) -> str:
        asked.append(params["prompt"])
        return f"{len(asked)}"

    api.simulator.answer_with(note)
    api.simulator.script(Text("scripted"))
    scripted = await api.post("a")
    wrong = [await api.post("b", temperature=9), await api.post("b", n=2, best_of=1)]
    reply = await api.post(["c", "d"], n=2)
    api.simulator.script(Cut(after_tokens=1, how="clean"))
    await api.stream("e")

    assert scripted.text == "scripted"
    assert [refused.status for refused in wrong] == [400, 400]
    assert [choice["text"] for choice in reply.json["choices"]] == ["1", "2", "3", "4"]
    assert asked == ["c", "c", "d", "d", "e"]


async def test_a_client_that_leaves_ends_the_wait(api: Api) -> None:
    """The function is cancelled, and the journal says who left."""
    entered, cancelled = asyncio.Event(), asyncio.Event()

    async def never(_: Params) -> str:
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

        return ""

    api.simulator.answer_with(never)
    request = asyncio.ensure_future(api.post())
    await entered.wait()
    request.cancel()
    await cancelled.wait()
    await api.simulator.wait_idle()

    assert api.simulator.journal[-1].outcome == "disconnected"
