"""The exception tree: what each class is, says, and carries through a pickle."""

from __future__ import annotations

import copy
import pickle

import pytest

import openrouter_async
from openrouter_async import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    AttemptFailure,
    Completion,
    CompletionChoice,
    ConfigError,
    NotSentError,
    OpenRouterError,
    ParseError,
    RateLimitError,
    ResponseDecodeError,
    ResponseTooLargeError,
    ServerError,
    StreamInterruptedError,
)
from openrouter_async.errors import Kind, printable

EXPORTED: list[type[OpenRouterError]] = [
    value
    for name in openrouter_async.__all__
    if isinstance(value := getattr(openrouter_async, name), type)
    and issubclass(value, OpenRouterError)
]


def make(kind: type[OpenRouterError]) -> OpenRouterError:
    """Make an error with everything in it."""
    if issubclass(kind, APITimeoutError):
        error: OpenRouterError = kind("late", phase="idle")
    elif issubclass(kind, ParseError):
        error = kind("no value", text="so far", path="$.a")
    else:
        error = kind(
            "slow down",
            status=429,
            code="rate_limit_exceeded",
            error_type="rate_limit_exceeded",
            metadata={"a": [1]},
            limit_source="openrouter_free_tier_daily",
            provider_name="Acme",
            retry_after=2.5,
            generation_id="gen-1",
            hint="Wait",
            body=b"{}",
            kind="throttled",
        )

    error.partial = Completion(choices=[CompletionChoice(text="so far")])
    error.attempts = 3
    error.elapsed = 1.5
    error.budget_exhausted = True
    error.history = (AttemptFailure(error="ServerError", message="no", status=503),)
    return error


@pytest.mark.parametrize("kind", EXPORTED, ids=[each.__name__ for each in EXPORTED])
@pytest.mark.parametrize("way", ["pickle", "copy", "deepcopy"])
def test_errors_survive_copies(kind: type[OpenRouterError], way: str) -> None:
    """Every class comes back from a pickle or a copy with all it carries."""
    error = make(kind)
    if way == "pickle":
        back = pickle.loads(pickle.dumps(error))
    else:
        back = copy.copy(error) if way == "copy" else copy.deepcopy(error)

    assert type(back) is kind
    assert vars(back) == vars(error)
    assert (str(back), back.args) == (str(error), error.args)


class _OwnError(APIError):
    """An error of a user, whose constructor takes something else."""

    def __init__(self, number: int) -> None:
        super().__init__(f"number {number}")
        self.number = number


def test_errors_of_users_survive_pickling() -> None:
    """A subclass with a constructor of its own is pickled too."""
    back = pickle.loads(pickle.dumps(_OwnError(7)))

    assert (back.number, str(back)) == (7, "number 7")


PARENTS: dict[type[Exception], type[Exception]] = {
    ConfigError: ValueError,
    APITimeoutError: TimeoutError,
    StreamInterruptedError: APIConnectionError,
    APIConnectionError: OpenRouterError,
    RateLimitError: APIError,
    ServerError: APIError,
    APIError: OpenRouterError,
    ResponseTooLargeError: ResponseDecodeError,
    ResponseDecodeError: OpenRouterError,
    NotSentError: OpenRouterError,
}


@pytest.mark.parametrize(
    ("child", "parent"), PARENTS.items(), ids=[each.__name__ for each in PARENTS]
)
def test_tree(child: type[Exception], parent: type[Exception]) -> None:
    """Each class can be caught as what it is a case of."""
    assert issubclass(child, parent)


@pytest.mark.parametrize("kind", EXPORTED, ids=[each.__name__ for each in EXPORTED])
def test_every_error_is_ours(kind: type[OpenRouterError]) -> None:
    """One base class catches all, and a connection's failure is no report."""
    assert issubclass(kind, OpenRouterError)
    assert not (issubclass(kind, APIError) and issubclass(kind, APIConnectionError))


TEXTS: dict[str, tuple[OpenRouterError, str]] = {
    "message": (OpenRouterError("no"), "no"),
    "status": (APIError("no", status=404), "404: no"),
    "code over status": (APIError("no", status=200, code=429), "429: no"),
    "code said already": (APIError("429 Too Many", code=429), "429 Too Many"),
    "hint": (APIError("no", hint="Do that"), "no. Do that"),
    "escaped": (APIError("a\x1b[31m\nb\u202ec"), "a\\x1b[31m\\nb\\u202ec"),
    "other scripts": (APIError("größer 大"), "größer 大"),
}


@pytest.mark.parametrize(("error", "text"), TEXTS.values(), ids=TEXTS.keys())
def test_text(error: OpenRouterError, text: str) -> None:
    """The text has the code, the message and the hint, on one printable line."""
    assert str(error) == text


def test_text_tells_of_attempts() -> None:
    """After more than one attempt the text says how many, and how long it took."""
    error = make(RateLimitError)

    assert str(error) == (
        "rate_limit_exceeded: slow down (after 3 attempts, 1.5 s). Wait"
    )


def test_text_is_bounded() -> None:
    """A server's message of megabytes is cut where it is shown, and only there."""
    error = APIError("x" * 10_000_000)

    assert len(str(error)) < 1000
    assert len(error.message) == 10_000_000


@pytest.mark.parametrize("char", ["\n", "\x00", "\x7f", "\x9b", "\u2028", "\ud800"])
def test_printable(char: str) -> None:
    """No character is left that a terminal or a log would act on."""
    assert printable(f"a{char}b").isprintable()


@pytest.mark.parametrize(
    ("kind", "partial", "billed"),
    [
        ("ambiguous", None, True),
        ("unsent", None, False),
        ("refused", None, False),
        ("final", Completion(), True),
    ],
    ids=["ambiguous", "unsent", "refused", "partial"],
)
def test_maybe_billed(kind: Kind, partial: Completion | None, billed: bool) -> None:
    """What may have been carried out may have been billed."""
    assert OpenRouterError("no", kind=kind, partial=partial).maybe_billed is billed
