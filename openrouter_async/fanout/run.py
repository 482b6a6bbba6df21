"""The tasks of a run: they pull items, have them sent, and hand over outcomes."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from openrouter_async.errors import ConfigError, NotSentError, OpenRouterError
from openrouter_async.fanout.budget import CostGate
from openrouter_async.fanout.fatal import stops_the_run
from openrouter_async.fanout.handover import Handover
from openrouter_async.fanout.inputs import Inputs
from openrouter_async.fanout.item import ItemTurn
from openrouter_async.fanout.journal import Entry, Key
from openrouter_async.fanout.limiter import Limiter
from openrouter_async.fanout.outcomes import Failure, Outcome, Success
from openrouter_async.fanout.slots import Slots
from openrouter_async.fanout.statistics import MapStatistics
from openrouter_async.fanout.tally import Tally
from openrouter_async.fanout.work import Receipt, Work

if TYPE_CHECKING:
    from openrouter_async.fanout.journal import Journal

T = TypeVar("T")

# Items that were pulled and whose outcome was not taken yet, in times of those that
# may be under way: what a slow consumer, or a slow item in an ordered run, holds up.
# With 2, tasks that finish together wait for the consumer (8 us an item). Each may
# have a task: those that a server holds back must not keep the others from going.
_WINDOW = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """
    Say how a run goes.

    Attributes:
        max_in_flight: items under way at a time.
        ordered: whether outcomes come in the order of the input.
        max_cost: USD; None for any.
        max_pause: longest pause that is waited out, seconds; None for any.
    """

    max_in_flight: int
    ordered: bool
    max_cost: float | None
    max_pause: float | None


class Run(Generic[T]):
    """
    Turn items into outcomes.

    Nothing leads from here, or from its tasks, to the iterator that the caller holds:
    one that is dropped can tell, and ends the run.

    Attributes:
        crash: what broke the run: the input, the journal, or the caller's own code.
        cause: why it stopped before the end of its input.
    """

    def __init__(
        self,
        inputs: Inputs,
        work: Work[T],
        limiter: Limiter,
        settings: RunSettings,
        journal: Journal | None,
    ) -> None:
        self.crash: BaseException | None = None
        self.cause: Exception | None = None
        self._inputs = inputs
        self._work = work
        self._limiter = limiter
        self._settings = settings
        self._journal = journal
        cost = settings.max_cost
        self._gate = None if cost is None else CostGate(cost)
        self._window = settings.max_in_flight * _WINDOW
        self._slots = Slots(settings.max_in_flight, self._nudge)
        self._tally = Tally(limiter)
        self._handover = Handover[T](ordered=settings.ordered)
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle: deque[asyncio.Future[None]] = deque()
        self._items: set[ItemTurn] = set()
        self._pulling = 0
        self._over = False  # no more items
        self._stopped = False  # no more requests
        self._left = False  # no more outcomes
        self._closing: asyncio.Future[None] | None = None

    # For the one who takes the outcomes

    async def next(self) -> Outcome[T] | None:
        """Return the next outcome, None after the last."""
        while (outcome := self._handover.take()) is None:
            self._nudge()
            if not self._tasks:
                if not self._left and self._handover.close_gaps():
                    continue

                self._tally.end()
                return None

            await self._handover.change()

        self._nudge()
        return outcome

    def cancel(self) -> None:
        """Stop everything; nothing starts any more."""
        self._over = self._left = True
        self._inputs.cancel()
        for task in self._tasks:
            task.cancel()

    async def aclose(self) -> None:
        """Stop everything, and return when it has stopped and the journal is closed."""
        self.cancel()
        try:
            feeding = self._inputs.task
            tasks = self._tasks if feeding is None else {*self._tasks, feeding}
            if tasks:
                await asyncio.wait(tasks)
        finally:
            self._tally.end()
            if self._journal is not None:
                await self._journal.aclose()

    def abandon(self) -> None:
        """Stop everything for a caller who cannot wait."""
        self._closing = asyncio.ensure_future(self.aclose())

    def statistics(self) -> MapStatistics:
        """Return how the run stands."""
        journal = self._journal
        closed = None if self._gate is None else self._gate.closed
        return self._tally.statistics(
            interrupted=0 if journal is None else journal.interrupted,
            input_ended=self._inputs.ended,
            cause=self.cause or closed,
        )

    # Tasks

    def _nudge(self) -> None:
        """Have one more task pull an item, if there is room for one."""
        if not self._has_room():
            return

        while self._idle:
            future = self._idle.popleft()
            if not future.done():
                future.set_result(None)
                return

        if len(self._tasks) < self._window:
            task = asyncio.create_task(self._take_items(), name="openrouter map")
            self._tasks.add(task)
            task.add_done_callback(self._task_ended)

    def _has_room(self) -> bool:
        if self._over or (self._gate is not None and not self._has_use(self._gate)):
            return False

        if self._slots.free <= self._pulling:
            return False

        pulled = self._tally.pulled + self._pulling
        return pulled - self._handover.taken < self._window

    def _has_use(self, gate: CostGate) -> bool:
        """Tell whether to pull an item: it could be sent, or come from the journal."""
        under_way = len(self._items) + self._pulling
        replays = 0 if self._journal is None else self._journal.finished
        replays -= self._tally.replayed
        if gate.closed is None:
            # There may be no further item: only then the money was enough.
            return replays > 0 or not under_way or gate.admits(under_way)

        if replays <= 0:
            self._stop(gate.closed)

        # What is under way now is being read from the journal, or is yet to come.
        return replays > under_way

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        exc = None if task.cancelled() else task.exception()
        if exc is not None:
            self._break(exc)

        self._nudge()  # it may have been told to go on just before it was cancelled
        if not self._tasks:
            self._handover.wake()

    async def _take_items(self) -> None:
        task = asyncio.current_task()
        assert task is not None, "coroutines run in tasks"
        while True:
            if not self._has_room():
                if self._over:
                    return

                future = asyncio.get_running_loop().create_future()
                self._idle.append(future)
                await future
                continue

            turn = await self._pull(task)
            if turn is None:
                return

            try:
                outcome = await self._settle(turn)
            finally:
                self._end(turn)

            self._tally.add(outcome)
            self._handover.put(outcome)
            self._nudge()
            if turn.attempts == 0:
                # Items that need no network must not hold the loop.
                await asyncio.sleep(0)

    def _end(self, turn: ItemTurn) -> None:
        self._items.discard(turn)
        turn.end()
        if turn.paying and self._gate is not None:
            self._gate.leave()

    async def _pull(self, task: asyncio.Task[None]) -> ItemTurn | None:
        """Return the next item, None when there is none."""
        self._pulling += 1
        try:
            found = (
                self._inputs.take()
                if self._inputs.at_hand
                else await self._inputs.next()
            )
        except (asyncio.CancelledError, GeneratorExit):
            raise  # of this task
        except BaseException as exc:  # raised by the iteration
            self._inputs.break_off()
            self._break(exc, finish=isinstance(exc, Exception))
            return None
        finally:
            self._pulling -= 1

        if found is None or self._left:
            self._finish()
            return None

        turn = ItemTurn(
            self._tally.pull(),
            found[0],
            limiter=self._limiter,
            max_pause=self._settings.max_pause,
            slots=self._slots,
            tally=self._tally,
            task=task,
            spend=self._spend,
        )
        if self._stopped:
            turn.dismissed = self._not_sent()

        self._items.add(turn)
        self._nudge()
        return turn

    # One item

    async def _settle(self, turn: ItemTurn) -> Outcome[T]:
        if turn.dismissed is not None:
            return turn.failure(turn.dismissed)

        try:
            return await self._answer(turn)
        except OpenRouterError as error:
            self._note_failure(turn, error)
            return turn.failure(error)
        except asyncio.CancelledError as exc:
            return self._cancelled(turn, exc)
        except GeneratorExit:
            raise  # of this task: its loop has gone
        except BaseException as exc:  # raised by the iteration
            return self._broken(turn, exc)

    def _cancelled(self, turn: ItemTurn, exc: asyncio.CancelledError) -> Failure:
        if self._left:
            raise exc

        if turn.dismissed is None:
            # By the caller's own code, or what that awaits: no item may be lost.
            told = RuntimeError("the call was cancelled by something else")
            told.__cause__ = exc
            return self._broken(turn, told)

        turn.task.uncancel()
        error = turn.unsent(turn.dismissed)
        self._note_failure(turn, error)
        return turn.failure(error)

    def _broken(self, turn: ItemTurn, exc: BaseException) -> Failure:
        self._break(exc)
        return turn.failure(_error_for(turn, exc))

    async def _answer(self, turn: ItemTurn) -> Success[T]:
        body, send = self._work.prepare(turn.item)
        if self._journal is not None:
            turn.key = self._journal.key(body)
            entry = await self._entry(self._journal, turn.key)
            if entry is not None:
                return turn.success(self._work.restore(entry), replayed=entry)

            turn.before_sending(partial(self._journal.sent, turn.key))

        if self._gate is not None:
            await self._pay(turn, self._gate)

        value = await send(turn)
        self._spend(self._work.receipt(value))
        if turn.key is not None:
            await self._keep(turn, turn.key, value)

        return turn.success(value)

    async def _entry(self, journal: Journal, key: Key) -> Entry | None:
        try:
            return await journal.find(key)
        except ConfigError as error:  # of the run, not of the item
            self._break(error)

        raise NotSentError("not sent, as the journal cannot be read")

    async def _pay(self, turn: ItemTurn, gate: CostGate) -> None:
        """Return when there is money to send the item."""
        if not gate.try_pass():
            turn.give_slot()
            await gate.wait()

        turn.paying = True

    def _spend(self, receipt: Receipt) -> None:
        self._tally.spend(receipt)
        if self._gate is not None:
            self._gate.add(receipt.cost)

    async def _keep(self, turn: ItemTurn, key: Key, value: T) -> None:
        """Put an answer into the journal, before anybody sees it."""
        assert self._journal is not None, "an item with a key has a journal"
        entry = self._work.entry(
            value, index=turn.index, attempts=turn.attempts, elapsed=turn.elapsed()
        )
        try:
            await self._journal.append(key, entry)
        except (OSError, OpenRouterError) as exc:
            self._break(exc)  # the answer is here all the same

    def _note_failure(self, turn: ItemTurn, error: OpenRouterError) -> None:
        owed = turn.owed or error.maybe_billed
        if turn.key is not None and self._journal is not None and not owed:
            self._journal.failed(turn.key)

        # What cannot be used once the item could is of the client: closed, no key.
        of_client = isinstance(error, ConfigError) and turn.attempts > 0
        if of_client or stops_the_run(error, self._settings.max_pause):
            self._stop(error)

    # Ends

    def _finish(self) -> None:
        """Pull no more; what is under way goes on."""
        self._over = True
        while self._idle:
            future = self._idle.popleft()
            if not future.done():
                future.set_result(None)

    def _stop(self, cause: Exception) -> None:
        """Send no more; only requests under way go on."""
        if self._stopped:
            return

        self._stopped = True
        self.cause = self.cause or cause
        self._finish()
        for turn in self._items:
            turn.dismiss(self._not_sent())

        self._inputs.cancel()  # it may never give another item
        self._handover.wake()

    def _not_sent(self) -> NotSentError:
        return NotSentError(f"not sent, as the run had stopped: {self.cause}")

    def _break(self, exc: BaseException, *, finish: bool = False) -> None:
        """Stop for something that is no outcome of an item."""
        if self.crash is None:
            self.crash = exc

        if not isinstance(exc, Exception):
            told = RuntimeError(f"the run was ended by {exc!r}")
            told.__cause__ = exc
            exc = told

        if finish:
            self.cause = self.cause or exc
            self._finish()
        else:
            self._stop(exc)


def _error_for(turn: ItemTurn, exc: BaseException) -> OpenRouterError:
    """Return the error of an item whose call raised what no call should."""
    if turn.attempts == 0:
        return NotSentError(f"not sent, as the run broke: {exc!r}")

    return OpenRouterError(f"the call broke: {exc!r}", kind="ambiguous")
