"""Runs that end before their input does, and go on from their journal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import msgspec
import pytest

from openrouter_async import ChatCompletion, OpenRouter, Outcome, Outcomes
from openrouter_async.testing import Simulator
from tests.mapping import until


class Question(msgspec.Struct):
    """Be a message of a request."""

    content: str


PROMPTS = [f"p{number}" for number in range(10)]
DONE = 4
"""Prompts that are answered before the interruption."""


def asked(params: Mapping[str, object]) -> str:
    """Return the prompt of a request."""
    [message] = msgspec.convert(params["messages"], list[Question])
    return message.content


def start(client: OpenRouter, journal: Path) -> Outcomes[ChatCompletion]:
    """Start a run over all prompts, one at a time."""
    return client.chat.completions.map(
        PROMPTS, model="m", journal=journal, max_in_flight=1, ordered=True
    )


async def taken(outcomes: Outcomes[ChatCompletion], found: list[str]) -> None:
    """Take all outcomes that come."""
    async with outcomes:
        async for outcome in outcomes:
            assert outcome.error is None
            found.append(outcome.value.text)


async def leave(client: OpenRouter, journal: Path, found: list[str]) -> None:
    """Leave the block of a run early."""
    async with start(client, journal) as outcomes:
        async for outcome in outcomes:
            assert outcome.error is None
            found.append(outcome.value.text)
            if len(found) == DONE:
                break


async def cancel(client: OpenRouter, journal: Path, found: list[str]) -> None:
    """Cancel the task of a run while a request is under way."""
    task = asyncio.create_task(taken(start(client, journal), found))
    await until(lambda: len(found) == DONE)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


Interrupt = Callable[[OpenRouter, Path, list[str]], Awaitable[None]]


@pytest.mark.parametrize("interrupt", [leave, cancel], ids=["left", "cancelled"])
async def test_a_run_goes_on_where_it_was_interrupted(
    interrupt: Interrupt, tmp_path: Path
) -> None:
    """What was answered comes from the journal, and the rest is asked for."""
    journal = tmp_path / "run.jsonl"
    never = asyncio.Event()

    async def answer(params: Mapping[str, object]) -> str:
        if asked(params) == PROMPTS[DONE] and not resumed:
            await never.wait()

        return asked(params).upper()

    resumed = False
    before: list[str] = []
    async with Simulator() as simulator, simulator.client(retry=0) as client:
        simulator.answer_with(answer)
        await interrupt(client, journal, before)
        sent = len(simulator.journal)
        resumed = True
        async with start(client, journal) as outcomes:
            found: list[Outcome[ChatCompletion]] = [each async for each in outcomes]

        later = [asked(record.params) for record in simulator.journal[sent:]]

    assert before == [prompt.upper() for prompt in PROMPTS[:DONE]]
    assert [each.index for each in found] == list(range(10))
    texts = [each.value.text for each in found if each.error is None]
    assert texts == [prompt.upper() for prompt in PROMPTS]
    assert [each.replayed for each in found] == [True] * DONE + [False] * 6
    assert later == PROMPTS[DONE:]
