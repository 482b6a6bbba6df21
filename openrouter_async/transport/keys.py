"""The API key: where it comes from, and where it must not go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from multidict import CIMultiDict

from openrouter_async.errors import ConfigError

KeyCallable: TypeAlias = Callable[[], Awaitable[str]]

_AUTHORIZATION = "Authorization"


def check_header(name: str, value: str) -> None:
    """
    Refuse a header that cannot be sent as it is.

    Raises:
        ConfigError: name or value holds a control character or one beyond
            Latin-1. The value is not shown: it may be a secret.
    """
    if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers may be untyped
        raise ConfigError(f"header {name} must be a string")

    for text, what in ((name, f"header name {name!r}"), (value, f"header {name}")):
        if any(not " " <= char <= "\xff" or "\x7f" <= char < "\xa0" for char in text):
            raise ConfigError(
                f"{what} holds a line break, a control character or one that"
                " Latin-1 does not have"
            )


class KeySource:
    """Give each attempt the key, and show it to nobody else."""

    __slots__ = ("_callable", "_key")

    def __init__(self, key: str | KeyCallable) -> None:
        self._callable = None if isinstance(key, str) else key
        self._key = _checked(key) if isinstance(key, str) else ""

    @property
    def refreshable(self) -> bool:
        """Whether asking again may give another key."""
        return self._callable is not None

    async def add_to(self, headers: CIMultiDict[str]) -> CIMultiDict[str]:
        """Return the headers with the key among them."""
        if self._callable is not None:
            self._key = _checked(await self._callable())

        keyed = headers.copy()
        keyed[_AUTHORIZATION] = f"Bearer {self._key}"
        return keyed

    def redact(self, text: bytes) -> bytes:
        """Blot the key out of what a server sent."""
        return text.replace(self._key.encode(), b"[key]") if self._key else text

    def redact_text(self, text: str) -> str:
        """Blot the key out of what a server sent in its head."""
        return text.replace(self._key, "[key]") if self._key else text

    def __repr__(self) -> str:
        return "KeySource(...)" if self.refreshable else f"KeySource({self.shown})"

    @property
    def shown(self) -> str:
        """The last four characters, to tell one key from another."""
        return f"...{self._key[-4:]}" if len(self._key) > 16 else "..."


def _checked(key: object) -> str:
    problem = _NO_KEY
    if isinstance(key, str) and key:
        if key.isascii() and key.isprintable() and " " not in key:
            return key

        problem = _BAD_KEY

    del key  # tools that show the locals of a traceback would show it
    raise ConfigError(problem)


_NO_KEY = "there is no API key: set OPENROUTER_API_KEY, or pass api_key="
_BAD_KEY = (
    "the API key holds a space, a line break or a character beyond ASCII;"
    " was it read from a file with its newline?"
)
