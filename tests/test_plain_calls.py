"""Plain calls, as bytes on the wire: answers read, faults told, errors inside a 200."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping

import msgspec
import pytest

from openrouter_async import (
    APIConnectionError,
    APIError,
    BadRequestError,
    OpenRouter,
    OpenRouterError,
    PaymentRequiredError,
    PermissionDeniedError,
    RateLimitError,
    ResponseDecodeError,
    ResponseTooLargeError,
    ServerError,
    SizeLimits,
)
from tests.calling import (
    COMPLETION,
    KEY,
    MEMBERS,
    answer,
    ask,
    client_of,
    fail,
    in_turn,
    record_waits,
)
from tests.scripted import (
    Drip,
    Fin,
    ReadBody,
    ReadHead,
    ScriptedServer,
    Send,
    Step,
    chunk,
    exchange,
    http_response,
)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let no test wait between attempts."""
    return record_waits(monkeypatch)


def ok(body: bytes, **headers: str) -> bytes:
    """Build a 200 with this body."""
    return http_response(
        200, {name.replace("_", "-"): value for name, value in headers.items()}, body
    )


def chunked(body: bytes, size: int = 7) -> bytes:
    """Build a 200 whose body comes in chunks of this size."""
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(chunk(piece) for piece in [*pieces, b""])


BOM = b"\xef\xbb\xbf"
DOUBLES = COMPLETION.replace(b"1", b"1.0").replace(b'"index":0', b'"index":0.0')
READABLE: dict[str, bytes] = {
    "as promised": ok(COMPLETION),
    "labelled as text": ok(COMPLETION, content_type="text/plain"),
    "labelled as HTML": ok(COMPLETION, content_type="text/html"),
    "labelled with nonsense": ok(COMPLETION, content_type=";;"),
    "labelled with a wrong charset": ok(
        COMPLETION, content_type="application/json; charset=utf-16"
    ),
    "padded": ok(b" \n" * 20_000 + COMPLETION),
    "followed by white space": ok(COMPLETION + b"\r\n \t"),
    "byte order mark": ok(BOM + COMPLETION),
    "doubles for whole numbers": ok(DOUBLES.replace(b"gen-1.0", b"gen-1")),
    "chunked": chunked(COMPLETION),
    "chunked byte by byte": chunked(COMPLETION, 1),
    "gzip": ok(gzip.compress(COMPLETION), content_encoding="gzip"),
    "deflate": ok(zlib.compress(COMPLETION), content_encoding="deflate"),
    "early hints": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok(COMPLETION),
    "201": http_response(201, None, COMPLETION),
}


@pytest.mark.parametrize("response", READABLE.values(), ids=READABLE.keys())
async def test_readable_answers(response: bytes) -> None:
    """However an answer is framed and labelled, it is read, and the rest is kept."""
    async with (
        ScriptedServer([in_turn(response, answer("next"))]) as server,
        client_of(server) as client,
    ):
        done = await ask(client)
        after = await ask(client)

    usage = done.usage
    assert usage is not None
    assert (done.text, done.id, done.created) == ("Hi", "gen-1", 1)
    assert (usage.prompt_tokens, usage.completion_tokens) == (1, 2)
    assert (after.text, len(server.connections)) == ("next", 1)


async def test_answer_that_ends_with_the_connection() -> None:
    """Without a length the body ends where the connection does."""
    head = b"HTTP/1.0 200 OK\r\n\r\n"
    steps: list[Step] = [ReadHead(), ReadBody(), Send(head + COMPLETION), Fin()]
    async with ScriptedServer([steps]) as server, client_of(server) as client:
        done = await ask(client)

    assert done.text == "Hi"


async def test_answer_in_single_bytes() -> None:
    """Padding and answer may come one byte at a time."""
    response = ok(b" \r\n" * 10 + COMPLETION)
    steps: list[Step] = [ReadHead(), ReadBody(), Drip(response)]
    async with ScriptedServer([steps]) as server, client_of(server) as client:
        done = await ask(client)

    assert (done.text, done.raw.lstrip()) == ("Hi", COMPLETION)


async def test_invalid_utf8() -> None:
    """Bytes that are not UTF-8 become U+FFFD, and nothing else is lost."""
    body = COMPLETION.replace(b"Hi", b"H\xff\xc3i")
    async with (
        ScriptedServer([in_turn(ok(body))]) as server,
        client_of(server) as client,
    ):
        done = await ask(client)

    assert (done.text, done.raw) == ("H\ufffd\ufffdi", body)


async def test_meta() -> None:
    """The answer knows of the exchange it came from, and shows none of it."""
    headers = {"X-Generation-Id": "gen-9", "X-A": "1"}
    response = http_response(200, headers, COMPLETION)
    async with (
        ScriptedServer([in_turn(response)]) as server,
        client_of(server) as client,
    ):
        done = await ask(client)

    assert (done.meta.status, done.meta.attempts) == (200, 1)
    assert (done.meta.generation_id, done.meta.headers["x-a"]) == ("gen-9", "1")
    assert (done.meta.history, done.meta.elapsed > 0) == ((), True)
    assert (done.raw, done.to_dict()) == (COMPLETION, MEMBERS)


async def test_generation_id_of_the_body() -> None:
    """Where the head does not name the usage record, the body does."""
    async with (
        ScriptedServer([in_turn(answer())]) as server,
        client_of(server) as client,
    ):
        assert (await ask(client)).meta.generation_id == "gen-1"


async def test_no_choices_are_an_answer() -> None:
    """An empty list is what a model that is warming up returns."""
    body = msgspec.json.encode({**MEMBERS, "choices": []})
    async with (
        ScriptedServer([in_turn(ok(body))]) as server,
        client_of(server) as client,
    ):
        done = await ask(client)

    assert (done.text, done.choices) == ("", [])


PAGE = b"<html><title>Welcome</title></html>"
UNREADABLE: dict[str, tuple[bytes, str]] = {
    "empty": (ok(b""), "the answer is empty"),
    "only padding": (ok(b" \n" * 500), "the answer is empty"),
    "page": (ok(PAGE, content_type="text/html"), "Welcome.* content type is text/html"),
    "cut": (ok(COMPLETION[:60]), "not the JSON"),
    "gzip, cut": (
        ok(gzip.compress(COMPLETION)[:60], content_encoding="gzip"), "not the JSON"
    ),
    "list": (ok(b"[]"), "got list"),
    "no choices": (ok(b'{"id":"a"}'), "holds no choices"),
    "two answers": (ok(COMPLETION * 2), "not the JSON"),
    "UTF-16": (ok(COMPLETION.decode().encode("utf-16")), "not the JSON"),
    "deep": (ok(b"[" * 100_000), "nested too deeply"),
    "deep and whole": (ok(b"[" * 5000 + b"]" * 5000), "nested too deeply"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("response", "reason"), UNREADABLE.values(), ids=UNREADABLE.keys()
)
async def test_unreadable_answers(
    response: bytes, reason: str, waits: list[float]
) -> None:
    """What is no answer in spite of a 200 is repeated, and told if it stays so."""
    async with (
        ScriptedServer([in_turn(response, response, answer())]) as server,
        client_of(server) as client,
    ):
        with pytest.raises(ResponseDecodeError, match=reason) as caught:
            await client.completions.create(model="m", prompt="p", retry=1)

        done = await ask(client)

    error = caught.value
    assert (error.status, error.attempts, error.maybe_billed) == (200, 2, True)
    assert (error.history[0].error, waits) == ("ResponseDecodeError", [0.25])
    assert (done.text, len(server.connections)) == ("Hi", 1)


async def test_answer_after_an_unreadable_one() -> None:
    """One empty answer costs a repetition, and shows in the meta data."""
    async with (
        ScriptedServer([in_turn(ok(b""), answer())]) as server,
        client_of(server) as client,
    ):
        done = await ask(client)

    assert (done.text, done.meta.attempts) == ("Hi", 2)
    assert [failure.error for failure in done.meta.history] == ["ResponseDecodeError"]


def inside(**members: object) -> bytes:
    """Build a 200 whose body holds these members."""
    return http_response(200, {"X-Generation-Id": "gen-9"}, members)


def choice(**members: object) -> bytes:
    """Build a 200 with a choice that begins well."""
    return inside(id="gen-1", choices=[{"index": 0, "text": "so far", **members}])


DETAILS: Mapping[str, object] = {
    "code": 502,
    "message": "upstream",
    "metadata": {"provider_name": "Acme", "error_type": "provider_unavailable"},
}
Told = tuple[type[APIError], int | str | None, str | None]
INSIDE: dict[str, tuple[bytes, Told]] = {
    "no choices": (inside(error=DETAILS, user_id="u"), (ServerError, 502, None)),
    "empty choices": (inside(error=DETAILS, choices=[]), (ServerError, 502, None)),
    "beside choices": (
        inside(error={"code": 403, "message": "no"}, choices=[{"text": "a"}]),
        (PermissionDeniedError, 403, "a"),
    ),
    "code as text": (
        inside(error={"code": "402", "message": "no"}),
        (PaymentRequiredError, "402", None),
    ),
    "named code": (
        inside(error={"code": "rate_limit_exceeded", "message": "no"}),
        (RateLimitError, "rate_limit_exceeded", None),
    ),
    "code as a double": (
        inside(error={"code": 400.0, "message": "no"}), (BadRequestError, 400, None)
    ),
    "no code": (inside(error={"message": "no"}), (APIError, None, None)),
    "text": (inside(error="upstream failed"), (APIError, None, None)),
    "http_status": (
        inside(error={"message": "no", "http_status": 429}),
        (RateLimitError, None, None),
    ),
    "in a choice": (
        choice(error=DETAILS, finish_reason="error"), (ServerError, 502, "so far")
    ),
    "in a choice that stopped": (
        choice(error=DETAILS, finish_reason="stop"), (ServerError, 502, "so far")
    ),
    "only a finish reason": (
        choice(finish_reason="error"), (APIError, None, "so far")
    ),
    "choice without text": (
        inside(choices=[{"error": DETAILS}]), (ServerError, 502, None)
    ),
}  # fmt: skip


@pytest.mark.parametrize(("response", "told"), INSIDE.values(), ids=INSIDE.keys())
async def test_errors_inside_a_success(response: bytes, told: Told) -> None:
    """An error in a 200 is raised in the class of its code, with what came so far."""
    async with (
        ScriptedServer([in_turn(response)]) as server,
        client_of(server, retry=0) as client,
    ):
        error = await fail(client)

    kind, code, partial = told
    assert (type(error), error.code, error.status) == (kind, code, 200)
    assert error.generation_id == "gen-9"
    assert (error.partial and error.partial.text) == partial


@pytest.mark.parametrize("empty", [None, {}, "", False], ids=repr)
async def test_error_member_that_is_none(empty: object) -> None:
    """A member `error` that says nothing is no error."""
    response = http_response(body={**MEMBERS, "error": empty})
    async with (
        ScriptedServer([in_turn(response)]) as server,
        client_of(server) as client,
    ):
        assert (await ask(client)).text == "Hi"


@pytest.mark.parametrize(
    ("first", "attempts"),
    [
        (inside(error={"code": 503, "message": "no"}), 2),
        (choice(finish_reason="error"), 2),
        (inside(error={"code": 400, "message": "no"}), 1),
    ],
    ids=["503", "finish reason", "400"],
)
async def test_repetition_after_an_error_inside_a_success(
    first: bytes, attempts: int
) -> None:
    """The code inside decides on a repetition as a status would."""
    async with (
        ScriptedServer([in_turn(first, answer())]) as server,
        client_of(server) as client,
    ):
        try:
            made = (await ask(client)).meta.attempts
        except OpenRouterError as error:
            made = error.attempts

    assert (made, len(server.requests)) == (attempts, attempts)


class TestSizes:
    """Bounds on what is read, whole and after decompression."""

    SIZES = SizeLimits(body=10_000)

    @pytest.mark.parametrize(
        "response",
        [
            ok(COMPLETION.ljust(10_001)),
            chunked(COMPLETION.ljust(10_001), 999),
            ok(gzip.compress(b"{" + b" " * 2**24), content_encoding="gzip"),
            ok(zlib.compress(b"{" + b" " * 2**24), content_encoding="deflate"),
        ],
        ids=["length", "chunked", "gzip bomb", "deflate bomb"],
    )
    async def test_too_large(self, response: bytes) -> None:
        """A body over the limit is not read further, and not asked for again."""
        async with (
            ScriptedServer([exchange(response), exchange(answer())]) as server,
            OpenRouter(KEY, base_url=server.url, sizes=self.SIZES) as client,
        ):
            error = await fail(client)
            done = await ask(client)

        assert type(error) is ResponseTooLargeError
        assert "over 10000 bytes (SizeLimits.body)" in str(error)
        assert (error.attempts, error.status, error.retryable) == (1, 200, False)
        assert (done.text, len(server.connections)) == ("Hi", 2)

    async def test_exactly_the_limit(self) -> None:
        """A body of just the limit is read."""
        response = ok(COMPLETION.ljust(10_000))
        async with (
            ScriptedServer([exchange(response)]) as server,
            OpenRouter(KEY, base_url=server.url, sizes=self.SIZES) as client,
        ):
            assert (await ask(client)).text == "Hi"

    async def test_padding_does_not_count(self) -> None:
        """White space before the answer is not kept, however much it is."""
        response = ok(b" " * 10**6 + COMPLETION)
        async with (
            ScriptedServer([exchange(response)]) as server,
            OpenRouter(
                KEY, base_url=server.url, sizes=SizeLimits(body=2**17)
            ) as client,
        ):
            done = await ask(client)

        assert (done.text, len(done.raw) < 2**17) == ("Hi", True)

    async def test_large_answer(self) -> None:
        """An answer of many megabytes arrives whole."""
        text = "x" * 12_000_000
        async with (
            ScriptedServer([exchange(answer(text))]) as server,
            client_of(server) as client,
        ):
            assert (await ask(client)).text == text


BROKEN: dict[str, bytes] = {
    "gzip, corrupt": ok(b"\x1f\x8b\x08" + b"\xff" * 50, content_encoding="gzip"),
    "not gzip": ok(COMPLETION, content_encoding="gzip"),
    "bad chunk size": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"
    ),
}


@pytest.mark.parametrize("response", BROKEN.values(), ids=BROKEN.keys())
async def test_broken_framing(response: bytes) -> None:
    """A body that cannot be unpacked is asked for again, on a new connection."""
    scripts = [exchange(response), exchange(answer())]
    async with ScriptedServer(scripts) as server, client_of(server) as client:
        done = await ask(client)

    assert (done.text, len(server.connections)) == ("Hi", 2)
    assert [failure.error for failure in done.meta.history] == [
        APIConnectionError.__name__
    ]
