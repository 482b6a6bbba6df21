"""
Fixtures for pytest: a simulator, a client of it, and an environment that names it.

Load them in the `conftest.py` at the root of a test suite::

    pytest_plugins = ["openrouter_async.testing.fixtures"]

They need pytest-asyncio and work in both of its modes: in auto mode every coroutine
test can use them, in strict mode those marked with `@pytest.mark.asyncio`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

try:
    import pytest_asyncio
except ImportError as _error:
    _MISSING = "the fixtures need pytest-asyncio: pip install pytest-asyncio"
    raise ImportError(_MISSING, name="pytest_asyncio") from _error

from openrouter_async.testing.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

    from openrouter_async.client import OpenRouter


@pytest_asyncio.fixture
async def openrouter_simulator() -> AsyncIterator[Simulator]:
    """Run a simulator of its own for a test, on the test's event loop."""
    async with Simulator() as simulator:
        yield simulator


@pytest_asyncio.fixture
async def openrouter_client(
    openrouter_simulator: Simulator,
) -> AsyncIterator[OpenRouter]:
    """Give a client of the test's simulator and close it afterwards."""
    async with openrouter_simulator.client() as client:
        yield client


@pytest_asyncio.fixture
async def openrouter_environment(
    openrouter_simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> Simulator:
    """
    Make `OpenRouter()` and whatever else reads the environment use the simulator.

    Sets OPENROUTER_API_KEY and OPENROUTER_BASE_URL while the test runs.

    Returns:
        The test's simulator.
    """
    monkeypatch.setenv("OPENROUTER_API_KEY", openrouter_simulator.api_key)
    monkeypatch.setenv("OPENROUTER_BASE_URL", openrouter_simulator.base_url)
    return openrouter_simulator
