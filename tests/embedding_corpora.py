"""What tests of maps of embeddings share: inputs, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable

from openrouter_async import Outcome
from openrouter_async.resources.embedding_map import EmbeddingOutcomes
from openrouter_async.types import Embedding
from tests.embedding_server import vector_of


def texts(count: int) -> list[str]:
    """Build inputs that are told apart."""
    return [f"text {number}" for number in range(count)]


def refusing(
    *bad: str, status: int = 400, message: str = "bad input"
) -> Callable[[list[object]], tuple[int, str] | None]:
    """Refuse every request that holds one of some inputs."""

    def refuses(inputs: list[object]) -> tuple[int, str] | None:
        return (status, message) if set(bad) & set(map(str, inputs)) else None

    return refuses


async def collected(outcomes: EmbeddingOutcomes) -> list[Outcome[Embedding]]:
    """Return all outcomes, in the order of the inputs."""
    async with outcomes:
        found = [each async for each in outcomes]

    return sorted(found, key=lambda each: each.index)


def check(found: list[Outcome[Embedding]], inputs: list[str], *bad: str) -> None:
    """Want one outcome for each input, with its own vector, but for the bad ones."""
    assert [each.index for each in found] == list(range(len(inputs)))
    assert [each.input for each in found] == inputs
    assert [each.input for each in found if not each.ok] == list(bad)
    for each in found:
        if each.value is not None:
            assert list(each.value.embedding) == vector_of(each.input)
