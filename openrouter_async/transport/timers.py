"""The five timers of a call, on one timer handle of the event loop."""

from __future__ import annotations

import asyncio
from math import inf

from openrouter_async.config import Timeout
from openrouter_async.errors import APITimeoutError, Kind, Phase

_KINDS: dict[Phase, Kind] = {
    "pool": "final",
    "connect": "unsent",
    "first_event": "ambiguous",
    "idle": "ambiguous",
    "transport_idle": "ambiguous",
    "total": "final",
}
_MEANINGS: dict[Phase, str] = {
    "pool": "all connections stayed taken until the call's total time was over",
    "connect": "no connection was made",
    "first_event": "no data arrived",
    "idle": "no further data event arrived",
    "transport_idle": "no further byte arrived",
    "total": "the call was not finished",
}


class Deadlines:
    """
    Keep the points in time at which a call has taken too long.

    No I/O and no clock: every method takes `now`, in seconds of one monotonic
    clock. A call goes through the stages pool, connect, answer (waiting for the
    first data) and flow (between data).
    """

    __slots__ = ("_byte_at", "_event_at", "_event_phase", "_timeout", "_total_at")

    def __init__(self, timeout: Timeout, now: float) -> None:
        self._timeout = timeout
        self._total_at = _after(now, timeout.total)
        self.enter_pool()

    def enter_pool(self) -> None:
        """Wait for a connection of the pool: only `total` runs."""
        self._event_at = self._byte_at = inf
        self._event_phase: Phase = "pool"

    def enter_connect(self, now: float) -> None:
        """Make a new connection: `connect` runs."""
        self._event_at = _after(now, self._timeout.connect)
        self._event_phase = "connect"

    def enter_answer(self, now: float) -> None:
        """Write the request and wait for data: `first_event` runs."""
        self._event_at = _after(now, self._timeout.first_event)
        self._event_phase = "first_event"

    def saw_bytes(self, now: float) -> None:
        """Note bytes of the response, whatever they are."""
        self._byte_at = _after(now, self._timeout.transport_idle)

    def saw_event(self, now: float) -> None:
        """Note a data event of a stream: `idle` runs from here."""
        self._event_at = _after(now, self._timeout.idle)
        self._event_phase = "idle"

    def saw_answer(self) -> None:
        """Note that a plain answer has begun: only bytes are waited for."""
        self._event_at = inf

    def shift(self, seconds: float) -> None:
        """Move everything back by the time that the consumer took."""
        self._total_at += seconds
        self._event_at += seconds
        self._byte_at += seconds

    def remaining(self, now: float) -> float:
        """Return the seconds left of `total`."""
        return self._total_at - now

    def next(self) -> float:
        """Return when the first of them is over; infinity when none runs."""
        return min(self._total_at, self._event_at, self._byte_at)

    def phase(self) -> Phase:
        """Return which one is over first."""
        if self._total_at <= self._event_at and self._total_at <= self._byte_at:
            return "pool" if self._event_phase == "pool" else "total"

        return (
            self._event_phase if self._event_at <= self._byte_at else "transport_idle"
        )


def _after(now: float, seconds: float | None) -> float:
    return inf if seconds is None else now + seconds


class Watch(Deadlines):
    """
    Cancel the task that waits when a deadline is over, and tell that from others.

    `resume()` before an await, `pause()` after it, whatever it did; on a
    CancelledError ask `expired()`. Moving a deadline later costs an assignment: the
    timer handle is left alone and sets itself anew when it fires too early. A
    nest of five `asyncio.timeout()` scopes would cost several times as much.
    """

    __slots__ = (
        "_cancelling", "_fired", "_handle", "_loop", "_over", "_paused_at", "_task",
    )  # fmt: skip

    def __init__(self, timeout: Timeout) -> None:
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._over: Phase = "total"
        self._fired = False  # cancelled the task, and has not taken it back
        self._paused_at: float | None = None
        super().__init__(timeout, self._loop.time())

    def now(self) -> float:
        """Return the loop's time."""
        return self._loop.time()

    def start_attempt(self) -> None:
        """Begin an attempt: the wait before it was the call's, not the consumer's."""
        self._paused_at = None
        self.enter_pool()

    def resume(self) -> None:
        """Watch over the current task; the time since `pause()` does not count."""
        if self._paused_at is not None:
            self.shift(self._loop.time() - self._paused_at)
            self._paused_at = None

        task = asyncio.current_task()
        assert task is not None, "coroutines run in tasks"
        self._task = task
        self._cancelling = task.cancelling()
        self.reschedule()

    def reschedule(self) -> None:
        """Fire earlier if a deadline has come nearer."""
        when = self.next()
        if self._handle is not None:
            if self._handle.when() <= when:
                return

            self._handle.cancel()

        self._handle = None if when == inf else self._loop.call_at(when, self._fire)

    def pause(self) -> None:
        """Stop watching, and the clock with it: it is the consumer's turn."""
        if self._fired:
            self._take_back()

        self._task = None
        self._paused_at = self._loop.time()

    def close(self) -> None:
        """Give the timer handle back."""
        self._task = None
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def expired(self) -> bool:
        """
        Tell whether the CancelledError just caught is this watch's own.

        It is not when somebody else cancelled the task as well: that one wins.
        """
        return self._fired and self._take_back() <= self._cancelling

    def _take_back(self) -> int:
        """Withdraw the cancellation; return how many others there are."""
        self._fired = False
        return self._task.uncancel() if self._task is not None else 0

    def cancelled_by_others(self) -> bool:
        """Tell whether somebody wants the watched task to end."""
        return self._task is not None and self._task.cancelling() > self._cancelling

    def error(self) -> APITimeoutError:
        """Return the error for the deadline that was over."""
        phase = self._over
        name = "total" if phase == "pool" else phase
        seconds = getattr(self._timeout, name)
        message = f"{_MEANINGS[phase]} within {seconds:g} s (Timeout.{name})"
        return APITimeoutError(message, phase=phase, kind=_KINDS[phase])

    def _fire(self) -> None:
        self._handle = None
        if self._task is None:
            return

        if self.next() > self._loop.time():
            self.reschedule()
            return

        self._over = self.phase()
        self._fired = True
        self._task.cancel()
