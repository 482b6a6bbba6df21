"""The client: settings, resources and lifetime."""

from __future__ import annotations

import os
import platform
import ssl as ssl_module
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import NoneType, TracebackType
from typing import TYPE_CHECKING, Any, Self

import aiohttp
from aiohttp import hdrs
from msgspec import UNSET, UnsetType, structs
from multidict import CIMultiDict, istr
from yarl import URL

from openrouter_async._version import __version__
from openrouter_async.config import (
    AppInfo,
    PoolLimits,
    RateLimits,
    RetryPolicy,
    SizeLimits,
    Timeout,
)
from openrouter_async.errors import ConfigError
from openrouter_async.fanout.limiter import Limiter
from openrouter_async.resources.completions import Completions
from openrouter_async.resources.options import (
    RetryOption,
    TimeoutOption,
    retry_for,
    timeout_for,
)
from openrouter_async.transport.addresses import api_url, proxy_url
from openrouter_async.transport.calls import Transport
from openrouter_async.transport.keys import KeyCallable, KeySource, check_header
from openrouter_async.transport.session import PoolSettings, SessionManager

if TYPE_CHECKING:
    from openrouter_async.resources.account import CreditBalance, CurrentKey
    from openrouter_async.resources.chat import Chat
    from openrouter_async.resources.embeddings import Embeddings
    from openrouter_async.resources.generation import Generations
    from openrouter_async.resources.models import Models, Providers
    from openrouter_async.resources.operations import AnyOperation
    from openrouter_async.resources.pages import Paginate

BASE_URL = "https://openrouter.ai/api/v1"

_KEY_VARIABLE = "OPENROUTER_API_KEY"

_USER_AGENT = (
    f"openrouter_async/{__version__} python/{platform.python_version()}"
    f" aiohttp/{aiohttp.__version__}"
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Settings:
    """Hold what a client was made with: what it pickles as."""

    api_key: str | KeyCallable | UnsetType
    base_url: str | UnsetType
    timeout: Timeout
    retry: RetryPolicy
    pool: PoolLimits
    sizes: SizeLimits
    rate_limits: RateLimits | None
    limiter: Limiter | None
    app: AppInfo | None
    headers: Mapping[str, str]
    session: aiohttp.ClientSession | None
    proxy: str | None
    ssl: ssl_module.SSLContext | bool
    trust_env: bool
    allow_http: bool


class OpenRouter:
    """
    Talk to the OpenRouter API.

    A client is immutable and can be shared by any number of tasks. It opens its
    connections on first use, one pool per event loop. Use it as `async with
    OpenRouter() as client`, or call `aclose()`.

    Args:
        api_key: a key, or an async callable that returns one and is asked before
            every attempt. Default: OPENROUTER_API_KEY.
        base_url: of the API. Default: OPENROUTER_BASE_URL, or the live service.
        timeout: the five timers; a number of seconds bounds each whole call.
        retry: what is tried again; a number is `max_retries`.
        pool: bounds on connections.
        sizes: bounds on what is read.
        rate_limits: limits that you know of; every call keeps them, direct ones
            and those of maps.
        limiter: shared by every call of this client, and of others that were given
            it. Without one, and without `rate_limits`, direct calls go out at once
            and the client's maps share a limiter of their own.
        app: names the app to OpenRouter.
        headers: sent with every request, in place of the client's own.
        session: an aiohttp session to use instead of a pool of its own. It is
            never closed, and its loop is the only one the client works on.
        proxy: URL of an HTTP proxy.
        ssl: a context with certificates of your own; False turns verification off.
            None verifies against the system's.
        trust_env: take the proxy from HTTPS_PROXY, HTTP_PROXY and NO_PROXY where
            `proxy` names none. `.netrc` is never read.
        allow_http: permit a base URL without TLS that is not on this machine.

    Raises:
        ConfigError: a setting cannot be used; its message says which and why.
    """

    def __init__(
        self,
        api_key: str | KeyCallable | UnsetType = UNSET,
        *,
        base_url: str | UnsetType = UNSET,
        timeout: TimeoutOption = Timeout(),
        retry: RetryOption = RetryPolicy(),
        pool: PoolLimits = PoolLimits(),
        sizes: SizeLimits = SizeLimits(),
        rate_limits: RateLimits | None = None,
        limiter: Limiter | None = None,
        app: AppInfo | None = None,
        headers: Mapping[str, str] | None = None,
        session: aiohttp.ClientSession | None = None,
        proxy: str | None = None,
        ssl: ssl_module.SSLContext | bool | None = None,
        trust_env: bool = False,
        allow_http: bool = False,
    ) -> None:
        settings = _Settings(
            api_key=api_key,
            base_url=base_url,
            timeout=timeout_for(timeout, Timeout()),
            retry=retry_for(retry, RetryPolicy()),
            pool=pool,
            sizes=sizes,
            rate_limits=rate_limits,
            limiter=limiter,
            app=app,
            headers=_mapping("headers", headers),
            session=session,
            proxy=proxy,
            ssl=True if ssl is None else ssl,
            trust_env=trust_env,
            allow_http=allow_http,
        )
        _check_types(settings)
        _check_session(settings)
        pool_settings = PoolSettings(limits=settings.pool, ssl=settings.ssl)
        sessions = SessionManager(pool_settings, session)
        self._settings = settings
        self._limiter = settings.limiter or Limiter(settings.rate_limits)
        self._transport = _transport(settings, sessions, self._limiter)

    @cached_property
    def completions(self) -> Completions:
        """Text completions."""
        return Completions(self._transport, self._limiter)

    # Imported on first use: an app that only completes text starts faster.

    @cached_property
    def chat(self) -> Chat:
        """Conversations: `chat.completions`."""
        from openrouter_async.resources.chat import Chat

        return Chat(self._transport, self._limiter)

    @cached_property
    def embeddings(self) -> Embeddings:
        """Vectors for texts."""
        from openrouter_async.resources.embeddings import Embeddings

        return Embeddings(self._transport, self._limiter)

    @cached_property
    def models(self) -> Models:
        """The models, their prices and endpoints."""
        from openrouter_async.resources.models import Models

        return Models(self._transport)

    @cached_property
    def providers(self) -> Providers:
        """The providers."""
        from openrouter_async.resources.models import Providers

        return Providers(self._transport)

    @cached_property
    def credits(self) -> CreditBalance:
        """The balance of the account."""
        from openrouter_async.resources.account import CreditBalance

        return CreditBalance(self._transport)

    @cached_property
    def key(self) -> CurrentKey:
        """The limits and counters of the key in use."""
        from openrouter_async.resources.account import CurrentKey

        return CurrentKey(self._transport)

    @cached_property
    def generation(self) -> Generations:
        """What calls used and cost, by OpenRouter's own records."""
        from openrouter_async.resources.generation import Generations

        return Generations(self._transport)

    @cached_property
    def request(self) -> AnyOperation:
        """Any other operation: `await client.request("GET", "/keys")`."""
        from openrouter_async.resources.operations import AnyOperation

        return AnyOperation(self._transport)

    @cached_property
    def paginate(self) -> Paginate:
        """Any list: `async for key in client.paginate("/keys")`."""
        from openrouter_async.resources.pages import Paginate

        return Paginate(self._transport)

    @property
    def limiter(self) -> Limiter:
        """What lets the calls of maps in, and direct ones where it is attached."""
        return self._limiter

    @property
    def base_url(self) -> str:
        """The URL that every path is below."""
        return str(self._transport.base_url)

    def with_options(
        self,
        *,
        api_key: str | KeyCallable | UnsetType = UNSET,
        base_url: str | UnsetType = UNSET,
        timeout: TimeoutOption = UNSET,
        retry: RetryOption = UNSET,
        sizes: SizeLimits | UnsetType = UNSET,
        app: AppInfo | UnsetType | None = UNSET,
        headers: Mapping[str, str] | UnsetType | None = UNSET,
        proxy: str | UnsetType | None = UNSET,
        allow_http: bool | UnsetType = UNSET,
    ) -> OpenRouter:
        """
        Return a client with other settings that shares this one's connections.

        Closing either closes both. What is shared (`pool`, `ssl`, `session`,
        `limiter`, `rate_limits`) cannot be changed: make another client for that.

        Args:
            api_key: as in the constructor; so are the others.
            base_url: of the API.
            timeout: the five timers.
            retry: what is tried again.
            sizes: bounds on what is read.
            app: names the app.
            headers: in place of those given to the constructor.
            proxy: URL of an HTTP proxy.
            allow_http: permit a base URL without TLS.

        Raises:
            ConfigError: a setting cannot be used.
        """
        changes: dict[str, Any] = {
            "api_key": api_key,
            "base_url": base_url,
            "timeout": timeout_for(timeout, self._settings.timeout),
            "retry": retry_for(retry, self._settings.retry),
            "sizes": sizes,
            "app": app,
            "headers": headers
            if isinstance(headers, UnsetType)
            else _mapping("headers", headers),
            "proxy": proxy,
            "allow_http": allow_http,
        }
        given = {name: value for name, value in changes.items() if value is not UNSET}
        copy = object.__new__(type(self))
        copy._settings = replace(self._settings, **given)
        copy._limiter = self._limiter
        copy._transport = structs.replace(
            _transport(copy._settings, self._transport.sessions, self._limiter),
            budgets=self._transport.budgets,
        )
        return copy

    async def __aenter__(self) -> Self:
        self._transport.sessions.reopen()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """
        Close the running event loop's connections; calls under way fail.

        Closing twice does nothing. A client that is entered again with `async
        with` opens new connections.
        """
        await self._transport.sessions.aclose()

    def __repr__(self) -> str:
        return f"OpenRouter(base_url={self.base_url!r}, key={self._transport.key!r})"

    def __reduce__(self) -> tuple[object, ...]:
        if self._settings.session is not None:
            raise ConfigError("a client with session= cannot be pickled or copied")

        return _from_settings, (type(self), self._settings)


_TYPES: dict[str, tuple[type, ...]] = {
    "pool": (PoolLimits,),
    "sizes": (SizeLimits,),
    "rate_limits": (RateLimits, NoneType),
    "limiter": (Limiter, NoneType),
    "app": (AppInfo, NoneType),
    "session": (aiohttp.ClientSession, NoneType),
    "proxy": (str, NoneType),
    "ssl": (ssl_module.SSLContext, bool),
}


def _check_types(settings: _Settings) -> None:
    for name, types in _TYPES.items():
        if not isinstance(getattr(settings, name), types):
            wanted = " or ".join(each.__name__ for each in types)
            raise ConfigError(f"{name} must be of type {wanted}")


def _check_session(settings: _Settings) -> None:
    shaped = settings.pool != PoolLimits() or settings.ssl is not True
    if settings.session is not None and shaped:
        raise ConfigError("session= brings a pool of its own: set pool and ssl on it")

    if settings.limiter is not None and settings.rate_limits is not None:
        raise ConfigError("limiter= has limits of its own: Limiter(RateLimits(...))")


def _mapping(name: str, given: Mapping[str, str] | None) -> dict[str, str]:
    if given is None or isinstance(given, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers may be untyped
        return dict(given or {})

    raise ConfigError(f"{name} must be a mapping of names to values")


def _from_settings(kind: type[OpenRouter], settings: _Settings) -> OpenRouter:
    given = {name: getattr(settings, name) for name in settings.__slots__}
    return kind(**given)


def _transport(
    settings: _Settings, sessions: SessionManager, limiter: Limiter
) -> Transport:
    base_url = api_url(_base_url(settings), allow_http=settings.allow_http)
    limits_all = settings.limiter is not None or settings.rate_limits is not None
    return Transport(
        sessions=sessions,
        base_url=base_url,
        shown_url=str(base_url),
        key=_key_source(settings.api_key),
        headers=_headers(settings, base_url),
        timeout=settings.timeout,
        retry=settings.retry,
        sizes=settings.sizes,
        proxy=proxy_url(settings.proxy, base_url, trust_env=settings.trust_env),
        admission=limiter if limits_all else None,
    )


def _key_source(given: str | KeyCallable | UnsetType) -> KeySource:
    if not isinstance(given, UnsetType):
        return KeySource(given)

    key = os.environ.get(_KEY_VARIABLE)
    if not key:
        raise ConfigError(f"there is no API key: set {_KEY_VARIABLE}, or pass api_key=")

    return KeySource(key, _KEY_VARIABLE)


def _headers(settings: _Settings, base_url: URL) -> CIMultiDict[str]:
    given = CIMultiDict({"Content-Type": "application/json", "User-Agent": _USER_AGENT})
    given.update(settings.app.headers() if settings.app else {})
    given.update(settings.headers)
    # First of all, as RFC 9110, 7.2, has it.
    headers = CIMultiDict({hdrs.HOST: base_url.host_port_subcomponent or ""})
    for name, value in given.items():
        check_header(name, value)
        # With names of text each request would make these of its own: half a kilobyte.
        headers.add(istr(name), value)

    return headers


def _base_url(settings: _Settings) -> str:
    given = settings.base_url
    if isinstance(given, UnsetType):
        given = os.environ.get("OPENROUTER_BASE_URL") or BASE_URL

    # A user name would come with a password, which is not to be shown.
    if isinstance(given, str) and "://" not in given and "@" not in given:  # pyright: ignore[reportUnnecessaryIsInstance]  # callers may be untyped
        raise ConfigError(
            "base_url must be an http or https URL with a host, not"
            f" {given!r}: is https:// missing?"
        )

    return given
