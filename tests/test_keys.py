"""The key: where it comes from, what is refused, and what shows of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from openrouter_async import AppInfo, ConfigError, OpenRouter
from openrouter_async.transport.keys import KeySource, check_header
from tests.calling import KEY

BAD_KEYS = {
    "empty": "",
    "newline": f"{KEY}\n",
    "space": f"{KEY} ",
    "injection": f"{KEY}\r\nX-Evil: 1",
    "NUL": f"{KEY}\0",
    "not ASCII": f"{KEY}é",
    "quoted typographically": f"\u201c{KEY}\u201d",
}


@pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS.keys())
def test_bad_keys_are_refused(key: str) -> None:
    """A key that cannot be a header is refused, and not shown."""
    with pytest.raises(ConfigError) as caught:
        OpenRouter(key)

    assert KEY not in str(caught.value)


@pytest.mark.parametrize("key", [*BAD_KEYS.values(), None, b"key"], ids=repr)
async def test_bad_keys_of_a_callable_are_refused(key: object) -> None:
    """What a callable returns is checked as well, each time."""

    async def give() -> str:
        return key  # type: ignore[return-value]  # pyright: ignore[reportReturnType]  # callers may be untyped

    with pytest.raises(ConfigError) as caught:
        await KeySource(give).add_to(CIMultiDict())

    assert KEY not in str(caught.value)


TOLD: dict[str, tuple[object, str]] = {
    "number": (3, "api_key is of type int: an API key is a string, or an async"),
    "empty": ("", "api_key is empty: .* leave api_key= out to take that of OPENROUTER"),
    "None": (None, "api_key is None: .* leave api_key= out to take that of OPENROUTER"),
    "header": (f"Bearer {KEY}", "api_key begins with 'Bearer': leave it out"),
    "small header": (f"bearer {KEY}", "api_key begins with 'Bearer': leave it out"),
    "newline": (f"{KEY}\n", "api_key holds .* was it read from a file"),
}


@pytest.mark.parametrize(("key", "told"), TOLD.values(), ids=TOLD.keys())
def test_bad_keys_are_told_apart(key: Any, told: str) -> None:
    """The message says what is wrong with the key, not that there is none."""
    with pytest.raises(ConfigError, match=told):
        OpenRouter(key)


async def test_callable_without_a_key() -> None:
    """It is told as what it is, not as a variable that is not set."""

    async def give() -> Any:
        return None

    told = "what the callable for api_key returned is None: there is no API key$"
    async with OpenRouter(give, base_url="http://127.0.0.1:1") as client:
        with pytest.raises(ConfigError, match=told):
            await client.completions.create(prompt="a")


def test_bad_key_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is named that holds it."""
    monkeypatch.setenv("OPENROUTER_API_KEY", f"Bearer {KEY}")
    with pytest.raises(ConfigError, match=r"^OPENROUTER_API_KEY begins with 'Bearer'"):
        OpenRouter()

    monkeypatch.setenv("OPENROUTER_API_KEY", "")
    with pytest.raises(ConfigError, match="there is no API key: set OPENROUTER"):
        OpenRouter()


async def test_key_is_added_to_a_copy() -> None:
    """The client's own headers never hold the key."""
    headers = CIMultiDict({"X-A": "1"})
    keyed = await KeySource(KEY).add_to(headers)

    assert dict(keyed) == {"X-A": "1", "Authorization": f"Bearer {KEY}"}
    assert dict(headers) == {"X-A": "1"}


async def test_callable_is_asked_each_time() -> None:
    """A callable may return another key for every attempt."""
    keys = iter(["first", "second"])

    async def give() -> str:
        return next(keys)

    source = KeySource(give)
    sent = [(await source.add_to(CIMultiDict()))["Authorization"] for _ in range(2)]

    assert sent == ["Bearer first", "Bearer second"]
    assert (source.refreshable, KeySource(KEY).refreshable) == (True, False)


async def test_redaction() -> None:
    """The key is blotted out of what a server sent, also one of a callable."""

    async def give() -> str:
        return KEY

    source = KeySource(give)
    before = source.redact(b"a " + KEY.encode())
    await source.add_to(CIMultiDict())

    assert before == b"a " + KEY.encode()
    assert source.redact(f"key {KEY}: bad {KEY}".encode()) == b"key [key]: bad [key]"
    assert KeySource("k").redact(b"") == b""


SHOWN = {"long": (KEY, "KeySource(...cdef)"), "short": ("k" * 16, "KeySource(...)")}


@pytest.mark.parametrize(("key", "shown"), SHOWN.values(), ids=SHOWN.keys())
def test_what_shows_of_a_key(key: str, shown: str) -> None:
    """Four characters of a long key are shown, and none of a short one."""
    assert repr(KeySource(key)) == shown


async def test_nothing_shows_of_a_callables_key() -> None:
    """A key that was fetched is not shown at all."""

    async def give() -> str:
        return KEY

    source = KeySource(give)
    await source.add_to(CIMultiDict())

    assert repr(source) == "KeySource(...)"


BAD_HEADERS = {
    "line break": ("X-A", "a\r\nX-Evil: 1"),
    "NUL": ("X-A", "a\0"),
    "escape": ("X-A", "a\x1b"),
    "delete": ("X-A", "a\x7f"),
    "control of Latin-1": ("X-A", "a\x85"),
    "snowman": ("X-A", "\u2603"),
    "line break in the name": ("X-A\n", "a"),
    "snowman in the name": ("X-\u2603", "a"),
}


@pytest.mark.parametrize(
    ("name", "value"), BAD_HEADERS.values(), ids=BAD_HEADERS.keys()
)
def test_bad_headers_are_refused(name: str, value: str) -> None:
    """A header that would be sent as something else is refused at construction."""
    with pytest.raises(ConfigError, match="header") as caught:
        OpenRouter(KEY, headers={name: value})

    assert "Evil" not in str(caught.value)


def test_headers_have_to_be_text() -> None:
    """A number is no header value: nobody can tell how to write it."""
    with pytest.raises(ConfigError, match="header X-A must be a string"):
        check_header("X-A", 1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the point of the test


@pytest.mark.parametrize("field", ["url", "title"])
def test_bad_app_names_are_refused(field: str) -> None:
    """What names the app goes out as headers, and is checked as such."""
    app = AppInfo(url="a\nb") if field == "url" else AppInfo(title="\u2603")
    with pytest.raises(ConfigError, match="header"):
        OpenRouter(KEY, app=app)


@given(st.text())
def test_accepted_headers_are_sent_as_they_are(value: str) -> None:
    """Whatever text is accepted has a faithful form on the wire, on one line."""
    try:
        check_header("X-A", value)
    except ConfigError:
        return

    sent = value.encode("latin-1")
    assert not any(byte < 32 or byte == 127 for byte in sent)
