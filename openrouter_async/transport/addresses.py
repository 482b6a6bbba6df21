"""Where a client sends its calls: the base URL, and a proxy on the way."""

from __future__ import annotations

from ipaddress import ip_address

from yarl import URL

from openrouter_async.errors import ConfigError


def api_url(given: str, *, allow_http: bool) -> URL:
    """
    Return the URL that every path is below.

    Args:
        given: as it was set.
        allow_http: whether one without TLS may be on another machine.

    Raises:
        ConfigError: it cannot be used; the message says why.
    """
    url = _url("base_url", given)
    if url.user or url.password:
        raise ConfigError("base_url holds a user name or password; use api_key=")

    if url.query_string or url.fragment:
        raise ConfigError("base_url must have neither a query nor a fragment")

    if url.scheme == "http" and not allow_http and not _is_local(url):
        raise ConfigError(
            f"base_url {given} would send the key in the clear; use https, or"
            " allow_http=True"
        )

    return url.with_path(url.path.rstrip("/"))


def proxy_url(given: str | None, base_url: URL, *, trust_env: bool) -> URL | None:
    """
    Return the URL of the proxy, None for none.

    Args:
        given: as it was set, None where it was not.
        base_url: what the proxy is to lead to.
        trust_env: whether the environment may name one.

    Raises:
        ConfigError: it is no URL.
    """
    if given is not None:
        return _url("proxy", given)

    if not trust_env:
        return None

    # aiohttp's own trust_env also sends what `.netrc` holds for the API's host.
    from urllib.request import getproxies, proxy_bypass

    found = getproxies().get(base_url.scheme)
    if not found or proxy_bypass(base_url.host or ""):
        return None

    return _url(f"{base_url.scheme}_proxy", found)


def _url(name: str, value: str) -> URL:
    try:
        url = URL(value)
    except (ValueError, TypeError):
        url = URL()

    if url.scheme not in ("http", "https") or not url.host:
        raise ConfigError(f"{name} must be an http or https URL with a host")

    return url


def _is_local(url: URL) -> bool:
    host = url.host or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
