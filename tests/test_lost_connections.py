"""Connections that fail: before, while and after a request goes out on them."""

from __future__ import annotations

import asyncio
import socket
from typing import ClassVar

import pytest

from openrouter_async import (
    APIConnectionError,
    OpenRouter,
    OpenRouterError,
    PayloadTooLargeError,
    PoolLimits,
    RetryPolicy,
)
from tests.calling import (
    COMPLETION,
    KEY,
    answer,
    ask,
    client_of,
    fail,
    in_turn,
    record_waits,
    refusal,
)
from tests.conftest import TlsContexts
from tests.scripted import (
    Fin,
    ReadBody,
    ReadBytes,
    ReadHead,
    Reset,
    ScriptedServer,
    Send,
    Step,
    exchange,
    http_response,
)

NO_AMBIGUOUS = RetryPolicy(retry_ambiguous=False)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let no test wait between attempts."""
    return record_waits(monkeypatch)


@pytest.fixture
def closed_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def test_refused(closed_port: int, waits: list[float]) -> None:
    """A server that is not there is tried again, and cannot have billed anything."""
    url = f"http://127.0.0.1:{closed_port}"
    async with OpenRouter(KEY, base_url=url, retry=NO_AMBIGUOUS) as client:
        error = await fail(client)

    assert type(error) is APIConnectionError
    assert (error.kind, error.attempts, error.maybe_billed) == ("unsent", 3, False)
    assert (error.status, error.code, error.partial) == (None, None, None)
    assert waits == [0.25, 0.5]
    assert str(closed_port) in str(error)


async def test_unknown_host() -> None:
    """A name that is not there is told by name."""
    async with OpenRouter(KEY, base_url="https://nobody.invalid", retry=0) as client:
        error = await fail(client)

    assert (type(error), error.kind) == (APIConnectionError, "unsent")
    assert "nobody.invalid" in str(error)


class TestStaleConnections:
    """A pooled connection that the server closed just when it was needed."""

    @staticmethod
    def dies(*last: Step) -> list[Step]:
        """Answer one request, and fail as the next one arrives."""
        return [*exchange(answer("one")), ReadHead(), *last]

    @pytest.mark.parametrize("last", [[Fin()], [Reset()]], ids=["fin", "reset"])
    @pytest.mark.parametrize(
        "policy",
        [RetryPolicy(), RetryPolicy(max_retries=0), NO_AMBIGUOUS],
        ids=["2", "0", "unambiguous"],
    )
    async def test_repeated_at_once(
        self, last: list[Step], policy: RetryPolicy, waits: list[float]
    ) -> None:
        """The call is repeated at once on a fresh connection, whatever the policy."""
        scripts = [self.dies(*last), exchange(answer("two"))]
        async with (
            ScriptedServer(scripts) as server,
            client_of(server, retry=policy) as client,
        ):
            texts = [(await ask(client)).text, (await ask(client)).text]

        assert (texts, waits) == (["one", "two"], [])
        assert len(server.connections) == 2

    async def test_fresh_connection(self) -> None:
        """The repetition does not take another pooled one: it may be dead as well."""
        dying = self.dies(Reset())
        scripts = [dying, dying, exchange(answer("two"))]
        async with (
            ScriptedServer(scripts) as server,
            client_of(server, retry=0) as client,
        ):
            await asyncio.gather(ask(client), ask(client))
            done = await ask(client)

        assert (done.text, done.meta.attempts) == ("two", 2)
        assert [len(each.requests) for each in server.connections] == [2, 1, 1]

    async def test_fresh_one_fails_too(self, waits: list[float]) -> None:
        """If the fresh connection is lost as well, that counts as a failure."""
        scripts = [self.dies(Reset()), [ReadHead(), Reset()]]
        async with (
            ScriptedServer(scripts) as server,
            client_of(server, retry=0) as client,
        ):
            await ask(client)
            error = await fail(client)

        assert (error.kind, error.attempts, waits) == ("ambiguous", 2, [])
        assert [failure.waited for failure in error.history] == [0.0]

    async def test_head_that_had_begun(self) -> None:
        """A server that began to answer was not gone: the call may be billed."""
        dying = self.dies(ReadBody(), Send(b"HTTP/1.1 20"), Fin())
        async with (
            ScriptedServer([dying]) as server,
            client_of(server, retry=0) as client,
        ):
            await ask(client)
            error = await fail(client)

        assert (error.kind, error.attempts) == ("ambiguous", 1)
        assert "lost within the response head" in str(error)

    async def test_closed_while_idle(self) -> None:
        """A connection that was closed before it was needed is not even tried."""
        scripts = [[*exchange(answer("one")), Fin()], exchange(answer("two"))]
        async with ScriptedServer(scripts) as server, client_of(server) as client:
            await ask(client)
            await server.connections[0].client_closed.wait()
            done = await ask(client)

        assert (done.text, done.meta.attempts) == ("two", 1)


LOST: dict[str, list[Step]] = {
    "closed before the head": [ReadHead(), ReadBody(), Fin()],
    "reset before the head": [ReadHead(), ReadBody(), Reset()],
    "closed in the head": [ReadHead(), ReadBody(), Send(b"HTTP/1.1 20"), Fin()],
    "closed before the body": [
        ReadHead(), ReadBody(),
        Send(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"), Fin()
    ],
    "closed in the body": [ReadHead(), ReadBody(), Send(answer()[:-9]), Fin()],
    "reset in the body": [ReadHead(), ReadBody(), Send(answer()[:-9]), Reset()],
    "length too large": [
        ReadHead(), ReadBody(),
        Send(http_response(200, {"content-length": "999"}, COMPLETION)), Fin(),
    ],
    "no last chunk": [
        ReadHead(), ReadBody(),
        Send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n"), Fin()
    ],
    "not HTTP": [ReadHead(), ReadBody(), Send(b"THIS IS NOT HTTP\r\n\r\n")],
    "nonsense status": [ReadHead(), ReadBody(), Send(b"HTTP/1.1 1000 Hm\r\n\r\n")],
    "two lengths": [
        ReadHead(), ReadBody(),
        Send(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}")
    ],
    "NUL in a header": [
        ReadHead(), ReadBody(), Send(b"HTTP/1.1 200 OK\r\nx-a: \0\r\n\r\n")
    ],
}  # fmt: skip


@pytest.mark.parametrize("steps", LOST.values(), ids=LOST.keys())
async def test_lost(steps: list[Step]) -> None:
    """An answer that is lost on the way is asked for again, on a new connection."""
    scripts = [steps, exchange(answer())]
    async with ScriptedServer(scripts) as server, client_of(server) as client:
        done = await ask(client)

    assert (done.text, done.meta.attempts) == ("Hi", 2)
    assert len(server.connections) == 2


@pytest.mark.parametrize("steps", LOST.values(), ids=LOST.keys())
async def test_lost_and_ambiguous(steps: list[Step]) -> None:
    """It may have been carried out: with retry_ambiguous=False it is not repeated."""
    async with (
        ScriptedServer([steps]) as server,
        client_of(server, retry=NO_AMBIGUOUS) as client,
    ):
        error = await fail(client)

    assert type(error) is APIConnectionError
    assert (error.kind, error.maybe_billed) == ("ambiguous", True)
    assert (error.attempts, len(server.requests)) == (1, 1)
    assert "retry_ambiguous=False" in str(error)


async def test_generation_id_of_a_lost_answer() -> None:
    """When the head has arrived the bill can be looked up."""
    response = http_response(200, {"X-Generation-Id": "gen-9"}, COMPLETION)
    steps: list[Step] = [ReadHead(), ReadBody(), Send(response[:-5]), Fin()]
    async with (
        ScriptedServer([steps]) as server,
        client_of(server, retry=0) as client,
    ):
        error = await fail(client)

    assert (error.generation_id, error.status) == ("gen-9", 200)


LARGE = "x" * 8_000_000


async def test_reset_in_mid_upload() -> None:
    """A request that was not written whole cannot have been carried out."""
    steps: list[Step] = [ReadHead(), ReadBytes(1000), Reset()]
    async with (
        ScriptedServer([steps, exchange(answer())]) as server,
        client_of(server) as client,
    ):
        done = await client.completions.create(model="m", prompt=LARGE)

    assert (done.text, done.meta.attempts) == ("Hi", 2)
    assert LARGE.encode() in server.requests[1].body


async def test_early_answer() -> None:
    """An answer that comes before the request was read wins over the broken pipe."""
    response = refusal(413, {"connection": "close"}, code=413)
    steps: list[Step] = [ReadHead(), Send(response), Fin()]
    async with ScriptedServer([steps]) as server, client_of(server) as client:
        with pytest.raises(PayloadTooLargeError) as caught:
            await client.completions.create(model="m", prompt=LARGE)

    assert caught.value.attempts == 1


class TestRelease:
    """However a call ends, its connection is given back."""

    @staticmethod
    async def twice(steps: list[Step]) -> tuple[OpenRouterError | None, str]:
        """Let a call meet these steps, then make another with a pool of one."""
        scripts = [[*steps, *exchange(answer())], exchange(answer())]
        pool = PoolLimits(connections=1)
        async with ScriptedServer(scripts) as server:
            url = server.url
            async with OpenRouter(KEY, base_url=url, pool=pool, retry=0) as client:
                first: OpenRouterError | None = None
                try:
                    await ask(client)
                except OpenRouterError as error:
                    first = error

                return first, (await ask(client)).text

    PATHS: ClassVar[dict[str, list[Step]]] = {
        "answered": exchange(answer()),
        "refused": exchange(refusal(400)),
        "refused with 3 MB": exchange(http_response(400, None, b"x" * 3_000_000)),
        "refused with 70 KB": exchange(http_response(503, None, b"x" * 70_000)),
        "not JSON": exchange(http_response(200, None, b"x")),
        "inside a 200": exchange(http_response(body={"error": {"message": "no"}})),
        "no content": exchange(http_response(204)),
        "redirect": exchange(http_response(302, {"location": "/"}, b"moved")),
    }  # fmt: skip

    @pytest.mark.parametrize("steps", PATHS.values(), ids=PATHS.keys())
    async def test_after(self, steps: list[Step]) -> None:
        """The next call gets the connection, or a new one in its place."""
        first, text = await self.twice(steps)

        assert text == "Hi"
        assert first is None or len(first.body) <= 4096

    @pytest.mark.parametrize("steps", LOST.values(), ids=LOST.keys())
    async def test_after_loss(self, steps: list[Step]) -> None:
        """After a lost connection there is room for a new one."""
        scripts = [steps, exchange(answer())]
        pool = PoolLimits(connections=1)
        async with ScriptedServer(scripts) as server:
            url = server.url
            async with OpenRouter(KEY, base_url=url, pool=pool, retry=0) as client:
                await fail(client)
                assert (await ask(client)).text == "Hi"

    async def test_before_a_wait(self) -> None:
        """A call that waits before its next attempt holds no connection."""
        script = in_turn(refusal(503), answer("other"), answer("own"))
        pool = PoolLimits(connections=1)
        async with (
            ScriptedServer([script]) as server,
            OpenRouter(KEY, base_url=server.url, pool=pool) as client,
        ):
            done = await asyncio.gather(ask(client), ask(client))

        assert {each.text for each in done} == {"other", "own"}


class TestTls:
    """Failures of TLS."""

    async def test_trusted(self, tls_contexts: TlsContexts) -> None:
        """With a certificate of one's own a call goes over TLS."""
        async with (
            ScriptedServer([exchange(answer())], ssl=tls_contexts.server) as server,
            OpenRouter(KEY, base_url=server.url, ssl=tls_contexts.client) as client,
        ):
            assert (await ask(client)).text == "Hi"

    async def test_not_trusted(self, tls_contexts: TlsContexts) -> None:
        """A certificate that nobody vouches for does not get better by repetition."""
        async with (
            ScriptedServer([[]], ssl=tls_contexts.server) as server,
            OpenRouter(KEY, base_url=server.url) as client,
        ):
            error = await fail(client)

        assert (error.kind, error.attempts) == ("final", 1)
        assert "certificate" in str(error).lower()

    async def test_no_tls_at_all(self) -> None:
        """A server that answers in the clear is not tried again."""
        plain: list[Step] = [Send(b"HTTP/1.1 400 Bad Request\r\n\r\n")]
        async with (
            ScriptedServer([plain]) as server,
            OpenRouter(KEY, base_url=server.url.replace("http", "https")) as client,
        ):
            error = await fail(client)

        assert (error.kind, error.attempts) == ("final", 1)

    async def test_verification_off(self, tls_contexts: TlsContexts) -> None:
        """Only an explicit word turns verification off."""
        async with (
            ScriptedServer([exchange(answer())], ssl=tls_contexts.server) as server,
            OpenRouter(KEY, base_url=server.url, ssl=False) as client,
        ):
            assert (await ask(client)).text == "Hi"


class TestProxy:
    """A proxy on the way."""

    async def test_plain(self) -> None:
        """A proxy gets the whole URL of what is asked for in the clear."""
        async with ScriptedServer([exchange(answer())]) as proxy:
            url = "http://api.example/v1"
            async with OpenRouter(
                KEY, base_url=url, proxy=proxy.url, allow_http=True
            ) as client:
                done = await ask(client)

        assert done.text == "Hi"
        assert proxy.requests[0].path == "http://api.example/v1/completions"

    async def test_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """With trust_env=True the environment names the proxy, and only then."""
        async with ScriptedServer([exchange(answer())]) as proxy:
            monkeypatch.setenv("http_proxy", proxy.url)
            async with OpenRouter(
                KEY, base_url="http://api.example", trust_env=True, allow_http=True
            ) as client:
                done = await ask(client)

        assert done.text == "Hi"
        assert proxy.requests[0].path == "http://api.example/completions"

    @pytest.mark.parametrize(
        ("name", "value"),
        [("no_proxy", "127.0.0.1"), ("https_proxy", "http://127.0.0.1:1")],
        ids=["bypassed", "for another scheme"],
    )
    async def test_environment_that_does_not_apply(
        self, monkeypatch: pytest.MonkeyPatch, name: str, value: str
    ) -> None:
        """A proxy for others is not used."""
        if name == "no_proxy":
            monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

        monkeypatch.setenv(name, value)
        async with ScriptedServer([exchange(answer())]) as server:
            async with OpenRouter(KEY, base_url=server.url, trust_env=True) as client:
                assert (await ask(client)).text == "Hi"

    async def test_environment_by_default(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Without trust_env proxies of the environment are not used."""
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        async with (
            ScriptedServer([exchange(answer())]) as server,
            client_of(server) as client,
        ):
            assert (await ask(client)).text == "Hi"

    @pytest.mark.parametrize(
        ("status", "kind", "attempts"),
        [(407, "final", 1), (502, "unsent", 2)],
        ids=["407", "502"],
    )
    async def test_tunnel_refused(self, status: int, kind: str, attempts: int) -> None:
        """A proxy that makes no tunnel has passed nothing on."""
        refused: list[Step] = [
            ReadHead(), Send(http_response(status, {"connection": "close"})), Fin()
        ]  # fmt: skip
        async with ScriptedServer([refused] * 2) as proxy:
            url = "https://api.example/v1"
            async with OpenRouter(
                KEY, base_url=url, proxy=proxy.url, retry=1
            ) as client:
                error = await fail(client)

        assert (error.kind, error.attempts) == (kind, attempts)
        assert KEY.encode() not in b"".join(r.head for r in proxy.requests)
