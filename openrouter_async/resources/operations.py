"""`client.request`: any operation of the API, through the loop that all calls share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeVar, overload

from msgspec import UNSET

from openrouter_async.config import RetryPolicy
from openrouter_async.errors import (
    ConfigError,
    OpenRouterError,
)
from openrouter_async.resources.keywords import Keywords
from openrouter_async.resources.options import (
    CallOptions,
    RetryOption,
    TimeoutOption,
    check_switch,
    is_streamed,
    retry_for,
    timeout_for,
)
from openrouter_async.resources.own_types import MODELS
from openrouter_async.resources.reading import Resource, explain
from openrouter_async.streaming.raw import ByteStream, EventStream
from openrouter_async.transport.bodies import asked_model, asked_tokens, encode_any
from openrouter_async.transport.codec import dump_hint
from openrouter_async.transport.exchange import Call
from openrouter_async.transport.paths import Params, Path, operation_url
from openrouter_async.transport.replies import reply_reader
from openrouter_async.types.lenient import Json, is_object
from openrouter_async.types.records import RawResponse

if TYPE_CHECKING:
    from openrouter_async.transport.bodies import Body

T = TypeVar("T")

_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
# RFC 9110, 9.2.2, has PATCH among those that a second time may change something.
_ONCE = frozenset({"PATCH", "POST"})
# What tells for sure that nothing was carried out.
_NOT_DONE = frozenset({425, 429, 503, 529})
_UNCOMPRESSED = {"Accept-Encoding": "identity"}


def careful(policy: RetryPolicy) -> RetryPolicy:
    """Return a policy that repeats nothing that may have been carried out."""
    return replace(
        policy,
        retry_ambiguous=False,
        statuses=policy.statuses & _NOT_DONE,
        statuses_once=frozenset(),
    )


_KEYWORDS = Keywords(
    {*CallOptions.__optional_keys__, "body", "params", "response_type", "stream"},
    unknown="",
    translated={
        **dict.fromkeys(("json", "data", "content", "files", "form"), "body"),
        **dict.fromkeys(("query", "extra_query"), "params"),
        "extra_body": "body",
        "response_model": "response_type",
    },
)


class AnyOperation(Resource):
    """
    Call any operation of the API; see `__call__`.

    `await client.request("POST", "/keys", body={"name": "ci"})`. Everything that
    completions have is there: the key, the timers, retries, the limiter, errors by
    class.
    """

    @overload
    async def __call__(
        self,
        method: str,
        path: Path,
        *,
        body: Body = None,
        params: Params | None = None,
        stream: Literal[False] = False,
        timeout: TimeoutOption = UNSET,
        retry: RetryOption = UNSET,
        extra_headers: Mapping[str, str] | None = None,
    ) -> dict[str, Json]: ...

    @overload
    async def __call__(
        self,
        method: str,
        path: Path,
        *,
        body: Body = None,
        params: Params | None = None,
        response_type: None,
        stream: Literal[False] = False,
        timeout: TimeoutOption = UNSET,
        retry: RetryOption = UNSET,
        extra_headers: Mapping[str, str] | None = None,
    ) -> None: ...

    @overload
    async def __call__(
        self,
        method: str,
        path: Path,
        *,
        body: Body = None,
        params: Params | None = None,
        response_type: type[T],
        stream: Literal[False] = False,
        timeout: TimeoutOption = UNSET,
        retry: RetryOption = UNSET,
        extra_headers: Mapping[str, str] | None = None,
    ) -> T: ...

    @overload
    async def __call__(
        self,
        method: str,
        path: Path,
        *,
        body: Body = None,
        params: Params | None = None,
        response_type: type[bytes],
        stream: Literal[True],
        timeout: TimeoutOption = UNSET,
        retry: RetryOption = UNSET,
        extra_headers: Mapping[str, str] | None = None,
    ) -> ByteStream: ...

    @overload
    async def __call__(
        self,
        method: str,
        path: Path,
        *,
        body: Body = None,
        params: Params | None = None,
        stream: Literal[True],
        timeout: TimeoutOption = UNSET,
        retry: RetryOption = UNSET,
        extra_headers: Mapping[str, str] | None = None,
    ) -> EventStream: ...

    async def __call__(
        self,
        method: str,
        path: Path,
        *,
        body: Body = None,
        params: Params | None = None,
        response_type: type[object] | None = dict,
        stream: bool = False,
        timeout: TimeoutOption = UNSET,
        retry: RetryOption = UNSET,
        extra_headers: Mapping[str, str] | None = None,
        **others: object,
    ) -> object:
        """
        Call an operation.

        What may have been carried out is not repeated with POST and PATCH, unless
        `retry` is a policy that says so: after a lost connection, a timer, an
        answer that cannot be read, and a 5xx other than 503 and 529. GET, HEAD,
        OPTIONS, PUT and DELETE are repeated as the client's policy says.

        Args:
            method: of HTTP, such as "GET".
            path: as the API's documents write it, below the base URL ("/keys"); or
                its segments, which are encoded (["keys", key_hash]): the form for ids
                that come from elsewhere. A path that begins with `/api/` leads to
                another prefix of the same API; a whole URL that a server gave is
                taken where it is of the same origin.
            body: a mapping, Struct, dataclass or list is sent as JSON; bytes as
                `application/octet-stream`, or as what `extra_headers` say; an
                `aiohttp.FormData` as a form, held in memory as a whole.
            params: of the query, by name; None is left out, a list is repeated.
            response_type: what the answer is read as. A mapping without it; None
                for an answer that is not looked at; `bytes` for what is not JSON;
                `RawResponse` for body and head as they came, even an error that a
                body reports; a Struct, any other type that msgspec can decode, or a
                model of pydantic.
                A subclass of `Record` has `raw`, `meta` and `to_dict()`. 204 is an
                answer without members.
            stream: return an opened stream of server-sent events, which a body that
                is a mapping asks for as `"stream": true`; or, with
                `response_type=bytes`, of blocks of the body, whatever it is.
            timeout: timers for this call; a number of seconds bounds the whole call,
                None turns all timers off.
            retry: a policy for this call, followed as it is; a number is
                `max_retries`.
            extra_headers: headers added to, or in place of, the client's.
            **others: none; so that what other clients call these is told from them.

        Returns:
            The answer as `response_type` says.

        Raises:
            ConfigError: something passed cannot be sent, or leads to another
                origin; nothing was sent.
            APIError: the API reported an error, in its class by code.
            APIConnectionError: no answer arrived, or not in time.
            ResponseDecodeError: what arrived is not what was asked for; it is whole
                in `body` where `response_type` does not fit, and after POST and PATCH.
        """
        _KEYWORDS.check_known(others)
        method = _checked_method(method)
        check_switch("stream", stream)
        given = isinstance(retry, RetryPolicy) and retry.retry_ambiguous
        as_it_is = response_type in (bytes, RawResponse)
        # Before anything is sent: a type that nothing can be decoded into.
        read = reply_reader(
            _Nothing if response_type is None else response_type,
            repeatable=given or method not in _ONCE,
            own=MODELS,
        )
        call = await self._call(
            method,
            path,
            body,
            params,
            streams=stream and response_type is not bytes,
            headers=_headers(extra_headers, as_it_is=as_it_is),
            timeout=timeout,
            retry=retry,
            as_it_is=as_it_is,
        )
        if stream and response_type not in (bytes, dict):
            raise ConfigError(
                "a stream gives events, or bytes with response_type=bytes"
            )

        try:
            if not stream:
                return await self._transport.fetch(call, read)

            kind = ByteStream if response_type is bytes else EventStream
            opened = kind(self._transport, call)
            await opened.open()
        except OpenRouterError as error:
            once = method in _ONCE and not isinstance(retry, RetryPolicy)
            explain(error, method, path, once=once, free=True)
            raise

        return opened

    # What a TypeError calls it, such as that for a missing path.
    __call__.__qualname__ = "OpenRouter.request"

    async def _call(
        self,
        method: str,
        path: Path,
        body: Body,
        params: Params | None,
        *,
        streams: bool,
        headers: Mapping[str, str],
        timeout: TimeoutOption,
        retry: RetryOption,
        as_it_is: bool,
    ) -> Call:
        transport = self._transport
        url = operation_url(transport.base_url, path, params)
        policy = retry_for(retry, transport.retry)
        if method in _ONCE and not isinstance(retry, RetryPolicy):
            policy = careful(policy)

        _refuse_model(body)
        members = _members(body, streams=streams)
        content, content_type = await encode_any(members or body)
        if content_type is not None and content_type.startswith("multipart/"):
            _refuse_type(headers)

        return transport.call(
            url,
            content,
            timeout=timeout_for(timeout, transport.timeout),
            retry=policy,
            headers=headers,
            stream=streams,
            model=asked_model(members),
            max_tokens=asked_tokens(members),
            method=method,
            content_type=content_type,
            padded=not as_it_is,
            uncompressed=as_it_is and _is_uncompressed(headers),
            may_be_empty=not streams,
        )


_Nothing = type(None)


def _checked_method(method: object) -> str:
    name = method.upper() if isinstance(method, str) else ""
    if name not in _METHODS:
        known = ", ".join(sorted(_METHODS))
        raise ConfigError(f"method must be one of {known}; not {method!r}")

    return name


def _refuse_model(body: object) -> None:
    hint = dump_hint(body)
    if hint:
        raise ConfigError(f"body is of type {type(body).__name__}{hint}")


def _members(body: object, *, streams: bool) -> dict[str, Json]:
    """Return the members of a mapping, asking for a stream if there is to be one."""
    members = dict(body) if is_object(body) else dict[str, Json]()
    if is_streamed(members.get("stream", streams)) is not streams:
        raise ConfigError(
            "`stream` of the body contradicts stream=, which decides what is returned"
        )

    return {**members, "stream": True} if streams and members else members


def _headers(given: Mapping[str, str] | None, *, as_it_is: bool) -> Mapping[str, str]:
    # aiohttp takes a cut gzip body for a whole one.
    return {**_UNCOMPRESSED, **(given or {})} if as_it_is else given or {}


def _is_uncompressed(headers: Mapping[str, str]) -> bool:
    """Tell whether the body is asked for as it is: a caller may take it compressed."""
    asked = {str(name).lower(): value for name, value in headers.items()}
    return asked.get("accept-encoding") == "identity"


def _refuse_type(headers: Mapping[str, str]) -> None:
    if "content-type" in {str(name).lower() for name in headers}:
        raise ConfigError(
            "extra_headers must not set Content-Type for a form: it names the boundary"
        )
