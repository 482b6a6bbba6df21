"""Ways to say no to a request before it is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """
    An error that a request gets instead of an answer.

    Attributes:
        status: HTTP status, and the error's code.
        message: The error's message; None for the usual one.
        metadata: The error's metadata.
        headers: Headers of the response.
    """

    status: int
    message: str | None = None
    metadata: Mapping[str, object] = field(default_factory=dict[str, object])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class RefusedError(Exception):
    """
    Raised when a request is refused.

    Args:
        refusal: What the client is told.
    """

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


class LimitedError(RefusedError):
    """Raised when a limit refuses a request."""


class InvalidRequestError(RefusedError):
    """
    Raised when a request cannot be answered.

    Args:
        message: Names the field and says what is wrong with it.
    """

    def __init__(self, message: str) -> None:
        super().__init__(Refusal(status=400, message=message))
