"""What calls and limiters tell each other."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Scope(NamedTuple):
    """
    Name what a rate limit is counted by.

    Rates differ by model and its providers, balances by key
    (https://openrouter.ai/docs/api-reference/limits).

    Attributes:
        base_url: of the API.
        key: tells one API key from another without being one.
        model: as requested; None where the account's default model answers.
    """

    base_url: str
    key: str
    model: str | None


class Hold(NamedTuple):
    """
    Say what follows a failed attempt.

    Attributes:
        verdict: `again` after the wait, outside of retry policy and budget; `fault`
            if the retry policy is to decide; `stop` if there is no use in waiting.
        seconds: the wait before the call queues again.
        reason: why it stops, in words for the caller.
    """

    verdict: Literal["again", "fault", "stop"]
    seconds: float = 0.0
    reason: str | None = None
