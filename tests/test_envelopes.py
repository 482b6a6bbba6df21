"""Error bodies in all the forms that come, and the errors that are made of them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openrouter_async import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    PayloadTooLargeError,
    PaymentRequiredError,
    PermissionDeniedError,
    RateLimitError,
    RequestTimeoutError,
    RetryPolicy,
    ServerError,
    UnprocessableEntityError,
)
from openrouter_async.errors import Kind
from openrouter_async.transport.envelopes import Envelope, read_envelope
from openrouter_async.transport.failures import Head, from_answer, from_response

ZOD = '[{"code":"too_small","path":["model"]}]'
AVAILABILITY = {
    "code": "capacity_exhausted",
    "retryable": True,
    "retry_after": 7,
    "fallback_models": ["a/b"],
}
LIMITS: dict[str, object] = {
    "limit_source": "openrouter_in_flight_budget",
    "provider_name": "Acme",
    "remedy_hint": "Lower max_tokens",
    "retry_after_seconds": 3,
    "headers": {"Retry-After": "4", "X-RateLimit-Reset": 5},
}

FORMS: dict[str, tuple[object, Envelope]] = {
    "classic": (
        {"error": {"code": 429, "message": "slow down", "metadata": {"a": 1}}},
        Envelope(
            message="slow down", code=429, metadata={"a": 1}, wait_hints=(None, None)
        ),
    ),
    "limits": (
        {"error": {"code": 402, "message": "no", "metadata": LIMITS}},
        Envelope(
            message="no",
            code=402,
            metadata=LIMITS,
            limit_source="openrouter_in_flight_budget",
            provider_name="Acme",
            wait_hints=(None, 3),
            quoted_headers={"retry-after": "4", "x-ratelimit-reset": "5"},
            hint="Lower max_tokens",
        ),
    ),
    "availability": (
        {
            "error": {
                "message": "full", "http_status": 429, "availability": AVAILABILITY
            }
        },
        Envelope(
            message="full",
            http_status=429,
            error_type="capacity_exhausted",
            metadata={"availability": AVAILABILITY},
            retryable=True,
            wait_hints=(7, None),
        ),
    ),
    "validation": (
        {"success": False, "error": {"name": "ZodError", "message": ZOD}},
        Envelope(message=ZOD, wait_hints=(None, None)),
    ),
    "Anthropic's": (
        {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}},
        Envelope(
            message="busy", error_type="overloaded_error", wait_hints=(None, None)
        ),
    ),
    "type in metadata": (
        {"error": {"message": "no", "metadata": {"error_type": "refusal"}}},
        Envelope(
            message="no",
            error_type="refusal",
            metadata={"error_type": "refusal"},
            wait_hints=(None, None),
        ),
    ),
    "bare text": ({"error": "no such model"}, Envelope(message="no such model")),
    "message": (
        {"message": "gone"}, Envelope(message="gone", wait_hints=(None, None))
    ),
    "detail": (
        {"detail": "Not Found"}, Envelope(message="Not Found", wait_hints=(None, None))
    ),
    "inner text": (
        {"error": {"error": "deep"}}, Envelope(message="deep", wait_hints=(None, None))
    ),
    "only a name": (
        {"error": {"name": "ZodError"}},
        Envelope(message="ZodError", wait_hints=(None, None)),
    ),
    "no words": (
        {"error": {"code": 500}},
        Envelope(message='{"code":500}', code=500, wait_hints=(None, None)),
    ),
    "list": (["a", "b"], Envelope(message='["a","b"]')),
    "text": ("oops", Envelope(message="oops")),
    "nothing": ({}, Envelope(message="no details were given")),
    "null": (None, Envelope(message="no details were given")),
    "null error": ({"error": None}, Envelope(
        message='{"error":null}', wait_hints=(None, None)
    )),
}  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), FORMS.values(), ids=FORMS.keys())
def test_forms(body: object, expected: Envelope) -> None:
    """Each form of an error body gives what it says."""
    assert read_envelope(msgspec.json.encode(body)) == expected


PAGES = {
    "empty": (b"", "no details were given"),
    "blank": (b" \r\n ", "no details were given"),
    "plain": (b"error code: 1015", "error code: 1015"),
    "page": (
        b"<!DOCTYPE html><title>502 Bad Gateway</title><style>a{b:c}</style>"
        b"<script>let a = 1 < 2;</script>\n<h1>Bad &amp; sad</h1>",
        "502 Bad Gateway",
    ),
    "open script": (b"<p>Hi</p><script>let a", "Hi let a"),
    "long": (b"x" * 100_000, "x" * 500),
    "not UTF-8": (b"\xff\xfe no", "\ufffd\ufffd no"),
    "cut JSON": (b'{"error": {"mess', '{"error": {"mess'),
    "deep JSON": (b"[" * 100_000, "[" * 500),
    "deep JSON that ends": (b"[" * 5000 + b"]" * 5000, "[" * 500),
}


@pytest.mark.parametrize(("body", "message"), PAGES.values(), ids=PAGES.keys())
def test_pages(body: bytes, message: str) -> None:
    """What is not JSON gives its readable text, shortened."""
    assert read_envelope(body) == Envelope(message=message)


CODES: dict[str, tuple[object, int | str | None]] = {
    "number": (404, 404),
    "double": (404.0, 404),
    "fraction": (404.5, None),
    "text": ("server_error", "server_error"),
    "boolean": (True, None),
    "null": (None, None),
    "object": ({"a": 1}, None),
}


@pytest.mark.parametrize(("code", "expected"), CODES.values(), ids=CODES.keys())
def test_codes(code: object, expected: int | str | None) -> None:
    """A code is a number or a name; anything else is none."""
    body = msgspec.json.encode({"error": {"code": code, "message": "no"}})

    assert read_envelope(body).code == expected


RAWS: dict[str, tuple[object, str]] = {
    "text": ("model is loading", "Provider returned error: model is loading"),
    "object": ({"a": 1}, 'Provider returned error: {"a":1}'),
    "the same": ("Provider", "Provider returned error"),
    "empty": ("", "Provider returned error"),
    "null": (None, "Provider returned error"),
}


@pytest.mark.parametrize(("raw", "message"), RAWS.values(), ids=RAWS.keys())
def test_words_of_the_upstream(raw: object, message: str) -> None:
    """The upstream's own words are added where the message hides them."""
    error = {"message": "Provider returned error", "metadata": {"raw": raw}}

    assert read_envelope(msgspec.json.encode({"error": error})).message == message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
NAMES = st.sampled_from(
    [
        *("error", "code", "message", "metadata", "availability", "retryable"),
        *("http_status", "error_type", "type", "raw", "retry_after", "headers"),
    ]
)


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(NAMES, JSON | st.dictionaries(NAMES, JSON)),
    st.integers(300, 599),
    st.none() | st.text(),
)
def test_any_members_make_an_error(
    members: dict[str, object], status: int, location: str | None
) -> None:
    """Whatever the members hold, the result is an error of this library."""
    headers = {} if location is None else {"location": location}
    body = msgspec.json.encode({"error": members})

    assert isinstance(from_response(head(status, headers), body), APIError)


@given(st.binary())
def test_any_bytes_make_an_error(body: bytes) -> None:
    """Whatever the body holds, the result is an error of this library."""
    assert isinstance(from_response(head(400), body), APIError)


def head(status: int, headers: dict[str, str] | None = None) -> Head:
    """Make the head of a response."""
    return Head(status, headers or {}, None, RetryPolicy())


def told(status: int, error: object, headers: dict[str, str] | None = None) -> APIError:
    """Make the error of a response whose body has this `error`."""
    body = msgspec.json.encode({"error": error})
    return from_response(head(status, headers), body)


CLASSES: dict[int, type[APIError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    402: PaymentRequiredError,
    403: PermissionDeniedError,
    404: NotFoundError,
    405: APIError,
    408: RequestTimeoutError,
    409: ConflictError,
    410: APIError,
    413: PayloadTooLargeError,
    418: APIError,
    422: UnprocessableEntityError,
    425: APIError,
    429: RateLimitError,
    500: ServerError,
    502: ServerError,
    503: ServerError,
    504: ServerError,
    524: ServerError,
    529: ServerError,
    599: ServerError,
}


@pytest.mark.parametrize(
    ("status", "expected"), CLASSES.items(), ids=[str(code) for code in CLASSES]
)
def test_class_by_status(status: int, expected: type[APIError]) -> None:
    """A status has its class, whatever the body looks like."""
    error = from_response(head(status), b"<html>")

    assert (type(error), error.status, error.code) == (expected, status, None)


@pytest.mark.parametrize(
    ("status", "expected"), CLASSES.items(), ids=[str(code) for code in CLASSES]
)
@pytest.mark.parametrize("form", ["number", "text"])
def test_class_by_code_inside_a_success(
    status: int, expected: type[APIError], form: str
) -> None:
    """A code inside a 200 has the class that the status would have."""
    code = status if form == "number" else str(status)
    error = from_answer({"code": code, "message": "no"}, head(200), b"{}", None)

    assert (type(error), error.status, error.code) == (expected, 200, code)


PRECEDENCE: dict[str, tuple[int, dict[str, Any], type[APIError]]] = {
    "code over status": (502, {"code": 429}, RateLimitError),
    "http_status without code": (200, {"http_status": 404}, NotFoundError),
    "named code": (200, {"code": "server_error"}, ServerError),
    "named code over status": (400, {"code": "rate_limit_exceeded"}, RateLimitError),
    "unknown code, then status": (403, {"code": "nonsense"}, PermissionDeniedError),
    "number that is no code": (404, {"code": 1001}, NotFoundError),
    "endless digits": (404, {"code": "9" * 5000}, NotFoundError),
    "type": (200, {"error_type": "provider_overloaded"}, ServerError),
    "status over type": (400, {"error_type": "server"}, BadRequestError),
    "code zero": (500, {"code": 0}, ServerError),
    "nothing usable": (200, {"code": "nonsense"}, APIError),
}


@pytest.mark.parametrize(
    ("status", "members", "expected"), PRECEDENCE.values(), ids=PRECEDENCE.keys()
)
def test_which_code_counts(
    status: int, members: dict[str, object], expected: type[APIError]
) -> None:
    """The code in the body comes before the status, and names stand for codes."""
    error = from_answer({"message": "no", **members}, head(status), b"{}", None)

    assert type(error) is expected


IN_FLIGHT = {"metadata": {"limit_source": "openrouter_in_flight_budget"}}
KINDS: dict[str, tuple[int, dict[str, Any], str, Kind]] = {
    "400": (400, {}, "", "final"),
    "402 of credits": (402, {}, "", "final"),
    "402 in flight": (402, IN_FLIGHT, "", "throttled"),
    "403 in flight": (403, IN_FLIGHT, "", "final"),
    "408": (408, {}, "", "refused"),
    "409": (409, {}, "", "final"),
    "409 that says so": (409, {}, "true", "refused"),
    "425": (425, {}, "", "refused"),
    "429": (429, {}, "", "throttled"),
    "429 that says not": (429, {}, "false", "final"),
    "429 that says nonsense": (429, {}, "maybe", "throttled"),
    "501": (501, {}, "", "final"),
    "503": (503, {}, "", "refused"),
    "525": (525, {}, "", "refused"),
    "529": (529, {}, "", "throttled"),
    "502 over a context overflow": (
        502, {"error_type": "context_length_exceeded"}, "", "final"
    ),
    "502 over a named code": (502, {"code": "content_policy_violation"}, "", "final"),
    "availability says yes": (
        404, {"availability": {"retryable": True}}, "", "refused"
    ),
    "availability says no": (503, {"availability": {"retryable": False}}, "", "final"),
    "availability is vague": (
        503, {"availability": {"retryable": "yes"}}, "", "refused"
    ),
    "header over availability": (
        503, {"availability": {"retryable": True}}, "false", "final"
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("status", "members", "should_retry", "expected"), KINDS.values(), ids=KINDS.keys()
)
def test_kind(
    status: int, members: dict[str, object], should_retry: str, expected: Kind
) -> None:
    """What a refusal means for a repetition: the server's own word comes first."""
    headers = {"x-should-retry": should_retry} if should_retry else {}

    assert told(status, {"message": "no", **members}, headers).kind == expected


def test_policy_decides_on_codes() -> None:
    """A code that the caller's policy names is worth a repetition."""
    policy = RetryPolicy(statuses=frozenset({418}), statuses_once=frozenset())
    kinds = [
        from_response(Head(status, {}, None, policy), b"").kind for status in (418, 503)
    ]

    assert kinds == ["refused", "final"]


HINTS: dict[str, tuple[int, dict[str, Any], str | None]] = {
    "401": (401, {}, "Check the key: OPENROUTER_API_KEY or api_key="),
    "402": (402, {}, "Add credits, or ask for less with a lower max_tokens"),
    "402 in flight": (
        402,
        IN_FLIGHT,
        "Too much is in flight for the balance: a lower max_tokens reserves less",
    ),
    "the server's own": (402, {"metadata": {"remedy_hint": "Wait"}}, "Wait"),
    "400": (400, {}, None),
}


@pytest.mark.parametrize(
    ("status", "members", "expected"), HINTS.values(), ids=HINTS.keys()
)
def test_hint(status: int, members: dict[str, object], expected: str | None) -> None:
    """An error tells what can be done about it, where that is known."""
    assert told(status, {"message": "no", **members}).hint == expected


def test_error_holds_what_was_said() -> None:
    """All that the head and the body say is on the error."""
    members = {"code": 402, "message": "no", "metadata": LIMITS}
    head_ = Head(402, {"retry-after": "2"}, "gen-7", RetryPolicy())
    error = from_answer(members, head_, b"x" * 10_000, None)

    assert error.limit_source == "openrouter_in_flight_budget"
    assert error.provider_name == "Acme"
    assert error.metadata == LIMITS
    assert error.retry_after == 2.0
    assert error.generation_id == "gen-7"
    assert error.hint == "Lower max_tokens"
    assert error.body == b"x" * 4096


def test_provider_from_the_head() -> None:
    """The provider's name may be in a header instead."""
    error = told(502, {"message": "no"}, {"x-provider-name": "Acme"})

    assert error.provider_name == "Acme"


def test_choice_that_failed_without_details() -> None:
    """A finish reason `error` alone is an error that may be repeated: it is free."""
    error = from_answer(None, head(200), b"{}", None)

    assert (type(error), error.kind) == (APIError, "refused")


REDIRECTS = {
    "elsewhere": (302, "https://b.example/x?token=1", "https://b.example/x"),
    "relative": (308, "/v2", "/v2"),
    "not HTTP": (301, "file:///etc/passwd", "file:///etc/passwd"),
}


@pytest.mark.parametrize(
    ("status", "location", "shown"), REDIRECTS.values(), ids=REDIRECTS.keys()
)
def test_redirects(status: int, location: str, shown: str) -> None:
    """A redirect is an error that shows where it led, without its query."""
    error = from_response(head(status, {"location": location}), b"<html>moved")

    assert error.message == f"redirected to {shown}, which is not followed"
    assert (type(error), error.retryable) == (APIError, False)


@pytest.mark.parametrize("status", [204, 205, 304])
def test_answers_without_content(status: int) -> None:
    """A status that never has a body is told as such."""
    error = from_response(head(status), b"")

    assert error.message == f"the server answered {status}, without content"
