"""What a stream asks of the chunks of an answer, and of what folds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from openrouter_async.types.lenient import Json
from openrouter_async.types.usage import Usage

if TYPE_CHECKING:
    from openrouter_async.types.chat import ChatCompletion
    from openrouter_async.types.completion import Completion


class Chunk(Protocol):
    """Be one event of a streamed answer."""

    raw: bytes
    id: str | None

    @property
    def text(self) -> str:
        """What it adds to the text of choice 0."""
        ...

    @property
    def has_content(self) -> bool:
        """Whether the caller would miss it."""
        ...


ChunkT = TypeVar("ChunkT", bound=Chunk)
AnswerT_co = TypeVar("AnswerT_co", bound="Completion | ChatCompletion", covariant=True)


class Accumulator(Protocol[ChunkT, AnswerT_co]):
    """Decode the events of one kind of answer, and fold them into it."""

    @property
    def answer(self) -> AnswerT_co:
        """The answer so far, always the same object."""
        ...

    @property
    def usage(self) -> Usage | None:
        """Token counts and cost, once they came."""
        ...

    @property
    def complete(self) -> bool:
        """Whether nothing of the answer is missing."""
        ...

    @property
    def has_content(self) -> bool:
        """Whether anything came that the caller would miss."""
        ...

    def decode(self, event: bytes) -> ChunkT:
        """Decode the data of an event."""
        ...

    def add(self, chunk: ChunkT) -> bool:
        """Fold all but the error of a chunk; return whether it reports one."""
        ...

    def fold_error(self, chunk: ChunkT) -> Json:
        """Fold the error of a chunk, and return it; None where it has no details."""
        ...
