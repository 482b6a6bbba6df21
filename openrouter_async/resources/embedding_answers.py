"""Embeddings as they come back: one for each input, in the order of the inputs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import cast

import msgspec

from openrouter_async.errors import ResponseDecodeError
from openrouter_async.transport.codec import decode_json
from openrouter_async.transport.replies import ReplyReader
from openrouter_async.types.embeddings import Embedding, EmbeddingResponse

_KEPT_BYTES = 4096  # of an answer that is refused
_SHOWN_INDEXES = 8
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_FLOAT32_BYTES = 4


class _Vector(msgspec.Struct):
    embedding: str | list[float] = ""


class _Vectors(msgspec.Struct):
    data: list[_Vector]


_decode_strictly = msgspec.json.Decoder(EmbeddingResponse).decode
_decode_vectors = msgspec.json.Decoder(_Vectors).decode


def read_embeddings(count: int | None) -> ReplyReader[EmbeddingResponse]:
    """
    Return what reads the answer to a request.

    Args:
        count: inputs of the request; None if it is known that none is missing.
    """
    return ReplyReader(decode=partial(_decode, count=count))


def _decode(text: bytes, count: int | None) -> EmbeddingResponse:
    answer = _decoded(text)
    found = [each for each in answer.data if each.encoded]
    if count is not None:
        _check(found, text, count)

    indexes = [each.index for each in found]
    distinct = set(indexes)
    # Some servers leave `index` out, or have 0 in all of them.
    if len(distinct) > 1:
        if None in distinct or len(distinct) < len(indexes):
            told = "the answer does not tell which input an embedding is of"
            raise _refused(f"{told}: `index` is {_shown(indexes)}", text)

        found.sort(key=_place)

    answer.data = found
    return answer


def _decoded(text: bytes) -> EmbeddingResponse:
    """Decode patiently, but for the vectors: a number that is no number is none."""
    try:
        return _decode_strictly(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        answer = decode_json(text, EmbeddingResponse)

    try:
        vectors = _decode_vectors(text).data
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return answer

    if len(vectors) == len(answer.data):
        for each, vector in zip(answer.data, vectors, strict=True):
            each.encoded = vector.embedding

    return answer


def _check(found: Sequence[Embedding], text: bytes, count: int) -> None:
    if len(found) != count:
        told = f"the answer holds {len(found)} embeddings for {count} inputs"
        raise _refused(told, text)

    for place, each in enumerate(found):
        if isinstance(each.encoded, str) and not _is_vector(each.encoded):
            told = "the embedding is no base64 of 32-bit floats"
            raise _refused(f"data[{place}]: {told}", text)


def _is_vector(encoded: str) -> bool:
    """Tell whether base64 is whole, in a third of the time that decoding it takes."""
    padding = encoded.encode("ascii", "replace").translate(None, _LETTERS)
    if padding not in (b"", b"=", b"==") or not encoded.endswith(padding.decode()):
        return False

    size, rest = divmod(len(encoded), 4)
    return rest == 0 and (size * 3 - len(padding)) % _FLOAT32_BYTES == 0


def _refused(problem: str, text: bytes) -> ResponseDecodeError:
    return ResponseDecodeError(problem, body=text[:_KEPT_BYTES])


def _shown(indexes: Sequence[int | None]) -> str:
    shown = ", ".join(map(str, indexes[:_SHOWN_INDEXES]))
    return f"{shown} ..." if len(indexes) > _SHOWN_INDEXES else shown


def _place(embedding: Embedding) -> int:
    return cast("int", embedding.index)
