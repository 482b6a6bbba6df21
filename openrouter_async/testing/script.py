"""Which request meets which behaviour."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import TypeAlias

from openrouter_async.testing.behaviours import Behaviour
from openrouter_async.testing.journal import JournalRecord

Predicate: TypeAlias = Callable[[JournalRecord], bool]
Plays: TypeAlias = Callable[[Behaviour], bool]


class Script:
    """
    Behaviours in the order in which requests will meet them.

    Args:
        behaviours: Each is met as often as its `times` says.
        when: Which requests the script is for; None for all.

    Raises:
        TypeError: If something else is among the behaviours.
    """

    def __init__(
        self, behaviours: Iterable[Behaviour], when: Predicate | None = None
    ) -> None:
        behaviours = tuple(behaviours)
        for behaviour in behaviours:
            _check_behaviour(behaviour)

        if when is not None:
            _check_predicate(when)

        self._left = deque((behaviour, behaviour.times) for behaviour in behaviours)
        self._when = when

    @property
    def finished(self) -> bool:
        """Whether all of it was met."""
        return not self._left

    @property
    def special(self) -> bool:
        """Whether it is for some requests only."""
        return self._when is not None

    def cancel(self) -> None:
        """Drop what was not met yet."""
        self._left.clear()

    def take(self, request: JournalRecord, plays: Plays) -> Behaviour | None:
        """Return what a request meets, or None if the script is not for it."""
        if not self._left or (self._when is not None and not self._when(request)):
            return None

        if not plays(self._left[0][0]):
            # It waits for a request that it means something to.
            return None

        behaviour, times = self._left.popleft()
        if times is None or times > 1:
            left = None if times is None else times - 1
            self._left.appendleft((behaviour, left))

        return behaviour


def _check_behaviour(behaviour: object) -> None:
    if not isinstance(behaviour, Behaviour):
        message = f"script() takes behaviours, such as Fail(503), not {behaviour!r}"
        raise TypeError(message)


def _check_predicate(when: object) -> None:
    if not callable(when):
        message = f"when must be a function, not {when!r}"
        raise TypeError(message)


class Scripts:
    """All scripts of a simulator; those for some requests only go first."""

    def __init__(self) -> None:
        self._scripts: list[Script] = []

    def add(self, script: Script) -> None:
        """Play a script after those that are there already."""
        self._scripts.append(script)
        # Stable, so that scripts of one kind stay in the order they were added.
        self._scripts.sort(key=lambda script: not script.special)

    def clear(self) -> None:
        """Drop all scripts."""
        for script in self._scripts:
            script.cancel()

        self._scripts.clear()

    def take(self, request: JournalRecord, plays: Plays) -> Behaviour | None:
        """
        Return what a request meets.

        Args:
            request: The request.
            plays: Says whether a behaviour means something to its operation.

        Returns:
            The behaviour, or None for an ordinary answer.
        """
        for script in self._scripts:
            behaviour = script.take(request, plays)
            if behaviour is not None:
                self._scripts = [left for left in self._scripts if not left.finished]
                return behaviour

        return None
