"""Settings: what they refuse, and the client made of them."""

from __future__ import annotations

import dataclasses
import ssl
from collections.abc import Callable

import pytest

from openrouter_async import (
    AppInfo,
    ConfigError,
    OpenRouter,
    PoolLimits,
    RetryPolicy,
    SizeLimits,
    Timeout,
)
from openrouter_async.config import NO_TIMEOUT
from openrouter_async.resources.options import (
    RetryOption,
    TimeoutOption,
    retry_for,
    timeout_for,
)
from tests.calling import KEY

NAN = float("nan")
INF = float("inf")
Make = Callable[..., object]

TIMERS = ["connect", "first_event", "idle", "transport_idle", "total"]
BOUNDS: list[tuple[Make, str]] = [
    *((Timeout, name) for name in TIMERS),
    *(
        (RetryPolicy, field.name)
        for field in dataclasses.fields(RetryPolicy)
        if field.type in ("int", "float", "float | None")
    ),
    *(
        (PoolLimits, name)
        for name in ("connections", "keepalive", "dns_ttl", "max_age")
    ),
    *((SizeLimits, name) for name in ("body", "event", "error_body")),
]


@pytest.mark.parametrize(
    ("make", "name"), BOUNDS, ids=[f"{make.__name__}.{name}" for make, name in BOUNDS]
)
@pytest.mark.parametrize("value", [-1, NAN, INF, "5", True, [1]], ids=repr)
def test_bad_numbers_are_refused(make: Make, name: str, value: object) -> None:
    """A setting that is no number within bounds is named in the error."""
    with pytest.raises(ConfigError, match=rf"\.{name} must be a "):
        make(**{name: value})


WHOLE: list[tuple[Make, str]] = [
    (RetryPolicy, "max_retries"),
    (PoolLimits, "connections"),
    (SizeLimits, "body"),
    (SizeLimits, "event"),
    (SizeLimits, "error_body"),
]


@pytest.mark.parametrize(
    ("make", "name"), WHOLE, ids=[f"{make.__name__}.{name}" for make, name in WHOLE]
)
def test_counts_are_whole(make: Make, name: str) -> None:
    """What is counted cannot be one and a half."""
    with pytest.raises(ConfigError, match=rf"\.{name} must be a whole number"):
        make(**{name: 1.5})


NEVER_NONE = [each for each in BOUNDS if each[1] not in {*TIMERS, "budget_ratio"}]
NEVER_NONE.remove((PoolLimits, "connections"))
NEVER_NONE.remove((PoolLimits, "max_age"))


@pytest.mark.parametrize(
    ("make", "name"),
    NEVER_NONE,
    ids=[f"{make.__name__}.{name}" for make, name in NEVER_NONE],
)
def test_none_is_refused_where_it_means_nothing(make: Make, name: str) -> None:
    """Only what can be turned off can be None."""
    with pytest.raises(ConfigError, match=rf"\.{name} must be a number"):
        make(**{name: None})


@pytest.mark.parametrize(
    ("make", "name"),
    [(PoolLimits, "connections"), *((SizeLimits, n) for n in ("body", "event"))],
    ids=["connections", "body", "event"],
)
def test_some_counts_start_at_one(make: Make, name: str) -> None:
    """A pool or a size of nothing would be of no use."""
    with pytest.raises(ConfigError, match=r"must be a number >= 1, not 0"):
        make(**{name: 0})


@pytest.mark.parametrize("name", TIMERS)
def test_timers_can_be_zero_and_off(name: str) -> None:
    """Zero and None are two different settings of a timer."""
    assert getattr(Timeout(**{name: 0}), name) == 0
    assert getattr(Timeout(**{name: None}), name) is None


def test_defaults() -> None:
    """The numbers of the defaults are what the documentation says."""
    assert dataclasses.astuple(Timeout()) == (10, 600, 300, 120, None)
    assert (RetryPolicy().max_retries, RetryPolicy().max_retry_after) == (2, 60)
    assert RetryPolicy().statuses == {
        *(408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 527, 529)
    }
    assert dataclasses.astuple(SizeLimits()) == (2**26, 2**24, 2**16)


def test_settings_are_frozen() -> None:
    """Settings are shared by calls, so nobody can change them."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Timeout().total = 3  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # the point of the test


APPS: dict[str, tuple[AppInfo, dict[str, str]]] = {
    "nothing": (AppInfo(), {}),
    "url": (AppInfo(url="https://a.example"), {"HTTP-Referer": "https://a.example"}),
    "all": (
        AppInfo(url="u", title="t", categories=("a", "b"), hidden=True),
        {
            "HTTP-Referer": "u",
            "X-Title": "t",
            "X-OpenRouter-Categories": "a,b",
            "X-OpenRouter-App-Visibility": "hidden",
        },
    ),
}


@pytest.mark.parametrize(("app", "headers"), APPS.values(), ids=APPS.keys())
def test_app_headers(app: AppInfo, headers: dict[str, str]) -> None:
    """An app is named in headers, and only by what is known of it."""
    assert app.headers() == headers


CUSTOM = Timeout(idle=1)
TIMEOUTS: dict[str, tuple[TimeoutOption, Timeout]] = {
    "seconds": (30.0, Timeout(total=30)),
    "none": (None, NO_TIMEOUT),
    "timers": (Timeout(connect=3), Timeout(connect=3)),
}


@pytest.mark.parametrize(("option", "expected"), TIMEOUTS.values(), ids=TIMEOUTS.keys())
def test_timeout_option(option: TimeoutOption, expected: Timeout) -> None:
    """A number bounds the whole call, and None turns all timers off."""
    assert timeout_for(option, CUSTOM) == expected


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        (0, RetryPolicy(max_retries=0, backoff=9)),
        (RetryPolicy(floor=1), RetryPolicy(floor=1)),
    ],
    ids=["number", "policy"],
)
def test_retry_option(option: RetryOption, expected: RetryPolicy) -> None:
    """A number is how many retries there are; the rest of the policy stays."""
    assert retry_for(option, RetryPolicy(backoff=9)) == expected


@pytest.mark.parametrize("option", [-1, 1.5, "3", None, True], ids=repr)
def test_bad_retry_options_are_refused(option: object) -> None:
    """What is neither a policy nor a number of retries is refused."""
    with pytest.raises(ConfigError, match="max_retries"):
        OpenRouter(KEY, retry=option)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the point of the test


@pytest.mark.parametrize("option", [-1, "3", NAN], ids=repr)
def test_bad_timeout_options_are_refused(option: object) -> None:
    """What is neither timers nor seconds is refused."""
    with pytest.raises(ConfigError, match=r"Timeout.total"):
        OpenRouter(KEY, timeout=option)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the point of the test


BASE_URLS = {
    "http": ("http://api.example/v1", "in the clear"),
    "user": ("https://user@api.example", "user name or password"),
    "password": ("https://user:secret@api.example", "user name or password"),
    "query": ("https://api.example?a=1", "query"),
    "fragment": ("https://api.example#a", "fragment"),
    "scheme": ("ftp://api.example", "http or https URL"),
    "no scheme": ("api.example/v1", "http or https URL"),
    "no host": ("https:///v1", "http or https URL"),
    "nothing": ("", "http or https URL"),
    "bad port": ("https://a:x", "http or https URL"),
    "no text": (7, "http or https URL"),
    "looks local": ("http://localhost.example", "in the clear"),
    "another address": ("http://10.0.0.1", "in the clear"),
}


@pytest.mark.parametrize(("url", "reason"), BASE_URLS.values(), ids=BASE_URLS.keys())
def test_bad_base_urls_are_refused(url: str, reason: str) -> None:
    """A base URL that is unsafe or none is refused before anything is sent."""
    with pytest.raises(ConfigError, match=reason) as caught:
        OpenRouter(KEY, base_url=url)

    assert "secret" not in str(caught.value)


GOOD_URLS = {
    "slash": ("https://api.example/v1/", "https://api.example/v1"),
    "no path": ("https://api.example", "https://api.example"),
    "loopback": ("http://127.0.0.1:80/v1", "http://127.0.0.1/v1"),
    "loopback of IPv6": ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
    "localhost": ("http://localhost:8080", "http://localhost:8080"),
    "below localhost": ("http://api.localhost", "http://api.localhost"),
}


@pytest.mark.parametrize(("url", "shown"), GOOD_URLS.values(), ids=GOOD_URLS.keys())
def test_good_base_urls(url: str, shown: str) -> None:
    """Anything over TLS, and anything on this machine, can be talked to."""
    assert OpenRouter(KEY, base_url=url).base_url.rstrip("/") == shown


def test_http_can_be_allowed() -> None:
    """A base URL without TLS needs a word of its own."""
    client = OpenRouter(KEY, base_url="http://10.0.0.1/v1", allow_http=True)

    assert client.base_url == "http://10.0.0.1/v1"


def test_bad_proxies_are_refused() -> None:
    """A proxy is a URL like others."""
    with pytest.raises(ConfigError, match="proxy must be an http or https URL"):
        OpenRouter(KEY, proxy="socks5://127.0.0.1")


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Key and base URL come from the environment where they are not passed."""
    monkeypatch.setenv("OPENROUTER_API_KEY", KEY)
    monkeypatch.setenv("OPENROUTER_BASE_URL", "https://api.example/v2")

    assert repr(OpenRouter()) == (
        "OpenRouter(base_url='https://api.example/v2', key=KeySource(...cdef))"
    )


def test_arguments_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is passed is what counts."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "other")
    monkeypatch.setenv("OPENROUTER_BASE_URL", "https://other.example")
    client = OpenRouter(KEY, base_url="https://api.example")

    assert "api.example" in repr(client)
    assert "...cdef" in repr(client)


def test_empty_base_url_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is set to nothing counts as not set."""
    monkeypatch.setenv("OPENROUTER_BASE_URL", "")

    assert OpenRouter(KEY).base_url == "https://openrouter.ai/api/v1"


def test_missing_key() -> None:
    """Without a key there is no client, and the error says how to pass one."""
    with pytest.raises(ConfigError, match="OPENROUTER_API_KEY"):
        OpenRouter()


def test_with_options_changes_what_is_given() -> None:
    """A copy has the new settings, and keeps the others."""
    client = OpenRouter(
        KEY, base_url="https://a.example/v1", headers={"X-A": "1"}, timeout=5, retry=1
    )
    copy = client.with_options(base_url="https://b.example/v1", api_key="k" * 20)

    assert repr(copy) == (
        "OpenRouter(base_url='https://b.example/v1', key=KeySource(...kkkk))"
    )
    assert client.base_url == "https://a.example/v1"


def test_with_options_checks_too() -> None:
    """A copy refuses what the constructor refuses."""
    client = OpenRouter(KEY)
    with pytest.raises(ConfigError, match="in the clear"):
        client.with_options(base_url="http://api.example")


def test_own_certificates_are_taken() -> None:
    """A context for TLS is accepted as it is."""
    context = ssl.create_default_context()

    assert "OpenRouter(" in repr(OpenRouter(KEY, ssl=context))
