"""The five timers of a call, on one timer handle of the event loop."""

from __future__ import annotations

import asyncio
from contextvars import Context
from math import inf

from openrouter_async.config import Timeout
from openrouter_async.errors import (
    APIConnectionError,
    APITimeoutError,
    Kind,
    Phase,
)

_UNSENT: frozenset[Phase] = frozenset({"pool", "connect"})
_MEANINGS: dict[Phase, str] = {
    "pool": (
        "all connections stayed taken, the limiter let nobody in, or the key callable"
        " did not answer,"
    ),
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
        # Not by `_after`: this and the next are done for every read.
        idle = self._timeout.transport_idle
        self._byte_at = inf if idle is None else now + idle

    def saw_event(self, now: float) -> None:
        """Note a data event of a stream: `idle` runs from here."""
        idle = self._timeout.idle
        self._event_at = inf if idle is None else now + idle
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


class Alarm:
    """
    Ring for one watch after another, on one timer handle of the event loop.

    A handle costs a plain call a tenth of its time. One that is left armed between
    calls rings too early for the next one, which then sets it anew.

    Attributes:
        loop: the event loop whose handle it is.
        watch: whom it rings for; None while it is idle.
    """

    __slots__ = ("_at", "_context", "_handle", "loop", "watch")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop: asyncio.AbstractEventLoop = loop
        self.watch: Watch | None = None
        self._handle: asyncio.TimerHandle | None = None
        self._at = inf
        # An empty one: the handle must not keep that of the call that set it.
        self._context = Context()

    def set(self, when: float) -> None:
        """Ring at `when`, or earlier if it was set so before."""
        if self._at <= when:
            return

        if self._handle is not None:
            self._handle.cancel()

        self._at = when
        self._handle = self.loop.call_at(when, self._ring, context=self._context)

    def _ring(self) -> None:
        self._handle = None
        self._at = inf
        if self.watch is not None:
            self.watch.ring()


class Alarms:
    """Lend alarms to watches, and keep those given back; for any loop and thread."""

    __slots__ = ("_idle",)

    def __init__(self) -> None:
        self._idle: list[Alarm] = []

    def take(self, watch: Watch, loop: asyncio.AbstractEventLoop) -> Alarm:
        """Return an alarm of that loop, set for `watch`."""
        try:
            alarm = self._idle.pop()
        except IndexError:
            alarm = Alarm(loop)

        if alarm.loop is not loop:
            self._idle.clear()  # of a loop that has probably ended
            alarm = Alarm(loop)

        alarm.watch = watch
        return alarm

    def give_back(self, alarm: Alarm) -> None:
        """Take an alarm that nobody waits for any more."""
        alarm.watch = None
        self._idle.append(alarm)


class Watch(Deadlines):
    """
    Cancel the task that waits when a deadline is over, and tell that from others.

    `resume()` before an await, `pause()` after it, whatever it did; on a
    CancelledError ask `expired()`. Moving a deadline later costs an assignment: the
    alarm is left alone and set anew when it rings too early. A nest of five
    `asyncio.timeout()` scopes would cost several times as much.

    Args:
        timeout: the timers.
        alarms: where to borrow an alarm.

    Attributes:
        first_event_at: when the first event of the attempt came, by `now()`.
    """

    __slots__ = (
        "_alarm", "_alarms", "_cancelling", "_fired", "_loop", "_over", "_paused_at",
        "_task", "first_event_at",
    )  # fmt: skip

    def __init__(self, timeout: Timeout, alarms: Alarms | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._alarms = alarms or Alarms()
        self._alarm: Alarm | None = None
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._over: Phase | None = None
        self._fired = False  # cancelled the task, and has not taken it back
        self._paused_at: float | None = None
        self.first_event_at: float | None = None
        super().__init__(timeout, self._loop.time())

    def now(self) -> float:
        """Return the loop's time."""
        return self._loop.time()

    def start_attempt(self) -> None:
        """Begin an attempt: the wait before it was the call's, not the consumer's."""
        self._paused_at = self.first_event_at = None
        self.enter_pool()

    def resume(self) -> None:
        """Watch over the current task; the time since `pause()` does not count."""
        if self._paused_at is not None:
            self.shift(self._loop.time() - self._paused_at)
            self._paused_at = None

        self._watch_task()

    def await_bytes(self) -> None:
        """Do the same for a wait for bytes: `transport_idle` runs from here."""
        now = self._loop.time()
        if self._paused_at is not None:
            self.shift(now - self._paused_at)
            self._paused_at = None

        self.saw_bytes(now)
        self._watch_task()

    def _watch_task(self) -> None:
        task = asyncio.current_task()
        assert task is not None, "coroutines run in tasks"
        self._task = task
        self._cancelling = task.cancelling()
        self.reschedule()

    def reschedule(self) -> None:
        """Fire earlier if a deadline has come nearer."""
        when = self.next()
        if when == inf:
            return

        if self._alarm is None:
            self._alarm = self._alarms.take(self, self._loop)

        self._alarm.set(when)

    def pause(self) -> None:
        """Stop watching, and the clock with it: it is the consumer's turn."""
        if self._fired:
            self._take_back()

        self._task = None
        self._paused_at = self._loop.time()

    def note_event(self) -> None:
        """Take in that the wait which has just ended brought an event."""
        now = self._loop.time() if self._paused_at is None else self._paused_at
        self.saw_event(now)
        if self.first_event_at is None:
            self.first_event_at = now

    def interrupt(self) -> None:
        """End the wait of the watched task, because another one leaves the call."""
        if self._task is not None and self._task is not asyncio.current_task():
            self._cancel(None)

    def close(self) -> None:
        """Give the alarm back."""
        if not self._fired:  # else its task has yet to take the cancellation back
            self._task = None

        if self._alarm is not None:
            self._alarms.give_back(self._alarm)
            self._alarm = None

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

    def error(self) -> APIConnectionError:
        """Return the error for the deadline that was over, or for an interruption."""
        phase = self._over
        if phase is None:
            message = "the call was left by another task"
            return APIConnectionError(message, kind="final")

        name = "total" if phase == "pool" else phase
        seconds = getattr(self._timeout, name)
        message = f"{_MEANINGS[phase]} within {seconds:g} s (Timeout.{name})"
        unsent = self._event_phase in _UNSENT and phase != "transport_idle"
        kind: Kind = "unsent" if unsent else "ambiguous"
        return APITimeoutError(message, phase=phase, kind=kind)

    def ring(self) -> None:
        """Cancel the task if a deadline is over; else wait for the next one."""
        if self._task is None:
            return

        if self.next() > self._loop.time():
            self.reschedule()
            return

        self._cancel(self.phase())

    @property
    def connect_seconds(self) -> float:
        """How long a connection may take to be made; infinity for any time."""
        seconds = self._timeout.connect
        return inf if seconds is None else seconds

    def connect_error(self) -> APITimeoutError:
        """Return the error for a connect timer that somebody else kept."""
        seconds = self._timeout.connect or 0.0
        message = f"{_MEANINGS['connect']} within {seconds:g} s (Timeout.connect)"
        return APITimeoutError(message, phase="connect", kind="unsent")

    def _cancel(self, phase: Phase | None) -> None:
        if self._task is not None and not self._fired:
            self._over = phase
            self._fired = True
            self._task.cancel()
