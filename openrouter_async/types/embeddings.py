"""What `POST /embeddings` takes and gives."""

from __future__ import annotations

from array import array
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Mapping, Sequence
from sys import byteorder
from typing import Literal, TypeAlias, TypedDict

import msgspec

from openrouter_async.types.lenient import Json
from openrouter_async.types.provider import ProviderPreferences
from openrouter_async.types.records import Record
from openrouter_async.types.usage import Usage

EmbeddingItem: TypeAlias = str | Sequence[int] | Mapping[str, Json]
"""One input: text, token ids, or `{"content": [parts]}` with images and the like."""

EmbeddingInput: TypeAlias = EmbeddingItem | Sequence[EmbeddingItem]
"""One input or several of one kind; a single mapping is sent as a list of one."""

_FLOAT32 = 4  # bytes


class EmbeddingParams(TypedDict, total=False):
    """Hold the optional fields of a request for embeddings."""

    dimensions: int
    encoding_format: Literal["float", "base64"]
    input_type: str
    provider: ProviderPreferences | None
    user: str


class Embedding(msgspec.Struct, kw_only=True):
    """
    Hold the embedding of one input.

    Attributes:
        index: place of the input in the request, from 0.
        encoded: as it came: base64 of little-endian 32-bit floats, or numbers.
    """

    index: int | None = None
    object: str | None = None
    encoded: str | list[float] = msgspec.field(default="", name="embedding")

    @property
    def embedding(self) -> array[float]:
        """
        The vector, decoded anew by each look at it.

        An array takes 4 bytes a number where a list takes 32, and NumPy reads it
        without a copy: `numpy.asarray(item.embedding)`. Numbers that came as JSON make
        an array of doubles, which loses none of their digits.

        Raises:
            ValueError: what came is no base64 of 32-bit floats.
        """
        if not isinstance(self.encoded, str):
            return array("d", self.encoded)

        try:
            vector = array("f", a2b_base64(self.encoded, strict_mode=True))
        except Base64Error as exc:
            reason = str(exc)
        else:
            if byteorder == "big":
                vector.byteswap()

            return vector

        raise ValueError(f"the embedding is no base64: {reason}")

    @property
    def dimensions(self) -> int:
        """How many numbers it has."""
        encoded = self.encoded
        if not isinstance(encoded, str):
            return len(encoded)

        return (len(encoded.rstrip("=")) * 3 // 4) // _FLOAT32

    def __repr__(self) -> str:
        return f"Embedding(index={self.index}, dimensions={self.dimensions})"


class EmbeddingResponse(Record, kw_only=True):
    """
    Hold the embeddings of the inputs of a request.

    Attributes:
        data: one for each input.
        usage: tokens and cost; `completion_tokens` is None.
    """

    id: str | None = None
    object: str | None = None
    model: str | None = None
    provider: str | None = None
    data: list[Embedding] = []  # noqa: RUF012  # msgspec copies it
    usage: Usage | None = None

    @property
    def vectors(self) -> list[array[float]]:
        """The vectors, in the order of the inputs."""
        return [each.embedding for each in self.data]
