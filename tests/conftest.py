"""What every test gets: a clean environment, leak checks, mocks, certificates."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Generator, Iterator
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
import trustme
from aiohttp import ClientResponse, StreamReader
from aiohttp.client_proto import ResponseHandler
from aioresponses import aioresponses

from openrouter_async.transport import requests
from tests.faults.catalogue import numbers_of

PROXIES = frozenset(
    f"{scheme}_proxy" for scheme in ("all", "http", "https", "no", "ws", "wss")
)
RECORDINGS = "OPENROUTER_ASYNC_RECORDINGS"
FAILED = pytest.StashKey[bool]()
NODE_ID = "_nodeid"  # there is no public way to set it

# Closing a TLS connection takes a few loop turns, some of them with I/O.
GRACE = (0.0,) * 5 + (0.001,) * 20


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the tests of connections run on both ways that requests can take."""
    parser.addoption(
        "--public-way",
        action="store_true",
        help="send every request through aiohttp.ClientSession.request",
    )


def pytest_report_header() -> str:
    """Show the versions of what the library stands on."""
    names = ("aiohttp", "msgspec", "anyio")
    return ", ".join(f"{name} {version(name)}" for name in names)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Put the numbers of the faults that a test shows into its id, for reports."""
    numbers = numbers_of(item.nodeid)
    if numbers:
        told = f"fault {', '.join(map(str, numbers))}"
        setattr(item, NODE_ID, f"{item.nodeid} <{told}>")
        item.extra_keyword_matches.update(f"fault-{number}" for number in numbers)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember that a test failed: its traceback keeps sockets and tasks alive."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the settings and proxies of whoever runs the tests."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    for name in os.environ:
        ours = name.startswith("OPENROUTER_") and name != RECORDINGS
        if ours or name.lower() in PROXIES:
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def public_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep requests off the short way, if the command line says so."""
    if request.config.getoption("--public-way"):
        monkeypatch.setattr(requests, "_FITS", False)


@pytest.fixture(autouse=True)
def no_leaked_descriptors(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a file or a socket open."""
    before = _descriptors()
    yield
    leaked = _descriptors() - before
    if leaked and not request.node.stash.get(FAILED, False):
        pytest.fail(f"descriptors left open: {sorted(leaked)}")


@pytest.fixture(autouse=True)
def tasks_are_watched(
    request: pytest.FixtureRequest, no_leaked_descriptors: None
) -> None:
    """Use `no_leaked_tasks` where there is a loop, inside the descriptor check."""
    if pytest_asyncio.is_async_test(request.node):
        request.getfixturevalue("no_leaked_tasks")


@pytest.fixture
async def no_leaked_tasks(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Fail an async test that leaves a task running on its loop."""
    before = asyncio.all_tasks()
    yield
    leaked: set[asyncio.Task[Any]] = set()
    for pause in GRACE:
        own = {asyncio.current_task()}
        leaked = {task for task in asyncio.all_tasks() - before if task not in own}
        if not leaked:
            return

        await asyncio.sleep(pause)

    if not request.node.stash.get(FAILED, False):
        pytest.fail(f"tasks left running: {leaked}")


def _descriptors() -> set[tuple[str, str]]:
    """List open descriptors with what they point to, where the system tells."""
    folder = Path("/proc/self/fd")
    found: set[tuple[str, str]] = set()
    if not folder.exists():
        return found

    for name in os.listdir(folder):
        try:
            found.add((name, os.readlink(folder / name)))
        except FileNotFoundError:
            continue  # the descriptor that read the list

    return found


class MockedResponse(ClientResponse):
    """Take the `stream_writer` that aiohttp >= 3.14 wants and aioresponses omits."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("stream_writer", SimpleNamespace(output_size=0))
        super().__init__(*args, **kwargs)


def _unlimited_reader(loop: asyncio.AbstractEventLoop) -> StreamReader:
    """Hold any body: past its limit a reader would pause a parser that is not there."""
    return StreamReader(ResponseHandler(loop=loop), limit=2**40, loop=loop)


@pytest.fixture
def mocked(monkeypatch: pytest.MonkeyPatch) -> Iterator[aioresponses]:
    """Replace every aiohttp request of the test; nothing passes through."""
    monkeypatch.setattr("aioresponses.core.ClientResponse", MockedResponse)
    monkeypatch.setattr("aioresponses.core.stream_reader_factory", _unlimited_reader)
    with aioresponses() as mocks:
        yield mocks


class TlsContexts(NamedTuple):
    """A server's context for 127.0.0.1 and a client's that trusts it."""

    server: ssl.SSLContext
    client: ssl.SSLContext


@pytest.fixture(scope="session")
def tls_contexts() -> TlsContexts:
    """Make a certificate authority and a certificate of its own for the tests."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with certificate.private_key_and_cert_chain_pem.tempfile() as path:
        server.load_cert_chain(path)

    client = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
    return TlsContexts(server, client)


@pytest.fixture
def recordings() -> Path:
    """Give the folder of recorded exchanges, or skip the test."""
    folder = os.environ.get(RECORDINGS)
    if not folder:
        pytest.skip(f"{RECORDINGS} does not name the folder of recorded exchanges")

    return Path(folder)
