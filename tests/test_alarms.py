"""The alarms that watches share, and what a request leaves behind."""

from __future__ import annotations

import asyncio

import pytest

from openrouter_async.config import Timeout
from openrouter_async.transport.session import OBSERVERS
from openrouter_async.transport.timers import Alarms, Watch
from tests.calling import answer, ask, client_of, in_turn
from tests.scripted import ScriptedServer


async def test_early_alarm_is_set_anew() -> None:
    """An alarm left armed by one watch does not cut the next one short."""
    alarms = Alarms()
    first = Watch(Timeout(total=0.002), alarms)
    first.resume()
    first.close()
    second = Watch(Timeout(total=0.008), alarms)
    second.resume()
    begun = second.now()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.sleep(1)

    assert (second.expired(), second.now() - begun >= 0.008) == (True, True)
    second.close()


async def test_late_alarm_is_set_earlier() -> None:
    """An alarm left armed for later rings in time for the next watch."""
    alarms = Alarms()
    first = Watch(Timeout(total=600), alarms)
    first.resume()
    first.close()
    second = Watch(Timeout(total=0.002), alarms)
    second.resume()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.sleep(1)

    assert second.expired() is True
    second.close()


def test_alarms_of_another_loop() -> None:
    """A watch gets no alarm that only rings on another event loop."""
    alarms = Alarms()

    async def expire() -> bool:
        kept = Watch(Timeout(total=600), alarms)
        watch = Watch(Timeout(total=0.002), alarms)
        for each in (kept, watch):
            each.resume()

        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(1)

        expired = watch.expired()
        for each in (kept, watch):
            each.close()

        return expired

    assert [asyncio.run(expire()) for _ in range(2)] == [True, True]


@pytest.mark.parametrize("cancelled", [False, True], ids=["answered", "cancelled"])
async def test_no_observer_is_left(cancelled: bool) -> None:
    """A task is forgotten when its request is over, whatever its end."""
    async with (
        ScriptedServer([in_turn(answer())]) as server,
        client_of(server) as client,
    ):
        task = asyncio.create_task(ask(client))
        for _ in range(100):
            await asyncio.sleep(0)
            if task in OBSERVERS:
                break

        assert task in OBSERVERS
        if cancelled:
            task.cancel()

        await asyncio.wait([task])

    assert (task.cancelled(), OBSERVERS) == (cancelled, {})
