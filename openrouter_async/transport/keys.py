"""The API key: where it comes from, and where it must not go."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from hashlib import sha256
from inspect import isawaitable
from typing import TypeAlias, cast

from aiohttp import hdrs
from multidict import CIMultiDict

from openrouter_async.errors import ConfigError

KeyCallable: TypeAlias = Callable[[], Awaitable[str]]

_BLOT = b"[key]"
_SHARED = len("sk-or-v1-")  # characters that all keys begin with
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_OWN = {
    "authorization": "it carries the key; use api_key=",
    "content-length": "it follows from the body",
    "transfer-encoding": "it follows from the body",
    "connection": "the pool decides about connections",
    "expect": "a body is sent at once",
    "te": "there is no use for trailers",
    "trailer": "there are none",
    "upgrade": "there is no other protocol",
    "host": "it follows from base_url",
}


def check_header(name: str, value: str) -> None:
    """
    Refuse a header that cannot be sent as it is.

    Raises:
        ConfigError: the name is no token (RFC 9110, 5.6.2) or one that the client
            sets itself; the value holds a control character or one beyond Latin-1.
            The value is not shown: it may be a secret.
    """
    if not isinstance(name, str) or not _TOKEN.fullmatch(name):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers may be untyped
        raise ConfigError(f"{name!r} is no name for a header")

    if name.lower() in _OWN:
        raise ConfigError(f"header {name} cannot be set: {_OWN[name.lower()]}")

    if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers may be untyped
        raise ConfigError(f"header {name} must be a string")

    if any(not " " <= char <= "\xff" or "\x7f" <= char < "\xa0" for char in value):
        raise ConfigError(
            f"header {name} holds a line break, a control character or one that"
            " Latin-1 does not have"
        )


class KeySource:
    """
    Give each attempt the key, and show it to nobody else.

    Args:
        key: the key, or what is asked for it.
        name: what it was given as.

    Raises:
        ConfigError: it is no key.
    """

    __slots__ = ("_bearer", "_callable", "_identity", "_key")

    def __init__(self, key: str | KeyCallable, name: str = "api_key") -> None:
        self._callable = key if callable(key) else None
        self._key = "" if callable(key) else _checked(key, name)
        self._bearer = f"Bearer {self._key}"
        self._identity: str | None = None

    @property
    def refreshable(self) -> bool:
        """Whether asking again may give another key."""
        return self._callable is not None

    @property
    def identity(self) -> str:
        """What tells this key from another; the key cannot be found from it."""
        if self._callable is not None:
            # The keys that one callable gives belong to one account.
            return f"callable-{id(self._callable):x}"

        if self._identity is None:
            self._identity = sha256(self._key.encode()).hexdigest()[:16]

        return self._identity

    async def add_to(self, headers: CIMultiDict[str]) -> CIMultiDict[str]:
        """
        Return the headers with the key among them.

        Raises:
            KeyCallableFailed: the callable raised.
            ConfigError: it is not async, or what it returned is no key.
        """
        if self._callable is not None:
            self._key = _checked(await _ask(self._callable), _GIVEN)
            self._bearer = f"Bearer {self._key}"

        keyed = headers.copy()
        keyed[hdrs.AUTHORIZATION] = self._bearer
        return keyed

    def redact(self, text: bytes) -> bytes:
        """Blot the key out of what a server sent, and a piece of it at the end."""
        key = self._key.encode()
        if not key:
            return text

        text = text.replace(key, _BLOT)
        for length in range(len(key) - 1, _SHARED, -1):
            if text.endswith(key[:length]):  # the rest did not arrive
                return text[:-length] + _BLOT

        return text

    def redact_text(self, text: str) -> str:
        """Blot the key out of what a server sent in its head."""
        return text.replace(self._key, "[key]") if self._key else text

    def __repr__(self) -> str:
        return "KeySource(...)" if self.refreshable else f"KeySource({self.shown})"

    @property
    def shown(self) -> str:
        """The last four characters, to tell one key from another."""
        return f"...{self._key[-4:]}" if len(self._key) > 16 else "..."


class KeyCallableFailed(Exception):
    """Carries what the key callable raised past the handling of network failures."""


async def _ask(key: KeyCallable) -> object:
    try:
        answer: object = key()
        if isawaitable(answer):
            return await answer
    except Exception as exc:
        raise KeyCallableFailed from exc

    kind = type(answer).__name__
    del answer  # tools that show the locals of a traceback would show it
    raise ConfigError(
        f"api_key must be a string or an async callable; this one returned {kind}"
        " where it should have returned an awaitable: is it `async def`?"
    )


def _checked(key: object, name: str) -> str:
    """
    Return a key that can be sent.

    Args:
        key: what was given.
        name: what it is called in a message.

    Raises:
        ConfigError: it is none. It is not shown: most of it may be right.
    """
    problem = _problem(key, name)
    if problem is None:
        return cast("str", key)

    del key  # tools that show the locals of a traceback would show it
    raise ConfigError(problem)


def _problem(key: object, name: str) -> str | None:
    if key is None or key == "":
        kind = "None" if key is None else "empty"
        return f"{name} is {kind}: there is no API key{_OTHERWISE.get(name, '')}"

    if not isinstance(key, str):
        kind = type(key).__name__
        return f"{name} is of type {kind}: an API key is a string{_OR.get(name, '')}"

    if key[: len(_SCHEME)].lower() == _SCHEME:
        return f"{name} begins with 'Bearer': leave it out, pass the API key alone"

    if key.isascii() and key.isprintable() and " " not in key:
        return None

    return (
        f"{name} holds a space, a line break or a character beyond ASCII, which no API"
        " key does; was it read from a file with its newline?"
    )


_GIVEN = "what the callable for api_key returned"
_OTHERWISE = {"api_key": "; leave api_key= out to take that of OPENROUTER_API_KEY"}
_OR = {"api_key": ", or an async callable that returns one"}
_SCHEME = "bearer "
