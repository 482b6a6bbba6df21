"""`POST /embeddings`: vectors that depend on nothing but the text."""

from __future__ import annotations

import base64
import math
import struct
from typing import TYPE_CHECKING, NamedTuple, cast

import msgspec

from openrouter_async.testing.dice import Dice
from openrouter_async.testing.ledger import Generation
from openrouter_async.testing.prices import price_of
from openrouter_async.testing.refusals import InvalidRequestError
from openrouter_async.testing.tokens import count_tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openrouter_async.testing.calls import Call
    from openrouter_async.testing.ledger import Ledger

# Small, so that large corpora are quick; `dimensions` asks for others.
DIMENSIONS = 64

_MOST_INPUTS = 2048
_TOKENS_PER_MEDIUM = 256


class _Input(NamedTuple):
    """A text that tells an input from all others, and how many tokens it has."""

    text: str
    tokens: int


class Embedder:
    """
    Answers requests for embeddings.

    Args:
        ledger: Bills them.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def embed(self, call: Call) -> object:
        """
        Return the vectors of the inputs.

        Args:
            call: The request.

        Returns:
            The JSON of the answer.

        Raises:
            RefusedError: If there is no input, there are too many, or nothing is left
                to pay with.
        """
        inputs = _inputs(call.body["input"])
        if not inputs or len(inputs) > _MOST_INPUTS:
            message = f"input: 1 to {_MOST_INPUTS} inputs are taken, not {len(inputs)}"
            raise InvalidRequestError(message)

        model = str(call.body["model"])
        size = int(cast("float", call.body.get("dimensions") or DIMENSIONS))
        packed = call.body.get("encoding_format") == "base64"
        self._ledger.admit(model)
        data = [
            {
                "object": "embedding",
                "index": index,
                "embedding": _packed(vector) if packed else vector,
            }
            for index, vector in enumerate(
                vector_of(each.text, model, size) for each in inputs
            )
        ]
        return {
            "id": call.exchange.record.generation_id,
            "object": "list",
            "data": data,
            "model": model,
            "usage": self._usage(call, model, sum(each.tokens for each in inputs)),
        }

    def _usage(self, call: Call, model: str, tokens: int) -> dict[str, object]:
        cost = price_of(model).of_prompt(tokens)
        exchange = call.exchange
        if exchange.billed:
            self._ledger.post(
                Generation(
                    id=exchange.record.generation_id,
                    api_type="embeddings",
                    model=model,
                    created=exchange.created,
                    streamed=False,
                    prompt_tokens=tokens,
                    completion_tokens=0,
                    cost=cost,
                    user_agent=exchange.record.headers.get("user-agent"),
                    asked=call.body,
                )
            )

        return {"prompt_tokens": tokens, "total_tokens": tokens, "cost": cost}


def vector_of(text: str, model: str, size: int) -> list[float]:
    """
    Return the vector of a text.

    Args:
        text: The text.
        model: Another model gives another vector.
        size: Its length.

    Returns:
        Numbers whose squares add up to 1.
    """
    dice = Dice("vector", model, text)
    numbers = [dice.fraction() - 0.5 for _ in range(size)]
    length = math.sqrt(sum(number * number for number in numbers)) or 1.0
    return [round(number / length, 8) for number in numbers]


def _packed(vector: Sequence[float]) -> str:
    """Return a vector as the wire packs it: little-endian floats of 32 bits."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _inputs(given: object) -> list[_Input]:
    """Return the inputs, whichever of the five forms they came in."""
    items = cast("list[object]", given) if isinstance(given, list) else [given]
    if items and all(isinstance(item, int | float) for item in items):
        return [_input(items)]

    return [_input(item) for item in items]


def _input(item: object) -> _Input:
    if isinstance(item, str):
        return _Input(item, count_tokens(item))

    text = msgspec.json.encode(item).decode()
    if isinstance(item, list):
        return _Input(text, len(cast("list[object]", item)))

    parts = cast("dict[str, list[dict[str, object]]]", item)["content"]
    return _Input(text, sum(map(_tokens_of_part, parts)))


def _tokens_of_part(part: Mapping[str, object]) -> int:
    text = part.get("text")
    return count_tokens(text) if isinstance(text, str) else _TOKENS_PER_MEDIUM
