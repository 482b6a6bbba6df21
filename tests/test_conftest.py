"""The fixtures that every other test leans on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest

if TYPE_CHECKING:
    from aioresponses import aioresponses

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[1]
"""What the conftest imports from."""

LEAKS = """
import asyncio, os, socket
import pytest

async def test_task():
    asyncio.create_task(asyncio.sleep(60), name="forgotten")

async def test_task_that_ends_in_the_grace():
    asyncio.create_task(asyncio.sleep(0.001))

def test_descriptor():
    test_descriptor.kept = os.open(os.devnull, os.O_RDONLY)

async def test_socket():
    test_socket.kept = socket.socket()

async def test_failure_comes_alone():
    test_failure_comes_alone.kept = os.open(os.devnull, os.O_RDONLY)
    pytest.fail("the reason")

async def test_clean():
    reader, writer = os.pipe()
    os.close(reader)
    os.close(writer)
"""


def test_leaks_are_errors_of_the_test_that_made_them(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task, a descriptor and a socket left behind fail their tests, no others."""
    monkeypatch.setenv("COLUMNS", "300")
    conftest = Path(__file__).with_name("conftest.py")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeconftest(conftest.read_text())
    pytester.makepyfile(LEAKS)

    result = pytester.runpytest_subprocess(
        "-p", "no:anyio", "-o", "asyncio_mode=auto", "-W", "ignore"
    )

    result.assert_outcomes(passed=5, failed=1, errors=3)
    result.stdout.fnmatch_lines(
        [
            "ERROR *::test_task - Failed: tasks left running*forgotten*",
            "ERROR *::test_descriptor - Failed: descriptors left open*",
            "ERROR *::test_socket - Failed: descriptors left open*",
        ]
    )


def test_environment_is_hidden(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys and proxies of the caller do not reach a test, recordings do."""
    conftest = Path(__file__).with_name("conftest.py")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeconftest(conftest.read_text())
    pytester.makepyfile(
        """
        import os

        def test_it():
            names = [n for n in os.environ if "PROXY" in n.upper() or "ROUTER" in n]
            assert names == ["OPENROUTER_ASYNC_RECORDINGS"]
        """
    )
    for name in (
        "OPENROUTER_API_KEY",
        "OPENROUTER_BASE_URL",
        "HTTPS_PROXY",
        "no_proxy",
    ):
        monkeypatch.setenv(name, "x")

    monkeypatch.setenv("OPENROUTER_ASYNC_RECORDINGS", "x")
    result = pytester.runpytest_subprocess("-p", "no:anyio", "-o", "asyncio_mode=auto")

    result.assert_outcomes(passed=1)


async def test_mocked_answers_a_body_of_one_megabyte(mocked: aioresponses) -> None:
    """A body far over 64 KiB arrives whole through plain aiohttp."""
    body = os.urandom(1_000_000)
    mocked.post("http://example.test/completions", body=body, status=201)

    async with aiohttp.ClientSession() as session:
        response = await session.post("http://example.test/completions", json={"n": 1})
        received = await response.read()

    assert response.status == 201
    assert received == body


async def test_mocked_streams_a_large_body(mocked: aioresponses) -> None:
    """The same body can be read piece by piece."""
    body = os.urandom(1_000_000)
    mocked.post("http://example.test/completions", body=body)

    async with (
        aiohttp.ClientSession() as session,
        session.post("http://example.test/completions") as response,
    ):
        received = b"".join([piece async for piece in response.content.iter_any()])

    assert received == body


async def test_mocked_lets_nothing_through(mocked: aioresponses) -> None:
    """A request that no mock foresees fails without a connection."""
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.post("http://127.0.0.1:9/completions")

    assert len(mocked.requests) == 1
