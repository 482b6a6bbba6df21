"""One item of a run on its way through the limiter."""

from __future__ import annotations

import time
from asyncio import Task
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from openrouter_async.errors import NotSentError, OpenRouterError, printable
from openrouter_async.fanout.journal import Entry, Key
from openrouter_async.fanout.limiter import Limiter
from openrouter_async.fanout.outcomes import Failure, Item, Success
from openrouter_async.fanout.pressure import signal_of
from openrouter_async.fanout.slots import Slots
from openrouter_async.fanout.tally import Tally
from openrouter_async.fanout.work import Receipt
from openrouter_async.types.admission import Hold, Scope
from openrouter_async.types.wire import AttemptFailure

if TYPE_CHECKING:
    from openrouter_async.transport.admission import Turn

T = TypeVar("T")

_STOPPED = "The run had stopped: it was not sent again"
_MESSAGE_KEPT = 200

State: TypeAlias = Literal["waiting", "in flight", "ended"]


class ItemTurn:
    """
    Stand between an item's call and the limiter.

    It is both what the call asks for its turn (`Admission`) and the turn. Its slot of
    the run goes to others while a server holds it back.

    Args:
        index: place in the input, from 0.
        item: the item.
        limiter: lets it in.
        max_pause: longest pause that is waited out, seconds; None for any.
        slots: of the run.
        tally: of the run.
        task: sends it.
        spend: takes in what an attempt used that failed.

    Attributes:
        attempts: requests sent so far.
        key: what the journal knows it by, once that is known.
        state: where it is.
        dismissed: why it is not sent, if the run has stopped.
        owed: whether a request that failed may be billed all the same.
        paying: whether it counts among those that are yet to cost something.
    """

    __slots__ = (
        "_error",
        "_failed_at",
        "_history",
        "_last",
        "_limiter",
        "_max_pause",
        "_sending",
        "_slots",
        "_spend",
        "_tally",
        "_turn",
        "attempts",
        "began",
        "dismissed",
        "has_slot",
        "index",
        "item",
        "key",
        "owed",
        "paying",
        "state",
        "task",
    )  # fmt: skip

    def __init__(
        self,
        index: int,
        item: Item,
        *,
        limiter: Limiter,
        max_pause: float | None,
        slots: Slots,
        tally: Tally,
        task: Task[None],
        spend: Callable[[Receipt], None],
    ) -> None:
        self.index: int = index
        self.item: Item = item
        self.attempts: int = 0
        self.began: float = time.monotonic()
        self.key: Key | None = None
        self.has_slot: bool = slots.try_take()
        self.state: State = "waiting"
        self.task: Task[None] = task
        self.dismissed: NotSentError | None = None
        self.owed: bool = False
        self.paying: bool = False
        self._error: OpenRouterError | None = None
        self._failed_at = 0.0
        self._history: tuple[AttemptFailure, ...] = ()
        self._last = False
        self._limiter = limiter
        self._max_pause = max_pause
        self._slots = slots
        self._spend = spend
        self._tally = tally
        self._sending: Callable[[], None] | None = None
        self._turn: Turn | None = None
        tally.waiting += 1

    def before_sending(self, call: Callable[[], None]) -> None:
        """Call that before the first request goes out."""
        self._sending = call

    # For the call

    def enter(
        self, scope: Scope, prompt_tokens: int, max_tokens: int | None
    ) -> ItemTurn:
        """Queue up for a call."""
        self._tally.scopes.add(scope)
        self._turn = self._limiter.enter_patiently(
            scope, prompt_tokens, max_tokens, self._max_pause
        )
        return self

    def try_now(self) -> bool:
        """Go ahead if nobody is to be waited for."""
        assert self._turn is not None, "enter() comes first"
        if not self.has_slot or not self._turn.try_now():
            return False

        self._go()
        return True

    async def wait(self) -> None:
        """Return when it is this item's turn."""
        assert self._turn is not None, "enter() comes first"
        if not self.has_slot:
            await self._slots.take()
            self.has_slot = True

        await self._turn.wait()
        self._go()

    def _go(self) -> None:
        sending, self._sending = self._sending, None
        if sending is not None:
            sending()

        if self._error is not None:
            self._note(self._error)

        self.attempts += 1
        self._tally.requests += 1
        self._tally.waiting -= 1
        self._tally.in_flight += 1
        self.state = "in flight"

    def accepted(self) -> None:
        """Take in that the server let the request in."""
        assert self._turn is not None
        self._turn.accepted()

    def refused(self, error: OpenRouterError) -> Hold:
        """Take in how an attempt failed, and say what follows."""
        assert self._turn is not None
        hold = self._turn.refused(error)
        if self.state == "in flight":
            self.state = "waiting"
            self._tally.in_flight -= 1
            self._tally.waiting += 1

        self._take_in(error)
        if self._last:
            return Hold("stop", reason=_STOPPED)

        if hold.seconds:
            self.give_slot()

        return hold

    def _take_in(self, error: OpenRouterError) -> None:
        self._error = error
        self._failed_at = self.elapsed()
        self.owed = self.owed or error.maybe_billed
        if signal_of(error) is not None:
            self._tally.throttled += 1

        usage = None if error.partial is None else error.partial.usage
        if usage is not None:
            self._spend(Receipt(usage.total_tokens, usage.cost))

    def _note(self, error: OpenRouterError) -> None:
        """Keep of an attempt that is repeated now what its successors tell."""
        failure = AttemptFailure(
            error=type(error).__name__,
            message=printable(error.message)[:_MESSAGE_KEPT],
            status=error.status,
            code=error.code,
            at=self._failed_at,
            waited=self.elapsed() - self._failed_at,
        )
        self._history = (*self._history, failure)
        self._error = None

    def leave(self, tokens: int | None) -> None:
        """Leave for good."""
        if self._turn is not None:
            self._turn.leave(tokens)

    # For the run

    def elapsed(self) -> float:
        """Return the seconds since the item was pulled."""
        return time.monotonic() - self.began

    def success(self, value: T, *, replayed: Entry | None = None) -> Success[T]:
        """Return the outcome of an item with an answer."""
        return Success(
            index=self.index,
            input=self.item,
            value=value,
            attempts=self.attempts if replayed is None else replayed.attempts,
            elapsed=self.elapsed() if replayed is None else replayed.elapsed,
            replayed=replayed is not None,
        )

    def failure(self, error: OpenRouterError) -> Failure:
        """Return the outcome of an item without one."""
        return Failure(
            index=self.index,
            input=self.item,
            error=error,
            attempts=self.attempts,
            elapsed=self.elapsed(),
        )

    def unsent(self, error: OpenRouterError) -> OpenRouterError:
        """Return what it ends with that is not sent, or not again, for that reason."""
        last = self._error
        if last is None:
            return error

        last.hint = ". ".join(
            [*([last.hint.rstrip(".")] if last.hint else []), _STOPPED]
        )
        last.attempts = self.attempts
        last.history = self._history
        last.elapsed = self.elapsed()
        return last

    def dismiss(self, error: NotSentError) -> None:
        """End the item with that error; a request under way ends first, as the last."""
        if self.state != "waiting":
            self._last = True
        elif self.dismissed is None:
            self.dismissed = error
            self.task.cancel()

    def end(self) -> None:
        """Give back what it holds."""
        if self.state == "in flight":
            self._tally.in_flight -= 1
        elif self.state == "waiting":
            self._tally.waiting -= 1

        self.state = "ended"
        self.give_slot()

    def give_slot(self) -> None:
        """Let others have the slot."""
        if self.has_slot:
            self.has_slot = False
            self._slots.give()
