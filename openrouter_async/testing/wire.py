"""
The small change of the wire: events, envelopes, what keeps a connection busy.

What the published specification calls `text_completion` is `chat.completion` on
the wire, and choices and usage have more members there
(https://github.com/OpenRouterTeam/typescript-sdk/issues/101).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

UsageShape: TypeAlias = Literal["empty_choices", "repeated_finish"]

COMMENT = b": OPENROUTER PROCESSING\n\n"
DONE = b"data: [DONE]\n\n"
PADDING = b"\n         "
PROVIDER = "Simulator"


class Piece(NamedTuple):
    """Bytes of a body, and how many tokens of the answer are in them."""

    data: bytes
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Envelope:
    """
    What all chunks of an answer have in common.

    Attributes:
        id: The answer's id.
        created: Seconds since the epoch.
        model: The model that answers.
        ending: Members that only the last chunk has beside the usage.
    """

    id: str
    created: int
    model: str
    ending: Mapping[str, object] = field(default_factory=dict[str, object])

    def members(self, kind: str) -> dict[str, object]:
        """Return the members that come before the choices."""
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "provider": PROVIDER,
            "system_fingerprint": "",
        }


class Rendering(Protocol):
    """An answer in its two forms: a body, or the events of a stream."""

    @property
    def tokens(self) -> int:
        """Tokens of the whole answer."""
        ...

    def body(self) -> bytes:
        """Return a plain answer."""
        ...

    def failed_body(self, error: Mapping[str, object], tokens: int) -> bytes:
        """Return a plain answer that broke off after so many tokens."""
        ...

    def token_pieces(self) -> Iterator[Piece]:
        """Yield the events of a stream that hold its tokens."""
        ...

    def end_pieces(self, *, done: bool = True) -> Iterator[Piece]:
        """Yield what follows the last token, with or without `[DONE]`."""
        ...

    def error_piece(
        self, error: Mapping[str, object], *, at: Literal["top", "choice", "alone"]
    ) -> Piece:
        """Return an event that reports an error."""
        ...


def event(data: object) -> bytes:
    """Return an event of a stream: one line of JSON and a blank line."""
    return b"data: %b\n\n" % msgspec.json.encode(data)
