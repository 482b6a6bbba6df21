"""The five timers: as arithmetic, and on the event loop."""

from __future__ import annotations

import asyncio
from math import inf

import pytest

from openrouter_async import APITimeoutError, Timeout
from openrouter_async.config import NO_TIMEOUT
from openrouter_async.errors import Kind, Phase
from openrouter_async.transport.timers import Deadlines, Watch

TIMEOUT = Timeout(connect=1, first_event=10, idle=5, transport_idle=3, total=100)


class TestDeadlines:
    """Points in time, without a clock."""

    def test_waiting_for_the_pool(self) -> None:
        """Only the total runs while all connections are taken."""
        deadlines = Deadlines(TIMEOUT, 1000.0)

        assert (deadlines.next(), deadlines.phase()) == (1100.0, "pool")

    def test_connecting(self) -> None:
        """A new connection has a time of its own."""
        deadlines = Deadlines(TIMEOUT, 0.0)
        deadlines.enter_connect(2.0)

        assert (deadlines.next(), deadlines.phase()) == (3.0, "connect")

    def test_waiting_for_the_answer(self) -> None:
        """From the first byte written the first event is waited for."""
        deadlines = Deadlines(TIMEOUT, 0.0)
        deadlines.enter_connect(2.0)
        deadlines.enter_answer(2.5)

        assert (deadlines.next(), deadlines.phase()) == (12.5, "first_event")

    def test_bytes_that_are_no_event(self) -> None:
        """Padding proves that the connection lives, and moves no other timer."""
        deadlines = Deadlines(TIMEOUT, 0.0)
        deadlines.enter_answer(0.0)
        found: list[tuple[float, Phase]] = []
        for now in (1.0, 4.0, 7.0, 8.0):
            deadlines.saw_bytes(now)
            found.append((deadlines.next(), deadlines.phase()))

        assert found == [
            (4.0, "transport_idle"),
            (7.0, "transport_idle"),
            (10.0, "first_event"),
            (10.0, "first_event"),
        ]

    def test_between_events(self) -> None:
        """After an event the next one is waited for, and bytes do not count."""
        deadlines = Deadlines(Timeout(idle=5, transport_idle=None), 0.0)
        deadlines.enter_answer(0.0)
        deadlines.saw_event(2.0)
        deadlines.saw_bytes(6.0)

        assert (deadlines.next(), deadlines.phase()) == (7.0, "idle")

    def test_plain_answer_that_has_begun(self) -> None:
        """Once a plain answer has begun only its bytes are waited for."""
        deadlines = Deadlines(TIMEOUT, 0.0)
        deadlines.enter_answer(0.0)
        deadlines.saw_bytes(50.0)
        deadlines.saw_answer()

        assert (deadlines.next(), deadlines.phase()) == (53.0, "transport_idle")

    def test_total_bounds_everything(self) -> None:
        """However lively the connection is, the call ends in time."""
        deadlines = Deadlines(TIMEOUT, 0.0)
        deadlines.saw_event(99.0)
        deadlines.saw_bytes(99.5)

        assert (deadlines.next(), deadlines.phase()) == (100.0, "total")

    def test_new_attempt_keeps_the_total(self) -> None:
        """What the attempt before was waiting for is forgotten."""
        deadlines = Deadlines(TIMEOUT, 0.0)
        deadlines.saw_event(1.0)
        deadlines.saw_bytes(1.0)
        deadlines.enter_pool()

        assert (deadlines.next(), deadlines.phase()) == (100.0, "pool")
        assert deadlines.remaining(30.0) == 70.0

    def test_consumer_takes_its_time(self) -> None:
        """Everything moves back by what the consumer took."""
        deadlines = Deadlines(TIMEOUT, 0.0)
        deadlines.saw_bytes(1.0)
        deadlines.saw_event(1.0)
        deadlines.shift(60.0)

        assert (deadlines.next(), deadlines.phase()) == (64.0, "transport_idle")
        assert deadlines.remaining(60.0) == 100.0

    def test_no_timers(self) -> None:
        """With all timers off nothing is ever over."""
        deadlines = Deadlines(NO_TIMEOUT, 0.0)
        deadlines.enter_connect(0.0)
        deadlines.enter_answer(0.0)
        deadlines.saw_bytes(0.0)
        deadlines.saw_event(0.0)

        assert (deadlines.next(), deadlines.remaining(0.0)) == (inf, inf)


PHASES: dict[Phase, tuple[Kind, str]] = {
    "pool": ("unsent", "all connections stayed taken, .* within 0 s"),
    "connect": ("unsent", r"no connection was made within 0 s \(Timeout.connect\)"),
    "first_event": ("ambiguous", r"no data arrived within 0 s"),
    "idle": ("ambiguous", r"no further data event arrived within 0 s"),
    "transport_idle": ("ambiguous", r"no further byte arrived within 0 s"),
    "total": ("ambiguous", r"the call was not finished within 0 s \(Timeout.total\)"),
}


def enter(watch: Watch, phase: Phase) -> None:
    """Bring a watch to where this timer is over at once."""
    match phase:
        case "connect":
            watch.enter_connect(watch.now())
        case "first_event":
            watch.enter_answer(watch.now())
        case "idle":
            watch.saw_event(watch.now())
        case "transport_idle":
            watch.saw_bytes(watch.now())
        case "total":
            watch.enter_answer(watch.now())
        case "pool":
            watch.enter_pool()


class TestWatch:
    """The timers on a loop: the one that is over cancels the task that waits."""

    @pytest.mark.parametrize(("phase", "expected"), PHASES.items(), ids=PHASES.keys())
    async def test_phases(self, phase: Phase, expected: tuple[Kind, str]) -> None:
        """Each timer has its own error, which says what it waited for."""
        name = "total" if phase == "pool" else phase
        watch = Watch(Timeout(**{"first_event": None, name: 0}))
        enter(watch, phase)
        watch.resume()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.Event().wait()

        own = watch.expired()
        watch.pause()
        kind, text = expected
        with pytest.raises(APITimeoutError, match=text) as caught:
            raise watch.error()

        watch.close()
        assert (own, caught.value.phase, caught.value.kind) == (True, phase, kind)
        assert _cancellations() == 0

    async def test_deadline_that_moves_later(self) -> None:
        """A timer that was set for an earlier time sets itself anew."""
        watch = Watch(Timeout(idle=0.01))
        watch.saw_event(watch.now())
        watch.resume()
        began = watch.now()
        watch.saw_event(began + 0.01)
        with pytest.raises(asyncio.CancelledError):
            await asyncio.Event().wait()

        assert watch.expired()
        assert watch.now() - began >= 0.019
        watch.close()

    async def test_deadline_that_comes_nearer(self) -> None:
        """A timer that was set for a later time is brought forward."""
        watch = Watch(Timeout(idle=0.005, first_event=30))
        watch.enter_answer(watch.now())
        watch.resume()
        watch.saw_event(watch.now())
        watch.reschedule()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.Event().wait()

        assert watch.expired()
        error = watch.error()
        assert isinstance(error, APITimeoutError)
        assert error.phase == "idle"
        watch.close()

    async def test_time_of_the_consumer_does_not_count(self) -> None:
        """Nothing is over while nobody waits, and nothing right after that."""
        watch = Watch(Timeout(idle=0.005))
        watch.saw_event(watch.now())
        watch.resume()
        watch.pause()
        await asyncio.sleep(0.01)
        watch.resume()
        await asyncio.sleep(0)
        watch.pause()

        assert watch.next() > watch.now() - 0.005
        assert not watch.expired()
        watch.close()

    async def test_wait_before_an_attempt_counts(self) -> None:
        """The pause between attempts is part of the total."""
        watch = Watch(Timeout(total=5))
        before = watch.next()
        watch.resume()
        watch.pause()
        await asyncio.sleep(0.002)
        watch.start_attempt()
        watch.resume()

        assert watch.next() == before
        watch.close()

    async def test_answer_in_the_last_moment(self) -> None:
        """A cancellation that nobody waits for any more is taken back."""
        watch = Watch(Timeout(total=0))
        watch.resume()
        watch.ring()
        watch.pause()
        counted = _cancellations()
        await _until_cancelled()
        watch.close()

        assert counted == 0

    async def test_somebody_else_wins(self) -> None:
        """A cancellation of the caller's is not taken for a timer's."""
        watch = Watch(Timeout(total=0))
        watch.resume()
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().call_soon(task.cancel)
        await _until_cancelled()
        await _until_cancelled()

        seen = (watch.expired(), watch.cancelled_by_others())
        watch.close()
        task.uncancel()
        assert seen == (False, True)

    async def test_cancellation_without_a_timer(self) -> None:
        """Without a timer that is over, a cancellation is somebody's."""
        watch = Watch(NO_TIMEOUT)
        watch.resume()
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().call_soon(task.cancel)
        await _until_cancelled()

        assert (watch.expired(), watch.cancelled_by_others()) == (False, True)
        watch.close()
        task.uncancel()

    async def test_nothing_fires_after_the_end(self) -> None:
        """A watch that was closed or paused leaves its task alone."""
        closed, paused = Watch(Timeout(total=0)), Watch(Timeout(total=0))
        for watch in (closed, paused):
            watch.resume()

        closed.close()
        closed.close()
        paused.pause()
        await asyncio.sleep(0.002)
        paused.close()

        assert _cancellations() == 0


async def _until_cancelled() -> None:
    """Wait for one cancellation, or for two that came in the same turn."""
    try:
        await asyncio.sleep(0.005)
    except asyncio.CancelledError:
        return


def _cancellations() -> int:
    task = asyncio.current_task()
    return -1 if task is None else task.cancelling()
