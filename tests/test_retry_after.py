"""Every place where a server says how long to wait, and how it says it wrongly."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openrouter_async.transport.retry_after import (
    header_wait,
    parse_retry_after,
    requested_wait,
    reset_wait,
)

# A Monday, 2026-11-23 12:00:00 GMT.
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()

HEADERS = {
    "seconds": ("5", 5.0),
    "spaces": ("  7 ", 7.0),
    "fraction": ("1.5", 1.5),
    "a day": ("86400", 86400.0),
    "zero": ("0", None),
    "zero with a fraction": ("0.000", None),
    "negative": ("-1", None),
    "plus": ("+5", None),
    "exponent": ("1e3", None),
    "underscore": ("1_000", None),
    "other script": ("٣", None),
    "no digits": (".", None),
    "bare fraction": (".5", None),
    "infinity": ("inf", None),
    "overflow": ("1e400", None),
    "many digits": ("9" * 400, None),
    "nan": ("nan", None),
    "empty": ("", None),
    "blank": ("   ", None),
    "garbage": ("soon", None),
    "unit": ("5s", None),
    "twice": ("120, 60", 120.0),
    "twice, one bad": ("inf, 60", 60.0),
    "twice, both bad": ("nan, -1", None),
    "twice, one zero": ("0, 3", 3.0),
    "date": ("Mon, 23 Nov 2026 12:00:30 GMT", 30.0),
    "date of RFC 850": ("Monday, 23-Nov-26 12:00:30 GMT", 30.0),
    "date of asctime": ("Mon Nov 23 12:00:30 2026", 30.0),
    "date of another zone": ("Mon, 23 Nov 2026 13:00:30 +0100", None),
    "date without a weekday": ("Jan 5 2030 10:00", None),
    "date gone by": ("Mon, 23 Nov 2026 11:59:59 GMT", None),
    "date now": ("Mon, 23 Nov 2026 12:00:00 GMT", None),
    "date in a year of five digits": ("Fri, 31 Dec 99999 23:59:59 GMT", None),
    "32 January": ("Mon, 32 Jan 2027 00:00:00 GMT", None),
    "hour 25": ("Mon, 23 Nov 2026 25:00:00 GMT", None),
}


@pytest.mark.parametrize(("value", "expected"), HEADERS.values(), ids=HEADERS.keys())
def test_retry_after(value: str, expected: float | None) -> None:
    """A Retry-After header gives positive seconds, or nothing to obey."""
    assert parse_retry_after(value, NOW) == expected


@given(st.text())
def test_any_text_is_harmless(value: str) -> None:
    """No text makes the parser raise, or return what nobody can sleep."""
    wait = parse_retry_after(value, NOW)

    assert wait is None or (isfinite(wait) and wait > 0)


# Parts of dates, in any order: text that comes closer to the parser's branches.
PARTS = st.sampled_from(
    [
        *("Mon,", "Mon", "23", "Nov", "2026", "12:00:30", "GMT", "+9999", "-0000", ":"),
        *("23-Nov-26", "99999", "am", "12.00.30", ",", "0", "-1", "inf", "61:61:61"),
    ]
)


@given(st.lists(PARTS, max_size=9).map(" ".join))
def test_broken_dates_are_harmless(value: str) -> None:
    """Whatever is made of the parts of dates raises nothing either."""
    wait = parse_retry_after(value, NOW)

    assert wait is None or (isfinite(wait) and wait > 0)


@given(st.integers(min_value=1, max_value=10**15))
def test_whole_seconds_round_trip(seconds: int) -> None:
    """Whole seconds come back as they were written."""
    assert parse_retry_after(str(seconds), NOW) == float(seconds)


@given(st.integers(min_value=1, max_value=10**9), st.integers(1, 9))
def test_fractions_round_trip(number: int, places: int) -> None:
    """Decimal fractions come back as they were written."""
    text = f"{number / 10**places:.9f}"

    assert parse_retry_after(text, NOW) == float(text)


@given(
    st.datetimes(datetime(2026, 11, 23, 12, 0, 1), datetime(9999, 12, 31))
    # HTTP dates have whole seconds.
    .map(lambda moment: moment.replace(microsecond=0, tzinfo=UTC))
)
def test_dates_round_trip(moment: datetime) -> None:
    """A date in the future gives the seconds until then."""
    wait = parse_retry_after(format_datetime(moment, usegmt=True), NOW)

    assert wait == moment.timestamp() - NOW


WAITS: dict[str, tuple[dict[str, str], float | None]] = {
    "milliseconds win": ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
    "milliseconds are not one": ({"retry-after-ms": "x", "retry-after": "9"}, 9.0),
    "zero milliseconds": ({"retry-after-ms": "0", "retry-after": "9"}, 9.0),
    "neither": ({}, None),
}


@pytest.mark.parametrize(("headers", "expected"), WAITS.values(), ids=WAITS.keys())
def test_header_wait(headers: dict[str, str], expected: float | None) -> None:
    """The header in milliseconds is the more exact one of the two."""
    assert header_wait(headers, NOW) == expected


RESETS = {
    "ahead": (f"{(NOW + 12) * 1000:.0f}", 12.0),
    "gone by": (f"{(NOW - 12) * 1000:.0f}", None),
    "in seconds, by mistake": (f"{NOW:.0f}", None),
    "garbage": ("tomorrow", None),
    "absent": ("", None),
}


@pytest.mark.parametrize(("value", "expected"), RESETS.values(), ids=RESETS.keys())
def test_reset_wait(value: str, expected: float | None) -> None:
    """X-RateLimit-Reset is a time in epoch milliseconds."""
    assert reset_wait({"x-ratelimit-reset": value}, NOW) == expected


RESET = {"x-ratelimit-reset": f"{(NOW + 5) * 1000:.0f}"}
QUOTED_RESET = {"x-ratelimit-reset": f"{(NOW + 6) * 1000:.0f}"}


@pytest.mark.parametrize(
    ("headers", "hints", "nested", "expected"),
    [
        ({"retry-after": "1", **RESET}, (2, 3), {"retry-after": "4"}, 1.0),
        (RESET, (2, 3), {"retry-after": "4"}, 2.0),
        (RESET, (None, 3), {"retry-after": "4"}, 3.0),
        (RESET, (None, None), {"retry-after": "4"}, 4.0),
        (RESET, (), QUOTED_RESET, 5.0),
        ({}, (), QUOTED_RESET, 6.0),
        ({}, (), {}, None),
        ({"retry-after": "0"}, (2.5,), {}, 2.5),
        ({}, ("7", 3), {}, 7.0),
        ({}, (True, -1), {}, None),
        ({}, ({"seconds": 3}, [1]), {}, None),
    ],
    ids=[
        "header", "availability", "metadata", "quoted header", "reset",
        "quoted reset", "nothing", "zero is passed over", "text", "no number",
        "no scalar",
    ],
)  # fmt: skip
def test_order_of_trust(
    headers: dict[str, str],
    hints: tuple[object, ...],
    nested: dict[str, str],
    expected: float | None,
) -> None:
    """The first source that gives a wait wins: what the header says comes first."""
    assert requested_wait(headers, hints, nested, NOW, limited=True) == expected


def test_reset_is_information_unless_a_limit_was_reached() -> None:
    """When a limit is reset says nothing about a provider that is down."""
    reset = {"x-ratelimit-reset": str(int((NOW + 30) * 1000))}

    assert requested_wait(reset, (), reset, NOW, limited=True) == 30.0
    assert requested_wait(reset, (), reset, NOW, limited=False) is None
