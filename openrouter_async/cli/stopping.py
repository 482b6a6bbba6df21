"""Signals that end a command in good order the first time, and at once the second."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager

# A terminal that is closed sends SIGHUP.
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


@contextmanager
def stopping(stop: Callable[[], None]) -> Generator[None]:
    """
    Call `stop` at the first signal that asks for an end; the second one ends it all.

    What the process was started to ignore, as `nohup` and shells do, it goes on to
    ignore. Where the system, or a thread, lets no loop handle signals, Ctrl-C cancels
    the task that `asyncio.run` was given.
    """
    loop = asyncio.get_running_loop()
    handled: list[signal.Signals] = []

    def first() -> None:
        # In the hands of the system: nothing that hangs can stop it.
        release()
        for number in _wanted():
            signal.signal(number, signal.SIG_DFL)

        stop()

    def release() -> None:
        while handled:
            loop.remove_signal_handler(handled.pop())

    try:
        for number in _wanted():
            loop.add_signal_handler(number, first)
            handled.append(number)
    except (NotImplementedError, RuntimeError):
        pass

    try:
        yield
    finally:
        release()


def _wanted() -> list[signal.Signals]:
    known = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    return [each for each in known if signal.getsignal(each) is not signal.SIG_IGN]
