"""How long the server asks to wait, wherever it says so."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime

from openrouter_async.types.lenient import Json

# ASCII digits with an optional fraction: float() also takes "1e3", "1_000", "inf"
# and the digits of other scripts.
_NUMBER = re.compile(r"[0-9]{1,16}(?:\.[0-9]{1,9})?", re.ASCII)

# IMF-fixdate, RFC 850 and asctime (RFC 9110, 5.6.7). The parser takes more than these.
_HTTP_DATE = re.compile(
    r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"
    r"|[A-Z][a-z]{5,8}, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT"
    r"|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}",
    re.ASCII,
)


def parse_seconds(value: str) -> float | None:
    """Return a plain positive decimal number, None for anything else."""
    if not _NUMBER.fullmatch(value):
        return None

    return float(value) or None


def parse_retry_after(value: str, now: float) -> float | None:
    """
    Return the seconds a `Retry-After` header asks for (RFC 9110, 10.2.3).

    Args:
        value: the header's value: seconds, a fraction of them, or a date in one of
            the three HTTP formats. Several headers joined by commas: the longest.
        now: wall clock, seconds since 1970.

    Returns:
        Seconds above 0, or None where there is nothing to obey: zero, a date gone
        by, and everything that is not a number or a date.
    """
    value = value.strip()
    seconds = parse_seconds(value)
    if seconds is not None:
        return seconds

    numbers = [parse_seconds(part.strip()) for part in value.split(",")]
    waits = [number for number in numbers if number is not None]
    if waits:
        return max(waits)

    return _until(value, now)


def _until(date: str, now: float) -> float | None:
    if not _HTTP_DATE.fullmatch(date):
        return None

    try:
        when = parsedate_to_datetime(date)
        # The asctime form names no zone; HTTP dates are all in GMT.
        seconds = when.replace(tzinfo=when.tzinfo or UTC).timestamp() - now
    except (ValueError, TypeError, OverflowError, IndexError):
        return None

    return seconds if seconds > 0 else None


def header_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Return the wait that `retry-after-ms` or `retry-after` ask for, in seconds."""
    milliseconds = parse_seconds(headers.get("retry-after-ms", "").strip())
    if milliseconds is not None:
        return milliseconds / 1000

    return parse_retry_after(headers.get("retry-after", ""), now)


def reset_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds until `X-RateLimit-Reset`, which is in epoch milliseconds."""
    reset = parse_seconds(headers.get("x-ratelimit-reset", "").strip())
    if reset is None:
        return None

    seconds = reset / 1000 - now
    return seconds if seconds > 0 else None


def requested_wait(
    headers: Mapping[str, str],
    hints: Sequence[Json],
    nested: Mapping[str, str],
    now: float,
    *,
    limited: bool,
) -> float | None:
    """
    Return the first wait that is asked for, in the order in which they are trusted.

    Args:
        headers: response headers by lower-case name.
        hints: numbers of seconds that the body gives (`availability.retry_after`,
            `metadata.retry_after_seconds`).
        nested: headers that the body quotes (`metadata.headers`), lower-case names.
        now: wall clock, seconds since 1970.
        limited: whether a limit was reached: `X-RateLimit-Reset` tells when that
            ends, and is mere information beside any other failure.

    Returns:
        Seconds above 0, or None where nothing is asked for.
    """
    waits = [header_wait(headers, now)]
    waits += [parse_seconds(str(hint).strip()) for hint in hints]
    waits.append(header_wait(nested, now))
    if limited:
        waits += [reset_wait(headers, now), reset_wait(nested, now)]

    return next((wait for wait in waits if wait is not None), None)
