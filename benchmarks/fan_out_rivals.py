"""Other clients of the same server; each is imported only when it takes part."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator
from http import HTTPStatus
from importlib.util import find_spec
from typing import TypeAlias

import aiohttp

from benchmarks.fan_out_shapes import IN_FLIGHT
from benchmarks.fan_out_tally import Tally, prompt
from benchmarks.payloads import KEY, MODEL

Run: TypeAlias = Callable[[str, Iterable[int], Tally], Awaitable[None]]
Ask: TypeAlias = Callable[[int], Awaitable[str]]

OPENAI = "openai"
RETRY = "aiohttp-retry"
BATCH = "async-batch-llm"

TOLD_RATE = 180.0  # a second: nine tenths of the buckets' rate, as its guide advises
TOLD = "async-batch-llm, told 180/s"
_TOLD_BURST = 1.0  # seconds


async def pool(
    items: Iterable[int],
    ask: Ask,
    tally: Tally,
    expected: type[Exception] | tuple[type[Exception], ...],
) -> None:
    """
    Answer items with so many workers as may be in flight, as users write it.

    Args:
        items: to be asked.
        ask: returns the text of an answer.
        tally: what came is counted there.
        expected: errors that lose a prompt; others end the run.
    """
    waiting = iter(items)

    async def work(waiting: Iterator[int]) -> None:
        for item in waiting:
            try:
                text = await ask(item)
            except expected as error:
                tally.fail(error)
            else:
                tally.answer(item, text)

    async with asyncio.TaskGroup() as group:
        for _ in range(IN_FLIGHT):
            group.create_task(work(waiting))


def _openai(max_retries: int) -> Run:
    from openai import AsyncOpenAI, OpenAIError

    async def run(base_url: str, items: Iterable[int], tally: Tally) -> None:
        async with AsyncOpenAI(
            api_key=KEY, base_url=base_url, max_retries=max_retries
        ) as client:

            async def ask(item: int) -> str:
                done = await client.completions.create(model=MODEL, prompt=prompt(item))
                return done.choices[0].text

            await pool(items, ask, tally, OpenAIError)

    return run


def _aiohttp_retry() -> Run:
    from aiohttp_retry import ExponentialRetry, RetryClient

    options = ExponentialRetry(
        attempts=20,
        statuses={HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.PAYMENT_REQUIRED},
        exceptions={aiohttp.ClientError},
    )

    async def run(base_url: str, items: Iterable[int], tally: Tally) -> None:
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=IN_FLIGHT),
            headers={"Authorization": f"Bearer {KEY}"},
        )
        async with RetryClient(
            session, retry_options=options, raise_for_status=True
        ) as client:

            async def ask(item: int) -> str:
                body = {"model": MODEL, "prompt": prompt(item)}
                async with client.post(f"{base_url}/completions", json=body) as answer:
                    done = await answer.json()
                    return str(done["choices"][0]["text"])

            await pool(items, ask, tally, aiohttp.ClientError)

    return run


def _batch(cooldown: float | None, told: bool) -> Run:
    import async_batch_llm as batch

    # A line for each refused request would be most of what is measured.
    logging.getLogger("async_batch_llm").setLevel(logging.CRITICAL)
    limits = (
        batch.RateLimitConfig()
        if cooldown is None
        else batch.RateLimitConfig(cooldown_seconds=cooldown)
    )
    config = batch.ProcessorConfig(
        concurrency=IN_FLIGHT,
        rate_limit=limits,
        max_requests_per_minute=TOLD_RATE * 60 if told else None,
        quota_burst_seconds=_TOLD_BURST if told else None,
    )

    async def run(base_url: str, items: Iterable[int], tally: Tally) -> None:
        strategy = batch.llm(f"openrouter:{MODEL}", api_key=KEY, base_url=base_url)
        asked = [(str(item), prompt(item)) for item in items]
        async for result in batch.process_stream(strategy, asked, config=config):
            if result.success:
                tally.answer(int(result.item_id), str(result.output))
            else:
                tally.fail(str(result.error).partition(":")[0])

    return run


RIVALS: dict[str, tuple[str, Callable[[], Run]]] = {
    "openai, 2 retries": (OPENAI, lambda: _openai(2)),
    "openai, 20 retries": (OPENAI, lambda: _openai(20)),
    "aiohttp-retry, 20 attempts": (RETRY, _aiohttp_retry),
    "async-batch-llm": (BATCH, lambda: _batch(None, told=False)),
    "async-batch-llm, cooldown 30 s": (BATCH, lambda: _batch(30.0, told=False)),
    TOLD: (BATCH, lambda: _batch(30.0, told=True)),
}


def is_installed(rival: str) -> bool:
    """Tell whether a rival's package is there."""
    package, _ = RIVALS[rival]
    needed = {BATCH: (BATCH, OPENAI)}.get(package, (package,))
    return all(find_spec(name.replace("-", "_")) for name in needed)
