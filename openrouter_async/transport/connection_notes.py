"""How one request came to its connection."""

from __future__ import annotations

from openrouter_async.transport.timers import Watch


class ConnectionNotes:
    """
    Note how a request came to its connection, and start the timers of that.

    A connection remembers the context it was made in, for as long as the pool keeps
    it: so this leads neither to the client nor to the call.

    Attributes:
        fresh_only: whether only a new connection will do.
        sent: whether there was a connection to send on.
        reused: whether that connection came from the pool.
        since: when there was a connection to send on, on the watch's clock.
    """

    __slots__ = ("_watch", "fresh_only", "reused", "sent", "since")

    def __init__(self, watch: Watch, *, fresh_only: bool) -> None:
        self._watch = watch
        self.fresh_only: bool = fresh_only
        self.sent: bool = True  # unless a connection is yet to be made
        self.reused: bool = False
        self.since: float = 0.0

    def connecting(self) -> None:
        """Start the connect timer."""
        self.sent = False
        self._watch.enter_connect(self._watch.now())
        self._watch.reschedule()

    def connected(self, *, reused: bool) -> None:
        """Start the timer of the first event: from here on bytes may be written."""
        self.sent = True
        self.reused = reused
        self.since = self._watch.now()
        self._watch.enter_answer(self.since)
        self._watch.reschedule()
