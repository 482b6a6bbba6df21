"""What maps promise to a type checker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Literal, assert_never, assert_type

from openrouter_async import (
    Completion,
    Failure,
    LimiterStatistics,
    MapStatistics,
    OpenRouter,
    OpenRouterError,
    Outcome,
    Outcomes,
    RetryPolicy,
    Success,
    Timeout,
)
from openrouter_async.types import CompletionParams

Done = Outcome[Completion]


def by_ok(outcome: Done) -> str:
    """Narrow by `ok`."""
    if outcome.ok is True:
        assert_type(outcome, Success[Completion])
        assert_type(outcome.value, Completion)
        assert_type(outcome.error, None)
        assert_type(outcome.replayed, bool)
        return outcome.value.text

    assert_type(outcome, Failure)
    assert_type(outcome.ok, Literal[False])
    assert_type(outcome.value, None)
    assert_type(outcome.error, OpenRouterError)
    return str(outcome.error)


def by_truth(outcome: Done) -> str:
    """Narrow by the truth of `ok`, which mypy does and pyright does not."""
    if outcome.ok:
        return outcome.value.text  # pyright: ignore[reportOptionalMemberAccess]  # by its design

    return str(outcome.error)


def by_error(outcome: Done) -> Completion:
    """Narrow by `error`."""
    if outcome.error is None:
        assert_type(outcome, Success[Completion])
        return outcome.value

    assert_type(outcome, Failure)
    raise outcome.error


def by_error_first(outcome: Done) -> Completion:
    """Narrow by `error` the other way round."""
    if outcome.error is not None:
        raise outcome.error

    assert_type(outcome.value, Completion)
    return outcome.value


def by_value(outcome: Done) -> Completion | None:
    """Narrow by `value`."""
    if outcome.value is None:
        assert_type(outcome, Failure)
        return None

    assert_type(outcome, Success[Completion])
    return outcome.value


def by_class(outcome: Done) -> str:
    """Narrow by class, and know that there are two."""
    match outcome:
        case Success(value=value):
            assert_type(value, Completion)
            return value.text
        case Failure(error=error):
            assert_type(error, OpenRouterError)
            return str(error)
        case _:
            assert_never(outcome)


def in_common(outcome: Done) -> None:
    """Type what both have without narrowing."""
    assert_type(outcome.index, int)
    assert_type(outcome.attempts, int)
    assert_type(outcome.elapsed, float)
    assert_type(outcome.ok, bool)
    assert_type(outcome.value, Completion | None)
    assert_type(outcome.error, OpenRouterError | None)


def with_mistakes(outcome: Done) -> None:
    """Refuse an answer that was not checked, and changes."""
    str(outcome.value.text)  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]  # may be None
    outcome.index = 1  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # frozen


def covariant(outcome: Success[Completion]) -> Success[object]:
    """Take an outcome of a kind of answer for one of any."""
    return outcome


async def mapped(client: OpenRouter, prompts: Iterator[str]) -> None:
    """Type a map, in a block and bare."""
    outcomes = client.completions.map(prompts, model="a")
    assert_type(outcomes, Outcomes[Completion])
    async with outcomes as entered:
        assert_type(entered, Outcomes[Completion])
        async for outcome in entered:
            assert_type(outcome, Success[Completion] | Failure)

    assert_type(await anext(outcomes), Success[Completion] | Failure)
    assert_type(outcomes.statistics(), MapStatistics)
    assert_type(outcomes.statistics().cause, Exception | None)
    assert_type(client.limiter.statistics(), LimiterStatistics)
    assert_type(await outcomes.aclose(), None)


async def gathered(client: OpenRouter) -> None:
    """Type what is gathered."""
    found = await client.completions.gather(["a", "b"])
    assert_type(found, list[Success[Completion] | Failure])
    assert_type([x.value for x in found if x.error is None], list[Completion])


async def inputs(
    client: OpenRouter,
    rows: AsyncIterator[Mapping[str, object]],
    later: AsyncIterator[str],
) -> None:
    """Take prompts of all forms, parameters, and both kinds of iterable."""
    completions = client.completions
    params: CompletionParams = {"model": "a", "n": 2}
    assert_type(completions.map(later), Outcomes[Completion])
    assert_type(completions.map([[1, 2], [3]]), Outcomes[Completion])
    assert_type(completions.map([["a", "b"], "c"]), Outcomes[Completion])
    assert_type(completions.map([{"prompt": "a", "n": 2}]), Outcomes[Completion])
    assert_type(completions.map(({"prompt": "a"}, "b")), Outcomes[Completion])
    assert_type(completions.map(rows, **params), Outcomes[Completion])
    completions.map(
        ["a"],
        max_in_flight=8,
        ordered=True,
        journal=Path("j"),
        max_cost=1,
        max_pause=None,
        timeout=Timeout(total=1),
        retry=RetryPolicy(),
        extra_body={"x": 1},
        extra_headers={"X": "y"},
    )


async def map_with_mistakes(client: OpenRouter) -> None:
    """Refuse what cannot be mapped over, by name or by type."""
    completions = client.completions
    completions.map(7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no iterable
    completions.map([1.5, None])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]  # no prompts
    completions.map(["a"], typo=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # no such field
    completions.map(["a"], n="2")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no number
    completions.map(["a"], journal=7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no path
    await completions.gather(["a"], ordered=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # it always is
