"""Embeddings as they come back: one for each input, in the order of the inputs."""

from __future__ import annotations

from functools import partial

from openrouter_async.errors import ResponseDecodeError
from openrouter_async.transport.codec import decode_json
from openrouter_async.transport.replies import ReplyReader
from openrouter_async.types.embeddings import Embedding, EmbeddingResponse


def read_embeddings(count: int | None) -> ReplyReader[EmbeddingResponse]:
    """
    Return what reads the answer to a request.

    Args:
        count: inputs of the request; None if it is known that none is missing.
    """
    return ReplyReader(decode=partial(_decode, count=count))


def _decode(text: bytes, count: int | None) -> EmbeddingResponse:
    answer = decode_json(text, EmbeddingResponse)
    found = [each for each in answer.data if each.encoded]
    if count is not None and len(found) != count:
        raise ResponseDecodeError(
            f"the answer holds {len(found)} embeddings for {count} inputs",
            body=text[:4096],
        )

    # Some servers leave `index` out, or have 0 in all of them.
    if {each.index for each in found} == set(range(len(found))):
        found.sort(key=_place)

    answer.data = found
    return answer


def _place(embedding: Embedding) -> int:
    return embedding.index or 0
