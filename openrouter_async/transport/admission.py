"""What decides when a request may go out; the fan-out's limiter is one."""

from __future__ import annotations

from typing import Protocol

from openrouter_async.errors import OpenRouterError
from openrouter_async.types.admission import Hold, Scope


class Turn(Protocol):
    """One call's place in the queue, kept over all of its attempts."""

    def try_now(self) -> bool:
        """Go ahead if nobody is to be waited for."""
        ...

    async def wait(self) -> None:
        """Return when it is this call's turn; a cancelled one gives its turn up."""
        ...

    def accepted(self) -> None:
        """Take in that the server let the request in."""
        ...

    def refused(self, error: OpenRouterError) -> Hold:
        """Take in how an attempt failed, and say what follows."""
        ...

    def leave(self, tokens: int | None) -> None:
        """Leave for good; `tokens` were used, if that is known."""
        ...


class Admission(Protocol):
    """Let calls in, first come, first served."""

    def enter(self, scope: Scope, prompt_tokens: int, max_tokens: int | None) -> Turn:
        """
        Queue up for a call.

        Args:
            scope: what the limit is counted by.
            prompt_tokens: about how many tokens the prompt has.
            max_tokens: how many the answer may have, if that is known.
        """
        ...
