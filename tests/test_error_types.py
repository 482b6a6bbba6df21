"""The names of errors: what class each has where no code is told (protocol 1.8)."""

from __future__ import annotations

import pytest

from openrouter_async import (
    APIError,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    PayloadTooLargeError,
    PaymentRequiredError,
    PermissionDeniedError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    UnprocessableEntityError,
)
from tests.chatting import HI, Members, ask, to_error
from tests.scripted import Send, events, http_response
from tests.streams import asked, served, streamed

TYPES: dict[str, tuple[type[APIError], bool]] = {
    "context_length_exceeded": (BadRequestError, False),
    "max_tokens_exceeded": (BadRequestError, False),
    "token_limit_exceeded": (BadRequestError, False),
    "string_too_long": (BadRequestError, False),
    "authentication": (AuthenticationError, False),
    "permission_denied": (PermissionDeniedError, False),
    "payment_required": (PaymentRequiredError, False),
    "rate_limit_exceeded": (RateLimitError, True),
    "provider_overloaded": (ServerError, True),
    "provider_unavailable": (ServerError, True),
    "invalid_request": (BadRequestError, False),
    "invalid_prompt": (BadRequestError, False),
    "not_found": (NotFoundError, False),
    "precondition_failed": (APIError, False),
    "payload_too_large": (PayloadTooLargeError, False),
    "unprocessable": (UnprocessableEntityError, False),
    "content_policy_violation": (PermissionDeniedError, False),
    "refusal": (PermissionDeniedError, False),
    "invalid_image": (BadRequestError, False),
    "image_too_large": (BadRequestError, False),
    "image_too_small": (BadRequestError, False),
    "unsupported_image_format": (BadRequestError, False),
    "image_not_found": (BadRequestError, False),
    "image_download_failed": (BadRequestError, False),
    "server": (ServerError, True),
    "timeout": (RequestTimeoutError, True),
    "unmapped": (APIError, False),
}


def test_all_names_are_here() -> None:
    """There are so many of them."""
    assert len(TYPES) == 27


async def failed(body: Members) -> APIError:
    """Return the error of a chat that is answered with a 200 like this."""
    async with served(asked(Send(http_response(body=body)))) as (_, client):
        with pytest.raises(APIError) as caught:
            await client.chat.completions.create(messages=HI, retry=0)

    return caught.value


@pytest.mark.parametrize("place", ["metadata", "error", "code"])
@pytest.mark.parametrize("name", TYPES)
async def test_error_in_a_success(name: str, place: str) -> None:
    """The class follows the name, wherever in the error it stands."""
    kind, retryable = TYPES[name]
    places: dict[str, Members] = {
        "metadata": {"metadata": {"error_type": name}},
        "error": {"error_type": name},
        "code": {"code": name},
    }
    error = await failed({"error": {"message": "no", **places[place]}})

    assert (type(error), error.retryable, error.status) == (kind, retryable, 200)
    told = error.code if place == "code" else error.error_type
    assert told == name


@pytest.mark.parametrize("name", TYPES)
async def test_error_in_a_stream(name: str) -> None:
    """So it does in an event, before any text."""
    kind, retryable = TYPES[name]
    event = {"error": {"message": "no", "metadata": {"error_type": name}}}
    async with served(streamed(events(event))) as (_, client):
        patient = client.with_options(retry=0)
        found, error = await to_error(ask(patient))

    assert found == []
    assert (type(error), error.retryable) == (kind, retryable)
