"""Facts about the wire that clients have stumbled over."""

from __future__ import annotations

import gzip

import msgspec
import pytest

from openrouter_async import (
    APIError,
    BadRequestError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)
from tests.chatting import HI, Members, answered, ask, delta, ended, folded, sent, whole
from tests.operations import ok
from tests.scripted import Hang, Send, events, exchange, http_response
from tests.streams import asked, begun, envelope, served, streamed


async def refused(status: int, body: Members, *, retry: int = 0) -> APIError:
    """Return the error of a chat that is answered like this, however often."""
    script = exchange(http_response(status, body=body)) * (retry + 1)
    async with served(script) as (server, client):
        with pytest.raises(APIError) as caught:
            await client.chat.completions.create(messages=HI, retry=retry)

        assert len(server.requests) == caught.value.attempts
        return caught.value


AVAILABILITY: dict[str, tuple[int, type[APIError]]] = {
    "model_not_found": (400, BadRequestError),
    "wrong_endpoint": (400, BadRequestError),
    "no_endpoints": (404, NotFoundError),
    "model_deprecated": (404, NotFoundError),
    "model_unavailable_upstream": (404, NotFoundError),
    "privacy_restricted": (404, NotFoundError),
    "constraint_filtered": (404, NotFoundError),
    "free_variant_ended": (404, NotFoundError),
    "region_restricted": (403, PermissionDeniedError),
    "capacity_exhausted": (429, RateLimitError),
    "temporarily_unavailable": (503, ServerError),
}


@pytest.mark.parametrize("inside", [False, True], ids=["status", "inside a 200"])
@pytest.mark.parametrize("code", AVAILABILITY)
async def test_availability(code: str, inside: bool) -> None:
    """1.8: each code has its class, and its own word on a repetition."""
    status, expected = AVAILABILITY[code]
    passes = code in ("capacity_exhausted", "temporarily_unavailable")
    availability = {"code": code, "retryable": passes, "fallback_models": ["a/b"]}
    error = await refused(
        200 if inside else status,
        {
            "error": {
                "message": "no",
                "http_status": status,
                "availability": availability,
                "metadata": {"previous_errors": [{"provider": "x", "status": 429}]},
            }
        },
    )

    assert (type(error), error.error_type, error.retryable) == (expected, code, passes)
    assert error.metadata == {
        "previous_errors": [{"provider": "x", "status": 429}],
        "availability": availability,
    }


METADATA: dict[str, tuple[int, Members]] = {
    "moderation": (403, {"reasons": ["x"], "flagged_input": "y", "model_slug": "a/b"}),
    "guardrail": (403, {"patterns": ["p"]}),
    "provider": (502, {"raw": {"a": 1}, "provider_name": None, "is_byok": True}),
    "policy": (404, {"routing_funnel": [{"step": "a"}], "failed_routing_step": "zdr"}),
    "PDF": (400, {"file_annotations": [{"hash": "h"}]}),
    "budget": (403, {"scope": "workspace", "limit_usd": 5, "resets_at": "2026-12-01"}),
    "limit": (429, {"reason": "r", "retry_after_seconds_raw": 4.7}),
}


@pytest.mark.parametrize(("status", "metadata"), METADATA.values(), ids=METADATA.keys())
async def test_metadata(status: int, metadata: Members) -> None:
    """1.8: what an error says beside its message is kept as it came."""
    error = {"code": status, "message": "no", "metadata": metadata}
    found = await refused(status, {"error": error})

    assert found.metadata == metadata


@pytest.mark.parametrize("status", [200, 503])
async def test_routing_of_a_failure(status: int) -> None:
    """1.12: how the request was routed stands beside the error, and is kept."""
    routing = {"strategy": "direct", "attempts": [{"provider": "x"}]}
    body: Members = {
        "error": {"code": 503, "message": "no"},
        "openrouter_metadata": routing,
    }
    error = await refused(status, body)

    assert (type(error), error.openrouter_metadata) == (ServerError, routing)


async def test_error_type_beside_the_error() -> None:
    """1.8: in the form of Responses it does not stand within the error."""
    body: Members = {
        "error": {"code": "invalid_prompt", "message": "no"},
        "error_type": "context_length_exceeded",
    }
    error = await refused(400, body)

    assert (type(error), error.code) == (BadRequestError, "invalid_prompt")
    assert error.error_type == "context_length_exceeded"


@pytest.mark.parametrize("status", [405, 410, 412, 499])
async def test_what_would_be_refused_again(status: int) -> None:
    """1.8: these are not repeated."""
    error = await refused(status, {"error": {"code": status, "message": "no"}}, retry=2)

    assert (type(error), error.attempts) == (APIError, 1)


async def test_object_without_a_name() -> None:
    """1.4: `object` has been seen empty; the envelope is read all the same."""
    answer = await answered(whole(object="", system_fingerprint="fp", created=7))

    assert (answer.object, answer.system_fingerprint, answer.created) == ("", "fp", 7)


async def test_error_in_the_second_choice() -> None:
    """1.4: an error in any choice is raised, and the others' text is kept."""
    first, *_ = msgspec.convert(whole()["choices"], list[Members])
    second = {**first, "index": 1, "error": {"code": 502, "message": "no"}}
    body = {**whole(), "choices": [first, second]}
    error = await refused(200, body)

    assert type(error) is ServerError
    assert error.partial is not None
    assert error.partial.text == "Hi"


async def test_compressed_stream() -> None:
    """1.5: a server that compresses a stream unasked is understood."""
    wire = events(delta(content="a"), ended(), "[DONE]")
    headers = {"content-type": "text/event-stream", "content-encoding": "gzip"}
    response = http_response(headers=headers, body=gzip.compress(wire))
    async with served(asked(Send(response))) as (server, client):
        assert (await ask(client).final()).text == "a"
        assert server.requests[0].headers["accept-encoding"] == "identity"


FAILED: dict[str, Members] = {
    "failed": {"type": "response.failed", "response": {"error": {"code": 503}}},
    "error": {"type": "response.error", "error": {"code": 503, "message": "no"}},
}


@pytest.mark.parametrize("event", FAILED.values(), ids=FAILED.keys())
async def test_failure_of_a_response(event: Members) -> None:
    """1.5: a stream of Responses that fails raises by the code it tells."""
    async with served(streamed(events({"type": "response.created"}, event))) as (
        _,
        client,
    ):
        stream = await client.request("POST", "/responses", body={}, stream=True)
        with pytest.raises(ServerError):
            async for _ in stream:
                pass


MESSAGES_ERRORS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "timeout_error": 408,
    "rate_limit_error": 429,
    "api_error": 500,
    "overloaded_error": 529,
}


@pytest.mark.parametrize("name", MESSAGES_ERRORS)
async def test_error_in_a_stream_of_messages(name: str) -> None:
    """1.8: the names that Messages give errors have the class of their status."""
    by_status = await refused(MESSAGES_ERRORS[name], {"error": {"message": "no"}})
    told = {"type": name, "message": "no"}
    inside = await refused(200, {"error": told})
    async with served(streamed(events({"type": "error", "error": told}))) as (
        _,
        client,
    ):
        with pytest.raises(APIError) as caught:
            await client.request("POST", "/messages", body={}, stream=True, retry=0)

    assert type(caught.value) is type(by_status) is type(inside)
    assert inside.kind == by_status.kind


IMAGES = (
    *("invalid_image", "image_too_large", "image_too_small"),
    *("unsupported_image_format", "image_not_found", "image_download_failed"),
)


@pytest.mark.parametrize("name", IMAGES)
async def test_images_that_are_refused(name: str) -> None:
    """1.8: what is wrong with an image is wrong again, even under a 502."""
    told = {"message": "no", "metadata": {"error_type": name}}
    inside = await refused(200, {"error": told})
    hidden = await refused(502, {"error": {**told, "code": 502}}, retry=2)

    assert (type(inside), inside.retryable) == (BadRequestError, False)
    assert (type(hidden), hidden.attempts) == (ServerError, 1)


USED: Members = {
    "prompt_tokens": 1,
    "completion_tokens": 2,
    "total_tokens": 3,
    "cost": 0.5,
    "is_byok": True,
    "prompt_tokens_details": {
        "cached_tokens": 1, "cache_write_tokens": 2,
        "audio_tokens": 3, "video_tokens": 4,
    },
    "completion_tokens_details": {
        "reasoning_tokens": 1, "image_tokens": 2, "audio_tokens": 3,
        "accepted_prediction_tokens": 4, "rejected_prediction_tokens": 5,
    },
    "cost_details": {
        "upstream_inference_cost": 1.0, "upstream_inference_prompt_cost": 2.0,
        "upstream_inference_completions_cost": 3.0, "server_tool_cost": 4.0,
    },
    "server_tool_use_details": {
        "tool_calls_executed": 1, "tool_calls_requested": 2, "web_search_requests": 3
    },
}  # fmt: skip


USAGE_CHUNKS: dict[str, Members] = {
    "without choices": envelope(usage=USED),
    "with the finish reason once more": {**ended(), "usage": USED},
}


@pytest.mark.parametrize("last", USAGE_CHUNKS.values(), ids=USAGE_CHUNKS)
async def test_every_count_is_typed(last: Members) -> None:
    """1.10: no member of the usage is lost, in whatever chunk of a stream it came."""
    plain = await answered(whole(usage=USED))
    stream = await folded(delta(content="a"), ended(), last)

    assert msgspec.to_builtins(stream.usage) == USED
    assert stream.usage == plain.usage


async def test_answer_from_the_cache() -> None:
    """1.14: it costs nothing, which is not the same as an unknown cost."""
    headers = {"X-OpenRouter-Cache-Status": "HIT", "X-OpenRouter-Cache-Age": "5"}
    free = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0, "cost": 0}
    response = http_response(200, headers, whole(usage=free))
    async with served(asked(Send(response))) as (_, client):
        answer = await client.chat.completions.create(messages=HI)

    assert answer.cost == 0.0
    assert answer.meta.headers["x-openrouter-cache-status"] == "HIT"
    assert answer.meta.headers["x-openrouter-cache-age"] == "5"


SPECIAL = {
    "X-OpenRouter-Metadata": "enabled",
    "X-OpenRouter-Cache": "true",
    "X-OpenRouter-Cache-TTL": "600",
    "X-OpenRouter-Cache-Clear": "true",
    "x-session-id": "s",
    "x-anthropic-beta": "b",
    "traceparent": "00-1",
}


async def test_special_headers() -> None:
    """1.11: each goes out, on every attempt and on streams."""
    plain = [
        *exchange(http_response(503, body={"error": {"code": 503}})),
        *exchange(http_response(body=whole())),
    ]
    wire = events(delta(content="a"), ended(), "[DONE]")
    async with served([*plain, *streamed(wire)]) as (server, client):
        completions = client.chat.completions
        await completions.create(messages=HI, extra_headers=SPECIAL)
        await completions.stream(messages=HI, extra_headers=SPECIAL).final()

    assert len(server.requests) == 3
    for request in server.requests:
        assert {name: request.headers[name.lower()] for name in SPECIAL} == SPECIAL


@pytest.mark.parametrize(
    "model",
    ["@preset/x", "a/b@preset/x", "~author/family-latest", "a/b:free", "a/b:nitro"],
)
async def test_names_of_models(model: str) -> None:
    """1.12: presets, aliases and suffixes go out as they are."""
    assert (await sent(model=model))["model"] == model


async def test_what_was_left_can_be_looked_up() -> None:
    """1.10: a stream that was left has no usage, but the id of its record."""
    async with served([*begun(events(delta(content="a"))), Hang()]) as (_, client):
        async with ask(client) as stream:
            async for _ in stream:
                break

    assert stream.usage is None
    assert stream.meta.generation_id == "gen-1"


async def test_order_of_a_batch() -> None:
    """1.14: `endpoint` and `model` are written before `requests`."""
    body = {"endpoint": "/v1/chat/completions", "model": "m", "requests": [{"a": 1}]}
    async with served(exchange(ok(id="b"))) as (server, client):
        await client.request("POST", "/batches", body=body)

    assert server.requests[0].body == msgspec.json.encode(body)


async def test_wait_told_by_the_first_event() -> None:
    """1.9: a limit in a stream's first event is waited for as it asks."""
    error = {"code": 429, "message": "no", "metadata": {"retry_after_seconds": 0.2}}
    wire = events(delta(content="a"), ended(), "[DONE]")
    async with served([*streamed(events({"error": error}))], streamed(wire)) as (
        _,
        client,
    ):
        answer = await ask(client).final()

    failure, *_ = answer.meta.history
    assert (failure.error, failure.status) == ("RateLimitError", 200)
    assert 0.2 <= failure.waited <= 0.22


async def test_budget_in_flight_is_waited_for() -> None:
    """1.9: credit that is reserved comes back, and the server may say when."""
    metadata = {"limit_source": "openrouter_in_flight_budget"}
    body = {"error": {"code": 402, "message": "no", "metadata": metadata}}
    told = http_response(402, {"Retry-After": "0.2"}, body)
    untold = http_response(402, body=body)
    script = [step for each in (told, untold) for step in exchange(each)]
    async with served([*script, *exchange(http_response(body=whole()))]) as (_, client):
        answer = await client.chat.completions.create(messages=HI)

    first, second = (failure.waited for failure in answer.meta.history)
    assert 0.2 <= first <= 0.22
    assert second == 0.0
