"""What was delivered between two refusals."""

from __future__ import annotations

from collections import deque


class Sent:
    """
    Remember a request that went out.

    Attributes:
        index: its number, from 1.
        at: when.
        pace: the pace at that time, requests a second; None in the opening.
        held_back: whether it would have gone out earlier without the pace.
        in_flight: requests in flight, with this one.
    """

    __slots__ = ("at", "held_back", "in_flight", "index", "pace")

    def __init__(
        self,
        index: int,
        at: float,
        pace: float | None,
        in_flight: int,
        *,
        held_back: bool,
    ) -> None:
        self.index: int = index
        self.at: float = at
        self.pace: float | None = pace
        self.in_flight: int = in_flight
        self.held_back: bool = held_back


class Deliveries:
    """
    Measure what is delivered between refusals.

    A run of refusals with nothing delivered in between counts as its first one, so
    that the time in which nothing gets through counts as well.
    """

    __slots__ = ("_anchors",)

    _MOST = 9  # refusals that one measurement spans
    _LEAST = 6  # deliveries that make one
    _WEIGHT = 4  # deliveries that the present pace counts for: few say little

    def __init__(self) -> None:
        # (number of the request, when it was sent, refusals up to it)
        self._anchors: deque[tuple[int, float, int]] = deque()

    def restart(self, index: int, at: float, refusals: int) -> None:
        """Measure from this refusal on."""
        self._anchors.clear()
        self._anchors.append((index, at, refusals))

    def add(self, index: int, at: float, refusals: int, enough: float) -> None:
        """
        Add a refusal, and forget those that are not needed any more.

        Args:
            index: number of the request that was refused.
            at: when it was sent, seconds.
            refusals: how many there were up to it.
            enough: deliveries that are enough for a measurement.
        """
        anchors = self._anchors
        anchors.append((index, at, refusals))
        while len(anchors) > 2:
            start, since, before = anchors[1]
            delivered = index - start - (refusals - before)
            spare = delivered >= enough or len(anchors) > self._MOST
            if not spare or at <= since:
                return

            anchors.popleft()

    def counts(self) -> tuple[int, int]:
        """Return how many were delivered, and how many refused, in between."""
        start, _, before = self._anchors[0]
        end, _, refusals = self._anchors[-1]
        return end - start - (refusals - before), refusals - before

    def rate(self, pace: float) -> float | None:
        """
        Return what is delivered a second, None where there is too little to tell.

        Args:
            pace: the present one, requests a second; it weighs in.
        """
        seconds = self._anchors[-1][1] - self._anchors[0][1]
        delivered, _ = self.counts()
        if seconds <= 0 or delivered < self._LEAST:
            return None

        return (delivered + self._WEIGHT) / (seconds + self._WEIGHT / pace)
