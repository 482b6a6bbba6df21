"""A running simulator and a way to talk to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from openrouter_async.testing import Simulator
from tests.testing.api import Api


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Open a session, closed after the simulator's test."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """Run a simulator without comments, so that streams hold events only."""
    async with Simulator(comments=0) as simulator:
        yield simulator


@pytest.fixture
async def api(simulator: Simulator, session: aiohttp.ClientSession) -> Api:
    """Talk to the simulator."""
    return Api(simulator, session)
