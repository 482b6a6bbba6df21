"""What a map comes to: counts, causes, and what to do next."""

from __future__ import annotations

import errno
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from openrouter_async.cli.consoles import message_of
from openrouter_async.cli.findings import Findings
from openrouter_async.cli.places import STDOUT, Places
from openrouter_async.cli.running import EXIT_FAILED, EXIT_INTERRUPTED
from openrouter_async.errors import NotSentError, OpenRouterError
from openrouter_async.fanout.outcomes import Outcome
from openrouter_async.fanout.statistics import MapStatistics
from openrouter_async.types.chat import ChatCompletion
from openrouter_async.types.completion import Completion

_KINDS_KEPT = 100
_OTHERS = "others"


@dataclass(slots=True)
class FailureKind:
    """
    Count failures of one kind.

    Attributes:
        first: the first of them.
        count: how many there are.
    """

    first: OpenRouterError
    count: int = 0


@dataclass(slots=True)
class Outcomings:
    """
    Count what the library's statistics do not.

    Attributes:
        kinds: failures by class and code.
        replayed_cost: USD that the answers from the journal had cost.
    """

    kinds: dict[str, FailureKind] = field(default_factory=dict[str, FailureKind])
    replayed_cost: float = 0.0

    def add(self, outcome: Outcome[Completion | ChatCompletion]) -> None:
        """Count an outcome."""
        if outcome.error is None:
            usage = outcome.value.usage
            if outcome.replayed and usage is not None:
                self.replayed_cost += usage.cost or 0.0
        elif not isinstance(outcome.error, NotSentError):
            label = error_label(outcome.error)
            if label not in self.kinds and len(self.kinds) >= _KINDS_KEPT:
                label = _OTHERS

            kind = self.kinds.setdefault(label, FailureKind(outcome.error))
            kind.count += 1


def error_label(error: OpenRouterError) -> str:
    """Name an error by its class and the code that was reported."""
    code = error.status if error.code is None else error.code
    return type(error).__name__ if code is None else f"{type(error).__name__} {code}"


def cause_text(cause: Exception) -> str:
    """Say what stopped a run, without the hint."""
    if isinstance(cause, OSError) and not isinstance(cause, OpenRouterError):
        named = cause.filename not in (None, STDOUT)
        place = cause.filename if named else "standard output"
        return f"{place} cannot be written: {os.strerror(cause.errno or errno.EIO)}"

    return message_of(cause) if isinstance(cause, OpenRouterError) else str(cause)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapReport:
    """
    Tell how a map went.

    Attributes:
        findings: of the check of its input.
        statistics: of the run.
        counts: what they do not hold.
        cause: why it stopped before its end, if it did.
        interrupted: whether a signal stopped it.
        cut_off: requests that were under way when a signal, or an output that could
            not be written, stopped it: they may be billed.
        places: of answers and journal.
        written: answers of this run that were written.
        output_failed: whether the output could not be written.
        displaced: whether what was written was dropped, as the output has more.
        seconds: it took.
        command: what started it, word for word.
    """

    findings: Findings
    statistics: MapStatistics
    counts: Outcomings
    cause: Exception | None
    interrupted: bool
    cut_off: int
    places: Places
    written: int
    output_failed: bool
    displaced: bool
    seconds: float
    command: Sequence[str]

    @property
    def total(self) -> int:
        """Prompts there are."""
        return self.findings.items

    @property
    def not_sent(self) -> int:
        """Prompts that have neither an answer nor an error."""
        return self.total - self.statistics.succeeded - self.statistics.failed

    @property
    def is_broken(self) -> bool:
        """Whether output or journal could not be written."""
        return self.cause is not None and not isinstance(self.cause, OpenRouterError)

    @property
    def answered(self) -> int:
        """Prompts whose answer is in the output, or was to be if it was displaced."""
        if self.displaced and self.is_broken:
            return min(self.written, self.statistics.replayed)

        return self.written

    @property
    def not_kept(self) -> int:
        """Answers that were received and are not in the output."""
        return self.statistics.succeeded - self.answered

    @property
    def in_place(self) -> bool:
        """Whether the answers of this run are in the output."""
        return not (self.displaced or self.output_failed or self.not_kept)

    @property
    def is_whole(self) -> bool:
        """Whether every prompt has an answer, and it is where it belongs."""
        broken = self.cause is not None or self.interrupted or not self.in_place
        return not broken and self.statistics.succeeded == self.total

    @property
    def exit_code(self) -> int:
        """What the process is to end with."""
        if self.interrupted:
            return EXIT_INTERRUPTED

        return 0 if self.is_whole else EXIT_FAILED

    @property
    def resume(self) -> str | None:
        """The command that goes on, None if nothing is left or there is no journal."""
        if self.is_whole or self.places.journal is None:
            return None

        words = [word for word in self.command if word != "--fresh"]
        return shlex.join(["openrouter-async", *words])
