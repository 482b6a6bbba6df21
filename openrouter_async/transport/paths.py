"""From the path of an operation to its URL: encoded, and never another origin's."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from yarl import URL

from openrouter_async.errors import ConfigError
from openrouter_async.types.lenient import is_array, is_object

Path: TypeAlias = str | Sequence[str]
"""A path as the API's documents write it, or its segments as they are."""

Param: TypeAlias = str | float | Decimal | None
Params: TypeAlias = Mapping[str, Param | Sequence[Param]]

_SAFE = ":@!$&'()*+,;=-._~"  # RFC 3986, 3.3: what a segment may hold as it is
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\\]")
_BAD_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_PREFIX = re.compile("/api/[^/]+$")
_PORTS = {"http": 80, "https": 443}


def operation_url(base: URL, path: Path, params: Params | None = None) -> URL:
    """
    Return the URL of an operation.

    Args:
        base: the client's base URL.
        path: below it, with or without a slash at the start; `/api/...` for what is
            under another prefix of the same API; a whole URL as a server gave it, if
            it is of the same origin; or a sequence of segments, which are encoded.
        params: of the query.

    Raises:
        ConfigError: the path leads elsewhere, or holds what no path of the API does.
    """
    if isinstance(path, str):
        _check_text(path)
        if path.startswith("//"):
            raise ConfigError(
                f"path begins with //, which names another host; one / is enough:"
                f" path={'/' + path.lstrip('/')!r}"
            )

        if "://" in path:
            return _of_server(base, path, params)

        encoded = _written(path)
        root = _root(base) if encoded.startswith("/api/") else base.raw_path
    elif is_array(path):
        encoded = "".join(f"/{_segment(each)}" for each in path)
        root = base.raw_path
    else:
        raise ConfigError(f"path must be a string or segments, not {_kind(path)}")

    query = _query(_pairs(params))
    return URL(f"{base.origin()}{root.rstrip('/')}{encoded}{query}", encoded=True)


def _root(base: URL) -> str:
    # https://openrouter.ai/api/v1 and /api/alpha have one service behind them.
    return _PREFIX.sub("", base.raw_path.rstrip("/")) if base.raw_path != "/" else ""


def _check_text(path: str) -> None:
    if _CONTROLS.search(path):
        raise ConfigError("path holds a control character or a backslash")

    if _BAD_ESCAPE.search(path):
        raise ConfigError(
            "path holds a % that begins no escape; pass segments, which are encoded"
        )

    if "#" in path or ("?" in path and "://" not in path):
        raise ConfigError(
            "path holds a query or a fragment: use params=; pass ids as segments:"
            ' path=["keys", key_hash]'
        )


def _written(path: str) -> str:
    """Encode what has to be in a path that is otherwise taken as it is."""
    segments = path.removeprefix("/").split("/")
    for segment in segments:
        _check_segment(unquote(segment))

    return "".join(f"/{_quoted(segment, _SAFE + '%')}" for segment in segments)


def _segment(value: object) -> str:
    if not isinstance(value, str):
        raise ConfigError(f"a segment of path must be a string, not {_kind(value)}")

    if _CONTROLS.search(value):
        raise ConfigError("a segment of path holds a control character or a backslash")

    _check_segment(value)
    return _quoted(value, _SAFE)


def _check_segment(value: str) -> None:
    if not value:
        raise ConfigError("a segment of path is empty; is an id missing?")

    # Some servers decode before they split.
    if not {".", ".."}.isdisjoint(value.split("/")):
        raise ConfigError("a segment of path must not be `.` or `..`")


def _quoted(text: str, safe: str) -> str:
    try:
        return quote(text, safe=safe)
    except UnicodeEncodeError:
        problem = "path holds a lone surrogate, which has no UTF-8 form"

    raise ConfigError(problem)


def _of_server(base: URL, path: str, params: Params | None) -> URL:
    """Return a URL that a server gave, such as the one to poll for a video."""
    parts = _split(path)
    ports = (parts.port or _PORTS.get(parts.scheme), base.port)
    named = (parts.scheme, (parts.hostname or "").lower())
    if named != (base.scheme, base.raw_host) or ports[0] != ports[1]:
        raise ConfigError(
            f"path leads to another origin, {parts.hostname or 'without a host'}, which"
            f" would get the key; it must stand below {base.origin()}"
        )

    if parts.username is not None or parts.password is not None:
        raise ConfigError("path holds a user name or a password")

    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = _query([*pairs, *_pairs(params)])
    return URL(f"{base.origin()}{_written(parts.path)}{query}", encoded=True)


def _split(path: str) -> SplitResult:
    try:
        parts = urlsplit(path)
        _ = parts.port
    except ValueError:
        pass
    else:
        return parts

    raise ConfigError("path is a URL that cannot be read")


def _pairs(params: Params | None) -> list[tuple[str, str]]:
    if params is None:
        return []

    if not is_object(params):
        raise ConfigError(f"params must be a mapping, not {_kind(params)}")

    pairs: list[tuple[str, str]] = []
    for name, value in params.items():
        values = value if is_array(value) else () if value is None else (value,)
        pairs.extend((name, _text(name, each)) for each in values)

    return pairs


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"

    if isinstance(value, str):
        return str.__str__(value)

    if isinstance(value, int | float | Decimal) and math.isfinite(value):
        return str(value)

    raise ConfigError(
        f"params: {name} is {value!r}; a string, a number, a bool, None or a list"
        " of these can be sent"
    )


def _query(pairs: list[tuple[str, str]]) -> str:
    if not pairs:
        return ""

    try:
        return f"?{urlencode(pairs, quote_via=quote, safe='')}"
    except UnicodeEncodeError:
        problem = "params hold a lone surrogate, which has no UTF-8 form"

    raise ConfigError(problem)


def _kind(value: object) -> str:
    return type(value).__name__
