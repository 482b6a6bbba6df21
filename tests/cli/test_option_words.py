"""The library's messages in the words of options."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from openrouter_async import OpenRouter, RateLimits, RetryPolicy, Timeout
from openrouter_async.cli.consoles import hint_of, message_of
from openrouter_async.cli.field_names import (
    CHAT_FIELDS,
    LIBRARY_ALONE,
    TEXT_FIELDS,
    meant_by,
)
from openrouter_async.cli.option_words import in_option_words
from openrouter_async.errors import APIError, ConfigError
from openrouter_async.fanout.budget import CostBudget
from openrouter_async.resources import keywords


def _client(**options: object) -> object:
    return OpenRouter("key", **options)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def _map(**options: object) -> object:
    return OpenRouter("key").completions.map(["a"], **options)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda: Timeout(total=-1), "--timeout must be a number >= "),
        (lambda: RetryPolicy(max_retries=-1), "--retries must be a number >= 0"),
        (
            lambda: RateLimits(requests_per_minute=0),
            "--requests-per-minute must be above 0",
        ),
        (
            lambda: RateLimits(tokens_per_minute=-1),
            "--tokens-per-minute must be a number >= 0",
        ),
        (lambda: _map(max_cost=-1), "--max-cost must be USD >= 0; not -1"),
        (lambda: _map(max_pause=-1), "--max-pause must be seconds >= 0; not -1"),
        (lambda: _map(max_in_flight=0), "--max-in-flight must be a whole number >= 1"),
        (lambda: _client(base_url="nowhere"), "the base URL must be an http or https"),
        (
            lambda: _client(base_url="http://a.example/v1"),
            "the base URL http://a.example/v1 would send the key in the clear; use"
            " https, or --allow-http",
        ),
        (
            lambda: _client(base_url="https://a:b@example.com"),
            "the base URL holds a user name or password; the key goes into",
        ),
    ],
)
def test_settings_are_told_in_words_of_options(
    wrong: Callable[[], object], told: str
) -> None:
    """Every one that a command passes on; a shell has no None."""
    with pytest.raises(ConfigError) as caught:
        wrong()

    message = message_of(caught.value)
    assert message.startswith(told)
    assert "None" not in message


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("; max_tokens was 2 and is 3", "; --max-tokens was 2 and is 3"),
        ("No answer (Timeout.total)", "No answer (--timeout)"),
        (
            "the journal /a/max_cost.journal is not `max_cost`",
            "the journal /a/max_cost.journal is not `max_cost`",
        ),
        ("max_cost=$5.2e-08 and $1.5e-05", "--max-cost=$0.000000052 and $0.000015"),
        (
            ': url was "http://a/completions" and is "http://a/chat/completions"',
            ": its requests were text completions and are chat",
        ),
        (
            ': url was "http://a/completions" and is "http://b/completions"',
            ': the base URL was "http://a/completions" and is "http://b/completions"',
        ),
    ],
)
def test_names_are_translated_where_they_are_names(message: str, told: str) -> None:
    """Not in paths and quotations."""
    assert in_option_words(message) == told


def test_the_budget_says_what_it_is_called() -> None:
    """Amounts have no exponents."""
    budget = CostBudget(1e-7)
    budget.add(5.2e-5)

    assert in_option_words(budget.reason()) == (
        "$0.000052 of --max-cost=$0.0000001 are spent, and one more item may cost"
        " $0.000104"
    )


@pytest.mark.parametrize(
    ("hint", "fact", "remedy"),
    [
        ("The operation was GET /models", " (GET /models)", ""),
        (
            "Its content type is text/html; charset=utf-8. Check it",
            " (content type text/html; charset=utf-8)",
            "Check it",
        ),
        ("Check it. The operation was GET /key", " (GET /key)", "Check it"),
        (None, "", ""),
    ],
)
def test_a_hint_is_a_remedy(hint: str | None, fact: str, remedy: str) -> None:
    """Where an error comes from belongs to the error."""
    error = APIError("It failed", hint=hint)

    assert (message_of(error), hint_of(error)) == (f"It failed{fact}", remedy)


def test_no_name_is_explained_in_words_of_python() -> None:
    """All that the library knows by other names have an option, or nothing."""
    names = {*keywords._TRANSLATED, *keywords._OF_OTHERS}  # pyright: ignore[reportPrivateUsage]
    told = {name: meant_by(name, TEXT_FIELDS | CHAT_FIELDS) for name in names}

    assert {name for name in names if told[name] is None} <= LIBRARY_ALONE
    assert all("--" in each or "OPENROUTER" in each for each in told.values() if each)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("max_token", "did you mean `max_tokens`?"),
        ("topP", "did you mean `top_p`?"),
        ("timeout", "there is --timeout"),
        ("novel", None),
    ],
)
def test_what_a_name_means(name: str, meant: str | None) -> None:
    """A field that the API has and nobody knows here is none of these."""
    assert meant_by(name, TEXT_FIELDS) == meant
