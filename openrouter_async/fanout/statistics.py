"""What a limiter and a run tell about themselves: frozen, and of one moment."""

from __future__ import annotations

from dataclasses import dataclass

from openrouter_async.types.admission import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneStatistics:
    """
    Tell how the calls of one scope stand.

    Attributes:
        scope: base URL, key (not the key itself) and model.
        rate: requests a second that are let in; None as long as nothing was refused.
        max_in_flight: the most at a time, found from 402s; None as long as there
            were none.
        in_flight: requests that have not ended.
        waiting: calls that wait for their turn.
        sent: requests so far.
        accepted: those that a server let in.
        refused: those that were refused by a limit or for load.
        paused: seconds until the server lets anybody in again.
    """

    scope: Scope
    rate: float | None
    max_in_flight: int | None
    in_flight: int
    waiting: int
    sent: int
    accepted: int
    refused: int
    paused: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LimiterStatistics:
    """
    Tell how a limiter's calls stand.

    Attributes:
        lanes: one for each base URL, key and model in use, the one used last at the
            end.
    """

    lanes: tuple[LaneStatistics, ...]

    @property
    def in_flight(self) -> int:
        """Requests that have not ended."""
        return sum(lane.in_flight for lane in self.lanes)

    @property
    def waiting(self) -> int:
        """Calls that wait for their turn."""
        return sum(lane.waiting for lane in self.lanes)

    @property
    def sent(self) -> int:
        """Requests so far."""
        return sum(lane.sent for lane in self.lanes)

    @property
    def refused(self) -> int:
        """Requests that were refused by a limit or for load."""
        return sum(lane.refused for lane in self.lanes)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapStatistics:
    """
    Tell how a run stands.

    Attributes:
        pulled: items taken from the input.
        succeeded: items with an answer, replayed ones included.
        failed: items that ended with an error.
        not_sent: items that were pulled and not sent because the run stopped.
        replayed: answers that came from the journal.
        in_flight: items whose request is under way.
        waiting: items that wait for their turn, or for what a server asked for.
        requests: requests sent, by all attempts.
        throttled: requests that a limit refused, or load.
        interrupted: items that an earlier run had sent and that had not ended when
            it stopped: they may be billed again.
        tokens: as the answers report them.
        cost: USD, as the answers report it; replayed ones cost nothing now.
        elapsed: seconds since the first item was pulled.
        rate: requests a second that the limiter lets in; None where it knows no
            limit.
        input_ended: whether the input has no more items.
        cause: why the run stopped before the end of its input, if it did.
    """

    pulled: int = 0
    succeeded: int = 0
    failed: int = 0
    not_sent: int = 0
    replayed: int = 0
    in_flight: int = 0
    waiting: int = 0
    requests: int = 0
    throttled: int = 0
    interrupted: int = 0
    tokens: int = 0
    cost: float = 0.0
    elapsed: float = 0.0
    rate: float | None = None
    input_ended: bool = False
    cause: Exception | None = None

    @property
    def finished(self) -> int:
        """Items that have an outcome."""
        return self.succeeded + self.failed + self.not_sent
