"""One line for each request that a simulator has answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from openrouter_async.errors import printable

if TYPE_CHECKING:
    from openrouter_async.testing import JournalRecord, Simulator


class RequestLog:
    """
    Follow the journal of a simulator.

    Args:
        simulator: whose requests to tell.
    """

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._told: set[int] = set()

    def new(self) -> Iterator[str]:
        """Give a line for each request that ended since the last call."""
        ended = [r for r in self._simulator.journal if r.finished_at is not None]
        for record in ended:
            if record.number not in self._told:
                yield request_line(record)

        # What the journal has dropped does not come back.
        self._told = {record.number for record in ended}


def request_line(record: JournalRecord) -> str:
    """Say in a line what was asked, and how it ended."""
    ended = record.received_at if record.finished_at is None else record.finished_at
    asked = [record.method, record.path]
    model = record.params.get("model")
    if isinstance(model, str):
        asked.append(model)

    if record.params.get("stream") is True:
        asked.append("stream")

    status = "---" if record.status is None else record.status
    line = (
        f"#{record.number:<5} {status} {record.outcome:<12}"
        f" {ended - record.received_at:6.3f} s {record.tokens_sent:5} tokens"
        f"  {' '.join(asked)}"
    )
    return printable(line)
