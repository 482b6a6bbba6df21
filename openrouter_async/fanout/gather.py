"""All outcomes of a run at once, in the order of the input."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterable, Callable, Iterable
from typing import TypeVar

from openrouter_async.errors import NotSentError
from openrouter_async.fanout.inputs import check_inputs
from openrouter_async.fanout.map import Outcomes
from openrouter_async.fanout.outcomes import Failure, Item, Outcome

T = TypeVar("T")
ItemT = TypeVar("ItemT", bound=Item)


async def gather_outcomes(
    inputs: Iterable[ItemT] | AsyncIterable[ItemT],
    start: Callable[[list[ItemT]], Outcomes[T]],
) -> list[Outcome[T]]:
    """
    Return one outcome for each input, in their order.

    Args:
        inputs: all of them are pulled before the first is sent, so that what they
            raise costs no answer.
        start: makes the run.

    Raises:
        ConfigError: the inputs, or settings of the run, cannot be used.
        OSError: the journal cannot be opened, or broke before there was an answer.
            One that breaks later stops the run, and answers are not thrown away:
            items that were not sent say why, or a warning does.
    """
    check_inputs(inputs)
    start([])  # refuses options that cannot be used before anything is pulled
    items = await _listed(inputs)
    places: list[Outcome[T] | None] = [None] * len(items)
    async with start(items) as outcomes:
        try:
            async for outcome in outcomes:
                places[outcome.index] = outcome
        except Exception as exc:
            if not any(place is not None and place.ok for place in places):
                raise

            if None not in places:
                told = f"every item has its outcome, but the run broke: {exc!r}"
                warnings.warn(told, RuntimeWarning, stacklevel=3)

    cause = outcomes.statistics().cause
    return [
        _not_sent(index, item, cause) if place is None else place
        for index, (item, place) in enumerate(zip(items, places, strict=True))
    ]


async def _listed(inputs: Iterable[ItemT] | AsyncIterable[ItemT]) -> list[ItemT]:
    if isinstance(inputs, AsyncIterable):
        return [item async for item in inputs]

    return list(inputs)


def _not_sent(index: int, item: Item, cause: Exception | None) -> Failure:
    error = NotSentError(f"not sent, as the run had stopped: {cause}")
    return Failure(index=index, input=item, error=error, attempts=0, elapsed=0.0)
